// Follows the config of a running engine: when its files change, or somebody asks by SIGHUP, it is tried in a process of its
// own, loaded afresh, and the engine goes on with it. One that will not do is refused, and the one before goes on.
import { realpathSync } from 'node:fs';
import type { Clock, Logger } from '../component.ts';
import type { AnyConfig } from '../config.ts';
import { describe, Fault } from '../fault.ts';
import type { Code } from '../faults.ts';
import { MINUTE } from '../options.ts';
import { createBell } from '../runtime/bell.ts';
import { systemClock } from '../runtime/clock.ts';
import type { Engine } from '../runtime/engine.ts';
import { fingerprint } from '../runtime/reload/fingerprint.ts';
import { digestAt, type Sources, snapshot } from '../runtime/reload/sources.ts';
import { watchFiles } from '../runtime/reload/watch.ts';
import { type Asked, openDesk } from '../runtime/state/requests.ts';
import type { Observer, Reload } from '../runtime/telemetry/observer.ts';
import { limitsOf, listed, noteOutline, planOf, type Read, readAgain, Stop, stateFolder } from './session.ts';
import { tryConfig } from './trial.ts';

/** Files change one after another, and editors write twice: how long nothing must have happened; ms. */
const QUIET = 100;
const MOST_QUIET = 20;
/** Not everything that changes is noticed, on a network drive say: then it is seen by looking; ms. */
const LOOK = MINUTE;

export interface Followed {
  readonly file: string;
  /** What the engine was started with. */
  readonly first: Read;
  readonly engine: Engine;
  readonly watch: Required<Observer>;
  readonly log: Logger;
}

