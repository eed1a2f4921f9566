// What the engine notes beside the truth: drift and gaps, counted right and bounded. Notes that fail are in the way of
// no lane.
import { describe, expect, test } from 'vitest';
import type { Json } from '../../src/model.ts';
import { DAY, SECOND } from '../../src/options.ts';
import type { Delivery } from '../../src/runtime/account.ts';
import type { Notes } from '../../src/runtime/state/notes.ts';
import { KEPT, readNotes } from '../../src/runtime/state/notes-sqlite.ts';
import { brief, delivery, drifted, folder, noted, read, reopen, store, taker } from '../support/notes.ts';

describe('drift', () => {
  test('types without a row, mappings that failed or gave something invalid, and fields without an attribute', async () => {
    const notes = await noted(
      drifted('type', 'VAULT_POLISHED', { who: 'Ada' }),
      drifted('type', 'VAULT_POLISHED', { who: 'Ben' }),
      drifted('throws', "TypeError: Cannot read properties of undefined (reading 'name')"),
      drifted('invalid', 'the event is not valid: /resources/3/uid must be a text'),
      drifted('invalid', 'the event is not valid: /resources/17/uid must be a text'),
      read({ color: 'red', deep: { tags: [{ name: 'a' }, { name: 'b', note: '' }], none: null, empty: {} } }),
      read({ color: 'blue' }),
      read(),
    );
    expect(brief(notes)).toEqual([
      ['type', 'VAULT_POLISHED', 2],
      ['throws', "TypeError: Cannot read properties of undefined (reading 'name')", 1],
      ['invalid', 'the event is not valid: /resources/[]/uid must be a text', 2],
      ['field', 'color', 2],
      ['field', 'deep.empty', 1],
      ['field', 'deep.tags[].name', 1], // twice in the event, once as an event
      ['field', 'deep.tags[].note', 1],
    ]);
    expect(notes[0]).toMatchObject({ vendor: 'acme', feed: 'events', example: '{"who":"Xxx"}' });
    expect(notes.find(n => n.what === 'color')?.example).toBe('"xxx"');
  });

  test('counts a record once, however many routes it takes, and adds to what was noted before', async () => {
    const notes = taker();
    notes.delivered('acme', delivery([read({ a: 1 })], { routes: 3 }));
    await notes.clock.advance(5 * SECOND);
    const [first] = readNotes(folder).drift;
    notes.delivered('acme', delivery([read({ a: 22 }), read({ a: 1 })]));
    await notes.clock.advance(DAY);
    const [later] = readNotes(folder).drift;
    expect([first?.count, later?.count]).toEqual([1, 3]);
    expect([later?.first, later?.last]).toEqual([first?.first, first!.first + 5 * SECOND]);
    expect(later?.example).toBe('1');
    await notes.close();
    await store.close();
    reopen(); // another run
    expect(brief(await noted(read({ a: 1 })))).toEqual([['field', 'a', 4]]);
  });

  test('is written every five seconds and at the end, not with each delivery', async () => {
    const written: Notes[] = [];
    const notes = taker({ note: async told => void written.push(told) });
    for (let second = 0; second < 12; second++) {
      notes.delivered('acme', delivery([read({ a: 1 })]));
      await notes.clock.advance(SECOND);
    }
    expect(written.length).toBeGreaterThanOrEqual(2);
    expect(written.length).toBeLessThanOrEqual(3);
    await notes.close();
    expect(written.flatMap(w => w.drift).reduce((sum, d) => sum + d.count, 0)).toBe(12);
    expect(notes.clock.sleepers).toBe(0);
  });

  test('without any, nothing is written and nothing waits', async () => {
    const notes = taker({ note: () => Promise.reject(new Error('not to be called')) });
    notes.delivered('acme', delivery([read(), read({})]));
    notes.delivered('acme', delivery([]));
    expect(notes.clock.sleepers).toBe(0);
    await notes.close();
    expect(notes.lines).toEqual([]);
  });
});

