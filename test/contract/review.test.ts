// Every vendor that can be simulated, asked again: what a step dropped once is named, and delivered once, whichever way the
// vendor's history is walked.
import { afterEach, expect, test } from 'vitest';
import { apply } from '../../processors/apply/index.ts';
import { dedupe } from '../../processors/dedupe/index.ts';
import { playVendors, simulated } from '../../src/cli/vendors.ts';
import { defineExporter } from '../../src/component.ts';
import type { AnyConfig } from '../../src/config.ts';
import type { AuditRecord } from '../../src/model.ts';
import { DAY, HOUR } from '../../src/options.ts';
import { budgets } from '../../src/runtime/http/budget.ts';
import { httpClients } from '../../src/runtime/http/fetch.ts';
import { readStandings } from '../../src/runtime/state/state-tools.ts';
import { none } from '../support/engine.ts';
import { clock, folder, readOnce, reviewOnce, type Stage } from '../support/review.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

test.each(simulated())('%s', async vendor => {
  const time = clock();
  const [played] = await playVendors([vendor], { events: 600, seed: 9, now: time.now });
  const { simulation, secret } = played!;
  const http = httpClients({ clock: time, budgets: budgets(time), folder });
  open.push(http, simulation);
  await time.advance(HOUR); // what was told last is not of this moment any more

  const sent: string[] = [];
  let lossy = true;
  const out = defineExporter({
    type: 'sink',
    options: none,
    create: () => ({
      export: async (records: readonly AuditRecord[]) => {
        sent.push(...records.map(({ id, origin: { receiver } }) => `${receiver} ${id}`));
        return {};
      },
    }),
  })({});
  const receivers = simulation.receivers(secret);
  const stage: Stage = {
    clock: time,
    http: http.open,
    config: {
      receivers,
      processors: {
        lossy: apply(records => (lossy ? records.filter((_, i) => i % 7 > 0) : records)),
        dedupe: dedupe({ remember: '90d' }),
      },
      exporters: { out },
      pipelines: { all: { receivers: Object.keys(receivers), processors: ['lossy', 'dedupe'], exporters: ['out'] } },
    } as unknown as AnyConfig, // names are its own
  };
  expect((await readOnce(stage)).filter(({ fault }) => fault)).toEqual([]);
  lossy = false;
  const all = Object.entries(simulation.ids()).flatMap(([name, ids]) => ids.map(id => `${name} ${id}`));
  const lost = new Set(all).difference(new Set(sent));
  expect(lost.size).toBeGreaterThan(20);
  const stands = readStandings(folder).positions;

  const looked = await reviewOnce(stage, 60 * DAY, { only: true });
  expect(looked.review.passed).toEqual([]);
  expect(new Set(looked.found.flatMap(({ receiver, named }) => named.map(({ id }) => `${receiver} ${id}`)))).toEqual(
    lost,
  );
  await reviewOnce(stage, 60 * DAY);
  expect(sent.toSorted()).toEqual(all.toSorted());
  expect(readStandings(folder).positions).toEqual(stands);
});
