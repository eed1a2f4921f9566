// Each thing that can be wrong with an event is found, at its place; and nothing else is.
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Json, JsonObject } from '../../src/model.ts';
import { complete } from '../../src/ocsf/complete.ts';
import { isEmail } from '../../src/ocsf/scalars.ts';
import table from '../../src/ocsf/schema/1.8.0.json' with { type: 'json' };
import { validate } from '../../src/ocsf/validate.ts';
import { drafts, mappingOf, recordOf, SHARED_EXAMPLES } from '../support/ocsf.ts';

type Change = (event: Record<string, Json>) => void;

const eventOf = (uid: number): JsonObject => {
  const record = recordOf({ a: 1 });
  return complete(drafts.find(draft => draft.class_uid === uid)!, record, mappingOf().describe(record.origin), {
    now: 1_768_471_205_250,
  });
};

/** A deep copy, so that a change may do what it likes. */
const found = (uid: number, change: Change): string[] => {
  const event = structuredClone(eventOf(uid)) as Record<string, Json>;
  change(event);
  return validate(event).map(({ path, code }) => `${path} ${code}`);
};

const set =
  (path: string, value: Json | undefined): Change =>
  event => {
    const keys = path.split('/').slice(1);
    const last = keys.pop()!;
    const holder = keys.reduce<Record<string, Json>>((inner, key) => inner[key] as Record<string, Json>, event);
    if (value === undefined) delete holder[last];
    else holder[last] = value;
  };

const both =
  (...changes: Change[]): Change =>
  event =>
    changes.forEach(change => void change(event));

const rows: readonly [what: string, uid: number, change: Change, expected: readonly string[]][] = [
  ['nothing', 3002, () => {}, []],
  ['no class', 3001, set('/class_uid', undefined), ['/class_uid required_missing']],
  ['a class not in use', 3001, set('/class_uid', 1001), ['/class_uid class_unknown']],
  [
    'required attribute gone',
    3001,
    both(set('/user', undefined), set('/observables', undefined)),
    ['/user required_missing'],
  ],
  [
    'required attribute null',
    3001,
    set('/severity_id', null),
    ['/severity_id null_value', '/severity_id required_missing'],
  ],
  ['unknown attribute', 3001, set('/user/hat', 'red'), ['/user/hat attribute_unknown']],
  ['a name of the prototype', 3001, set('/constructor', 'x'), ['/constructor attribute_unknown']],
  ['a name to be escaped', 3001, set('/a~b', 1), ['/a~0b attribute_unknown']],
  ['text for an object', 3004, set('/entity', 'vault'), ['/entity type']],
  ['object for a text', 3001, set('/message', {}), ['/message type']],
  ['one for a list', 3005, set('/privileges', 'read'), ['/privileges type']],
  ['null in a list', 3005, set('/privileges/1', null), ['/privileges/1 null_value']],
  ['empty list', 3005, set('/privileges', []), ['/privileges empty_array']],
  [
    'empty object',
    3001,
    set('/actor/session', {}),
    ['/observables/3/name observable_absent', '/actor/session empty_object'],
  ],
  ['lone surrogate', 3001, set('/message', '\ud800'), ['/message utf8']],
  ['fraction for an integer', 3001, set('/timezone_offset', 1.5), ['/timezone_offset type']],
  ['zone beyond 18 hours', 3001, set('/timezone_offset', 1081), ['/timezone_offset range']],
  ['beyond 2^53', 3001, set('/count', 2 ** 60), ['/count unsafe_integer']],
  ['beyond 64 bits', 3001, set('/count', 2 ** 64), ['/count range']],
  ['seconds for milliseconds', 3001, set('/time', 1_768_470_967), ['/time timestamp_unit']],
  [
    'not an address',
    3002,
    both(set('/src_endpoint/ip', 'here'), set('/observables', undefined)),
    ['/src_endpoint/ip ip'],
  ],
  [
    'not an e-mail',
    3002,
    both(set('/user/email_addr', 'x@y'), set('/observables', undefined)),
    ['/user/email_addr regex'],
  ],
  [
    'unknown enum value',
    3001,
    both(set('/actor/user/type_id', 7), set('/actor/user/type', undefined)),
    ['/actor/user/type_id enum'],
  ],
  ['wrong caption', 3001, set('/status', 'Fine'), ['/status sibling_differs']],
  ['Other without a word', 3004, set('/entity/type', undefined), ['/entity/type sibling_missing']],
  ['Other with a blank', 3004, set('/entity/type', ' '), ['/entity/type sibling_missing']],
  ['Other with its caption', 3004, set('/entity/type', 'Other'), ['/entity/type sibling_other']],
  [
    'type of another activity',
    3001,
    set('/activity_id', 1),
    ['/activity_name sibling_differs', '/type_uid type_uid', '/type_name type_name'],
  ],
  [
    'category of another class',
    3001,
    both(set('/category_uid', 6), set('/category_name', undefined)),
    ['/category_uid category_uid', '/category_uid enum'],
  ],
  ['neither of which one must be', 3002, set('/service', undefined), [' constraint_at_least_one']],
  ['both of which one may be', 3003, set('/group', { name: 'g' }), [' constraint_just_one']],
  ['profile not declared', 6001, set('/metadata/profiles', undefined), ['/actor profile_not_declared']],
  ['profile unknown', 3001, set('/metadata/profiles', ['hat']), ['/metadata/profiles/0 profile_unknown']],
  [
    'profile of another class',
    3001,
    set('/metadata/profiles', ['trace']),
    ['/metadata/profiles/0 profile_not_applicable'],
  ],
  ['profile twice', 6001, set('/metadata/profiles', ['host', 'host']), ['/metadata/profiles/1 profile_repeated']],
  ['required by a profile', 3001, set('/metadata/profiles', ['cloud']), ['/cloud required_missing']],
  ['deprecated', 3005, set('/resource', { name: 'x' }), ['/resource attribute_deprecated']],
  ['older version', 3001, set('/metadata/version', '1.7.0'), ['/metadata/version version_differs']],
  ['newer version', 3001, set('/metadata/version', '1.9.0'), ['/metadata/version version_newer']],
  ['no version', 3001, set('/metadata/version', 'new'), ['/metadata/version version_format']],
  ['ends before it starts', 3001, both(set('/start_time', 2e12), set('/end_time', 1e12)), ['/end_time time_order']],
  ['another size', 3001, set('/raw_data_size', 1), ['/raw_data_size raw_data_size']],
  ['another hash', 3001, set('/raw_data_hash/value', 'ab'), ['/raw_data_hash/value raw_data_hash']],
  [
    'observable of nothing',
    3001,
    set('/observables/0/name', 'device.uid'),
    ['/observables/0/name observable_absent', '/observables/0/type_id observable_type'],
  ],
  [
    'observable beside the schema',
    3001,
    set('/observables/0/name', 'user.hat'),
    ['/observables/0/name observable_name'],
  ],
  ['observable of another value', 3001, set('/observables/0/value', 'u-9'), ['/observables/0/value observable_value']],
  [
    'observable twice',
    3001,
    event => void (event.observables as Json[]).push((event.observables as Json[])[0]!),
    ['/observables/5 observable_repeated'],
  ],
  ['free content', 3004, set('/unmapped', { a: null, b: [], '': 2 ** 60 }), []],
];

