// The two ways in which a receiver is rehearsed: against its vendor, listened to, and against a conversation.
import type { Clock, Logger } from '../../component.ts';
import { describe, type Fault } from '../../fault.ts';
import type { AuditRecord, Json, JsonObject } from '../../model.ts';
import { systemClock } from '../../runtime/clock.ts';
import { budgets } from '../../runtime/http/budget.ts';
import { type Heard, httpClients } from '../../runtime/http/fetch.ts';
import type { Conversation } from '../../runtime/rehearsal/conversation.ts';
import { NotRecorded, playConversation } from '../../runtime/rehearsal/play.ts';
import { recordingClock, replayClock } from '../../runtime/rehearsal/scratch.ts';
import { type Outcome, runTrial } from '../../runtime/rehearsal/trial.ts';
import type { Subject } from './subject.ts';

/** What came of a rehearsal. */
export interface Rehearsed {
  /** What was read of the vendor, repeats included. */
  readonly records: readonly AuditRecord[];
  /** What exporters would have been handed, in order. */
  readonly handed: readonly AuditRecord[];
  /** Where the receiver stood after each page. */
  readonly positions: readonly Json[];
  /** Records that a processor threw on. */
  readonly dead: number;
  /** Why it ended, where it did not end well. */
  readonly fault?: Fault | undefined;
  readonly outcome?: Outcome;
}

const silent: Logger = { info() {}, warn() {}, error() {} };

/** What a rehearsal gathers as it goes. */
const gather = () => {
  const all = { records: [] as AuditRecord[], handed: [] as AuditRecord[], positions: [] as Json[], dead: 0 };
  return {
    all,
    take: ({ page, records }: Extract<Parameters<Parameters<typeof runTrial>[1]>[0], { page: unknown }>) => {
      all.records.push(...page.batch.records);
      all.handed.push(...records);
      if (page.batch.move) all.positions.push(page.batch.move.position);
      all.dead += page.routes.flatMap(({ steps }) => steps).reduce((sum, { dead }) => sum + dead.length, 0);
    },
  };
};

export interface Asked extends Rehearsed {
  readonly heard: readonly Heard[];
  /** What the receiver's clock showed. */
  readonly now: number;
  /** The vendor had more, or something went wrong: what was heard breaks off. */
  readonly cut: boolean;
}

/** Asks the vendor for so many pages, or until it has no more, or until a fault. Only requests that read are made. */
export const askVendor = async (
  { lane, folder }: Subject,
  {
    pages,
    position,
    log = silent,
  }: { readonly pages: number; readonly position?: Json | undefined; readonly log?: Logger },
): Promise<Asked> => {
  const heard: Heard[] = [];
  const clock = recordingClock(systemClock);
  const now = clock.now();
  const clients = httpClients({
    clock: systemClock,
    budgets: budgets(systemClock),
    folder,
    log,
    heard: each => void heard.push(each),
  });
  const { all, take } = gather();
  let [read, cut] = [0, true];
  let fault: Fault | undefined;
  try {
    const trial = { lane, clock, log, http: clients.open, folder, position };
    const outcome = await runTrial(trial, happening => {
      if ('page' in happening) take(happening);
      if ('fault' in happening) fault = happening.fault;
      if ('rest' in happening) cut = false;
      return !('page' in happening) || ++read >= pages;
    });
    return { ...all, heard, now, cut, fault, outcome };
  } finally {
    await clients.close();
  }
};

export interface Replayed extends Rehearsed {
  /** Requests that were made and not recorded, or recorded and not made; in words. */
  readonly wrong: readonly string[];
}

/** Plays a conversation to its end. Nobody is asked. */
export const replay = async (
  { lane, folder }: Subject,
  conversation: Conversation,
  log: Logger = silent,
): Promise<Replayed> => {
  const player = playConversation(conversation);
  const clock: Clock & { touch(): void } = replayClock(Date.parse(conversation.clock));
  const { all, take } = gather();
  const cut = conversation.cut ?? false;
  let fault: Fault | undefined;
  const { position } = conversation;
  const http = () => (call: Parameters<typeof player.fetch>[0], signal: AbortSignal) => {
    clock.touch();
    return player.fetch(call, signal);
  };
  try {
    const outcome = await runTrial({ lane, clock, log, http, folder, position }, happening => {
      if ('page' in happening) take(happening);
      fault = 'fault' in happening ? happening.fault : undefined;
      return player.left === 0 && (cut || 'rest' in happening);
    });
    return { ...all, fault, outcome, wrong: [] };
  } catch (error) {
    if (error instanceof NotRecorded) return { ...all, fault, wrong: player.unexpected };
    const left = player.left > 0 ? `; ${player.left} recorded requests were not made` : '';
    return { ...all, fault, wrong: [`${describe(error)}${left}`] };
  }
};

/** The events of what was handed, without what differs from run to run: as fixtures and expectations have them. */
export const eventsIn = (handed: readonly AuditRecord[]): readonly JsonObject[] =>
  handed.map(({ event, raw }) => (event === undefined ? (raw as JsonObject) : timeless(event)));

const timeless = (event: JsonObject): JsonObject => {
  const { logged_time: _, processed_time: __, ...metadata } = (event.metadata ?? {}) as JsonObject; // every event has it
  return { ...event, metadata };
};
