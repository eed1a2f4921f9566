// `tributary tail`: the events that pass through a running tributary, one a line, as they pass. For eyes: it may miss some.
import { textOfAny } from '../../json.ts';
import type { Json } from '../../model.ts';
import { schemaOf } from '../../ocsf/schema.ts';
import type { Told } from '../../runtime/status-page/stream.ts';
import { print } from '../output.ts';
import { command, Stop } from '../session.ts';
import { type AtFlags, askStatus, open, targetOf } from './ask.ts';
import { many } from './words.ts';

export interface TailFlags extends AtFlags {
  readonly receiver?: string;
  readonly class?: string;
  readonly raw?: boolean;
}

export const tail = (flags: TailFlags): Promise<void> =>
  command(async () => {
    const target = await targetOf(flags);
    const { receivers } = await askStatus(target);
    if (flags.receiver !== undefined && !receivers.some(({ name }) => name === flags.receiver))
      throw new Stop(
        `there is no receiver '${flags.receiver}'; there are: ${receivers.map(r => r.name).join(', ')}`,
        2,
      );
    const query = new URLSearchParams({
      ...(flags.receiver !== undefined && { receiver: flags.receiver }),
      ...(flags.class !== undefined && { class: String(classOf(flags.class)) }),
    });
    const leaving = new AbortController();
    const leave = () => leaving.abort();
    process.once('SIGINT', leave).once('SIGTERM', leave);
    try {
      for await (const { event, data } of eventsIn(await open(target, `/api/tail?${query}`, leaving.signal))) {
        if (event === 'missed') process.stderr.write(`missed ${many((data as { records: number }).records)} records\n`);
        if (event === 'record' && !(await print([`${lineOf(data as Told, flags.raw)}\n`]))) return; // nobody reads
      }
    } catch (error) {
      if (leaving.signal.aborted) return;
      throw error instanceof Stop
        ? error
        : new Stop(`${target.address} has ended the stream: does tributary still run?`);
    } finally {
      leaving.abort();
      process.off('SIGINT', leave).off('SIGTERM', leave);
    }
    throw new Stop(`${target.address} has ended the stream: does tributary still run?`);
  });

/** JSON says what a text holds, but for characters that a terminal obeys although they are no ASCII. */
const lineOf = ({ event, raw, left_out, ...head }: Told, wantsRaw = false): string => {
  const chosen = wantsRaw ? raw : (event ?? raw);
  return textOfAny(chosen ?? { ...head, left_out: (left_out ?? {}) as Json }).replace(
    /[\u007f-\u009f\p{Cf}\u2028\u2029]/gu,
    form => [...Array(form.length).keys()].map(i => `\\u${form.charCodeAt(i).toString(16).padStart(4, '0')}`).join(''),
  );
};

/** `3002`, `authentication`, `Account Change`, as `class_uid`. */
const classOf = (text: string): number => {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  const { classes } = schemaOf('1.8.0');
  const wanted = letters(text);
  const found = [...classes.values()].find(one => letters(one.name) === wanted || letters(one.caption) === wanted);
  if (!found)
    throw new Stop(`--class ${text}: OCSF has no such class; say its name or number: authentication, 3002`, 2);
  return found.uid;
};

const letters = (text: string): string => text.toLowerCase().replace(/[^a-z]/g, '');

/** Server-sent events, each of one line of JSON. */
async function* eventsIn(answer: AsyncIterable<unknown>): AsyncGenerator<{ event: string; data: unknown }> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of answer) {
    const whole = (rest + decoder.decode(chunk as Uint8Array, { stream: true })).split('\n\n'); // a body is of bytes
    rest = whole.pop()!;
    for (const one of whole) {
      const [, event, data] = /^event: (.*)\ndata: (.*)$/.exec(one) ?? [];
      if (event !== undefined) yield { event, data: JSON.parse(data!) };
    }
  }
}
