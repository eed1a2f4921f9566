// The real program in a process of its own: its config in a folder of its own, its output read to the end.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';

const ROOT = resolve(import.meta.dirname, '../..');

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** A module that is loaded before the program. */
  readonly preload?: string;
  readonly cwd?: string;
  /** Its standard input; nothing when absent. */
  readonly input?: string | Buffer;
}

export interface Program {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves when this was said on standard error, so many times; rejects when it ended without. */
  said(text: string, times?: number): Promise<void>;
  /** All that was said there until now. */
  text(): string;
}

/** `tributary ARGS…` */
export const tributary = (
  args: readonly string[],
  { env = {}, preload, cwd = ROOT, input }: RunOptions = {},
): Program => {
  const imports = preload === undefined ? [] : ['--import', preload];
  const child = spawn(process.execPath, [...imports, join(ROOT, 'bin/tributary.js'), ...args], {
    cwd,
    // What Node compiles is kept: tests start the program some hundred times.
    env: { PATH: process.env.PATH, HOME: process.env.HOME, NODE_COMPILE_CACHE: join(ROOT, '.cache/compiled'), ...env },
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  child.stdin?.on('error', () => {}).end(input); // it need not read to the end
  const [stdout, stderr] = [collect(child.stdout!), collect(child.stderr!)];
  const ended = new Promise<Ended>((done, fail) => {
    child.once('error', fail);
    child.once('close', (code, signal) => done({ code, signal, stdout: stdout.text(), stderr: stderr.text() }));
  });
  const said = (text: string, times = 1) => {
    const silent = ended.then(({ stderr: all }) => {
      if (all.split(text).length <= times) throw new Error(`it ended, and never said '${text}': ${all}`);
    });
    return Promise.race([stderr.has(text, times), silent]);
  };
  return { child, ended, said, text: stderr.text };
};

const collect = (stream: NodeJS.ReadableStream) => {
  let all = '';
  const waiting = new Set<() => void>();
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    all += chunk;
    for (const look of waiting) look();
  });
  return {
    text: () => all,
    has: (text: string, times: number) =>
      new Promise<void>(done => {
        const look = () => {
          if (all.split(text).length > times && waiting.delete(look)) done();
        };
        waiting.add(look);
        look();
      }),
  };
};

/** A folder of its own, with a config; removed by `remove`. */
export interface Place {
  readonly folder: string;
  readonly config: string;
  /** Every line of every file that lies in a folder below, whatever its name. */
  lines(below: string): readonly string[];
  remove(): void;
}

export const place = (config: string, name = 'pipeline.config.ts'): Place => {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-test-'));
  writeFileSync(join(folder, name), config);
  return {
    folder,
    config: join(folder, name),
    lines: below => linesIn(join(folder, below)),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
};

/** Every line of every file below a folder, unpacked. */
export const linesIn = (folder: string): readonly string[] => {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(e => e.isFile());
  return names.flatMap(entry => {
    const bytes = readFileSync(join(entry.parentPath, entry.name));
    const text = entry.name.includes('.gz')
      ? gunzipSync(bytes)
      : entry.name.includes('.zst')
        ? zstdDecompressSync(bytes)
        : bytes;
    return bytes.length === 0 ? [] : text.toString().split('\n').filter(Boolean);
  });
};
