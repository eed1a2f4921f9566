// What the exporter contract needs of each exporter: a way to create it against a sink that the test controls. One file
// `test/contract/exporters/<folder>.ts` for each folder of `exporters/` exports a `harness`.
import type { Exporter } from '../../src/component.ts';
import type { FaultKind } from '../../src/fault.ts';
import type { AuditRecord } from '../../src/model.ts';
import type { TestContext } from './context.ts';

export interface ExporterHarness {
  /** Whether a batch that was tried several times is in the sink once (files), or may be there again (the network). */
  readonly exact: boolean;
  /** The ways in which this sink fails, by name: each is tried. */
  readonly failures: Readonly<Record<string, FaultKind>>;
  /** A new exporter on a new, healthy and empty sink. */
  open(): Promise<Bench>;
}

export interface Bench {
  readonly exporter: Exporter;
  /** What the exporter was created with: the suite commits its writes there. */
  readonly context: TestContext;
  /** The `metadata.uid` of the events that the sink has taken responsibility for, in the order of the sink. */
  received(): Promise<readonly string[]>;
  /** From now on the sink takes nothing and says nothing, until what is returned is called. */
  stall(): () => void;
  /** From now on the sink fails in this way. Mending it gives the exporter to go on with: the same one, or its successor. */
  fail(name: string): Promise<() => Promise<Exporter>>;
  /** Takes the sink away, whatever state it is in. Called after `exporter.close()`. */
  close(): Promise<void>;
}

/** Synthetic records of one receiver, as `normalize` leaves them: `metadata.uid` is `<receiver>-<number>`. */
export const sampleRecords = (count: number, { receiver = 'opal', first = 0 } = {}): readonly AuditRecord[] =>
  Array.from({ length: count }, (_, i) => {
    const id = `${receiver}-${first + i}`;
    const time = [1_768_478_400 + first + i, 123_456_789] as const;
    return {
      id,
      time,
      observed: time,
      origin: { receiver, type: 'opal', site: 'https://api.example.com', tenant: 'acme', feed: '' },
      raw: { event_id: id, note: 'Grüße, "quoted"\nand a second line' },
      event: {
        class_uid: 3005,
        class_name: 'User Access Management',
        category_uid: 3,
        category_name: 'Identity & Access Management',
        activity_id: 1,
        activity_name: 'Assign Privileges',
        type_uid: 300501,
        type_name: 'User Access Management: Assign Privileges',
        severity_id: 1,
        severity: 'Informational',
        status_id: 1,
        status: 'Success',
        time: time[0] * 1000 + 123,
        message: 'Ada was given a role',
        user: { name: 'Ada', uid: 'u-1' },
        privileges: ['admin'],
        metadata: {
          version: '1.8.0',
          uid: id,
          event_code: 'role.assigned',
          original_time: '2026-01-15T12:00:00.123456789Z',
          log_name: 'events',
          product: { name: 'Opal', vendor_name: 'Opal Security' },
        },
      },
    };
  });
