// A delivery: processors before anything leaves, one call an exporter, every exporter awaited, one commit, and what
// becomes of records that cannot pass.
import { describe, expect, test } from 'vitest';
import type { Exporter, Processor } from '../../src/component.ts';
import { Fault } from '../../src/fault.ts';
import type { AuditRecord, Write } from '../../src/model.ts';
import { deliver, type Lane, type Route } from '../../src/runtime/deliver.ts';
import { direct, type Handle } from '../../src/runtime/handle.ts';
import type { Store } from '../../src/runtime/state/state.ts';
import { virtualClock } from '../support/clock.ts';

const origin = { receiver: 'r', type: 't', site: 's', tenant: '', feed: '' };
const records = (...ids: string[]): AuditRecord[] =>
  ids.map(id => ({ id, time: [0, 0], observed: [0, 0], origin, raw: { id } }));
const idsOf = (some: readonly AuditRecord[]) => some.map(r => r.id).join('');
const same: Processor = { process: all => ({ records: all }) };

const stage = (...fails: unknown[]) => {
  const commits: (readonly Write[])[] = [];
  const clock = virtualClock();
  const store = {
    commit: async (writes: readonly Write[]) => {
      const fail = fails.shift();
      if (fail) throw fail;
      commits.push(writes);
    },
  } as unknown as Store; // a delivery only commits
  const cut = new AbortController();
  const faults: Fault[] = [];
  const how = { store, clock, signal: cut.signal, report: (fault: Fault) => void faults.push(fault) };
  return { commits, clock, cut, faults, how };
};
const routeOf = (processors: readonly Processor[], exporters: readonly Handle[], pipeline = 'p'): Route => ({
  pipeline,
  exporters,
  processors: processors.map((processor, i) => ({ name: `step${i}`, type: 'step', processor })),
});
const laneOf = (...routes: Route[]): Lane => ({ name: 'r', identity: 't s  ', receiver: undefined as never, routes }); // a delivery never asks it
const batch = (all: readonly AuditRecord[]) => ({ records: all, move: { after: 0, position: 1, low: 0, date: 0 } });

/** An exporter that tells what it was given, and does what `answer` says. */
const sink = (answer: (all: readonly AuditRecord[]) => void = () => {}) => {
  const calls: string[] = [];
  const released: boolean[] = [];
  const exporter: Exporter = {
    export: async all => {
      calls.push(idsOf(all));
      answer(all);
      return {
        writes: [{ kind: 'set', space: 'sink', key: idsOf(all), value: 1 }],
        release: committed => void released.push(committed),
      };
    },
  };
  return { exporter, calls, released };
};
const refuse = (ids: string) => (all: readonly AuditRecord[]) => {
  if (all.some(r => ids.includes(r.id))) throw new Fault('E_HTTP_REQUEST', 'status 400: no');
};
const kinds = (writes: readonly Write[]) => writes.map(w => w.kind);
const letters = (writes: readonly Write[]) =>
  writes.flatMap(w => (w.kind === 'dead' ? [`${w.place} ${w.code} ${idsOf(w.records)}`] : []));

