// History that a vendor no longer had, said once more at the end of a run: in the log it is easily overlooked.
import type { Gap } from '../model.ts';
import type { Observer } from '../runtime/telemetry/observer.ts';

/** Watches for gaps; `text` is a line for each, nothing when there were none; `of` are those of one receiver. */
export const gapWatch = () => {
  const gaps = new Map<string, Gap[]>();
  const observer: Observer = {
    delivered: (receiver, { batch: { gap } }) => {
      if (!gap) return;
      const known = gaps.get(receiver) ?? [];
      const [touching, others] = [known.filter(g => touch(g, gap)), known.filter(g => !touch(g, gap))];
      gaps.set(receiver, [...others, [gap, ...touching].reduce(join)]); // windows are told one by one
    },
  };
  const text = () =>
    [...gaps]
      .flatMap(([receiver, spans]) => spans.map(span => line(receiver, span)))
      .slice(0, MOST)
      .join('');
  return { observer, text, of: (receiver: string): readonly Gap[] => (gaps.get(receiver) ?? []).slice(0, MOST) };
};

/** Lines. */
const MOST = 100;

const touch = (a: Gap, b: Gap): boolean => a.from <= b.to && b.from <= a.to;

const join = (a: Gap, b: Gap): Gap => ({ from: Math.min(a.from, b.from), to: Math.max(a.to, b.to) });

const line = (receiver: string, { from, to }: Gap): string =>
  `gap: ${receiver} ${new Date(from).toISOString()} to ${new Date(to).toISOString()}: the vendor no longer keeps all of it\n`;
