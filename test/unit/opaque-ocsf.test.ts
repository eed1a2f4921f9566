// What the rows of an export become: what the event says, what is drift, and what becomes of a row that cannot be read.
import { describe, expect, test } from 'vitest';
import { mapping } from '../../receivers/opaque/ocsf.ts';
import type { Json } from '../../src/model.ts';
import { eventsOf } from '../../src/ocsf/normalize.ts';
import { EXPORT, NOW, ROW, read, recordOf, row } from '../support/opaque-ocsf.ts';

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
