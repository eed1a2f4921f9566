// What the rows of an export become: every action that the vendor names, with and without a target, and whatever else
// may stand in a cell. All of it valid by two validators, and nothing of a row lost.
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { opaque } from '../../receivers/opaque/index.ts';
import { mapping } from '../../receivers/opaque/ocsf.ts';
import { ACTIONS } from '../../receivers/opaque/ocsf-actions.ts';
import { rowOf } from '../../receivers/opaque/simulator-export.ts';
import type { AuditRecord, Json, JsonObject } from '../../src/model.ts';
import { eventsOf } from '../../src/ocsf/normalize.ts';
import { validate } from '../../src/ocsf/validate.ts';
import { people, random } from '../../src/simulation/random.ts';
import { testContext } from '../support/context.ts';
import { independent } from '../support/ocsf.ts';
import { temporary } from '../support/opaque.ts';

const check = await independent(); // nothing where ../shared is absent: then only our own validator is asked

const NOW = Date.UTC(2026, 0, 15, 12);
const ORIGIN = { receiver: 'opaque', type: 'opaque', site: 'drop', tenant: 'acme', feed: '' };
const EXPORT = {
  archive: 'export.zip',
  sha256: 'ab'.repeat(32),
  row: 7,
  signature: 'verified',
  key: '0123456789abcdef',
  filtered: 'no',
  query: '{}',
};

const recordOf = (raw: Json, id = 'evt-1'): AuditRecord => ({
  id,
  time: [NOW / 1000, 0],
  observed: [NOW / 1000 + 60, 0],
  origin: ORIGIN,
  raw,
});

// biome-ignore lint/suspicious/noExplicitAny: an event is read by path here
type Event = JsonObject & Record<string, any>;

const read = (raw: Json, id?: string): { readonly event: Event; readonly drift: string | undefined } => {
  const [made, ...more] = eventsOf(recordOf(raw, id), mapping, { fanout: true, now: NOW });
  expect(more).toEqual([]);
  const event = made!.event as Event;
  expect(made!.drift?.kind ?? 'type', made!.drift?.detail).toBe('type'); // neither threw, nor was invalid
  expect(validate(event)).toEqual([]);
  expect(check?.(event) ?? []).toEqual([]);
  return { event, drift: made!.drift?.detail };
};

const ROW = {
  'Event ID': 'evt-1',
  Actor: 'ada@example.com',
  Workspace: 'claims',
  Action: 'Log in',
  Timestamp: '2026-01-15T12:00:00+01:00',
  Status: 'success',
};

const row = (cells: JsonObject, more: JsonObject = {}) => ({
  row: { ...ROW, ...cells },
  export: { ...EXPORT, ...more },
});

/** The class and activity that a row of the table gives, and the target. */
const EXPECTED: Readonly<Record<string, readonly [class_uid: number, activity: number, target: string | null]>> = {
  Register: [3001, 1, null],
  'Log in': [3002, 1, null],
  'Log out': [3002, 2, null],
  'Update password': [3001, 3, null],
  'Update email': [3001, 99, null],
  'Invite user to organization': [3004, 1, 'Invitation'],
  'Change user roles': [3005, 99, null],
  'Create workspace': [3004, 1, 'Workspace'],
  'Accept workspace invite': [3006, 3, null],
  'Reject workspace invite': [3004, 99, 'Invitation'],
  'Update workspace details': [3004, 3, 'Workspace'],
  'Archive workspace': [3004, 9, 'Workspace'],
  'Unarchive workspace': [3004, 8, 'Workspace'],
  "Update workspace's no-code jobs templates": [3004, 3, 'Workspace'],
  'Create directory': [6001, 1, 'Directory'],
  'Delete directory': [6001, 4, 'Directory'],
  'Upload dataset': [6001, 6, 'Dataset'],
  'Update dataset': [6001, 3, 'Dataset'],
  'Share dataset': [6001, 8, 'Dataset'],
  'Rename dataset': [6001, 3, 'Dataset'],
  'Remove dataset': [6001, 4, 'Dataset'],
  'Download dataset': [6001, 7, 'Dataset'],
  'Delete dataset': [6001, 4, 'Dataset'],
  'Request cloud data access': [3004, 1, 'Access Request'],
  'Generate test data': [6001, 1, 'Dataset'],
  'Create job': [3004, 1, 'Job'],
  'Test job': [3004, 99, 'Job'],
  'Review job': [3004, 99, 'Job'],
  'Submit job': [3004, 10, 'Job'],
  'Delete job': [3004, 4, 'Job'],
  'Cancel job': [3004, 11, 'Job'],
  'Update job details': [3004, 3, 'Job'],
  'Create job input variable': [3004, 1, 'Job Input Variable'],
  'Update job input variable': [3004, 3, 'Job Input Variable'],
  'Delete job input variable': [3004, 4, 'Job Input Variable'],
  'Request job review': [3004, 99, 'Job'],
  'Cancel job review': [3004, 99, 'Job'],
  'Revoke job repeatability': [3004, 99, 'Job'],
  'Create service': [3004, 1, 'Service'],
  'Update service': [3004, 3, 'Service'],
  'Create service request': [3004, 1, 'Service Request'],
  'Create workflow': [3004, 1, 'Workflow'],
  'Update workflow': [3004, 3, 'Workflow'],
  'Review workflow': [3004, 99, 'Workflow'],
  'Delete workflow': [3004, 4, 'Workflow'],
  'Launch workflow': [3004, 10, 'Workflow'],
  'Shut down workflow': [3004, 11, 'Workflow'],
  'Request workflow review': [3004, 99, 'Workflow'],
  'Cancel workflow review': [3004, 99, 'Workflow'],
  'Create integration configuration': [3004, 1, 'Integration'],
  'Update integration configuration': [3004, 3, 'Integration'],
  'Delete integration configuration': [3004, 4, 'Integration'],
  'Get audit logs': [3004, 2, 'Audit Log'],
};

