// A run that ends by itself, with its progress shown meanwhile.

import { systemClock } from '../../runtime/clock.ts';
import type { Ending, EngineOptions } from '../../runtime/engine.ts';
import type { Budgets } from '../../runtime/http/budget.ts';
import type { LogFormat } from '../../runtime/log.ts';
import { type Plan, plan } from '../../runtime/plan.ts';
import { type Running, type readConfig, runConfig } from '../session.ts';
import { openView, terminalOf } from './show.ts';

/** Runs as `runConfig` does. @param patience how long a receiver may make no progress, ms */
export const runShown = async (
  read: Pick<Awaited<ReturnType<typeof readConfig>>, 'config' | 'options' | 'folder'>,
  {
    patience,
    format,
    observers,
  }: { patience: number; format: LogFormat | undefined } & Pick<EngineOptions, 'observers'>,
  running: Omit<Running, 'spends'> = {},
): Promise<readonly Ending[]> => {
  const parts = plan(read.config, place => read.options.get(place));
  const lanes = (running.change?.(parts) ?? parts).lanes;
  let quotas: Budgets | undefined;
  const view = openView({
    receivers: lanes.map(({ receiver }) => receiver.name),
    clock: systemClock,
    format,
    standings: () => quotas?.standings() ?? [],
    terminal: terminalOf(writesToStandardOutput(lanes)),
  });
  try {
    return await runConfig(
      read,
      view.log,
      { once: { patience }, observers: [...(observers ?? []), view.observer] },
      {
        ...running,
        spends: given => {
          quotas = given;
        },
      },
    );
  } finally {
    view.close();
  }
};

/** Whether events go to standard output. */
export const writesToStandardOutput = (lanes: Plan['lanes']): boolean =>
  lanes.some(({ routes }) => routes.some(({ exporters }) => exporters.some(({ spec }) => spec.type === 'stdout')));
