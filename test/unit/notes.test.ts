// What the engine notes beside the truth: drift and gaps. Counted right, bounded, unreadable where it shows examples, and
// never in the way: not of a lane, not of an older state, not of a reader beside.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Logger } from '../../src/component.ts';
import type { AuditRecord, Drift, Gap, Json, JsonObject } from '../../src/model.ts';
import { DAY, SECOND } from '../../src/options.ts';
import type { Delivery } from '../../src/runtime/account.ts';
import { complaint, fieldName, mask, sketch, typeName } from '../../src/runtime/mask.ts';
import { type DriftNote, type Notes, takeNotes } from '../../src/runtime/notes.ts';
import { KEPT, readNotes } from '../../src/runtime/notes-sqlite.ts';
import type { Store } from '../../src/runtime/state.ts';
import { openState } from '../../src/runtime/state-sqlite.ts';
import { MIGRATIONS, VERSION } from '../../src/runtime/tables.ts';
import { virtualClock } from '../support/clock.ts';

let folder: string;
let store: Store;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-notes-'));
  store = openState(folder);
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const origin = { receiver: 'acme', type: 'acme', site: 'https://api.acme.example', tenant: '', feed: 'events' };
const bare = (raw: Json = {}): AuditRecord => ({ id: 'r', time: [0, 0], observed: [0, 0], origin, raw });
const read = (unmapped?: JsonObject): AuditRecord => ({ ...bare(), event: unmapped ? { unmapped } : {} });
const drifted = (kind: Drift['kind'], detail: string, raw: Json = {}): AuditRecord => ({
  ...bare(raw),
  event: { unmapped: { whole: 1 } },
  drift: { kind, detail },
});

/** As `normalize` gave them their events, on so many routes. */
const delivery = (records: readonly AuditRecord[], more: { readonly gap?: Gap; readonly routes?: number } = {}) => {
  const incoming = records.map(({ event: _, drift: __, ...record }) => record);
  const step = { name: 'normalize', type: 'normalize', incoming, outgoing: records, dead: [] };
  const route = { pipeline: 'p', steps: [step], records, exporters: [] };
  const routes = Array.from({ length: more.routes ?? 1 }, () => route);
  return { batch: { records: incoming, ...(more.gap && { gap: more.gap }) }, routes, exporters: [] } satisfies Delivery;
};

const taker = (into: Pick<Store, 'note'> = store) => {
  const lines: { readonly level: string; readonly message: string }[] = [];
  const tell = (level: string) => (_: object, message: string) => void lines.push({ level, message });
  const log: Logger = { info: tell('info'), warn: tell('warn'), error: tell('error') };
  const clock = virtualClock();
  return { ...takeNotes({ store: into, clock, log }), clock, lines };
};

/** What comes of one delivery. */
const noted = async (...records: readonly AuditRecord[]): Promise<readonly DriftNote[]> => {
  const notes = taker();
  notes.delivered('acme', delivery(records));
  await notes.close();
  return readNotes(folder).drift;
};
const brief = (notes: readonly DriftNote[]) => notes.map(({ kind, what, count }) => [kind, what, count]);

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
    store = openState(folder); // another run
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

