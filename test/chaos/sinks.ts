// The OTLP sinks of a history: they refuse, fail, reset, hang, answer partially or answer in half, each with and without
// having taken what came. What they took they remember, and in which life of the program it was sent.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { validate } from '../../src/ocsf/validate.ts';
import { SECOND } from '../../src/options.ts';
import { type Dice, dice } from '../property/crash/dice.ts';
import { type Deed, otlpSink, type SunkRecord, type SunkRequest } from '../support/otlp-sink.ts';
import type { Found, Sent } from './evidence.ts';
import { isSour } from './poison.ts';

export interface FickleSink {
  readonly url: string;
  readonly sent: readonly Sent[];
  /** What was wrong with what it got. */
  readonly faults: readonly string[];
  /** What it did, by kind. */
  readonly deeds: Readonly<Record<string, number>>;
  /** Whether it misbehaves. At first, it takes everything but for what it never takes. */
  misbehave(on: boolean): void;
  close(): Promise<void>;
}

/** The header that says in which life a request was made. */
export const LIFE = 'x-chaos-life';

/** An answer that was given later than this may have come too late: the program waits for eight seconds. */
const SURE = 3 * SECOND;

interface Answer {
  readonly fate: Sent['fate'];
  readonly deed: Deed | undefined;
  readonly kind: string;
  readonly dropped?: readonly string[];
}

/** @param outages it is down for a while, now and then */
export const fickleSink = async (name: string, seed: number, outages: boolean): Promise<FickleSink> => {
  const sent: Sent[] = [];
  const faults: string[] = [];
  const seen = new Set<string>();
  const deeds: Record<string, number> = {};
  const own = dice(seed);
  let calm = true;
  // Where we are starved, an answer may come too late without our knowing.
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  const sampling = setInterval(() => delay.reset(), 10 * SECOND);

  const sink = await otlpSink(request => {
    const life = Number(request.headers[LIFE]);
    const events = request.records.map(foundIn);
    for (const record of request.records) judge(record);
    const { fate, deed, kind, dropped } = decide(request, events, life);
    deeds[kind] = (deeds[kind] ?? 0) + 1;
    const late = fate === 'taken' && (delay.max / 1e6 > SURE || Date.now() - request.at > SURE);
    if (late) deeds['answered late'] = (deeds['answered late'] ?? 0) + 1;
    sent.push({ life, events, fate: late ? 'unheard' : fate, ...(dropped && { dropped }) });
    sink.requests.length = 0; // they would grow without bound; what matters is in `sent`
    sink.taken.length = 0;
    return deed;
  });

  /** Each event once: as valid as it was in the pipeline, and known by its uid. */
  const judge = ({ uid, body }: SunkRecord): void => {
    if (seen.has(uid)) return;
    seen.add(uid);
    const [finding] = validate(body);
    if (finding) faults.push(`${uid} came to ${name} and is not valid: ${JSON.stringify(finding)}`);
  };

  const decide = (request: SunkRequest, events: readonly Found[], life: number): Answer => {
    if (events.some(({ id }) => isSour(name, id)))
      return { fate: 'refused', deed: { status: 400 }, kind: 'never: 400' };
    if (calm) return { fate: 'taken', deed: undefined, kind: 'taken' };
    if (outages && life % 20 < 4) return { fate: 'failed', deed: { status: 503 }, kind: 'outage: 503' };
    return mood(own, request.records.length, events);
  };

  return {
    url: sink.url,
    sent,
    faults,
    deeds,
    misbehave: on => {
      calm = !on;
    },
    close: () => {
      clearInterval(sampling);
      delay.disable();
      return sink.close();
    },
  };
};

/** What it does with a request: mostly, it takes it. */
const mood = ({ next }: Dice, size: number, events: readonly Found[]): Answer => {
  const moods: readonly (readonly [share: number, answer: () => Answer])[] = [
    [0.02, () => ({ fate: 'failed', deed: { status: 503 }, kind: '503' })],
    [0.01, () => ({ fate: 'failed', deed: { status: 429, headers: { 'retry-after': '1' } }, kind: '429' })],
    [0.01, () => ({ fate: 'failed', deed: { status: 500 }, kind: '500' })],
    [0.002, () => ({ fate: 'failed', deed: { status: 401 }, kind: '401' })],
    [0.01, () => ({ fate: 'refused', deed: { status: 400 }, kind: '400' })],
    [0.01, () => ({ fate: 'failed', deed: { reset: true }, kind: 'reset' })],
    [0.01, () => ({ fate: 'unheard', deed: { reset: true }, kind: 'taken, reset' })],
    [0.01, () => ({ fate: 'unheard', deed: { half: 200 }, kind: 'taken, half an answer' })],
    [0.005, () => ({ fate: 'failed', deed: { hang: true }, kind: 'hang' })],
    [0.005, () => ({ fate: 'unheard', deed: { hang: true }, kind: 'taken, hang' })],
    [0.01, () => partly(events.slice(0, Math.ceil(size / 3)))],
  ];
  let at = next();
  for (const [share, answer] of moods) {
    if (at < share) return answer();
    at -= share;
  }
  return { fate: 'taken', deed: undefined, kind: 'taken' };
};

const partly = (refused: readonly Found[]): Answer => ({
  fate: 'taken',
  deed: { partial: { rejectedLogRecords: refused.length, errorMessage: 'not these' } },
  kind: 'taken in part',
  dropped: refused.map(({ uid }) => uid),
});

/** By which uid the sink knows it, and which record of the vendor it says it is of. */
const foundIn = ({ uid, body }: SunkRecord): Found => ({ uid, id: idOf(body) });

/** The vendor's id in an event of ours. */
export const idOf = (event: unknown): string =>
  String((event as { metadata?: { original_event_uid?: unknown } } | null)?.metadata?.original_event_uid);
