// `tributary demo`: the main job, end to end, on simulated vendors.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Spec } from '../component.ts';
import { type AnyConfig, sqlite } from '../config.ts';
import { check } from '../runtime/check.ts';
import { createLog, type LogFormat } from '../runtime/log.ts';
import { gapWatch } from './gaps.ts';
import { command, listed, runConfig, Stop, unfinished } from './session.ts';
import { tally } from './tally.ts';
import { playVendors } from './vendors.ts';

export interface DemoFlags {
  readonly events: number;
  readonly seed: number;
  readonly once?: boolean;
  readonly live: number;
  readonly file?: string;
  readonly otlp?: string;
  readonly log?: LogFormat;
}

export const demo = (flags: DemoFlags): Promise<void> =>
  command(async () => {
    const kept = flags.file && resolve(flags.file, '.tributary');
    if (kept && existsSync(kept))
      throw new Stop(
        `${resolve(flags.file!)} holds an earlier demo, whose vendors are gone: the same events would be in its files again.\n  Name another folder, or remove this one.`,
      );
    const scratch = mkdtempSync(join(tmpdir(), 'tributary-demo-'));
    const played = await playVendors([], {
      events: flags.events,
      seed: flags.seed,
      live: flags.once ? undefined : flags.live,
    });
    try {
      process.stderr.write(
        `These vendors are simulated: ${played.map(p => p.vendor).join(', ')}. No real account is asked.\n`,
      );
      const receivers = Object.assign({}, ...played.map(p => p.simulation.receivers(p.secret))) as Record<
        string,
        Spec<'receiver'>
      >;
      const config = await compose(receivers, flags, kept ?? join(scratch, 'state'));

      const { problems, options } = await check(config);
      if (problems.some(p => p.level === 'error')) throw new Stop(listed(problems));
      const [counted, gaps] = [tally(), gapWatch()];
      const endings = await runConfig({ config, options, folder: process.cwd() }, createLog(flags.log), {
        observers: [{ delivered: counted.observe }, gaps.observer],
        ...(flags.once && { once: { patience: 120_000 } }),
      });
      process.stderr.write(`${counted.table()}${gaps.text()}`);
      const message = unfinished(endings);
      if (message) throw new Stop(message);
    } finally {
      for (const { simulation } of played) await simulation.close();
      rmSync(scratch, { recursive: true, force: true });
    }
  });

/** The config that a user would write for these receivers. */
const compose = async (
  receivers: Record<string, Spec<'receiver'>>,
  flags: DemoFlags,
  state: string,
): Promise<AnyConfig> => {
  const { dedupe } = await import('../../processors/dedupe/index.ts');
  const { normalize } = await import('../../processors/normalize/index.ts');
  return {
    receivers,
    processors: { dedupe: dedupe(), normalize: normalize() },
    exporters: { out: await sink(flags) },
    pipelines: {
      demo: {
        receivers: Object.keys(receivers) as [string, ...string[]],
        processors: ['dedupe', 'normalize'],
        exporters: ['out'],
      },
    },
    engine: { state: sqlite({ path: state }), grace: '5s' },
  };
};

const sink = async ({ file: folder, otlp: endpoint }: DemoFlags): Promise<Spec<'exporter'>> => {
  if (endpoint) return (await import('../../exporters/otlp/index.ts')).otlp({ endpoint });
  if (folder)
    return (await import('../../exporters/file/index.ts')).file({
      path: join(resolve(folder), '{receiver}-{seq}.ndjson'),
    });
  return (await import('../../exporters/stdout/index.ts')).stdout();
};