describe('two phases', () => {
  test('nothing leaves before every processor of every route has succeeded', async () => {
    const { how, commits } = stage();
    const out = sink();
    const broken: Processor = {
      process: () => {
        throw new Fault('E_NETWORK', 'a lookup failed');
      },
    };
    const lane = laneOf(
      routeOf([same], [direct('out', out.exporter)]),
      routeOf([broken], [direct('out', out.exporter)], 'q'),
    );
    await expect(deliver(batch(records('a')), lane, how)).rejects.toThrow('a lookup failed');
    expect(out.calls).toEqual([]);
    expect(commits).toEqual([]);
  });

  test('one call an exporter, however many routes name it; one commit of move, writes and lengths', async () => {
    const { how, commits } = stage();
    const out = sink();
    const handle = direct('out', out.exporter);
    const marking: Processor = {
      process: all => ({ records: all, writes: [{ kind: 'mark', space: 'm', ids: all.map(r => r.id), remember: 1 }] }),
    };
    const delivery = await deliver(
      batch(records('a', 'b')),
      laneOf(routeOf([marking], [handle]), routeOf([same], [handle], 'q')),
      how,
    );
    expect(out.calls).toEqual(['abab']);
    expect(commits.map(kinds)).toEqual([['move', 'mark', 'set', 'count']]);
    expect(out.released).toEqual([true]);
    expect(delivery.exporters.map(e => [e.name, e.records.length, e.refused])).toEqual([['out', 4, 0]]);
  });

  test('an empty batch is just a state change: exporters are not called', async () => {
    const { how, commits } = stage();
    const out = sink();
    await deliver(batch([]), laneOf(routeOf([same], [direct('out', out.exporter)])), how);
    expect(out.calls).toEqual([]);
    expect(commits.map(kinds)).toEqual([['move']]);
  });

  test('every exporter is awaited before a failure is thrown, and told that nothing was committed', async () => {
    const { how, commits, cut } = stage();
    const [good, slow] = [sink(), Promise.withResolvers<void>()];
    const late: Exporter = {
      export: async () => {
        await slow.promise;
        throw new Fault('E_ABANDONED');
      },
    };
    const delivery = deliver(
      batch(records('a')),
      laneOf(routeOf([same], [direct('good', good.exporter), direct('late', late)])),
      how,
    );
    delivery.catch(() => {});
    await new Promise(setImmediate);
    expect(good.released).toEqual([]); // its file stays locked until the other is done
    cut.abort(new Error('stop'));
    slow.resolve();
    await expect(delivery).rejects.toThrow('stop');
    expect(good.released).toEqual([false]);
    expect(commits).toEqual([]);
  });

  test('an aborted delivery does not commit, though its exporters ignored the signal', async () => {
    const { how, commits, cut } = stage();
    const rude: Exporter = {
      export: async () => {
        cut.abort(new Error('stop'));
        return {};
      },
    };
    await expect(deliver(batch(records('a')), laneOf(routeOf([same], [direct('rude', rude)])), how)).rejects.toThrow(
      'stop',
    );
    expect(commits).toEqual([]);
  });
});

describe('a commit that fails', () => {
  test('for want of room is tried again in place: the sink is not sent the batch again', async () => {
    const { how, commits, clock, faults } = stage(new Fault('E_STATE_FULL'), new Fault('E_STATE_FULL'));
    const out = sink();
    await clock.run(deliver(batch(records('a')), laneOf(routeOf([same], [direct('out', out.exporter)])), how));
    expect(out.calls).toEqual(['a']);
    expect(commits).toHaveLength(1);
    expect(faults.map(f => f.code)).toEqual(['E_STATE_FULL', 'E_STATE_FULL']);
  });

  test('because another delivery moved on is given up', async () => {
    const { how } = stage(new Fault('E_COMMIT_STALE', 'overtaken'));
    const out = sink();
    await expect(
      deliver(batch(records('a')), laneOf(routeOf([same], [direct('out', out.exporter)])), how),
    ).rejects.toMatchObject({ name: 'Overtaken' });
    expect(out.released).toEqual([false]);
  });
});

describe('a processor that throws', () => {
  const picky: Processor = {
    process: all => {
      if (all.some(r => 'xy'.includes(r.id))) throw new TypeError('cannot map this');
      return { records: all.map(r => ({ ...r, attributes: { batch: idsOf(all) } })) };
    },
  };

  test('loses no record: culprits become dead letters of that place, the others go on together', async () => {
    const { how, commits } = stage();
    const out = sink();
    const delivery = await deliver(
      batch(records('a', 'x', 'b', 'y')),
      laneOf(routeOf([picky], [direct('out', out.exporter)])),
      how,
    );
    expect(out.calls).toEqual(['ab']);
    expect(delivery.routes[0]!.records.map(r => r.attributes?.batch)).toEqual(['ab', 'ab']);
    expect(letters(commits[0]!)).toEqual(['pipeline/p/step0 E_PROCESSOR x', 'pipeline/p/step0 E_PROCESSOR y']);
    expect(delivery.routes[0]!.steps[0]!.dead.map(r => r.id)).toEqual(['x', 'y']);
  });

  test('only on several together is a defect of its own: the batch stays', async () => {
    const { how, commits } = stage();
    const crowded: Processor = {
      process: all => {
        if (all.length > 1) throw new TypeError('too many');
        return { records: all };
      },
    };
    await expect(deliver(batch(records('a', 'b')), laneOf(routeOf([crowded], [])), how)).rejects.toThrow('too many');
    expect(commits).toEqual([]);
  });
});

