// `npm run chaos`: kills the real program again and again between vendors and sinks that misbehave, and judges what
// arrived. Exits with 1 if anything is lost, comes twice, or comes again for no reason (docs/reliability.md).
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { MINUTE, SECOND } from '../../src/options.ts';
import type { Task } from './history.ts';
import { checksOf, isEnough, type Report, tableOf } from './report.ts';
import { ROUND } from './schedule.ts';

const HELP = `npm run chaos -- [options]
  --minutes N   no kill after so many minutes; 5 when absent
  --seed N      which schedule, vendors and moods; 1 when absent
  --kills N     end after so many kills, rounded up to whole rounds of ${ROUND}; when absent, only time ends it
  --each N      go on beyond --kills until each fail point killed it so often, and chance three times as often; fail if
                the time is over before
  --at-once N   histories side by side; 2 when absent
`;

/** Rounds of a history: then another one begins from nothing, so that on a slow machine no vendor gets ever further ahead. */
const ROUNDS = 2;

const main = async (): Promise<number> => {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '5' },
      seed: { type: 'string', default: '1' },
      kills: { type: 'string' },
      each: { type: 'string', default: '0' },
      'at-once': { type: 'string', default: '2' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const [minutes, seed, each, atOnce] = [values.minutes, values.seed, values.each, values['at-once']].map(whole);
  const rounds = values.kills === undefined ? Number.POSITIVE_INFINITY : Math.ceil(whole(values.kills) / ROUND);
  const compiled = mkdtempSync(join(tmpdir(), 'tributary-compiled-'));
  const begin = performance.now();
  const deadline = Date.now() + minutes! * MINUTE; // four of four
  const reports: Report[] = [];
  let [left, next] = [rounds, seed!];

  const work = async () => {
    while ((left > 0 || !isEnough(reports, each!)) && Date.now() < deadline) {
      const share = Math.max(1, Math.min(left, ROUNDS, Math.ceil(rounds / atOnce!)));
      left -= share;
      const report = await play({ seed: next++, kills: share * ROUND, deadline, compiled });
      reports.push(report);
      const kills = Object.values(report.places).reduce((a, b) => a + b, 0);
      process.stderr.write(
        `seed ${report.seed}: ${kills} kills, ${report.generated} records, ${report.violations.length} differences, ${passed()} s\n`,
      );
    }
  };
  const passed = () => ((performance.now() - begin) / SECOND).toFixed(0);
  try {
    await Promise.all(Array.from({ length: atOnce! }, work));
  } finally {
    rmSync(compiled, { recursive: true, force: true });
  }
  process.stdout.write(tableOf(reports, (performance.now() - begin) / SECOND));
  const checks = Object.entries(checksOf(reports, each!));
  const failed = checks.filter(([, fine]) => !fine);
  for (const [what] of failed) process.stdout.write(`FAILED: ${what}\n`);
  process.stdout.write(`chaos: ${checks.length - failed.length} passed, ${failed.length} failed\n`);
  return failed.length === 0 ? 0 : 1;
};

/** A history in a process of its own; rejects where that one fails. */
const play = (task: Task): Promise<Report> =>
  new Promise((done, fail) => {
    const child = fork(join(import.meta.dirname, 'history.ts'), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    child.once('message', (report: Report) => done(report));
    child
      .once('error', fail)
      .once('exit', code => fail(new Error(`the history of seed ${task.seed} ended with ${code}`)));
    child.send(task);
  });

const whole = (text: string | undefined): number => {
  if (text !== undefined && /^\d+$/.test(text)) return Number(text);
  process.stderr.write(`'${text}' is not a whole number\n${HELP}`);
  process.exit(2);
};

process.exitCode = await main();
