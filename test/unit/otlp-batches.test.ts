// The OTLP exporter with several batches at once, batches of several requests, and at its end.
import { afterEach, describe, expect, test } from 'vitest';
import type { AuditRecord } from '../../src/model.ts';
import { sampleRecords } from '../support/exporter-bench.ts';
import { ever, faultFrom } from '../support/loopback.ts';
import { otlpStage } from '../support/otlp.ts';
import { type Deed, otlpSink } from '../support/otlp-sink.ts';

const { sinkThat, exporterOf, close } = otlpStage();
afterEach(async () => {
  await close();
});

const [record] = sampleRecords(1) as [AuditRecord];

describe.each(['http/protobuf', 'http/json'] as const)('%s', protocol => {
  test('nobody listens', async () => {
    const sink = await otlpSink();
    await sink.close();
    const { exporter } = exporterOf({ endpoint: sink.url, protocol });
    expect(await faultFrom(exporter.export([record], ever()))).toMatchObject({ code: 'E_NETWORK', kind: 'transient' });
  });

  test('five batches under way get each their own outcome', async () => {
    const all = Promise.withResolvers<void>();
    const waiting: (() => void)[] = [];
    const deeds: Record<string, Deed> = {
      'a-0': { partial: { rejectedLogRecords: 1, errorMessage: 'for a' } },
      'b-0': { status: 429, headers: { 'retry-after': '11' } },
      'c-0': { status: 503, headers: { 'retry-after': '22' } },
      'd-0': { status: 400, body: 'for d', headers: { 'content-type': 'text/plain' } },
      'e-0': { reset: true },
    };
    const sink = await sinkThat(async ({ records }) => {
      const turn = Promise.withResolvers<void>();
      waiting.unshift(turn.resolve); // answered in reverse
      if (waiting.length === 5) all.resolve();
      await turn.promise;
      return deeds[records[0]!.uid]!;
    });
    const { exporter } = exporterOf({ endpoint: sink.url, protocol });
    const works = ['a', 'b', 'c', 'd', 'e'].map(receiver =>
      exporter.export(sampleRecords(2, { receiver }), ever()).catch(e => e),
    );
    await all.promise;
    for (const answer of waiting) answer();
    const [a, b, c, d, e] = await Promise.all(works);
    expect(a.refused[0].fault.message).toContain('for a');
    expect(a.refused[0].records.map((r: AuditRecord) => r.id)).toEqual(['a-0', 'a-1']);
    expect(b).toMatchObject({ status: 429, retryAfter: 11_000 });
    expect(c).toMatchObject({ status: 503, retryAfter: 22_000 });
    expect(d).toMatchObject({ status: 400, message: expect.stringContaining('for d') });
    expect(e).toMatchObject({ code: 'E_NETWORK' });
    expect(sink.requests).toHaveLength(5);
  });

  test('a batch of several requests goes on where it failed; what was refused before is still told', async () => {
    const sink = await sinkThat((_, index) =>
      index === 0
        ? { partial: { rejectedLogRecords: 1, errorMessage: 'one' } }
        : index === 1
          ? { status: 503 }
          : undefined,
    );
    const { exporter } = exporterOf({ endpoint: sink.url, protocol, maxRecords: 2 });
    const records = sampleRecords(6);
    expect(await faultFrom(exporter.export(records, ever()))).toMatchObject({ status: 503 });
    const result = await exporter.export(records, ever());
    expect(result.refused).toMatchObject([{ count: 1, records: records.slice(0, 2) }]);
    expect(sink.taken.map(({ uid }) => uid)).toEqual(records.map(({ id }) => id));
    expect(await exporter.export(records, ever())).toEqual({}); // and a new delivery begins at its beginning
    expect(sink.taken).toHaveLength(12);
  });

  test('more than the exporter’s own limit at once', async () => {
    const { exporter } = exporterOf({ endpoint: (await sinkThat()).url, protocol });
    const works = Array.from({ length: 60 }, (_, i) =>
      exporter.export(sampleRecords(1, { receiver: `r${i}` }), ever()),
    );
    expect(await Promise.all(works)).toEqual(works.map(() => ({})));
  });
});

describe('the end', () => {
  test('closing waits for what is under way; afterwards nothing is taken', async () => {
    const go = Promise.withResolvers<Deed>();
    const arrived = Promise.withResolvers<void>();
    const sink = await sinkThat(() => {
      arrived.resolve();
      return go.promise;
    });
    const { exporter } = exporterOf({ endpoint: sink.url });
    const order: string[] = [];
    const work = exporter.export([record], ever()).then(() => order.push('delivered'));
    await arrived.promise;
    const closing = exporter.close?.().then(() => order.push('closed'));
    expect(await faultFrom(exporter.export([record], ever()))).toMatchObject({ code: 'E_ABANDONED' });
    go.resolve({ status: 200 });
    await Promise.all([work, closing]);
    expect(order).toEqual(['delivered', 'closed']);
    expect(sink.requests).toHaveLength(1);
  });
});
