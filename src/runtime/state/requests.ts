// How a command asks the engine that runs on a state: by a file in the state's folder, where only its owner writes. The
// engine takes the file away, and answers by another. A request is for the engine that runs now: it is not kept for the next.
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Clock } from '../../component.ts';
import { describe } from '../../fault.ts';
import { MINUTE } from '../../options.ts';
import type { Adoption } from '../adoption.ts';
import { isOwned } from './sqlite-open.ts';

const adoption = z.strictObject({ from: z.string(), to: z.string(), reason: z.string() });
const answer = z.strictObject({ refused: z.string().optional() });

/** What the engine says: why not; nothing where it is done. */
type Answer = z.infer<typeof answer>;

const folderIn = (state: string): string => join(state, 'requests');
const ASKED = '.ask.json';
const ANSWERED = '.answer.json';

/** Whole, or not there. */
const write = (file: string, what: Adoption | Answer): void => {
  writeFileSync(`${file}.new`, JSON.stringify(what), { mode: 0o600 });
  renameSync(`${file}.new`, file);
};

// ---- The engine's side ----

export interface Asked extends Adoption {
  /** To be called once. @param refused why not; done when absent */
  answer(refused?: string): void;
}

export interface Desk {
  /** What was asked since the last time. */
  take(): readonly Asked[];
  close(): void;
}

/**
 * From now on commands can ask; not before it is closed do they stop. Where the folder cannot be used, nobody can.
 * @param tell called when something may have been asked  @param failed called where the folder cannot be used, or watched
 */
export const openDesk = (state: string, tell: () => void, failed: (error: unknown) => void): Desk => {
  const folder = folderIn(state);
  const attempt = <T>(work: () => T): T | undefined => {
    try {
      return work();
    } catch (error) {
      failed(error);
      return undefined;
    }
  };
  const watcher = attempt(() => {
    rmSync(folder, { recursive: true, force: true }); // whoever asked an engine before this one has gone
    mkdirSync(folder, { mode: 0o700 });
    return watch(folder, { persistent: false }, tell).on('error', failed);
  });
  const read = (name: string): readonly Asked[] => {
    const file = join(folder, name);
    const reply = (what: Answer) =>
      void attempt(() => write(join(folder, `${name.slice(0, -ASKED.length)}${ANSWERED}`), what));
    try {
      const asked = adoption.parse(JSON.parse(readFileSync(file, 'utf8')));
      rmSync(file); // throws where it was withdrawn
      return [{ ...asked, answer: refused => reply(refused === undefined ? {} : { refused }) }];
    } catch (error) {
      if (existsSync(file)) reply({ refused: `it is not understood: ${describe(error)}` });
      rmSync(file, { force: true });
      return [];
    }
  };
  return {
    take: () => {
      if (!existsSync(folder)) return [];
      return (attempt(() => readdirSync(folder)) ?? []).filter(name => name.endsWith(ASKED)).flatMap(read);
    },
    close: () => {
      watcher?.close();
      attempt(() => rmSync(folder, { recursive: true, force: true }));
    },
  };
};

// ---- The command's side ----

/** How long an engine may take to notice, where changes of a folder are not told; ms. */
const PATIENCE = 1.5 * MINUTE;
const LOOK = 100;

/**
 * Asks the engine that runs on a state, and waits for what it says: nothing when it is done, else why not. Withdrawn where
 * nobody takes it in time. Throws what the disk throws.
 */
export const askEngine = async (
  state: string,
  { from, to, reason }: Adoption,
  clock: Clock,
): Promise<string | undefined> => {
  const folder = folderIn(state);
  if (!existsSync(folder)) return 'the process that runs on this state does not follow its config: stop it first';
  const id = randomUUID();
  const [asked, answered] = [join(folder, `${id}${ASKED}`), join(folder, `${id}${ANSWERED}`)];
  write(asked, { from, to, reason });
  const began = clock.now();
  const never = new AbortController().signal;
  for (;;) {
    if (existsSync(answered)) {
      const { refused } = answer.parse(JSON.parse(readFileSync(answered, 'utf8')));
      rmSync(answered);
      return refused;
    }
    const isWaiting = existsSync(asked);
    if (!isOwned(state)) {
      rmSync(asked, { force: true });
      return 'the process that ran on this state has ended: say it again';
    }
    if (isWaiting && clock.now() - began > PATIENCE && withdraw(asked))
      return 'the process that runs on this state did not listen: stop it first';
    await clock.sleep(LOOK, never);
  }
};

/** False where it was taken meanwhile. */
const withdraw = (file: string): boolean => {
  try {
    rmSync(file);
    return true;
  } catch {
    return false;
  }
};
