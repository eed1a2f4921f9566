// Any record, even one that no vendor would send, normalizes to an event that both encodings carry and give back.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { normalize } from '../../processors/normalize/index.ts';
import type { Spec } from '../../src/component.ts';
import type { Mapping } from '../../src/mapping.ts';
import type { AuditRecord, Json } from '../../src/model.ts';
import { testContext } from '../support/context.ts';
import { ever } from '../support/loopback.ts';
import { makeOtlp } from '../support/otlp.ts';
import { type OtlpSink, otlpSink } from '../support/otlp-sink.ts';

const root = new URL('../../receivers/', import.meta.url);
const vendors = readdirSync(root).filter(name => existsSync(new URL(`${name}/ocsf.ts`, root)));
const mappings = new Map(
  await Promise.all(
    vendors.map(
      async vendor =>
        [vendor, ((await import(new URL(`${vendor}/ocsf.ts`, root).href)) as { mapping: Mapping }).mapping] as const,
    ),
  ),
);

/** The field names and the texts of a vendor's fixtures: what its mapping looks at. */
const vocabulary = (vendor: string) => {
  const [names, texts] = [new Set<string>(), new Set<string>()];
  const learn = (json: Json): void => {
    if (typeof json === 'string') texts.add(json);
    else if (typeof json === 'object' && json !== null)
      for (const [name, held] of Object.entries(json)) {
        if (!Array.isArray(json)) names.add(name);
        learn(held);
      }
  };
  for (const file of ['conversation.json', 'expected.ndjson']) {
    const url = new URL(`${vendor}/fixtures/${file}`, root);
    if (existsSync(url))
      for (const line of file.endsWith('.json')
        ? [readFileSync(url, 'utf8')]
        : readFileSync(url, 'utf8').trim().split('\n')) {
        const json: Json = JSON.parse(line);
        learn(json);
        // The vendor's own words travel inside of the event, as text.
        const raw = typeof json === 'object' && json !== null && 'raw_data' in json ? json.raw_data : undefined;
        if (typeof raw === 'string' && raw.startsWith('{')) learn(JSON.parse(raw));
      }
  }
  return { names: [...names], texts: [...texts].filter(text => text.length < 200) };
};

const raw = ({ names, texts }: ReturnType<typeof vocabulary>): fc.Arbitrary<Json> => {
  const key = fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(...names) },
    fc.string({ unit: 'binary', maxLength: 6 }),
    fc.constant('__proto__'),
  );
  const scalar = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...texts) },
    fc.string({ unit: 'binary' }),
    fc.maxSafeInteger(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
    fc.constant(null),
  );
  const { json } = fc.letrec<{ json: Json }>(tie => ({
    json: fc.oneof(
      { maxDepth: 4 },
      scalar,
      fc.array(tie('json'), { maxLength: 3 }),
      fc.array(fc.tuple(key, tie('json')), { maxLength: 8 }).map(entries => Object.fromEntries(entries) as Json),
    ),
  }));
  return fc.oneof(
    {
      weight: 9,
      arbitrary: fc.array(fc.tuple(key, json), { maxLength: 12 }).map(entries => Object.fromEntries(entries) as Json),
    },
    json,
  );
};

let sink: OtlpSink;
beforeAll(async () => {
  sink = await otlpSink();
});
afterAll(() => sink.close());

describe.each(vendors)('%s', vendor => {
  const spec: Spec<'processor'> = normalize();
  const processor = spec.create(testContext({ mapping: type => mappings.get(type) }), {
    rawData: 'include',
    severity: 'table',
    fanout: true,
    version: '1.8.0',
  });

  test('any record comes out as its events', () =>
    fc.assert(
      fc.asyncProperty(fc.array(raw(vocabulary(vendor)), { minLength: 1, maxLength: 4 }), async raws => {
        const records = raws.map(
          (words, i): AuditRecord => ({
            id: `id-${i}`,
            time: [1_768_478_400, 5],
            observed: [1_768_478_401, 6],
            origin: { receiver: 'any', type: vendor, site: 'https://vendor.example', tenant: 't', feed: '' },
            raw: words,
          }),
        );
        const { records: mapped } = await processor.process(records);
        expect(mapped.length).toBeGreaterThanOrEqual(records.length);
        for (const protocol of ['http/protobuf', 'http/json'] as const) {
          sink.taken.length = 0;
          const { exporter } = makeOtlp({ endpoint: sink.url, protocol, compression: 'none' });
          expect(await exporter.export(mapped, ever())).toEqual({});
          await exporter.close?.();
          expect(sink.taken.map(({ body }) => body)).toEqual(
            JSON.parse(JSON.stringify(mapped.map(({ event }) => event))),
          );
        }
      }),
      { numRuns: 60 },
    ));
});