describe.each(Object.entries(EXPECTED))('%s', (action, [class_uid, activity_id, target]) => {
  test('reads as its row says, however it is written', () => {
    for (const spelled of [
      action,
      action.toUpperCase().replaceAll(' ', '_'),
      action.replaceAll(' ', '-').toLowerCase(),
    ]) {
      const { event, drift } = read(row({ Action: spelled, Entity: 'target-1', 'Entity ID': 'id-1' }));
      expect(event).toMatchObject({ class_uid, activity_id, metadata: { event_code: spelled } });
      expect(event.entity?.type ?? event.web_resources?.[0].type ?? null).toBe(target);
      expect(event.actor.user).toMatchObject({ name: 'ada@example.com', email_addr: 'ada@example.com' });
      expect(drift).toBeUndefined();
    }
  });

  test('valid in each case: failed, nobody named, nothing named', () => {
    const failed = read(row({ Action: action, Status: 'failure' })).event;
    expect(failed).toMatchObject({ status_id: 2, class_uid: action === 'Change user roles' ? 3004 : class_uid });
    expect(failed.severity_id).toBeGreaterThanOrEqual(2);
    const bare = read({ row: { Action: action, Timestamp: ROW.Timestamp }, export: EXPORT }).event;
    expect([class_uid, 3004]).toContain(bare.class_uid);
    expect(bare).not.toHaveProperty('user');
    expect(bare).not.toHaveProperty('actor');
    read(row({ Action: action, Workspace: '' }));
  });
});

test('the table and these tests name the same actions', () => {
  expect([...ACTIONS].filter(name => !Object.hasOwn(EXPECTED, name))).toEqual([
    'Update workspace no-code job templates',
  ]);
});

