// Whatever Endor Labs' records hold, they become valid events; of the simulator's, only the kind made up to drift does.
import { describe, expect, it } from 'vitest';
import { recordOf as madeUp } from '../../receivers/endor-labs/simulator-events.ts';
import type { Json } from '../../src/model.ts';
import { people, random } from '../../src/simulation/random.ts';
import { check, NOW, operation, read } from '../support/endor-labs-ocsf.ts';

describe('whatever else may come', () => {
  const odd: readonly Json[] = [
    null,
    'text',
    7,
    [],
    [1],
    {},
    { spec: 'no' },
    { spec: null, meta: [] },
    { meta: { name: 'wire-audit_log' }, tenant_meta: { namespace: 't' } },
    { spec: { claims: 'email=x', payload: [1], operation: 5, error: 'broken', remote_address: 4 } },
    {
      spec: {
        claims: [null, 1, [], {}, '', '=', 'a=', { subject: 7 }, { subject: '' }],
        error: [],
        message_kind: '...',
      },
    },
    JSON.parse(
      '{"__proto__":{"a":1},"spec":{"__proto__":{"b":2},"constructor":"x","payload":{"__proto__":{"secret":"s"}}}}',
    ),
    { spec: { operation: '\ud800', message_kind: '\ud800', payload: { meta: { name: '\udc00' } } } },
    { spec: { operation: 'constructor', message_kind: 'internal.toString', message_uuid: 'x' } },
    { spec: { operation: 'OPERATION_', error: { code: Number.MAX_VALUE, message: 5, details: 'x' } } },
  ];

  it.each(odd.map(raw => [JSON.stringify(raw), raw]))('is a valid event: %s', (_, raw) => {
    for (const feed of ['audit-logs', 'authentication-logs']) read(raw as Json, feed);
  });

  it('is kept: what no attribute holds is unmapped', () => {
    const raw = JSON.parse('{"__proto__":{"a":1},"x":[1,{"y":2}],"spec":{"z":{"deep":[null]},"payload":"p"}}') as Json;
    const { unmapped } = read(raw).event;
    expect(JSON.parse(JSON.stringify(unmapped))).toMatchObject({
      x: [1, { y: 2 }],
      spec: { z: { deep: [null] }, payload: 'p' },
    });
    expect(Object.hasOwn(unmapped, '__proto__')).toBe(true);
  });

  it('is too deep to copy: the depth is cut, the record is not lost', () => {
    const deep = JSON.parse(`${'{"a":'.repeat(500)}1${'}'.repeat(500)}`) as Json;
    const { event } = read(operation('Project', 'OPERATION_CREATE', { payload: deep }));
    expect(JSON.stringify(event.entity.data)).toContain('[left out: nested too deeply]');
    expect(event.raw_data).toContain('{"a":1}');
  });
});

it('a thousand records of the simulator are valid, and only its unknown kind drifts', () => {
  const dice = random(3, 'people');
  const world = {
    namespace: 'acme',
    children: ['acme.a'],
    people: people(dice, 9).map(p => ({ ...p, id: dice.hex(20), source: 'google' })),
  };
  const drifts = new Set<string>();
  const classes = new Set<number>();
  for (let i = 0; i < 1000; i++) {
    const { event, drift } = read(madeUp(3, i, NOW - i * 1000, world));
    classes.add(event.class_uid);
    if (drift) drifts.add(drift);
  }
  expect([...drifts]).toEqual(['FindingLog']);
  expect([...classes].sort()).toEqual([3001, 3002, 3004]);
});

it.skipIf(!check)('each event above was asked of the independent validator of ../shared, which can say no', () => {
  expect(check?.({ ...read(operation('Policy', 'OPERATION_UPDATE')).event, class_uid: 3005 })).not.toEqual([]);
});