/** Begins at once; what it returns ends it. */
export const followConfig = ({ file, first, engine, watch, log }: Followed): (() => Promise<void>) => {
  const clock: Clock = systemClock;
  const ended = new AbortController();
  const bell = createBell();
  let asked = false;
  const ask = () => {
    asked = true;
    bell.ring();
  };
  const eyes = watchFiles(bell.ring, (folder, error) =>
    log.warn({ folder }, `a change of the config is noticed within a minute only: ${describe(error)}`),
  );

  const state = stateFolder(first.config, first.folder);
  const desk = openDesk(state, bell.ring, error =>
    log.warn({ state }, `commands cannot ask this process for anything: ${describe(error)}`),
  );
  /** Adoptions that somebody waits for, and those that wait for others until the config is another one. */
  let [asking, granted]: [readonly Asked[], readonly Asked[]] = [[], []];

  /** What was tried last, by its files: the same again is not tried again. */
  let tried = digests(first.sources);
  let turn = 0;

  /** Until something has changed, or was asked for. */
  const change = async (): Promise<void> => {
    for (;;) {
      const rung = bell.next();
      eyes.follow([file, ...tried.keys()]);
      const [now, there] = [snapshot(tried.keys()), placeOf(file)];
      asking = [...asking, ...desk.take()];
      const isElsewhere = there !== undefined && !tried.has(there);
      const isOther = isElsewhere || [...now].some(([path, digest]) => digest !== tried.get(path));
      if (asked || asking.length > 0 || isOther) {
        if (isOther) granted = [];
        tried = isElsewhere ? new Map([...now, [there, digestAt(there)]]) : now;
        asked = false;
        return;
      }
      await either(rung, LOOK);
      for (let i = 0; i < MOST_QUIET && (await either(bell.next(), QUIET)); i++); // it goes on changing
    }
  };

  /** Whether it rang within a time. Throws when all is ended. */
  const either = async (rung: Promise<void>, ms: number): Promise<boolean> => {
    const enough = new AbortController();
    const signal = AbortSignal.any([ended.signal, enough.signal]);
    const isRung = await Promise.race([rung.then(() => true), clock.sleep(ms, signal).then(() => false)]);
    enough.abort();
    if (!isRung) bell.ring(); // nobody waits for this turn any more
    return isRung;
  };

  /** Tries the config, and goes on with it. Nothing where it changed meanwhile: then it is tried again. */
  const attempt = async (adoptions: readonly Asked[]): Promise<Outcome | undefined> => {
    const trial = await tryConfig(file, ended.signal);
    ended.signal.throwIfAborted();
    tried = new Map([...tried, ...digests(trial.sources)]);
    if (trial.refused !== undefined) return { outcome: 'refused', reason: trial.refused };
    try {
      const read = await readAgain(file, { again: ++turn, expected: trial.sources });
      tried = digests(read.sources);
      if (stateFolder(read.config, read.folder) !== state)
        return { outcome: 'refused', reason: 'engine.state cannot change while it runs: stop it, and start it again' };
      const parts = planOf(read);
      const { adopted, ...change } = await engine.reload(parts, limitsOf(read.config), adoptions);
      noteOutline(state, parts, engine, log);
      const outcome = change.stop.length + change.start.length > 0 ? 'applied' : 'unchanged';
      const warnings = read.problems.map(problem => listed([problem]).trim());
      const notes = [...laterOf(first.config, read.config), ...warnings];
      return { outcome, change, config: read.config, notes, ...(adopted.length > 0 && { adopted }) };
    } catch (error) {
      ended.signal.throwIfAborted();
      const isOld = [...snapshot(trial.sources.keys())].some(([path, is]) => is !== trial.sources.get(path)!.digest);
      if (isOld) {
        asked = true;
        return undefined;
      }
      const remedy = error instanceof Fault ? `\n  ${error.remedy}` : '';
      const reason = error instanceof Stop ? error.message : `${describe(error)}${remedy}`;
      return { outcome: 'refused', reason, ...(error instanceof Fault && { code: error.code }) };
    }
  };

  const follow = async (): Promise<void> => {
    for (;;) {
      await change();
      const outcome = await attempt([...new Map([...granted, ...asking].map(one => [one.to, one])).values()]);
      if (outcome === undefined) continue;
      const { code, ...told } = outcome;
      const isWaiting = code === 'E_RENAMED'; // another one has to be adopted, too
      for (const one of asking)
        one.answer(isWaiting ? `not yet, and it is kept in mind until then: ${told.reason}` : told.reason);
      granted = isWaiting ? [...granted, ...asking] : [];
      asking = [];
      const reload: Reload = { time: clock.now(), ...told };
      if (code === 'E_ADOPT') log.warn({ reason: told.reason }, 'an adoption that was asked for cannot be');
      else {
        say(log, reload);
        watch.reloaded(reload);
      }
    }
  };

  process.on('SIGHUP', ask);
  const following = follow().catch(error => {
    if (!ended.signal.aborted) throw error; // a defect of ours ends the process
  });
  return async () => {
    ended.abort();
    process.off('SIGHUP', ask);
    eyes.close();
    desk.close();
    await following;
  };
};

/** What became of it; with the code of what it was refused for, where it has one. */
type Outcome = Omit<Reload, 'time'> & { readonly code?: Code };

/** Where a file really is: links on the way to it may lead elsewhere. */
const placeOf = (file: string): string | undefined => {
  try {
    return realpathSync(file);
  } catch {
    return undefined; // it is away, for a moment
  }
};

const digests = (sources: Sources): ReadonlyMap<string, string> =>
  new Map([...sources].map(([path, { digest }]) => [path, digest]));

/** One line for each change, and for each thing to do. */
const say = (log: Logger, { outcome, change, reason, notes = [] }: Reload): void => {
  if (outcome === 'refused') log.error({ reason }, 'the config is refused; the one before goes on');
  else if (outcome === 'unchanged') log.info({}, 'the config says the same as before');
  else log.info({ kept: change?.keep, stopped: change?.stop, started: change?.start }, 'the config has changed');
  for (const line of notes) log.warn({}, line);
};

/** What the engine was made with, and goes on with. */
const laterOf = ({ engine: old = {} }: AnyConfig, { engine: next = {} }: AnyConfig): readonly string[] => {
  const at = (engine: object, key: string) => fingerprint((engine as Readonly<Record<string, unknown>>)[key]); // whatever it is
  const keys = new Set([...Object.keys(old), ...Object.keys(next)]).difference(
    new Set(['state', 'grace', 'deadLetters']),
  );
  return [...keys]
    .filter(key => at(old, key) !== at(next, key))
    .map(key => `engine.${key}: has changed, and has effect from the next start on`);
};
