// Tries a config in a process of its own before the engine's loads it: an endless loop, a process.exit or a crash in it ends
// that process, and nothing else.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { SECOND } from '../options.ts';
import type { Sources } from '../runtime/reload/sources.ts';

export interface Trial {
  /** Why the config will not do, in words for the operator; absent when it will. */
  readonly refused?: string;
  /** The files that were read; none where the process came to no end. */
  readonly sources: Sources;
}

/** What the child says. */
export interface Verdict {
  readonly refused?: string;
  readonly sources: readonly (readonly [string, { readonly digest: string; readonly imports: readonly string[] }])[];
}

/** How long a config may take to be loaded and checked: a second is usual, more on a small share of a processor; ms. */
export const TRIAL = 30 * SECOND;

/** How much of what the child says on standard error is kept; characters. */
const MOST_WORDS = 2000;

/** What Node says of our own await, when that of a config never ends. */
const NODES = /^Warning: Detected unsettled top-level await at .*\n.*\n.*\n\s*/m;

const child = fileURLToPath(new URL(`./trial-child.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url));

/** Never throws. @param signal ends it at once, as refused */
export const tryConfig = (file: string, signal: AbortSignal, patience = TRIAL): Promise<Trial> =>
  new Promise(resolve => {
    const args = ['--max-old-space-size=512', child, file, String(patience + 5 * SECOND)];
    const tried = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    let words = '';
    tried.stderr?.setEncoding('utf8').on('data', (text: string) => {
      words = (words + text).slice(-MOST_WORDS);
    });
    const end = (trial: Trial) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
      tried.kill('SIGKILL');
      resolve(trial);
    };
    const refuse = (refused: string) => end({ refused, sources: new Map() });
    const stop = () => refuse('it was not tried to the end');
    const timer = setTimeout(
      () => refuse(`${file} did not come to an end within ${patience / SECOND} s: is there an endless loop in it?`),
      patience,
    );
    signal.addEventListener('abort', stop, { once: true });
    tried.once('message', (verdict: Verdict) => end({ ...verdict, sources: new Map(verdict.sources) }));
    tried.once('error', error => refuse(`${file} cannot be tried: ${error.message}`));
    tried.once('close', (code, by) =>
      refuse(
        words.replace(NODES, '').trim() || `the process that tried ${file} ended with ${by ?? `exit code ${code}`}`,
      ),
    );
    if (signal.aborted) stop();
  });
