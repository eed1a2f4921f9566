// What counts as changed: fingerprints of parts and lanes, and the difference of two plans.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { queued } from '../../src/config.ts';
import { secret } from '../../src/options.ts';
import { difference, type Plan } from '../../src/runtime/plan.ts';
import { fingerprint } from '../../src/runtime/reload/fingerprint.ts';
import { planOf, world } from '../support/reload.ts';

describe('a fingerprint', () => {
  test.each([
    ['order of keys', { a: 1, b: [2, { c: 3, d: 4 }] }, { b: [2, { d: 4, c: 3 }], a: 1 }],
    ['an option that is left out, and one that is undefined', { a: 1 }, { a: 1, b: undefined }],
    ['secrets of one name', { key: secret.env('A') }, { key: secret.env('A') }],
    [
      'dates, addresses and expressions',
      [new Date(5), new URL('http://a/'), /x/g],
      [new Date(5), new URL('http://a'), /x/g],
    ],
  ])('is the same: %s', (_, a, b) => {
    expect(fingerprint(a)).toBeDefined();
    expect(fingerprint(a)).toBe(fingerprint(b));
  });

  test.each([
    ['another value', { a: 1 }, { a: 2 }],
    ['a number and its text', { a: 1 }, { a: '1' }],
    ['order in a list', [1, 2], [2, 1]],
    ['lists that are cut elsewhere', [['a'], 'b'], ['a', ['b']]],
    ['nothing and null', [null], [undefined]],
    ['zero, and the one below', [0], [-0]],
    ['a big number', [1n], [1]],
    ['another secret', { key: secret.env('A') }, { key: secret.env('B') }],
    ['a secret and its text', { key: secret.env('A') }, { key: '[secret env:A]' }],
    ['an expression and its flags', /x/, /x/i],
    ['a key named like the prototype', JSON.parse('{"__proto__": 1}'), {}],
  ])('differs: %s', (_, a, b) => {
    expect(fingerprint(a)).toBeDefined();
    expect(fingerprint(a)).not.toBe(fingerprint(b));
  });

  test('is nothing where a function, a symbol, or something of a class is inside: nobody can tell whether it changed', () => {
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    for (const value of [() => 1, Symbol('x'), new Map(), new (class Own {})(), circle])
      expect(fingerprint({ deep: [value] })).toBeUndefined();
  });
});

test('a secret that rotates is no change: it is read again for each request', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-secret-'));
  try {
    const file = join(folder, 'token');
    const token = secret.file(file);
    const before = fingerprint({ token });
    for (const value of ['first', 'second']) {
      writeFileSync(file, value);
      expect(await token.reveal()).toBe(value);
    }
    expect(fingerprint({ token: secret.file(file) })).toBe(before);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

describe('the difference of two plans', () => {
  const { sim, pass, out } = world();
  const base = {
    receivers: { a: sim({ from: 'a' }), b: sim({ from: 'b' }) },
    processors: { x: pass(), y: pass({ note: 'y' }) },
    exporters: { one: out({ to: '1' }), two: out({ to: '2' }) },
    pipelines: {
      p: { receivers: ['a'], processors: ['x', 'y'], exporters: ['one', 'two'] },
      q: { receivers: ['a', 'b'], processors: ['x'], exporters: ['one'] },
    },
  } as const;
  type Config = Parameters<typeof planOf>[0];
  const changed = async (next: Config, old: Config = base) => {
    const { stop, start } = difference(await planOf(old), await planOf(next));
    return { stop, start };
  };
  const both = { stop: ['a', 'b'], start: ['a', 'b'] };
  const onlyA = { stop: ['a'], start: ['a'] };

  test('nothing: the same again, and in another order', async () => {
    expect(await changed(base)).toEqual({ stop: [], start: [] });
    const { p, q } = base.pipelines;
    const turned = {
      receivers: { b: base.receivers.b, a: base.receivers.a },
      processors: { y: base.processors.y, x: base.processors.x },
      exporters: { two: base.exporters.two, one: base.exporters.one },
      pipelines: { q: { ...q, receivers: ['b', 'a'] }, p: { ...p, exporters: ['two', 'one'] } },
    } as const;
    expect(await changed(turned)).toEqual({ stop: [], start: [] });
    expect(difference(await planOf(base), await planOf(base)).keep).toEqual(['a', 'b']);
  });

  test('options of a receiver, of a processor, of an exporter: each lane that uses it', async () => {
    expect(await changed({ ...base, receivers: { ...base.receivers, a: sim({ from: 'a', size: 3 }) } })).toEqual(onlyA);
    expect(await changed({ ...base, processors: { ...base.processors, y: pass({ note: 'z' }) } })).toEqual(onlyA);
    expect(await changed({ ...base, processors: { ...base.processors, x: pass({ note: 'z' }) } })).toEqual(both);
    expect(await changed({ ...base, exporters: { ...base.exporters, two: out({ to: '3' }) } })).toEqual(onlyA);
    expect(await changed({ ...base, exporters: { ...base.exporters, one: out({ to: '3' }) } })).toEqual(both);
  });

  test('a queue, and its limit', async () => {
    const limited = (limit: `${number}MiB`) => ({
      ...base,
      exporters: { ...base.exporters, two: queued(out({ to: '2' }), { limit }) },
    });
    expect(await changed(limited('1MiB'))).toEqual(onlyA);
    expect(await changed(limited('2MiB'), limited('1MiB'))).toEqual(onlyA);
    expect(await changed(limited('1MiB'), limited('1MiB'))).toEqual({ stop: [], start: [] });
  });

  test('routes: the order of processors, a name, another pipeline', async () => {
    const { p, q } = base.pipelines;
    expect(await changed({ ...base, pipelines: { p: { ...p, processors: ['y', 'x'] }, q } })).toEqual(onlyA);
    expect(await changed({ ...base, pipelines: { renamed: p, q } })).toEqual(onlyA); // its marks are kept by that name
    expect(await changed({ ...base, pipelines: { q } })).toEqual(onlyA);
  });

  test('a receiver more, one less, one of another name', async () => {
    const { a, b } = base.receivers;
    const of = (receivers: Config['receivers']): Config => ({ receivers, exporters: { one: base.exporters.one } });
    expect(await changed(of({ a, b }), of({ a }))).toEqual({ stop: [], start: ['b'] });
    expect(await changed(of({ a }), of({ a, b }))).toEqual({ stop: ['b'], start: [] });
    expect(await changed(of({ c: a }), of({ a }))).toEqual({ stop: ['a'], start: ['c'] });
  });

  test('an option that holds a function always counts as changed', async () => {
    const filtered = (by: () => void): Config => ({ ...base, processors: { ...base.processors, y: pass({ by }) } });
    const same = () => {};
    expect(await changed(filtered(same), filtered(same))).toEqual(onlyA);
  });

  test('another version of its code, and one that nobody can tell', () => {
    const lane = (fingerprint?: string): Plan =>
      ({ lanes: [{ receiver: { name: 'a' }, fingerprint }] }) as unknown as Plan;
    expect(difference(lane('1'), lane('1')).keep).toEqual(['a']);
    expect(difference(lane('1'), lane('2')).keep).toEqual([]);
    expect(difference(lane(), lane()).keep).toEqual([]);
  });
});
