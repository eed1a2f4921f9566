// What the engine may expect of every exporter. Each folder of `exporters/` is found by itself and needs a harness in
// `test/contract/exporters/<folder>.ts`; a folder without one fails.
import { existsSync, readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Exported, Exporter } from '../../src/component.ts';
import { Fault } from '../../src/fault.ts';
import type { AuditRecord } from '../../src/model.ts';
import { type Bench, type ExporterHarness, sampleRecords } from '../support/exporter-bench.ts';

const root = new URL('../../exporters/', import.meta.url);
const folders = readdirSync(root, { withFileTypes: true })
  .filter(entry => entry.isDirectory() && existsSync(new URL(`${entry.name}/index.ts`, root)))
  .map(entry => entry.name);

const quiet = () => new AbortController().signal;
const uids = (records: readonly AuditRecord[]) => records.map(r => r.id);

/** Ends a delivery as the engine does. */
const conclude = async ({ context }: Bench, exported: Exported, committed = true) => {
  if (committed) context.commit(exported.writes ?? []);
  await exported.release?.(committed);
};

const deliver = async (bench: Bench, records: readonly AuditRecord[], exporter: Exporter = bench.exporter) =>
  conclude(bench, await exporter.export(records, quiet()));

/** How a promise ended, or that it has not, after everything that is ready has run. */
const stateOf = async (work: Promise<unknown>) => {
  let state: 'pending' | 'resolved' | 'rejected' = 'pending';
  work.then(
    () => {
      state = 'resolved';
    },
    () => {
      state = 'rejected';
    },
  );
  for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate);
  return state;
};

const using = async (harness: ExporterHarness, body: (bench: Bench) => Promise<void>) => {
  const bench = await harness.open();
  try {
    await body(bench);
  } finally {
    await bench.exporter.close?.();
    await bench.close();
  }
};

describe.each(folders)('exporter %s', async folder => {
  const file = new URL(`exporters/${folder}.ts`, import.meta.url);
  if (!existsSync(file)) {
    test('has a harness', () => expect.fail(`write test/contract/exporters/${folder}.ts: it exports a harness`));
    return;
  }
  const { harness }: { harness: ExporterHarness } = await import(file.href);

  test('resolves with everything in the sink, in order', () =>
    using(harness, async bench => {
      const [first, second] = [sampleRecords(250), sampleRecords(50, { first: 250 })];
      await deliver(bench, first);
      expect(await bench.received()).toEqual(uids(first));
      await deliver(bench, second);
      expect(await bench.received()).toEqual(uids([...first, ...second]));
    }));

  test('does not resolve before the sink has answered', () =>
    using(harness, async bench => {
      const go = bench.stall();
      const work = bench.exporter.export(sampleRecords(3), quiet());
      expect(await stateOf(work)).toBe('pending');
      go();
      await conclude(bench, await work);
      expect(await bench.received()).toEqual(uids(sampleRecords(3)));
    }));

  test('stops promptly when the signal aborts, and goes on afterwards', () =>
    using(harness, async bench => {
      const go = bench.stall();
      const cut = new AbortController();
      const work = bench.exporter.export(sampleRecords(3), cut.signal);
      expect(await stateOf(work)).toBe('pending');
      cut.abort();
      await expect(work).rejects.toThrow();
      go();
      await deliver(bench, sampleRecords(3));
      const received = await bench.received();
      expect(new Set(received)).toEqual(new Set(uids(sampleRecords(3))));
      if (harness.exact) expect(received).toHaveLength(3);
    }));

  test('does not begin when the signal has aborted', () =>
    using(harness, async bench => {
      await expect(bench.exporter.export(sampleRecords(3), AbortSignal.abort())).rejects.toThrow();
      expect(await bench.received()).toEqual([]);
    }));

  test('keeps the records of several receivers apart, each in order', () =>
    using(harness, async bench => {
      const names = ['opal', 'vaults', 'endor'];
      await Promise.all(names.map(receiver => deliver(bench, sampleRecords(100, { receiver }))));
      const received = await bench.received();
      for (const receiver of names)
        expect(received.filter(uid => uid.startsWith(`${receiver}-`))).toEqual(uids(sampleRecords(100, { receiver })));
      expect(received).toHaveLength(300);
    }));

  test.each(Object.entries(harness.failures))('%s is a fault, %s, and the same batch passes later', (name, kind) =>
    using(harness, async bench => {
      await deliver(bench, sampleRecords(2));
      const mend = await bench.fail(name);
      const failure = await bench.exporter.export(sampleRecords(5, { first: 2 }), quiet()).then(
        () => undefined,
        error => error,
      );
      expect(failure).toBeInstanceOf(Fault);
      expect((failure as Fault).kind).toBe(kind);
      const exporter = await mend();
      await deliver(bench, sampleRecords(5, { first: 2 }), exporter);
      if (exporter !== bench.exporter) await exporter.close?.();
      const received = await bench.received();
      expect(new Set(received)).toEqual(new Set(uids(sampleRecords(7))));
      expect(received.slice(-5)).toEqual(uids(sampleRecords(5, { first: 2 })));
      if (harness.exact) expect(received).toHaveLength(7);
    }),
  );

  test('an abandoned batch can be exported again; a second release changes nothing', () =>
    using(harness, async bench => {
      const abandoned = await bench.exporter.export(sampleRecords(4), quiet());
      await conclude(bench, abandoned, false);
      await abandoned.release?.(false);
      await deliver(bench, sampleRecords(4));
      const exported = await bench.exporter.export(sampleRecords(1, { first: 4 }), quiet());
      await conclude(bench, exported);
      await exported.release?.(true);
      const received = await bench.received();
      expect(new Set(received)).toEqual(new Set(uids(sampleRecords(5))));
      if (harness.exact) expect(received).toHaveLength(5);
    }));

  test('no records are no work; closing twice is safe, before any use and after', () =>
    using(harness, async bench => {
      await deliver(bench, []);
      expect(await bench.received()).toEqual([]);
      await deliver(bench, sampleRecords(1));
      await bench.exporter.close?.();
      await bench.exporter.close?.();
      expect(await bench.received()).toEqual(uids(sampleRecords(1)));
      const unused = await harness.open();
      await unused.exporter.close?.();
      await unused.exporter.close?.();
      await unused.close();
    }));
});
