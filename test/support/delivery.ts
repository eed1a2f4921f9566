// Deliveries as the engine tells of them, made by hand.
import type { AuditRecord, Batch } from '../../src/model.ts';
import type { Delivery, Step } from '../../src/runtime/account.ts';
import { fromMillis } from '../../src/time.ts';

const origin = { receiver: 'r', type: 't', site: 's', tenant: '', feed: '' };
export const START = Date.UTC(2026, 0, 15, 12);

export const record = (id: string, at = START, more: Partial<AuditRecord> = {}): AuditRecord => ({
  id,
  time: fromMillis(at),
  observed: fromMillis(at),
  origin,
  raw: { id },
  ...more,
});
export const step = (
  name: string,
  incoming: readonly AuditRecord[],
  outgoing = incoming,
  dead: readonly AuditRecord[] = [],
) => ({ name, type: name, incoming, outgoing, dead }) satisfies Step;
export const delivery = (
  records: readonly AuditRecord[],
  steps: readonly Step[] = [],
  {
    date = START,
    low = 0,
    refused = 0,
    gap,
  }: { date?: number; low?: number; refused?: number; gap?: Batch['gap'] } = {},
): Delivery => {
  const rest = steps.at(-1)?.outgoing ?? records;
  return {
    batch: { records, move: { after: 0, position: 1, low, date }, ...(gap && { gap }) },
    routes: [{ pipeline: 'p', steps, records: rest, exporters: ['out'] }],
    exporters:
      rest.length > 0 ? [{ name: 'out', records: rest, refused, queued: false, took: { from: date, to: date } }] : [],
  };
};