describe('validate finds', () => {
  test.each(rows)('%s (%i)', (_what, uid, change, expected) => {
    expect(found(uid, change).toSorted()).toEqual(expected.toSorted());
  });

  test('what is no event', () => {
    expect([null, [], 'x', 1, undefined].map(value => validate(value)[0]?.code)).toEqual(
      Array(5).fill('not_an_object'),
    );
  });
});

test('what was made from the event itself is trusted only when asked for', () => {
  const event = {
    ...eventOf(3001),
    raw_data_size: 1,
    observables: [{ name: 'user.hat', type_id: 4, type: 'User Name' }],
  };
  expect(validate(event, { trusted: true })).toEqual([]);
  expect(validate(event)).toHaveLength(2);
});

test('a finding says what and where, and not the value', () => {
  const event = { ...eventOf(3001), status: 'hunter2' };
  expect(validate(event)).toEqual([
    { path: '/status', code: 'sibling_differs', text: 'is not the caption of the id beside it' },
  ]);
});

test("isEmail is the schema's own form", () => {
  const form = new RegExp(table.types.email_t.regex);
  for (const text of ['a@b.c', 'a@b', 'a b@c.d', 'ü@b.c', 'a@b.c.d', '@b.c', 'a+x@b-c.de'])
    expect(isEmail(text)).toBe(form.test(text));
});

test.skipIf(!existsSync(SHARED_EXAMPLES))('the examples of ../shared are valid', () => {
  const lines = readFileSync(SHARED_EXAMPLES, 'utf8').trim().split('\n');
  expect(lines.length).toBeGreaterThan(20);
  for (const line of lines) expect(validate(JSON.parse(line))).toEqual([]);
});
