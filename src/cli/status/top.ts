// `tributary top`: the status of a running tributary, again and again: a table that changes in place on a terminal, one
// after the other elsewhere. q or Ctrl-C ends it.
import { duration } from '../../options.ts';
import { systemClock } from '../../runtime/clock.ts';
import type { Report } from '../../runtime/status-page/report.ts';
import { print } from '../output.ts';
import { command, Stop } from '../session.ts';
import { type AtFlags, askStatus, targetOf } from './ask.ts';
import { frame } from './frame.ts';

export const top = (flags: AtFlags & { readonly every: string }): Promise<void> =>
  command(async () => {
    const every = duration({ min: '100ms', max: '1h' }).safeParse(flags.every);
    if (!every.success) throw new Stop(`--every ${every.error.issues[0]!.message}`, 2);
    const target = await targetOf(flags);
    let report = await askStatus(target); // what is wrong from the beginning is said and ends it
    const leaving = new AbortController();
    const screen = process.stdout.isTTY ? terminal(() => leaving.abort()) : lines;
    try {
      while (await screen.show(report)) {
        await systemClock.sleep(every.data, leaving.signal);
        const asked = await askStatus(target).catch(error => {
          if (error instanceof Stop) return error;
          throw error;
        });
        if (!(asked instanceof Stop)) report = asked;
        else if (!(await screen.lost(asked, report))) return;
      }
    } catch (error) {
      if (!leaving.signal.aborted) throw error;
    } finally {
      screen.close();
    }
  });

interface Display {
  /** False when nobody looks any more. */
  show(report: Report): Promise<boolean>;
  /** Nothing answers: what was last known, and why there is no more. Throws where there is nobody to wait. */
  lost(why: Stop, last: Report): Promise<boolean>;
  close(): void;
}

/** A report after the other, for a file or a pipe. */
const lines: Display = {
  show: report => print([`${frame(report, { columns: 500, color: false }).join('\n')}\n\n`]),
  lost: async why => {
    throw why;
  },
  close: () => {},
};

const [ALTERNATE, MAIN] = ['\x1b[?1049h\x1b[?25l\x1b[?7l', '\x1b[?7h\x1b[?25h\x1b[?1049l'];
const [HOME, TO_THE_END, BELOW] = ['\x1b[H', '\x1b[K', '\x1b[J'];

/** A key like others, where keys are read one by one. */
const CTRL_C = '\x03';

/** A screen of its own, left as it was found. */
const terminal = (leave: () => void): Display => {
  const { stdin, stdout } = process;
  const press = (keys: Buffer) => {
    if (['q', 'Q', CTRL_C].some(key => keys.includes(key))) leave();
  };
  if (stdin.isTTY) stdin.setRawMode(true).on('data', press);
  process.on('SIGINT', leave).on('SIGTERM', leave);
  const paint = (texts: readonly string[]) =>
    print([`${HOME}${texts.map(text => `${text}${TO_THE_END}`).join('\r\n')}${BELOW}`]);
  const size = () => ({ columns: stdout.columns ?? 80, rows: stdout.rows ?? 24 });
  const color = !process.env.NO_COLOR;
  stdout.write(ALTERNATE);
  let last: Report | undefined;
  const redraw = () => {
    if (last) void paint(frame(last, { ...size(), color }));
  };
  stdout.on('resize', redraw);
  return {
    show: report => {
      last = report;
      return paint(frame(report, { ...size(), color }));
    },
    lost: (why, known) => {
      const { columns, rows } = size();
      const said = why.message.split('\n')[0]!.slice(0, columns);
      return paint([
        color ? `\x1b[1;31m${said}\x1b[0m` : said,
        ...frame(known, { columns, rows: rows - 1, color: false }),
      ]);
    },
    close: () => {
      stdout.off('resize', redraw).write(MAIN);
      if (stdin.isTTY) stdin.off('data', press).setRawMode(false).pause();
      process.off('SIGINT', leave).off('SIGTERM', leave);
    },
  };
};
