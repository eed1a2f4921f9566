// The program itself, in a process of its own, on simulated vendors: with a config as a user would write it, killed and
// started again at will.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { playVendors } from '../../src/cli/vendors.ts';
import type { Spec } from '../../src/component.ts';
import type { Json, OcsfEvent } from '../../src/model.ts';
import { truth } from './truth.ts';

export interface Setup {
  readonly folder: string;
  readonly config: string;
  /** Every id that the vendors have, with the receiver that reads it: `opal 1f0e…`. */
  ids(): string[];
  /** What some of them have, in their own words, by id. */
  raw(): Promise<ReadonlyMap<string, Json>>;
  /** The events in the archive, the files beside the collector: what was committed. */
  archived(): OcsfEvent[];
  close(): Promise<void>;
}

/** Vendors with so many events each, and a config that ships them to `endpoint` and into an archive. */
export const setup = async (
  events: number,
  endpoint: string,
  otlp: Readonly<Record<string, string>> = {},
  engine: object = {},
): Promise<Setup> => {
  const folder = mkdtempSync(path.join(tmpdir(), 'tributary-e2e-'));
  const played = await playVendors([], { events, seed: 7 });
  const receivers: Record<string, Spec<'receiver'>> = Object.assign(
    {},
    ...played.map(p => p.simulation.receivers(p.secret)),
  );
  const config = path.join(folder, 'pipeline.config.ts');
  writeFileSync(config, written(receivers, { endpoint, ...otlp }, engine));
  return {
    folder,
    config,
    ids: () =>
      played.flatMap(p =>
        Object.entries(p.simulation.ids()).flatMap(([receiver, ids]) => ids.map(id => `${receiver} ${id}`)),
      ),
    raw: () => truth(played),
    archived: () =>
      readdirSync(path.join(folder, 'archive'))
        .sort()
        .flatMap(name =>
          readFileSync(path.join(folder, 'archive', name), 'utf8')
            .split('\n')
            .slice(0, -1),
        )
        .map(line => JSON.parse(line)),
    close: async () => {
      for (const { simulation } of played) await simulation.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};

/** `['endor-labs', 'endorLabs']`: the folder of a type and its factory. */
const factoryOf = (type: string) => type.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());

const written = (receivers: Readonly<Record<string, Spec<'receiver'>>>, otlp: object, engine: object): string => {
  const types = [...new Set(Object.values(receivers).map(({ type }) => type))];
  const call = ({ type, options }: Spec) => `${factoryOf(type)}(${literal(options)})`;
  return `import { defineConfig, secret } from 'tributary';
import { file } from 'tributary/exporters/file';
import { otlp } from 'tributary/exporters/otlp';
import { dedupe } from 'tributary/processors/dedupe';
import { normalize } from 'tributary/processors/normalize';
${types.map(type => `import { ${factoryOf(type)} } from 'tributary/receivers/${type}';`).join('\n')}

export default defineConfig({
  receivers: {
${Object.entries(receivers)
  .map(([name, spec]) => `    ${JSON.stringify(name)}: ${call(spec)},`)
  .join('\n')}
  },
  processors: { dedupe: dedupe(), normalize: normalize() },
  exporters: { collector: otlp(${literal(otlp)}), archive: file({ path: 'archive/{receiver}-{seq}.ndjson' }) },
  pipelines: {
    audit: { receivers: ${JSON.stringify(Object.keys(receivers))}, processors: ['dedupe', 'normalize'], exporters: ['collector', 'archive'] },
  },
  engine: ${literal(engine)},
});
`;
};

/** Options as code. A secret prints as `[secret env:NAME]`, and is named again. */
const literal = (options: unknown): string =>
  JSON.stringify(options).replace(/"\[secret env:(\w+)\]"/g, (_, name: string) => `secret.env('${name}')`);

export interface Program {
  readonly child: ChildProcess;
  /** Its exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>;
  /** What it said on standard error. */
  said(): string;
  /** Ends it at once: `kill -9`. */
  kill(): Promise<void>;
}

/** `tributary once`: reads until the vendors have no more. */
export const tributaryOnce = ({ config }: Setup): Program => run(['once', '-c', config]);

/** Any command of the program. */
export const run = (args: readonly string[]): Program => {
  const program = path.join(import.meta.dirname, '..', '..', 'bin', 'tributary.js');
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  const chunks: Buffer[] = [];
  child.stderr.on('data', chunk => chunks.push(chunk));
  const ended = once(child, 'exit').then(([code, signal]) => code ?? signal);
  return {
    child,
    ended,
    said: () => Buffer.concat(chunks).toString(),
    kill: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
};