describe('an event', () => {
  test('says where it is from, and what proves it', () => {
    const { event } = read(row({ Description: 'Ada came', Category: 'User management' }));
    expect(event).toMatchObject({
      message: 'Ada came',
      timezone_offset: 60,
      severity_id: 1,
      metadata: {
        event_code: 'Log in',
        labels: ['signature:verified'],
        log_format: 'CSV',
        log_name: 'results.csv',
        log_provider: 'Opaque Systems',
        log_source: 'export.zip',
        original_event_uid: 'evt-1',
        original_time: ROW.Timestamp,
        product: { name: 'Opaque', vendor_name: 'Opaque Systems', feature: { name: 'Audit Logs' } },
        tags: [{ name: 'workspace', value: 'claims' }],
        tenant_uid: 'acme',
      },
      unmapped: {
        row: { Category: 'User management' },
        export: { sha256: EXPORT.sha256, row: 7, filtered: 'no', key: EXPORT.key },
      },
    });
  });

  test('of a filtered export, and of one that is not proven, says so', () => {
    expect(read(row({}, { filtered: 'yes' })).event.metadata.labels).toEqual(['signature:verified', 'export:filtered']);
    expect(read(row({}, { signature: 'absent' })).event).toMatchObject({
      severity_id: 3,
      metadata: { labels: ['signature:absent'] },
    });
  });

  test('shares and downloads are of low severity, and failures', () => {
    for (const Action of ['Share dataset', 'Download dataset']) expect(read(row({ Action })).event.severity_id).toBe(2);
    expect(read(row({ Status: 'failure' })).event.severity_id).toBe(2);
  });

  test('roles come from the payload, and leave it', () => {
    const changed = (payload: Json) =>
      read(row({ Action: 'Change user roles', Entity: 'bob@example.com', Payload: JSON.stringify(payload) })).event;
    expect(changed({ roles: ['admin', 'viewer'], by: 'hand' })).toMatchObject({
      class_uid: 3005,
      user: { name: 'bob@example.com', email_addr: 'bob@example.com' },
      privileges: ['admin', 'viewer'],
      unmapped: { row: { Payload: { by: 'hand' } } },
    });
    expect(changed({ newRole: 'admin' }).privileges).toEqual(['admin']);
    expect(changed({ roles: [1] })).toMatchObject({
      privileges: ['unknown'],
      unmapped: { row: { Payload: { roles: [1] } } },
    });
  });

  test('numbers in cells of JSON keep every digit', () => {
    const { event } = read(row({ Payload: '{"n": 12345678901234567890}' }));
    expect(event.unmapped.row.Payload).toEqual({ n: '12345678901234567890' });
  });

  test('an actor with a name and an address, and an id of a person', () => {
    const { event } = read({
      row: {
        Action: 'Log in',
        Time: ROW.Timestamp,
        Actor: 'Ada Roe',
        'Actor Email': 'ada@example.com',
        'Actor ID': 'u-1',
      },
      export: EXPORT,
    });
    expect(event.user).toMatchObject({
      uid: 'u-1',
      name: 'ada@example.com',
      full_name: 'Ada Roe',
      email_addr: 'ada@example.com',
    });
  });

  test('an outcome that is neither success nor failure is kept, and not guessed', () => {
    expect(read(row({ Status: 'partial' })).event).toMatchObject({
      status_id: 0,
      unmapped: { row: { Status: 'partial' } },
    });
  });

  test.each([
    ['Purge dataset', 99],
    ['Create constellation', 1],
    ['DATASET_UPLOAD', 99],
    ['deleteNotebook', 4],
    ['constructor', 99],
    ['__proto__', 99],
  ])('an action that nobody knows, %j, is drift', (Action, activity_id) => {
    const { event, drift } = read(row({ Action }));
    expect(event).toMatchObject({ class_uid: 3004, activity_id, metadata: { event_code: Action } });
    expect(drift).toBe(Action);
  });

  test('columns that the user named', () => {
    const { event } = read({
      row: { Occurred: '2026-01-15T12:00:00Z', What: 'Create job', Who: 'ada' },
      export: { ...EXPORT, columns: { time: 'occurred', action: 'What', actor: 'WHO' } },
    });
    expect(event).toMatchObject({
      class_uid: 3004,
      activity_id: 1,
      actor: { user: { name: 'ada' } },
      metadata: { original_time: '2026-01-15T12:00:00Z' },
    });
  });
});

describe('a row that cannot be read', () => {
  test.each([
    ['one that is not CSV', { text: 'evt-1,"ada', export: { ...EXPORT, problem: 'not CSV: CSV_QUOTE_NOT_CLOSED' } }],
    ['one with too many cells', row({ 'column 7': 'x' }, { problem: 'the row has 7 cells, the header 6' })],
    ['one without time and action', { row: { Actor: 'ada' }, export: EXPORT }],
    ['a text', 'evt-1,ada'],
    ['nothing', null],
    ['an empty object', {}],
  ])('%s is a translation error, complete', (_name, raw) => {
    const { event } = read(raw as Json);
    expect(event).toMatchObject({ class_uid: 6008, activity_id: 2, severity_id: 3, status_id: 2 });
    expect(event.status_detail).toMatch(/\w/);
    expect(JSON.parse(typeof raw === 'string' ? JSON.stringify(event.raw_data) : event.raw_data)).toEqual(raw);
  });

  test('without a time it has the time at which it was read', () => {
    const [made] = eventsOf(
      { ...recordOf({ row: { Action: 'Log in', Actor: 'ada' }, export: EXPORT }), guessed: 'time' },
      mapping,
      { fanout: true, now: NOW },
    );
    expect(made?.event).toMatchObject({
      class_uid: 3002,
      metadata: { labels: ['signature:verified', 'time:observed'] },
    });
  });
});

