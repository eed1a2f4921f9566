// The record that `doctor --send` hands to a sink: valid OCSF, and plainly no event of any vendor.
import { randomUUID } from 'node:crypto';
import type { Mapping } from '../../mapping.ts';
import type { AuditRecord } from '../../model.ts';
import { eventsOf } from '../../ocsf/normalize.ts';
import { fromMillis } from '../../time.ts';

/** The attribute by which a back-end finds it, or leaves it out. */
const MARK = 'tributary.test';

const MESSAGE =
  'This is a test of Tributary (tributary doctor --send). It is no event of a vendor, and can be ignored.';

/** @param now ms since the epoch */
export const markedRecord = (now: number): AuditRecord => {
  const time = fromMillis(now);
  const origin = { receiver: 'doctor', type: 'tributary', site: 'doctor', tenant: '', feed: '' };
  const record = { id: `${MARK}:${randomUUID()}`, time, observed: time, origin, raw: { test: true, message: MESSAGE } };
  const [made] = eventsOf(record, mapping, { fanout: false, now });
  return { ...made!, attributes: { [MARK]: true } }; // one record makes one event here
};

const mapping: Mapping = {
  describe: () => ({
    product: { name: 'Tributary', vendor_name: 'Tributary' },
    provider: 'Tributary',
    log: 'doctor',
    format: 'JSON',
    address: 'tributary doctor --send',
  }),
  read: () => [
    {
      class_uid: 3004, // Entity Management, of an entity that is a test
      activity_id: 99,
      activity_name: 'Test',
      severity_id: 1,
      status_id: 1,
      message: MESSAGE,
      metadata: { labels: [MARK] },
      attributes: { entity: { name: 'Tributary', type_id: 99, type: 'Test' } },
    },
  ],
};
