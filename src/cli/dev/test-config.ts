// `tributary dev test-config`: recorded conversations, played to a config, and what came of it compared with what is expected.
// A case is a file `NAME.test.json` beside the config; what differs is shown field by field.
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { z } from 'zod';
import { describe } from '../../fault.ts';
import type { Json, JsonObject } from '../../model.ts';
import { differences } from '../../runtime/rehearsal/difference.ts';
import { print, printable } from '../output.ts';
import { command, Stop } from '../session.ts';
import { eventsIn, replay } from './rehearse.ts';
import { conversationIn, inLines } from './replay.ts';
import { subjectOf } from './subject.ts';

/** A case. Paths are meant from its folder. */
const schema = z.strictObject({
  /** What it shows, in a sentence. */
  about: z.string().optional(),
  config: z.string().default('pipeline.config.ts'),
  /** Its name in the config. */
  receiver: z.string(),
  /** Whose processors; the first that the receiver is in when absent. */
  pipeline: z.string().optional(),
  /** A recording: its requests are those that are expected. */
  conversation: z.string(),
  /** The events that are expected, one a line. */
  expected: z.string(),
  /** Where the receiver is expected to stand after each page; not looked at when absent. */
  positions: z.array(z.custom<Json>(value => value !== undefined)).optional(),
});
type Case = z.output<typeof schema>;

export const testConfig = (
  paths: readonly string[],
  { update = false }: { readonly update?: boolean },
): Promise<void> =>
  command(async () => {
    const files = (paths.length === 0 ? ['.'] : paths).flatMap(casesAt);
    if (files.length === 0)
      throw new Stop('there is no case: no file NAME.test.json lies there (docs/add-a-vendor.md)', 2);
    let failed = 0;
    for (const file of files) {
      const { summary, lines } = await play(file, update);
      if (lines.length > 0) failed++;
      const name = relative('.', file);
      await print([
        `${lines.length > 0 ? 'FAILED' : 'ok'} ${printable(name)}: ${summary}\n`,
        ...lines.map(line => `${line}\n`),
      ]);
    }
    process.stderr.write(`${files.length - failed} passed, ${failed} failed\n`);
    if (failed > 0) process.exitCode = 1;
  });

const casesAt = (path: string): readonly string[] => {
  if (!existsSync(path)) throw new Stop(`there is no ${path}`, 2);
  if (!statSync(path).isDirectory()) return [resolve(path)];
  return readdirSync(path)
    .filter(name => name.endsWith('.test.json'))
    .sort()
    .map(name => resolve(path, name));
};

interface Played {
  readonly summary: string;
  /** What is wrong; none when nothing is. */
  readonly lines: readonly string[];
}

const play = async (file: string, update: boolean): Promise<Played> => {
  const { given, text } = caseIn(file);
  const at = (path: string) => resolve(dirname(file), path);
  const conversation = conversationIn(at(given.conversation));
  const { receiver, pipeline } = given;
  const subject = await subjectOf(at(given.config), { receiver, pipeline, since: conversation.since, offline: true });
  const { handed, positions, wrong, fault } = await replay(subject, conversation);
  const events = eventsIn(handed);
  const summary = `${conversation.exchanges.length} requests, ${positions.length} positions, ${events.length} events`;
  if (wrong.length > 0) return { summary, lines: inLines(wrong).split('\n') };
  if (fault && !conversation.cut)
    return { summary, lines: [printable(`it ends with ${fault.code}: ${describe(fault)}`)] };
  if (update) {
    writeFileSync(at(given.expected), events.map(event => `${JSON.stringify(event)}\n`).join(''));
    if (given.positions) writeFileSync(file, `${JSON.stringify({ ...JSON.parse(text), positions }, null, 2)}\n`);
    return { summary: `${summary}, written as expected`, lines: [] };
  }
  const lines = [
    ...compareEvents(expectedIn(at(given.expected)), events),
    ...comparePositions(given.positions, positions),
  ];
  return { summary, lines };
};

const caseIn = (file: string): { readonly given: Case; readonly text: string } => {
  const text = readFileSync(file, 'utf8');
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new Stop(`${file} is not JSON: ${printable(describe(error))}`);
  }
  const { data, error } = schema.safeParse(json);
  if (data) return { given: data, text };
  throw new Stop(
    `${file} is no case:\n${error.issues.map(issue => `  ${issue.path.join('.') || 'the whole'}: ${printable(issue.message)}`).join('\n')}`,
  );
};

const expectedIn = (file: string): readonly JsonObject[] => {
  if (!existsSync(file)) throw new Stop(`${file} is not there: --update writes it; then read it as carefully as code`);
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line, i) => (line.trim() === '' ? [] : [eventIn(line, `${file}:${i + 1}`)]));
};

const eventIn = (line: string, where: string): JsonObject => {
  try {
    return JSON.parse(line) as JsonObject; // compared field by field, whatever it is
  } catch {
    throw new Stop(`${where} is not JSON`);
  }
};

/** Events are matched by their uid; one that only moved is said to have moved. */
const compareEvents = (expected: readonly JsonObject[], actual: readonly JsonObject[]): readonly string[] => {
  const [wanted, got] = [byUid(expected), byUid(actual)];
  const missing = [...wanted].filter(([uid]) => !got.has(uid)).map(([uid, event]) => `- missing: ${named(uid, event)}`);
  const extra = [...got]
    .filter(([uid]) => !wanted.has(uid))
    .map(([uid, event]) => `+ not expected: ${named(uid, event)}`);
  const changed = [...wanted].flatMap(([uid, event]) => {
    const other = got.get(uid);
    const lines = other ? differences(event, other) : [];
    return lines.length > 0 ? [`@@ ${named(uid, event)}`, ...lines] : [];
  });
  const order = [...wanted.keys()].join() === [...got.keys()].join() || missing.length + extra.length > 0;
  return [...missing, ...extra, ...changed, ...(order ? [] : ['the events come in another order'])];
};

const byUid = (events: readonly JsonObject[]): ReadonlyMap<string, JsonObject> => {
  const seen = new Map<string, JsonObject>();
  for (const event of events) {
    const uid = String((event.metadata as JsonObject | undefined)?.uid ?? JSON.stringify(event)); // of OCSF, or as it is
    seen.set(seen.has(uid) ? `${uid} (${seen.size})` : uid, event); // a repeat is an event of its own
  }
  return seen;
};

const named = (uid: string, { class_name: name, message }: JsonObject): string =>
  printable(
    `${name ?? 'record'} ${uid.slice(0, 60)}${typeof message === 'string' ? ` (${message.slice(0, 60)})` : ''}`,
  );

const comparePositions = (expected: readonly Json[] | undefined, actual: readonly Json[]): readonly string[] => {
  if (!expected) return [];
  const lines = differences(expected, actual);
  return lines.length > 0 ? ['@@ positions, after each page', ...lines] : [];
};
