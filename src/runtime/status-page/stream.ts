// The tail as server-sent events, one answer without end for each reader: written as it takes them, a few at a time, so
// that neither a slow reader nor a quick one is felt by the lanes.
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Clock } from '../../component.ts';
import { textOfAny } from '../../json.ts';
import type { AuditRecord, Json } from '../../model.ts';
import { SECOND } from '../../options.ts';
import { toMillis } from '../../time.ts';
import type { Passed, TailReader } from './tail.ts';

/** Which records a reader wants; all where nothing is said. */
export interface Wanted {
  readonly receiver?: string | undefined;
  readonly class?: number | undefined;
}

/** How many records are written at once, and how long the lanes then have for themselves; ms. */
const TURN = { records: 50, pause: 50 };

/** After how long without a record a sign of life is sent: a connection on which nothing moves is cut. */
const HEARTBEAT = 10 * SECOND;

/** Characters of JSON from which on a record is shown without its raw words; without its event, too, if need be. */
const LONGEST = 64 * 2 ** 10;

/** Writes until the reader has left. */
export const stream = async (
  reader: TailReader,
  response: ServerResponse,
  wanted: Wanted,
  clock: Clock,
): Promise<void> => {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write(': events follow\n\n');
  try {
    while (!gone.signal.aborted) {
      const { passed, missed } = reader.next(TURN.records);
      const texts = passed.filter(one => fits(one, wanted)).map(one => sse('record', textOf(one)));
      if (missed > 0) texts.unshift(sse('missed', JSON.stringify({ records: missed })));
      if (texts.length > 0 && !response.write(texts.join(''))) await once(response, 'drain', { signal: gone.signal });
      if (passed.length > 0) await clock.sleep(TURN.pause, gone.signal);
      else if (!(await within(HEARTBEAT, reader.more(), clock, gone.signal))) response.write(':\n\n');
    }
  } catch (error) {
    if (!gone.signal.aborted) throw error;
  } finally {
    reader.close();
  }
};

/** Whether something happened within a time; rejects when the signal aborts. */
const within = async (ms: number, work: Promise<void>, clock: Clock, signal: AbortSignal): Promise<boolean> => {
  const enough = new AbortController();
  try {
    return await Promise.race([
      work.then(() => true),
      clock.sleep(ms, AbortSignal.any([signal, enough.signal])).then(() => false),
    ]);
  } finally {
    enough.abort();
  }
};

const fits = ({ receiver, record }: Passed, wanted: Wanted): boolean =>
  (wanted.receiver === undefined || wanted.receiver === receiver) &&
  (wanted.class === undefined || wanted.class === record.event?.class_uid);

/** A line of JSON has no line breaks. */
const sse = (event: string, data: string): string => `event: ${event}\ndata: ${data}\n\n`;

/** A record as the tail tells it. */
export interface Told {
  readonly receiver: string;
  readonly id: string;
  readonly part: number;
  /** When it happened; ISO 8601. */
  readonly time: string;
  /** `null` where no processor made one; absent where it is too long. */
  readonly event?: Json;
  /** Absent where it is too long. */
  readonly raw?: Json;
  /** What is too long to be shown, in characters of JSON. */
  readonly left_out?: { readonly raw?: number; readonly event?: number };
}

const textOf = ({ receiver, record }: Passed): string => {
  const [event, raw] = [textOfAny(record.event ?? null), textOfAny(record.raw)];
  const head = JSON.stringify({ receiver, ...headOf(record) }).slice(0, -1);
  const long = {
    ...(raw.length > LONGEST && { raw: raw.length }),
    ...(event.length > LONGEST && { event: event.length }),
  };
  return [
    head,
    event.length > LONGEST ? '' : `,"event":${event}`,
    raw.length > LONGEST ? '' : `,"raw":${raw}`,
    Object.keys(long).length > 0 ? `,"left_out":${JSON.stringify(long)}` : '',
    '}',
  ].join('');
};

const headOf = ({ id, part = 0, time }: AuditRecord) => ({ id, part, time: new Date(toMillis(time)).toISOString() });
