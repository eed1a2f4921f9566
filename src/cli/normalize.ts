// `tributary dev normalize`: raw records from standard input, as a pipeline would write them.
import type { AtHand } from '../mapping.ts';
import type { AuditRecord, Drift, Origin } from '../model.ts';
import { itemsOf } from '../ocsf/items.ts';
import { eventsOf } from '../ocsf/normalize.ts';
import { fromMillis } from '../time.ts';
import { readInput } from './input.ts';
import { print } from './output.ts';
import { command, Stop } from './session.ts';
import { receiverOf } from './vendors.ts';

export interface NormalizeFlags {
  readonly vendor: string;
  readonly feed?: string;
  readonly tenant?: string;
}

export const normalizeInput = (flags: NormalizeFlags): Promise<void> =>
  command(async () => {
    const { type, atHand, ocsf } = await receiverOf(flags.vendor);
    if (!atHand) throw new Stop(`records of ${flags.vendor} cannot be read from a file`, 2);
    const feed = chosen(atHand, flags);
    const origin: Origin = { receiver: flags.vendor, type, site: atHand.site, tenant: flags.tenant ?? '', feed };

    const { items, broken } = itemsOf(await readInput(), 'stdin');
    if (broken.length > 0) process.exitCode = 1;
    for (const line of broken) process.stderr.write(`${line}\n`);
    const now = Date.now();
    const counts = { events: 0, drift: new Map<string, number>() };
    const texts = function* () {
      for (const { raw } of items) {
        const events = eventsOf(atHand.record(raw, fromMillis(now), origin), ocsf, { fanout: true, now });
        for (const event of events) tell(counts, event);
        yield events.map(({ event }) => `${JSON.stringify(event)}\n`).join('');
      }
    };
    if (await print(texts())) process.stderr.write(summary(items.length, counts));
  });

const chosen = ({ feeds }: AtHand, { vendor, feed }: NormalizeFlags): string => {
  if (feeds === undefined) {
    if (feed === undefined) return '';
    throw new Stop(`${vendor} has one log only: leave --feed out`, 2);
  }
  if (feed === undefined) throw new Stop(`${vendor} has several logs, say which: --feed ${feeds.join('|')}`, 2);
  if (feeds.includes(feed)) return feed;
  throw new Stop(`${vendor} has no log '${feed}'; there are: ${feeds.join(', ')}`, 2);
};

interface Counts {
  events: number;
  readonly drift: Map<string, number>;
}

const tell = (counts: Counts, { drift }: AuditRecord): void => {
  counts.events++;
  if (!drift) return;
  const words = `${WORDS[drift.kind]}: ${drift.detail}`;
  counts.drift.set(words, (counts.drift.get(words) ?? 0) + 1);
};

const WORDS: Readonly<Record<Drift['kind'], string>> = {
  type: 'no row for the type',
  throws: 'the mapping failed',
  invalid: 'the mapping gave an invalid event',
};

const summary = (records: number, { events, drift }: Counts): string => {
  const unmapped = [...drift.values()].reduce((sum, n) => sum + n, 0);
  const told = [...drift].sort((a, b) => b[1] - a[1]).map(([words, n]) => `${String(n).padStart(8)}  ${words}\n`);
  const more = told.length > SHOWN ? `          and ${told.length - SHOWN} more kinds\n` : '';
  return `${count(records, 'record')}, ${count(events, 'event')}, ${unmapped} by the fallback\n${told.slice(0, SHOWN).join('')}${more}`;
};

const SHOWN = 20;

const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`;
