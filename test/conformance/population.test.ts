// Every word of every vendor reads as valid OCSF: by our own validator, and by the one of another hand where ../shared
// has it. Each vendor's folder is found by itself, with all that it expects of its golden conversations and with its
// `simulator-population.ts`: each word that it documents, with and without what may accompany it, and some others.
import { existsSync, globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { AtHand, Mapping } from '../../src/mapping.ts';
import type { AuditRecord, Origin } from '../../src/model.ts';
import { eventsOf } from '../../src/ocsf/normalize.ts';
import { validate } from '../../src/ocsf/validate.ts';
import { HOUR } from '../../src/options.ts';
import type { Sample, Samples } from '../../src/simulation/sample.ts';
import { fromMillis } from '../../src/time.ts';
import { independent } from '../support/ocsf.ts';
import { factoryOf } from '../support/receiver-bench.ts';

const ROOT = new URL('../../', import.meta.url);
const NOW = Date.UTC(2026, 0, 15, 12);
const SEED = 1;

const check = await independent();
const folders = globSync('{receivers,examples}/*/index.ts', { cwd: fileURLToPath(ROOT) })
  .map(path => path.slice(0, -'/index.ts'.length))
  .sort();

const load = (path: string) => import(new URL(path, ROOT).href) as Promise<Readonly<Record<string, unknown>>>;

/** All findings of both. */
const findings = (event: unknown): readonly unknown[] => [...validate(event), ...(check?.(event) ?? [])];

describe.each(folders)('%s', folder => {
  const expected = globSync(`${folder}/fixtures/*expected.ndjson`, { cwd: fileURLToPath(ROOT) });

  test('has golden events, and all of them are valid', () => {
    const lines = expected.flatMap(path => readFileSync(new URL(path, ROOT), 'utf8').trim().split('\n'));
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) expect(findings(JSON.parse(line)), line).toEqual([]);
  });

  if (folder.startsWith('examples/')) return; // its conversation is all that there is of it
  if (!existsSync(new URL(`${folder}/simulator-population.ts`, ROOT))) {
    test.skip('has no simulator-population.ts', () => {});
    return;
  }

  test('every word it may send is valid, and only the made-up ones are unknown', async () => {
    const { ocsf, atHand, type } = factoryOf(await load(`${folder}/index.ts`), {});
    const { samples } = (await load(`${folder}/simulator-population.ts`)) as { readonly samples: Samples };
    let count = 0;
    const mistaken: unknown[] = [];
    for (const sample of samples(SEED)) {
      count++;
      mistaken.push(...mistakesIn(sample, recordOf(sample, type, atHand!), ocsf!)); // a receiver of this repository has both
    }
    expect(mistaken.slice(0, 5)).toEqual([]);
    expect(count).toBeGreaterThan(100);
  });
});

const recordOf = ({ feed = '', raw }: Sample, type: string, atHand: AtHand): AuditRecord => {
  const origin: Origin = { receiver: type, type, site: atHand.site, tenant: 'acme', feed };
  return atHand.record(raw, fromMillis(NOW), origin);
};

/** What is wrong with the events of a sample; nothing, as a rule. */
const mistakesIn = ({ raw, unknown }: Sample, record: AuditRecord, ocsf: Mapping): readonly unknown[] => {
  const events = eventsOf(record, ocsf, { fanout: true, now: NOW + HOUR });
  const drifts = events.flatMap(({ drift }) => drift ?? []);
  const fallen = drifts.filter(({ kind }) => kind !== 'type');
  return [
    ...events.flatMap(({ event }) => findings(event)),
    ...fallen,
    ...(unknown === (drifts.length > 0 ? true : undefined) ? [] : ['unknown or not', drifts]),
  ].map(mistake => ({ mistake, raw }));
};

test.skipIf(!check)('every event was asked of the independent validator of ../shared, which can say no', () => {
  expect(findings({ class_uid: 3004 }).length).toBeGreaterThan(validate({ class_uid: 3004 }).length);
});