describe('examples', () => {
  const SECRETS = [
    'ada.roe@example.com',
    'sk_live_51HAbCdEf',
    'Zoë Müller',
    'Σωκράτης',
    '203.0.113.77',
    '李小龍',
    'ⓐⓓⓐ',
  ];

  test('keep the structure, and nothing that was in them can be read', async () => {
    const raw = {
      user: {
        email: SECRETS[0]!,
        token: SECRETS[1]!,
        names: SECRETS.slice(2),
        [SECRETS[0]!]: 7,
        age: 4711,
        rate: -0.5,
      },
      ok: true,
      none: null,
    };
    const [note] = await noted(drifted('type', 'USER_SEEN', raw));
    expect(JSON.parse(note!.example.replace(',…]', ']'))).toEqual({
      user: {
        email: 'xxx.xxx@xxxxxxx.xxx',
        token: 'xx_xxxx_00XXxXxXx',
        names: ['Xxx Xxxxxx', 'Xxxxxxxx'],
        '*': 1,
        age: 1000,
        rate: -1.1,
      },
      ok: true,
      none: null,
    });
    for (const secret of SECRETS) expect(JSON.stringify(note)).not.toContain(secret);
  });

  test('what a feed is filtered by is not told', async () => {
    const filtered = { ...origin, feed: 'actor_filter=ada%40example.com&event_type_filter=X' };
    const [note] = await noted({ ...read({ a: 1 }), origin: filtered });
    expect(note?.feed).toBe('actor_filter=*&event_type_filter=*');
  });

  test('property: of no text a letter or a digit remains', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 80 }), text => {
        expect(mask(text)).toMatch(/^[xX0·\x20-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e…]*$/);
      }),
    );
  });

  test('property: of any record the example is short and has no word of it', () => {
    const words = fc.stringMatching(/^[a-wyz]{4,12}@[a-wyz]{4,12}$/);
    fc.assert(
      fc.property(fc.dictionary(words, fc.oneof(words, fc.array(words), fc.dictionary(words, words))), record => {
        const example = sketch(record);
        expect(example.length).toBeLessThanOrEqual(1001);
        expect(example).not.toMatch(/[a-wyz]{4,}/);
      }),
    );
  });

  test('what a failure quotes is masked, what it says is not', () => {
    expect(complaint('SyntaxError: Unexpected token \'a\', "ada@example.com" is not valid JSON')).toBe(
      'SyntaxError: Unexpected token \'a\', "xxx@xxxxxxx.xxx" is not valid JSON',
    );
    expect(complaint("no user 'Ada Roe' with 203.0.113.77 and ada@example.com\u001b[31m")).toBe(
      "no user 'Xxx Xxx' with 000.0.000.00 and xxx@xxxxxxx.xxx·[00x",
    );
    expect(complaint('x'.repeat(5000)).length).toBeLessThan(200);
    expect(typeName('Invite ada@example.com')).toBe('Invite xxx@xxxxxxx.xxx');
    expect(typeName('Reset\u001b[mMFA\u009b')).toBe('Reset·[mMFA·'); // a terminal obeys such characters
    expect(typeName('USER_MFA_RESET')).toBe('USER_MFA_RESET');
    expect(typeName('sk51HAbCdEf0123456789')).toBe('xx00XXxXxXx0000000000');
  });

  test.each([
    ['event_type', 3, 'event_type'],
    ['@type', 3, '@type'],
    ['sha256', 3, 'sha256'],
    ['Event ID', 1, 'Event ID'],
    ['Ada Roe', 2, '*'], // deeper than the columns of a table
    ['ada.roe', 0, '*'],
    ['ada@example.com', 0, '*'],
    ['550e8400-e29b-41d4-a716-446655440000', 0, '*'],
    ['KZVXQMBEYFJHNRLTOPWCDAAAAA', 0, '*'],
    ['', 0, '*'],
  ])('a field called %j at depth %i is told as %j', (key, depth, told) => {
    expect(fieldName(key, depth)).toBe(told);
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

describe('the state', () => {
  const version = () => {
    const db = new DatabaseSync(join(folder, 'state.db'), { readOnly: true });
    const { user_version } = db.prepare('pragma user_version').get() as { user_version: number };
    db.close();
    return user_version;
  };
  const setVersion = (to: number) => {
    const db = new DatabaseSync(join(folder, 'state.db'));
    db.exec(`pragma user_version = ${to}`);
    db.close();
  };

  test('of version 1 is brought up to date, and what was true stays true', async () => {
    await store.close();
    rmSync(join(folder, 'state.db'));
    const old = new DatabaseSync(join(folder, 'state.db'));
    old.exec(`${MIGRATIONS[0]} pragma user_version = 1;
      insert into positions values ('opal', 'opal x', 7, '{"at":7}', 5);
      insert into entries values ('s', 'k', '[1]');
      insert into dead (place, identity, id, part, code, reason, count, first, last, record)
        values ('exporter/x', 'opal x', 'a', 0, 'E_PROCESSOR', 'no', 1, 10, 10, '{"id":"a"}');`);
    old.close();
    expect(readNotes(folder)).toEqual({ drift: [], gaps: [] }); // not yet
    store = openState(folder);
    expect(version()).toBe(VERSION);
    expect(await store.position('opal', 'opal x')).toEqual({ count: 7, value: { at: 7 } });
    expect(await store.get('s', 'k')).toEqual([1]);
    expect(await store.deadSince('opal x', 0)).toBe(1);
    expect(brief(await noted(read({ a: 1 })))).toEqual([['field', 'a', 1]]);
  });

  test('a change that fails midway changes nothing', async () => {
    await store.close();
    setVersion(1); // its tables are there already: the change cannot be made
    expect(() => openState(folder)).toThrow(expect.objectContaining({ code: 'E_STATE_OPEN' }));
    expect(version()).toBe(1);
    setVersion(VERSION);
    store = openState(folder);
  });

  test('of a newer version is refused by the reader as by the engine', async () => {
    await store.close();
    setVersion(VERSION + 1);
    const refusal = expect.objectContaining({
      code: 'E_STATE_NEWER',
      message: expect.stringContaining(`${VERSION + 1}`),
    });
    expect(() => readNotes(folder)).toThrow(refusal);
    expect(() => openState(folder)).toThrow(refusal);
    setVersion(VERSION);
    store = openState(folder);
  });

  test('is read beside an open store, in the middle of its work; one that is not there has no notes', async () => {
    const notes = taker();
    for (let i = 1; i <= 3; i++) {
      notes.delivered('acme', delivery([read({ a: 1 })]));
      await notes.clock.advance(5 * SECOND);
      await store.commit([{ kind: 'set', space: 's', key: 'k', value: i }], i);
      expect(brief(readNotes(folder).drift)).toEqual([['field', 'a', i]]);
    }
    await notes.close();
    expect(readNotes(join(folder, 'nowhere'))).toEqual({ drift: [], gaps: [] });
  });
});
