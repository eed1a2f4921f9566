// A real OpenTelemetry Collector beside the test: started on free ports of loopback, killed and started again at will, and
// what it took read back from the files that it wrote.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { buildCollector } from '../../scripts/collector.ts';
import { recordsOf, type SunkRecord } from '../support/otlp-sink.ts';

export interface Collector {
  /** `http://127.0.0.1:PORT`; the same after a restart. */
  readonly url: string;
  /** Begins, or begins again, and is ready when this resolves. */
  start(): Promise<void>;
  /** Ends it at once: `kill -9`. */
  kill(): Promise<void>;
  /** Everything that it ever wrote, in order. */
  received(): SunkRecord[];
  /** The metrics and spans that it ever took, as OTLP's JSON, a request each. */
  told(): readonly Told[];
  /** How many bytes of records that is so far. */
  written(): number;
  /** Ends it, and removes what it wrote. */
  close(): Promise<void>;
}

/** A request of metrics or of spans, in the parts that a test looks at. */
export interface Told {
  readonly resourceMetrics?: readonly {
    readonly scopeMetrics: readonly { readonly metrics: readonly { name: string }[] }[];
  }[];
  readonly resourceSpans?: readonly { readonly scopeSpans: readonly { readonly spans: readonly ToldSpan[] }[] }[];
}

export interface ToldSpan {
  readonly name: string;
  readonly traceId: string;
}

/** Its file exporter writes each request with one `write` before the receiver answers: what was acknowledged is on disk. */
export const collector = async (): Promise<Collector> => {
  const binary = buildCollector();
  const folder = mkdtempSync(path.join(tmpdir(), 'tributary-collector-'));
  const [port, health] = [await freePort(), await freePort()];
  let lives = 0;
  let child: ChildProcess | undefined;

  const files = () =>
    readdirSync(folder)
      .filter(name => /^received-\d+\.json$/.test(name))
      .sort()
      .map(name => path.join(folder, name));

  const start = async () => {
    const life = String(++lives).padStart(3, '0');
    const config = path.join(folder, 'config.yaml');
    // Each life has a file of its own: what `kill -9` cut off stays at the end of its file.
    writeFileSync(config, JSON.stringify(configOf(port, health, folder, `received-${life}.json`)));
    const started = spawn(binary, ['--config', config], { stdio: ['ignore', 'ignore', 'pipe'] });
    started.stderr.pipe(createWriteStream(path.join(folder, `log-${life}.txt`)));
    child = started;
    await ready(`http://127.0.0.1:${health}/`, () => {
      if (started.exitCode !== null) throw new Error(`the collector ended: ${logs(folder)}`);
    });
  };

  const kill = async () => {
    const running = child;
    child = undefined;
    if (!running || running.exitCode !== null || running.signalCode !== null) return;
    const ended = once(running, 'exit');
    running.kill('SIGKILL');
    await ended;
  };

  return {
    url: `http://127.0.0.1:${port}`,
    start,
    kill,
    received: () => files().flatMap(read),
    told: () => ['metrics', 'traces'].flatMap(signal => linesOf(path.join(folder, `${signal}.json`))),
    written: () => files().reduce((sum, file) => sum + statSync(file).size, 0),
    close: async () => {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};

/** Into which files it writes what. With rotation, writes are not buffered. */
const fileIn = (folder: string, name: string) => ({ path: path.join(folder, name), rotation: { max_megabytes: 8192 } });

const configOf = (port: number, health: number, folder: string, file: string) => ({
  receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${port}` } } } },
  exporters: {
    file: fileIn(folder, file),
    'file/metrics': fileIn(folder, 'metrics.json'),
    'file/traces': fileIn(folder, 'traces.json'),
  },
  extensions: { health_check: { endpoint: `127.0.0.1:${health}` } },
  service: {
    extensions: ['health_check'],
    telemetry: { metrics: { level: 'none' }, logs: { level: 'warn' } },
    pipelines: {
      logs: { receivers: ['otlp'], exporters: ['file'] },
      metrics: { receivers: ['otlp'], exporters: ['file/metrics'] },
      traces: { receivers: ['otlp'], exporters: ['file/traces'] },
    },
  },
});

/** One request a line; a line without an end was never acknowledged. */
const read = (file: string): SunkRecord[] => linesOf(file).flatMap(recordsOf);

// biome-ignore lint/suspicious/noExplicitAny: OTLP's JSON, which its readers know
const linesOf = (file: string): any[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map(line => JSON.parse(line));

const logs = (folder: string): string =>
  readdirSync(folder)
    .filter(name => name.startsWith('log-'))
    .map(name => readFileSync(path.join(folder, name), 'utf8'))
    .join('\n');

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // a TCP server has one
  server.close();
  await once(server, 'close');
  return port;
};

/** Asks until it is answered, for half a minute. */
const ready = async (url: string, check: () => void): Promise<void> => {
  const deadline = Date.now() + 30_000;
  for (;;) {
    check();
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok) return;
    if (Date.now() > deadline) throw new Error(`${url} is not ready after 30 s`);
    await pause(20);
  }
};

/** Real time: other processes do not live in ours. */
const pause = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms));

/** Looks until it is so, for a minute. */
export const until = async (so: () => boolean, what: string): Promise<void> => {
  for (const deadline = Date.now() + 60_000; !so(); await pause(10))
    if (Date.now() > deadline) throw new Error(`not within a minute: ${what}`);
};
