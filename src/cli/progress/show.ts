// Progress where a person sees it: one block at the end of a terminal, drawn again and again; elsewhere a line in the log
// now and then. On standard error, like the log: standard output belongs to the data.
import { writeSync } from 'node:fs';
import type { Clock, Logger } from '../../component.ts';
import { SECOND } from '../../options.ts';
import type { Standing } from '../../runtime/http/budget.ts';
import { createLog, type LogFormat } from '../../runtime/log.ts';
import type { Observer } from '../../runtime/telemetry/observer.ts';
import { block, line, type Size } from './render.ts';
import { tracker } from './track.ts';

export interface Terminal {
  /** @param text whole lines, and what moves the cursor */
  write(text: string): void;
  size(): Size;
}

export interface View {
  /** Writes above the block, where there is one. */
  readonly log: Logger;
  readonly observer: Observer;
  /** Says how it ended, and is still from then on. */
  close(): void;
}

export interface ViewOptions {
  readonly receivers: readonly string[];
  readonly clock: Clock;
  readonly format: LogFormat | undefined;
  /** What the vendors' budgets have left. */
  readonly standings: () => readonly Standing[];
  /** Where the block is drawn; lines in the log when absent. */
  readonly terminal: Terminal | undefined;
  /** For tests: instead of the log of the process. */
  readonly log?: Logger;
}

/** How often the block is drawn, and how often a line is logged; ms. */
const DRAWN = 500;
const LOGGED = 10 * SECOND;

export const openView = ({ receivers, clock, format, standings, terminal, log }: ViewOptions): View => {
  const { observer, look } = tracker(receivers);
  const screen = terminal && screenOf(terminal);
  const out = log ?? createLog(format, screen?.say);
  const closing = new AbortController();
  const show = () => {
    const all = look(clock.now(), standings());
    if (screen) screen.draw(block(all, screen.size()));
    else out.info({}, line(all));
  };
  const run = async () => {
    for (;;) {
      await clock.sleep(screen ? DRAWN : LOGGED, closing.signal);
      show();
    }
  };
  run().catch(() => {}); // it ends when it is closed
  return {
    log: out,
    observer,
    close: () => {
      if (closing.signal.aborted) return;
      closing.abort();
      if (screen) show();
      screen?.leave();
    },
  };
};

/** The block is what was written last, and the cursor stands at the beginning of the line below it. */
const screenOf = ({ write, size }: Terminal) => {
  let drawn: readonly string[] = [];
  const erase = () => (drawn.length === 0 ? '' : `\r\u001b[${drawn.length}A\u001b[J`);
  const text = () => drawn.map(each => `${each}\n`).join('');
  return {
    size,
    draw: (lines: readonly string[]) => {
      const before = erase();
      drawn = lines;
      write(before + text());
    },
    say: (said: string) => write(erase() + said + text()),
    leave: () => {
      drawn = []; // it stays where it is
    },
  };
};

/** The terminal of standard error, if it is one that a block can be drawn on. @param shared data go to the same one */
export const terminalOf = (shared: boolean): Terminal | undefined => {
  const { stderr, stdout, env } = process;
  if (!stderr.isTTY || env.TERM === 'dumb' || env.NO_COLOR || (shared && stdout.isTTY)) return undefined;
  return {
    write: text => {
      try {
        writeSync(2, text);
      } catch {
        // nobody looks any more; that must not stop the data
      }
    },
    size: () => ({ columns: stderr.columns || 80, rows: stderr.rows || 24 }),
  };
};
