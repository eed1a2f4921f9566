// The OTLP exporter into a real collector: what it wrote is what was sent, to the last field.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AuditRecord, Json } from '../../src/model.ts';
import { random } from '../../src/simulation/random.ts';
import { ever } from '../support/loopback.ts';
import { makeOtlp } from '../support/otlp.ts';
import { type Collector, collector } from './collector.ts';

const EVENTS = 20_000;
const PAGE = 1000;

describe.each(['http/protobuf', 'http/json'] as const)('%s, gzip', protocol => {
  let sink: Collector;
  beforeAll(async () => {
    sink = await collector();
    await sink.start();
  });
  afterAll(() => sink?.close());

  test(`${EVENTS} events, compared field by field`, async () => {
    const { exporter } = makeOtlp({ endpoint: sink.url, protocol, compression: 'gzip' });
    for (let first = 0; first < EVENTS; first += PAGE) expect(await exporter.export(page(first), ever())).toEqual({});
    await exporter.close?.();

    const received = sink.received();
    expect(received).toHaveLength(EVENTS);
    for (let first = 0; first < EVENTS; first += PAGE) {
      const records = page(first);
      const got = received.slice(first, first + PAGE);
      expect(got.map(({ uid, time, observed, body }) => ({ uid, time, observed, body }))).toEqual(
        records.map(({ event, time, observed }, i) => ({
          uid: `uid-${first + i}`,
          time: `${time[0]}${String(time[1]).padStart(9, '0')}`,
          observed: `${observed[0]}${String(observed[1]).padStart(9, '0')}`,
          body: event,
        })),
      );
      for (const record of got)
        expect(record).toMatchObject({
          severityNumber: 9,
          severityText: 'Informational',
          eventName: 'ocsf.entity_management',
          resource: { 'service.name': 'opal' },
          attributes: {
            'log.record.uid': record.uid,
            'ocsf.version': '1.8.0',
            'ocsf.class_uid': 3004,
            'ocsf.type_uid': 300499,
          },
        });
    }
  });

  test('what a vendor or a user’s function may come up with does not make it refuse the request', async () => {
    const { exporter } = makeOtlp({ endpoint: sink.url, protocol });
    const before = sink.received().length;
    let deep: Json = 1;
    for (let level = 0; level < 200; level++) deep = { deep };
    const strange = {
      huge: 2 ** 63,
      larger: 1e300,
      nan: Number.NaN,
      infinite: -Infinity,
      tiny: 5e-324,
      text: '\ud800 \u0000 \udfff',
      '\ud800': 'key',
      '': 'empty',
      null: null,
      list: [null, [], {}],
      deep,
    };
    const [record] = page(0) as [AuditRecord];
    const event = { ...record.event, strange };
    expect(await exporter.export([{ ...record, time: [-1, 0], event }, record], ever())).toEqual({});
    await exporter.close?.();
    const got = sink.received().slice(before);
    expect(got.map(({ uid }) => uid)).toEqual(['uid-0', 'uid-0']);
    expect(got[0]?.body).toMatchObject({
      strange: {
        huge: '9223372036854776000',
        larger: '1e+300',
        nan: 'NaN',
        tiny: 5e-324,
        text: '\ufffd \u0000 \ufffd',
        '': 'empty',
        null: null,
        list: [null, [], {}],
      },
    });
    expect(got[1]?.body).toEqual(record.event);
  });
});

/** Synthetic events with one of everything that JSON has. */
const page = (first: number): readonly AuditRecord[] =>
  Array.from({ length: PAGE }, (_, i) => {
    const n = first + i;
    const chance = random(n, 'otlp');
    const raw = {
      id: n,
      name: `Zoë “${n}” 🦆\n`,
      score: chance.next(),
      nested: { list: [n, null, true, [], {}, { deep: [[n]] }] },
    };
    return {
      id: `${n}`,
      time: [1_768_478_400 + n, (n * 7919) % 1_000_000_000],
      observed: [1_768_578_400, n],
      origin: { receiver: 'opal', type: 'opal', site: 'https://api.example.com', tenant: 'acme', feed: '' },
      raw,
      event: {
        class_uid: 3004,
        class_name: 'Entity Management',
        type_uid: 300499,
        severity_id: 1,
        severity: 'Informational',
        time: (1_768_478_400 + n) * 1000,
        big: Number.MAX_SAFE_INTEGER - n,
        negative: -n - 1,
        fraction: n / 7,
        flag: n % 2 === 0,
        raw_data: JSON.stringify(raw),
        unmapped: raw,
        metadata: { uid: `uid-${n}`, version: '1.8.0', product: { name: 'Opal', vendor_name: 'Opal Security' } },
      },
    };
  });
