// An exporter as a delivery meets it: with its retry in front, and with refusals turned into dead letters.
import type { Clock, Exported, Exporter, Refusal } from '../component.ts';
import { Fault } from '../fault.ts';
import type { AuditRecord, Write } from '../model.ts';
import { type Persistence, persist } from '../retry.ts';
import type { Handed } from './fate.ts';

/** How a delivery is carried out: its signal, and who is told of faults. */
export interface Hand extends Persistence {
  readonly clock: Clock;
  /** @param place the exporter at which it happened: `exporter/NAME` */
  readonly report?: ((fault: Fault, wait: number, place?: string) => void) | undefined;
  /** Told when a part is through, or what is waited for comes nearer: whoever is patient counts from then on. */
  readonly moved?: (() => void) | undefined;
}

export interface Handle {
  readonly name: string;
  /** It puts the records into a queue, from which they are sent later. */
  readonly queued?: true;
  /** Resolves when the exporter has taken the records, route by route; tries for as long as the signal lets it. */
  hand(handed: readonly Handed[], how: Hand): Promise<Exported>;
}

/**
 * An exporter that keeps trying. A refused batch is halved, down to the record at fault, which becomes a dead letter;
 * if every single one is refused, the sink is wrong and not the records: hold.
 */
export const direct = (name: string, exporter: Exporter): Handle => ({
  name,
  hand: async (handed, given) => {
    const records = handed.flatMap(one => one.records);
    const place = `exporter/${name}`;
    const how: Hand = { ...given, report: (fault, wait) => given.report?.(fault, wait, place) };
    const settled = await persist(async () => {
      const taken = await halve(exporter, records, how);
      const refused =
        taken.refused?.reduce((sum, r) => sum + (r.fault.kind === 'rejected' && !r.count ? r.records.length : 0), 0) ??
        0;
      if (records.length === 1 || refused < records.length) return taken;
      await taken.release?.(false);
      throw new Fault('E_SINK_REFUSES_ALL', `${name} refuses every record: ${taken.refused![0]!.fault.message}`);
    }, how);
    const letters = (settled.refused ?? []).map(letter(place));
    return { ...settled, writes: [...(settled.writes ?? []), ...letters] };
  },
});

const halve = async (exporter: Exporter, records: readonly AuditRecord[], how: Hand): Promise<Exported> => {
  try {
    return await persist(() => exporter.export(records, how.signal).catch(defect), how);
  } catch (error) {
    if (!(error instanceof Fault) || error.kind !== 'rejected') throw error;
    if (records.length === 1) return { refused: [{ fault: error, records }] };
    const middle = records.length >> 1;
    const first = await halve(exporter, records.slice(0, middle), how);
    how.moved?.();
    try {
      return join(first, await halve(exporter, records.slice(middle), how));
    } catch (later) {
      await first.release?.(false);
      throw later;
    }
  }
};

/** A defect holds in place: restarting the lane would send the batch to the other exporters again. */
const defect = (error: unknown): never => {
  if (error instanceof Fault) throw error;
  throw new Fault('E_EXPORTER', error instanceof Error ? error.message : String(error), { cause: error });
};

const join = (a: Exported, b: Exported): Exported => ({
  writes: [...(a.writes ?? []), ...(b.writes ?? [])],
  refused: [...(a.refused ?? []), ...(b.refused ?? [])],
  release: async committed => {
    await a.release?.(committed);
    await b.release?.(committed);
  },
});

const letter =
  (place: string) =>
  ({ fault, records, count = records.length }: Refusal): Write => ({
    kind: 'dead',
    place,
    code: fault.code,
    reason: fault.message,
    count,
    records,
  });
