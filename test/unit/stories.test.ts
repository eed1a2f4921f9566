// How others lost events, or had them twice, played here: docs/stories.md says whose stories these are.
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { dedupe } from '../../processors/dedupe/index.ts';
import type { Fetch } from '../../src/component.ts';
import { queued } from '../../src/config.ts';
import { Fault } from '../../src/fault.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../../src/options.ts';
import { openState } from '../../src/runtime/state/state-sqlite.ts';
import { folder, sinkOf, start, store, vendor } from '../support/engine.ts';
import { type TimedVendorOptions, timedVendor } from '../support/timed-vendor.ts';

const into = (got: string[]) => sinkOf(async records => void got.push(...records.map(({ id }) => id)));
const once = { once: { patience: DAY } };

describe('at the edge of time', () => {
  /** What comes out in half a day, in order of arrival; and what is missing of what the sweep has passed. */
  const read = async (options: TimedVendorOptions) => {
    const world = timedVendor(options);
    const got: string[] = [];
    const config = {
      receivers: { sim: world.receiver },
      processors: { dedupe: dedupe() },
      exporters: { out: into(got) },
    };
    const engine = await start(config, world);
    await world.clock.advance(12 * HOUR);
    engine.stop();
    await world.clock.run(engine.ended);
    expect(new Set(got).size).toBe(got.length); // none twice
    const due = world.events().filter(({ at }) => at < world.clock.now() - 5 * HOUR);
    return { got, missing: due.map(({ id }) => id).filter(id => !got.includes(id)) };
  };

  test('an event that the vendor shows seconds after it happened is not skipped by a window that ended now', async () => {
    const { missing } = await read({ between: 50 * SECOND, late: n => (n % 3) * 20 * SECOND });
    expect(missing).toEqual([]);
  });

  test('the place does not move past events that the vendor shows minutes late, and out of order', async () => {
    const { got, missing } = await read({ between: 90 * SECOND, late: n => [0, 9, 2, 40][n % 4]! * MINUTE });
    expect(missing).toEqual([]);
    expect(got).not.toEqual(got.toSorted((a, b) => Number(a.slice(1)) - Number(b.slice(1))));
  });

  test('events that share a millisecond are all read, though the page and the window end between them', async () => {
    const { missing } = await read({ between: 20 * MINUTE, together: 250 });
    expect(missing).toEqual([]);
  });
});

describe('in a chain of pages', () => {
  test('an empty page with more to come is followed', async () => {
    const world = vendor(4);
    const fetch: Fetch = async (call, signal) => {
      const answer = await world.fetch(call, signal);
      const isSecond = call.query?.cursor === '1';
      return isSecond ? { ...answer, text: answer.text.replace(/"items":\[.*?\]/, '"items":[]') } : answer;
    };
    const got: string[] = [];
    const engine = await start({ exporters: { out: into(got) } }, { ...world, fetch }, once);
    await world.clock.run(engine.ended);
    expect(got).toEqual(['0a', '0b', '2a', '2b', '3a', '3b']);
  });

  test.each([
    ['fails', new Fault('E_HTTP_SERVER', '500')],
    ['is refused, because the token ended midway,', new Fault('E_HTTP_DENIED', '401', { status: 401 })],
    ['breaks off', new Fault('E_BODY_BROKEN', 'the answer broke off')],
  ])('a page that %s is asked again, and neither skipped nor read twice', async (_, fault) => {
    const world = vendor(5, asked => {
      if (asked === 3 || asked === 4) throw fault;
    });
    const got: string[] = [];
    const engine = await start({ exporters: { out: into(got) } }, world, once);
    await world.clock.run(engine.ended);
    expect(got).toEqual([0, 1, 2, 3, 4].flatMap(n => [`${n}a`, `${n}b`]));
    expect(world.asked.map(({ cursor }) => cursor).slice(0, 6)).toEqual([null, '1', '2', '2', '2', '3']);
  });
});

describe('on the disk', () => {
  test('a commit is synced before it counts: nobody has to switch that on', () => {
    const said: string[] = [];
    const { exec } = DatabaseSync.prototype;
    DatabaseSync.prototype.exec = function (sql) {
      said.push(sql);
      exec.call(this, sql);
    };
    try {
      void openState(join(folder, 'another')).close();
    } finally {
      DatabaseSync.prototype.exec = exec;
    }
    expect(said.join('\n')).toContain('synchronous = full');
  });

  test('the space of a queue that was emptied is used again: the file does not grow for ever', async () => {
    const records = Array.from({ length: 50 }, (_, n) => ({
      id: `r${n}`,
      time: [0, 0] as const,
      observed: [0, 0] as const,
      origin: { receiver: 'sim', type: 'sim', site: '', tenant: '', feed: '' },
      raw: Array.from({ length: 200 }, (_, i) => Math.sin(n * 200 + i)), // hard to compress
    }));
    const round = async () => {
      for (let i = 0; i < 10; i++) await store.commit([{ kind: 'enqueue', queue: 'q', records }], 0);
      for (let rows = await store.rows('q', ALL); rows.length > 0; rows = await store.rows('q', ALL))
        await store.commit([{ kind: 'dequeue', queue: 'q', rows: rows.map(({ seq }) => seq) }], 0);
    };
    const ALL = { records: 1000, bytes: 2 ** 30 };
    await round();
    const size = () => statSync(join(folder, 'state.db')).size + statSync(join(folder, 'state.db-wal')).size;
    for (let i = 0; i < 4; i++) await round(); // the log has its full length by then
    const before = size();
    for (let i = 0; i < 4; i++) await round();
    expect(size()).toBeLessThanOrEqual(before);
  });

  test('a queue is sent a batch at a time, however much lies in it: it is never in memory as a whole', async () => {
    let isUp = false;
    const sizes: number[] = [];
    const sink = sinkOf(async records => {
      if (!isUp) throw new Fault('E_NETWORK', 'connection refused');
      sizes.push(records.length);
    });
    const world = vendor(600);
    const engine = await start({ exporters: { out: queued(sink, { limit: '1GiB' }) } }, world);
    await world.clock.advance(MINUTE);
    engine.stop();
    await world.clock.run(engine.ended);
    isUp = true;
    const read: number[] = [];
    const watched = {
      ...store,
      rows: async (...given: Parameters<typeof store.rows>) => {
        const rows = await store.rows(...given);
        read.push(rows.reduce((sum, row) => sum + row.records.length, 0));
        return rows;
      },
    };
    const again = await start({ exporters: { out: queued(sink, { limit: '1GiB' }) } }, world, once, [], {
      store: watched,
      folder,
    });
    await world.clock.run(again.ended);
    expect(Math.max(...read)).toBeLessThanOrEqual(1000);
    expect(sizes.reduce((sum, n) => sum + n, 0)).toBe(1200);
  });
});