describe('bounds', () => {
  const many = (from: number, count: number) =>
    Array.from({ length: count }, (_, i) => drifted('type', `KIND ${word(from + i)}`));
  /** A word without digits: those would be masked. */
  const word = (n: number) => [...String(n)].map(d => 'ABCDEFGHIJ'[Number(d)]).join('');

  test('at most 1,000 shapes wait in memory; when they are written there is room for others', async () => {
    const written: Notes[] = [];
    const notes = taker({ note: async told => void written.push(told) });
    notes.delivered('acme', delivery(many(0, 3000)));
    await notes.clock.advance(5 * SECOND);
    expect(written[0]?.drift).toHaveLength(1000);
    notes.delivered('acme', delivery(many(2990, 5)));
    await notes.close();
    expect(written[1]?.drift).toHaveLength(5);
  });

  test('at most 1,000 shapes are kept; the ones not seen for longest go', async () => {
    const notes = taker();
    for (const from of [0, 600, 1200]) {
      notes.delivered('acme', delivery([...many(0, 1), ...many(from, 600)]));
      await notes.clock.advance(5 * SECOND);
    }
    await notes.close();
    const kept = new Set(readNotes(folder).drift.map(d => d.what));
    expect(kept.size).toBe(KEPT.drift);
    expect(kept).toContain(`KIND ${word(0)}`); // it was seen again
    expect(kept).not.toContain(`KIND ${word(1)}`);
    for (let i = 1200; i < 1800; i++) expect(kept).toContain(`KIND ${word(i)}`);
  });

  test('maps that are keyed by data are one field; depth, lists and huge objects are cut', async () => {
    const keyed = (key: string) => read({ members: { [key]: 'admin' } });
    expect(
      brief(
        await noted(
          keyed('ada@example.com'),
          keyed('5d1c0f6e-0000-4000-8000-000000000001'),
          keyed('KZ3VXQ6MB5EYFJHN2RLTOPWCDA'),
          keyed('__proto__ x'),
        ),
      ),
    ).toEqual([['field', 'members.*', 4]]);

    let deep: Json = 1;
    for (let i = 0; i < 500; i++) deep = { d: deep };
    const wide = Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`k_${i % 7}_${i}`, 1]));
    const long = Array.from({ length: 100_000 }, () => ({ e: 1 }));
    const notes = await noted(read({ deep, wide, long }));
    expect(notes.filter(n => n.what.startsWith('deep')).map(n => n.what)).toEqual(['deep.d.d.d.d.d.d.d']);
    expect(notes.length).toBeLessThan(250);
    expect(Math.max(...notes.map(n => n.example.length))).toBeLessThanOrEqual(1001);
  });

  test('gaps: what touches is one, 1,000 are kept, for 90 days', async () => {
    const notes = taker();
    const tell = (receiver: string, from: number, to: number) =>
      notes.delivered(receiver, delivery([], { gap: { from, to } }));
    tell('opal', 10, 20);
    tell('opal', 20, 30);
    tell('opal', 50, 60);
    tell('vaults', 25, 35);
    tell('opal', 10, 20); // told again after a crash
    await notes.clock.advance(5 * SECOND);
    const spans = () => readNotes(folder).gaps.map(g => [g.receiver, g.from, g.to]);
    expect(spans()).toEqual([
      ['opal', 10, 30],
      ['opal', 50, 60],
      ['vaults', 25, 35],
    ]);
    await notes.clock.advance(91 * DAY);
    tell('opal', 100, 110);
    await notes.clock.advance(5 * SECOND);
    expect(spans()).toEqual([['opal', 100, 110]]);
    for (let i = 0; i < 1500; i++) tell('opal', 1000 + 10 * i, 1001 + 10 * i);
    await notes.clock.advance(5 * SECOND);
    await notes.close();
    expect(spans()).toHaveLength(KEPT.gaps);
  });
});

describe('in the way of nobody', () => {
  test('a failing write is told once, stops nothing, and nothing of it is lost when it works again', async () => {
    let broken = true;
    const notes = taker({
      note: async (told, now) => {
        if (broken) throw new Error('disk on fire');
        await store.note(told, now);
      },
    });
    for (let i = 0; i < 3; i++) {
      notes.delivered('acme', delivery([read({ a: 1 })], { gap: { from: 1, to: 2 } }));
      await notes.clock.advance(5 * SECOND);
    }
    expect(notes.lines).toHaveLength(1);
    expect(notes.lines[0]?.message).toContain('events are not affected: disk on fire');
    broken = false;
    await notes.close();
    expect(brief(readNotes(folder).drift)).toEqual([['field', 'a', 3]]);
    expect(readNotes(folder).gaps).toHaveLength(1);
  });

  test('a delivery that cannot be looked at is told, and throws nothing', async () => {
    const notes = taker();
    const odd = { ...delivery([read({ a: 1 })]), routes: undefined } as unknown as Delivery;
    notes.delivered('acme', odd);
    await notes.close();
    expect(notes.lines).toHaveLength(1);
  });

  test('a failing write leaves no transaction behind', async () => {
    const bad = {
      drift: [{ vendor: 'a', feed: '', kind: 'type', what: null, count: {}, first: 0, last: 0, example: '' }],
    };
    await expect(store.note({ ...bad, gaps: [] } as unknown as Notes, 0)).rejects.toThrow();
    await store.commit([{ kind: 'set', space: 's', key: 'k', value: 1 }], 1);
    expect(await store.get('s', 'k')).toBe(1);
  });
});
