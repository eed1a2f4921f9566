// `tributary dev record RECEIVER`: a conversation with the real vendor, written down. It is read as a receiver would read it,
// on a state of its own in memory; credentials are not in what is written, and on request no people either.
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe } from '../../fault.ts';
import type { JsonObject } from '../../model.ts';
import { secretsIn } from '../../runtime/check.ts';
import { writeConversation } from '../../runtime/rehearsal/conversation.ts';
import { conversationOf } from '../../runtime/rehearsal/record.ts';
import { writePrivate } from '../new-file.ts';
import { printable } from '../output.ts';
import { command, Stop } from '../session.ts';
import { type BeginFlags, beginning } from './begin.ts';
import { type Asked, askVendor, eventsIn, replay } from './rehearse.ts';
import { inLines } from './replay.ts';
import { type Subject, subjectOf } from './subject.ts';

export interface RecordFlags extends BeginFlags {
  readonly config: string;
  readonly out: string;
  readonly pages: number;
  readonly people?: boolean;
  readonly pipeline?: string;
}

export const record = (receiver: string, flags: RecordFlags): Promise<void> =>
  command(async () => {
    if (flags.pages < 1) throw new Stop('--pages must be at least 1', 2);
    const { since, position } = beginning(flags);
    const wanted = { receiver, since, pipeline: flags.pipeline };
    const subject = await subjectOf(flags.config, wanted);
    const out = placesOf(flags.out);

    const asked = await askVendor(subject, { pages: flags.pages, position });
    const { type } = subject.spec;
    const conversation = conversationOf({
      about: `Recorded from ${type}: ${counted(asked.heard.length, 'request')}, ${counted(asked.records.length, 'record')}.`,
      type,
      clock: new Date(asked.now).toISOString(),
      ...(position !== undefined && { position }),
      ...(since !== undefined && { since }),
      ...(asked.cut && { cut: true }),
      options: subject.spec.options,
      heard: asked.heard,
      secrets: await revealed(subject),
      people: flags.people ?? false,
    });
    writePrivate(out.conversation, writeConversation(conversation));
    const told = `${counted(asked.heard.length, 'request')} with ${counted(asked.records.length, 'record')} recorded in ${out.conversation}`;
    process.stderr.write(`${told}${asked.cut && !asked.fault ? '; the vendor has more' : ''}\n`);

    const played = await replay(await subjectOf(flags.config, { ...wanted, offline: true }), conversation);
    const events = eventsIn(played.handed);
    if (out.expected) writePrivate(out.expected, events.map(event => `${JSON.stringify(event)}\n`).join(''));
    process.stderr.write(verdict(asked, { wrong: played.wrong, events }, flags.people ?? false));
    if (flags.people) process.stderr.write(LOOK);
    if (asked.fault)
      throw new Stop(
        `it ended early: ${printable(describe(asked.fault))} [${asked.fault.code}]\n  ${asked.fault.remedy}`,
      );
    if (played.wrong.length > 0) process.exitCode = 1;
  });

const LOOK = 'Free text can still name somebody: look through the file before you pass it on.\n';

/** Whether a replay gives what the recording gave, in words. */
const verdict = (
  asked: Asked,
  { wrong, events }: { readonly wrong: readonly string[]; readonly events: readonly JsonObject[] },
  people: boolean,
): string => {
  if (wrong.length > 0) return `it cannot be replayed:\n${inLines(wrong)}\n`;
  const form = (event: JsonObject) => (people ? uidOf(event) : JSON.stringify(event));
  const [before, after] = [eventsIn(asked.handed).map(form), events.map(form)];
  const others = after.filter((text, i) => text !== before[i]).length + Math.max(0, before.length - after.length);
  const what = people ? 'uids' : 'events';
  return others === 0
    ? `replayed: the same ${before.length} ${what}\n`
    : `replayed: ${others} of ${before.length} ${what} differ, because what was left out stood in them\n`;
};

const uidOf = ({ metadata }: JsonObject): string => String((metadata as JsonObject | undefined)?.uid);

const revealed = async ({ spec }: Subject): Promise<readonly string[]> =>
  Promise.all(secretsIn(spec.options).map(async ([, secret]) => secret.reveal()));

/** A folder has the conversation and what it reads as; a file the conversation only. */
const placesOf = (out: string): { readonly conversation: string; readonly expected?: string } => {
  const path = resolve(out);
  const isFolder = /[/\\]$/.test(out) || (existsSync(path) && statSync(path).isDirectory());
  mkdirSync(isFolder ? path : dirname(path), { recursive: true, mode: 0o700 });
  const places = isFolder
    ? { conversation: join(path, 'conversation.json'), expected: join(path, 'expected.ndjson') }
    : { conversation: path };
  const there = Object.values(places).find(existsSync);
  if (there) throw new Stop(`${there} is there already: name another place, or remove it`);
  return places;
};

const counted = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`;
