// The OTLP exporter as a delivery meets it: with the engine's retry and halving in front, on a clock that only the waits
// move, against a scripted sink.
import { afterEach, describe, expect, test } from 'vitest';
import type { Fault } from '../../src/fault.ts';
import { MINUTE, SECOND } from '../../src/options.ts';
import { HOLD } from '../../src/retry.ts';
import { unrouted } from '../../src/runtime/fate.ts';
import { direct } from '../../src/runtime/handle.ts';
import { virtualClock } from '../support/clock.ts';
import { sampleRecords } from '../support/exporter-bench.ts';
import { ever } from '../support/loopback.ts';
import { makeOtlp, type OtlpOptions } from '../support/otlp.ts';
import { type Deed, otlpSink, type SunkRequest } from '../support/otlp-sink.ts';

const closers: (() => Promise<void> | undefined)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const REFUSED: Deed = { status: 400, body: 'I do not like it', headers: { 'content-type': 'text/plain' } };

/** Hands a batch over, and says what came of it: dead letters, waits, and when each request arrived. */
const hand = async (
  count: number,
  script: (request: SunkRequest, index: number) => Deed | undefined,
  options: OtlpOptions = {},
) => {
  const clock = virtualClock();
  const arrivals: number[] = [];
  const start = clock.now();
  const sink = await otlpSink((request, index) => {
    arrivals.push(clock.now() - start);
    return script(request, index);
  });
  closers.push(sink.close);
  const { exporter } = makeOtlp({ endpoint: sink.url, ...options }, { clock });
  closers.push(() => exporter.close?.());
  const waits: { fault: Fault; wait: number }[] = [];
  const report = (fault: Fault, wait: number) => {
    waits.push({ fault, wait });
    setImmediate(() => void clock.advance(wait)); // the wait begins when we return
  };
  const records = sampleRecords(count);
  const { writes = [] } = await direct('collector', exporter).hand([unrouted(records)], {
    clock,
    signal: ever(),
    report,
  });
  return { records, sink, arrivals, waits, dead: writes, taken: sink.taken.map(({ uid }) => uid) };
};

describe('waiting', () => {
  test.each([429, 503])('%d with Retry-After is obeyed to the second, and nobody asks in between', async status => {
    const waits = ['17', '120', 'Thu, 15 Jan 2026 10:00:00 GMT'];
    const { arrivals, taken, dead } = await hand(3, (_, index) =>
      waits[index] === undefined
        ? undefined
        : { status, headers: { 'retry-after': waits[index], date: 'Thu, 15 Jan 2026 09:00:00 GMT' } },
    );
    expect(arrivals).toEqual([0, 17 * SECOND, 137 * SECOND, 137 * SECOND + 60 * MINUTE]);
    expect([taken.length, dead]).toEqual([3, []]);
  });

  test.each([401, 403, 404, 405, 302])('%d holds, and makes no dead letters', async status => {
    const { arrivals, waits, taken, dead } = await hand(3, (_, index) => (index < 3 ? { status } : undefined));
    expect(arrivals).toEqual([0, HOLD, 2 * HOLD, 3 * HOLD]);
    expect(waits.map(({ fault }) => fault.kind)).toEqual(['denied', 'denied', 'denied']);
    expect([taken.length, dead]).toEqual([3, []]);
  });

  test.each([{ status: 500 }, { status: 503 }, { status: 408 }, { reset: true } as const, { half: 200 }])(
    'after %j it is tried again, with jitter, for as long as it takes',
    async deed => {
      const { waits, taken, dead } = await hand(2, (_, index) => (index < 12 ? deed : undefined));
      expect(waits).toHaveLength(12);
      for (const [tries, { fault, wait }] of waits.entries()) {
        expect(fault.kind).toBe('transient');
        expect(wait).toBeLessThanOrEqual(Math.min(5 * MINUTE, SECOND * 2 ** tries));
      }
      expect([taken, dead]).toEqual([['opal-0', 'opal-1'], []]);
    },
  );
});

describe('halving', () => {
  test('413 until the parts are small enough: everything passes, in order, nothing is dead', async () => {
    const { records, sink, taken, dead } = await hand(20, request =>
      request.records.length > 3 ? { status: 413 } : undefined,
    );
    expect(taken).toEqual(records.map(({ id }) => id));
    expect(dead).toEqual([]);
    expect(Math.max(...sink.requests.slice(-1).map(request => request.records.length))).toBeLessThanOrEqual(3);
  });

  test('400 for one record: it alone becomes a dead letter, in the sink’s words', async () => {
    const { records, taken, dead } = await hand(20, request =>
      request.records.some(({ uid }) => uid === 'opal-13') ? REFUSED : undefined,
    );
    expect(taken).toEqual(records.map(({ id }) => id).filter(id => id !== 'opal-13'));
    expect(dead).toEqual([
      {
        kind: 'dead',
        place: 'exporter/collector',
        code: 'E_HTTP_REQUEST',
        reason: expect.stringContaining('400 Bad Request: I do not like it'),
        count: 1,
        records: [records[13]],
      },
    ]);
  });

  test('400 for every single one: the sink is wrong, and the lane holds until it is mended', async () => {
    const { arrivals, waits, taken, dead } = await hand(4, (_, index) => (index < 7 ? REFUSED : undefined));
    expect(waits).toMatchObject([{ fault: { code: 'E_SINK_REFUSES_ALL', kind: 'denied' }, wait: HOLD }]);
    expect(waits[0]?.fault.message).toContain('I do not like it');
    expect(arrivals.at(-1)).toBe(HOLD);
    expect([taken.length, dead]).toEqual([4, []]);
  });

  test('a lone record that is refused cannot be told from a wrong sink: a dead letter', async () => {
    const { dead } = await hand(1, () => REFUSED);
    expect(dead).toHaveLength(1);
  });
});

describe('partial success', () => {
  test('is not repeated: counted, and a copy kept', async () => {
    const { records, sink, dead } = await hand(5, () => ({
      partial: { rejectedLogRecords: 2, errorMessage: 'too old' },
    }));
    expect(sink.requests).toHaveLength(1);
    expect(dead).toMatchObject([
      { code: 'E_SINK_PARTIAL', count: 2, records, reason: expect.stringContaining('2 of 5 records refused: too old') },
    ]);
  });

  test('not even when a later request of the same batch is refused, and the batch halved', async () => {
    const { records, sink, taken, dead } = await hand(
      12,
      ({ records: [first] }, index) => {
        if (first?.uid === 'opal-0') return { partial: { rejectedLogRecords: 1, errorMessage: 'one of five' } };
        return index === 1 ? { status: 413 } : undefined;
      },
      { maxRecords: 5 },
    );
    expect(sink.requests.map(request => request.records.map(({ uid }) => uid.slice(5)).join(' '))).toEqual([
      '0 1 2 3 4',
      '5 6 7 8 9',
      '5',
      '6 7 8 9 10',
      '11',
    ]);
    expect(taken).toEqual(records.map(({ id }) => id));
    expect(dead).toMatchObject([{ code: 'E_SINK_PARTIAL', count: 1, records: records.slice(0, 5) }]);
  });
});