describe('nothing is lost', () => {
  const cell = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.constantFrom(...ACTIONS, 'success', 'failure', '{"a":1}', '[1', '2026-01-15T00:00:00Z', 'ada@example.com'),
  );
  const column = fc.oneof(
    fc.string(),
    fc.constantFrom(
      'Event ID',
      'Actor',
      'Workspace',
      'Action',
      'Timestamp',
      'Status',
      'Entity',
      'entity_id',
      'Payload',
      'Description',
      '__proto__',
      'export',
    ),
  );

  test('whatever stands in the cells of a row', () => {
    fc.assert(
      fc.property(fc.dictionary(column, cell, { maxKeys: 12 }), cells => {
        const { event } = read({ row: cells, export: EXPORT });
        expect(JSON.parse(event.raw_data).row).toEqual(cells);
        const { raw_data: _, raw_data_hash: __, ...said } = event;
        const words = new Set(leaves(said).map(leaf => leaf.toLowerCase()));
        for (const text of Object.values(cells))
          if (text !== '' && !/^\s*[[{]/.test(text)) expect(words).toContain(text.toLowerCase());
      }),
      { numRuns: 300 },
    );
  });

  test('any JSON at all is some valid event', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), json => void read(json as Json)),
      { numRuns: 200 },
    );
    fc.assert(
      fc.property(
        fc.dictionary(column, fc.jsonValue({ maxDepth: 3 })),
        json => void read({ row: json as JsonObject, export: json as JsonObject }),
      ),
      { numRuns: 200 },
    );
  });

  test('a population of the simulator', () => {
    const staff = people(random(1, 'staff'), 5);
    const header = [
      'Event ID',
      'Actor',
      'Workspace',
      'Action',
      'Timestamp',
      'Status',
      'Category',
      'Description',
      'Entity',
      'Payload',
    ];
    for (let i = 0; i < 500; i++) {
      const cells = rowOf(1, i, NOW - i * 1000, staff);
      const { drift } = read(
        { row: Object.fromEntries(header.map((name, at) => [name, cells[at]!])), export: EXPORT },
        cells[0],
      );
      expect(drift).toBeUndefined();
    }
  });
});

const leaves = (json: Json): readonly string[] =>
  typeof json === 'object' && json !== null ? Object.values(json).flatMap(leaves) : [String(json)];

test('the archive of the fixtures reads as fixtures/expected.ndjson says', async () => {
  const fixture = (name: string) => new URL(`../../receivers/opaque/fixtures/${name}`, import.meta.url);
  const place = await temporary();
  await mkdir(join(place, 'drop'));
  await copyFile(fixture('export.zip'), join(place, 'drop', 'export.zip'));
  await copyFile(fixture('opaque.pem'), join(place, 'opaque.pem'));
  const context = testContext({ folder: place, name: 'opaque' });
  const spec = opaque({ directory: 'drop', publicKey: 'opaque.pem', settle: '0s', organization: 'acme' });
  const checked = (await spec.schema['~standard'].validate(spec.options)) as { readonly value: unknown };
  const receiver = spec.create(context, checked.value);
  const records: AuditRecord[] = [];
  await context.clock.run(
    new Promise<void>((resolve, reject) => {
      context.rest = resolve;
      receiver.emissions.subscribe({
        next: ({ batch, receipt }) => {
          records.push(...batch.records);
          receipt.deliver();
        },
        error: reject,
      });
    }),
  );
  await receiver.close?.();
  const events = records
    .flatMap(record => eventsOf(record, mapping, { fanout: true, now: NOW }))
    .map(({ event }) => {
      const { logged_time: _, processed_time: __, ...metadata } = (event as Event).metadata;
      const time = metadata.labels.includes('time:observed') ? {} : { time: event!.time! };
      return { ...event, ...time, metadata };
    });
  const text = events.map(event => `${JSON.stringify(event)}\n`).join('');
  const expected = await readFile(fixture('expected.ndjson'), 'utf8').catch(() => undefined);
  if (expected === undefined) return writeFile(fixture('expected.ndjson'), text); // the first run writes it, for a person to read
  expect(
    text
      .trim()
      .split('\n')
      .map(line => JSON.parse(line)),
  ).toEqual(
    expected
      .trim()
      .split('\n')
      .map(line => JSON.parse(line)),
  );
});