describe('an exporter that refuses', () => {
  test('one record: halved down to it, in order; it becomes a dead letter and the rest is delivered', async () => {
    const { how, commits } = stage();
    const out = sink(refuse('c'));
    const delivery = await deliver(
      batch(records('a', 'b', 'c', 'd')),
      laneOf(routeOf([same], [direct('out', out.exporter)])),
      how,
    );
    expect(out.calls).toEqual(['abcd', 'ab', 'cd', 'c', 'd']);
    expect(letters(commits[0]!)).toEqual(['exporter/out E_HTTP_REQUEST c']);
    expect(commits[0]!.filter(w => w.kind === 'set').map(w => w.kind === 'set' && w.key)).toEqual(['ab', 'd']);
    expect(delivery.exporters[0]!.refused).toBe(1);
  });

  test('a lone record: a dead letter', async () => {
    const { how, commits } = stage();
    await deliver(batch(records('a')), laneOf(routeOf([same], [direct('out', sink(refuse('a')).exporter)])), how);
    expect(letters(commits[0]!)).toEqual(['exporter/out E_HTTP_REQUEST a']);
  });

  test('every single one: the sink is wrong, so it holds, and makes no dead letter', async () => {
    const { how, commits, clock, faults } = stage();
    let wrong = true;
    const out = sink(() => {
      if (wrong) throw new Fault('E_HTTP_REQUEST', 'status 400: not today');
    });
    const delivery = deliver(batch(records('a', 'b')), laneOf(routeOf([same], [direct('out', out.exporter)])), how);
    await clock.advance(1000);
    expect(faults.map(f => [f.code, f.kind])).toEqual([['E_SINK_REFUSES_ALL', 'denied']]);
    expect(faults[0]!.message).toContain('status 400: not today');
    wrong = false;
    await clock.run(delivery);
    expect(letters(commits[0]!)).toEqual([]);
    expect(out.calls).toEqual(['ab', 'a', 'b', 'ab']);
  });

  test.each(['E_HTTP_DENIED', 'E_HTTP_SERVER', 'E_NETWORK'] as const)(
    'with %s is tried again with the same records, for ever',
    async code => {
      const { how, commits, clock } = stage();
      let left = 30;
      const out = sink(() => {
        if (left-- > 0) throw new Fault(code);
      });
      await clock.run(deliver(batch(records('a', 'b')), laneOf(routeOf([same], [direct('out', out.exporter)])), how));
      expect(new Set(out.calls)).toEqual(new Set(['ab']));
      expect(out.calls).toHaveLength(31);
      expect(letters(commits[0]!)).toEqual([]);
    },
  );

  test('by a defect holds in place: its siblings are not sent the batch again', async () => {
    const { how, clock, faults } = stage();
    let left = 2;
    const [broken, sibling] = [
      sink(() => {
        if (left-- > 0) throw new TypeError('undefined is not a function');
      }),
      sink(),
    ];
    await clock.run(
      deliver(
        batch(records('a')),
        laneOf(routeOf([same], [direct('broken', broken.exporter), direct('sibling', sibling.exporter)])),
        how,
      ),
    );
    expect(faults.map(f => f.code)).toEqual(['E_EXPORTER', 'E_EXPORTER']);
    expect(sibling.calls).toEqual(['a']);
  });

  test('some without saying which: the batch is delivered, and a marked copy of it kept', async () => {
    const { how, commits } = stage();
    const some = records('a', 'b', 'c');
    const partial: Exporter = {
      export: async all => ({
        refused: [{ fault: new Fault('E_SINK_PARTIAL', 'two are too old'), records: all, count: 2 }],
      }),
    };
    const delivery = await deliver(batch(some), laneOf(routeOf([same], [direct('out', partial)])), how);
    expect(letters(commits[0]!)).toEqual(['exporter/out E_SINK_PARTIAL abc']);
    expect(commits[0]!.find(w => w.kind === 'dead')).toMatchObject({ count: 2, reason: 'two are too old' });
    expect(delivery.exporters[0]!.refused).toBe(2);
  });

  test('a partial success that refuses all of a batch is no reason to send it again', async () => {
    const { how, commits } = stage();
    const partial: Exporter = {
      export: async all => ({
        refused: [{ fault: new Fault('E_SINK_PARTIAL', 'all of them'), records: all, count: all.length }],
      }),
    };
    await deliver(batch(records('a', 'b')), laneOf(routeOf([same], [direct('out', partial)])), how);
    expect(letters(commits[0]!)).toEqual(['exporter/out E_SINK_PARTIAL ab']);
  });
});
