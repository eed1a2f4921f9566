// One history of chaos, in a process of its own: it plays the vendors and the sinks, is never killed, and knows what is
// true. The program lives beside it, life after life. Started by index.ts, which it tells what it saw.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { validate } from '../../src/ocsf/validate.ts';
import { SECOND } from '../../src/options.ts';
import { dice } from '../property/crash/dice.ts';
import { readDeadLetters } from '../support/letters.ts';
import { tributary } from '../support/program.ts';
import { check } from './check.ts';
import { configOf, FOLDERS, secretsOf } from './config.ts';
import type { Evidence, Letter, Line, Sent } from './evidence.ts';
import { liveAndStop, liveUntil } from './life.ts';
import { isPoisoned } from './poison.ts';
import type { Report } from './report.ts';
import { schedule } from './schedule.ts';
import { type FickleSink, fickleSink, idOf } from './sinks.ts';
import { SETTLED, startVendors } from './vendors.ts';

export interface Task {
  readonly seed: number;
  /** Kills at places, and at random, as the schedule has them. */
  readonly kills: number;
  /** No kill after this; ms since the epoch. */
  readonly deadline: number;
  /** Where Node keeps what it compiled: starting takes half as long with it. */
  readonly compiled: string;
}

/** How long the program may take to empty everything when nothing fails any more. */
const PATIENCE = '10m';

const play = async ({ seed, kills, deadline, compiled }: Task): Promise<Report> => {
  const folder = mkdtempSync(join(tmpdir(), `tributary-chaos-${seed}-`));
  const vendors = await startVendors(seed);
  const sinks = {
    collector: await fickleSink('collector', seed + 1, false),
    later: await fickleSink('later', seed + 2, true),
  };
  const limit = dice(seed).pick('16KiB', '64MiB');
  const file = join(folder, 'pipeline.config.ts');
  writeFileSync(file, configOf(vendors, { collector: sinks.collector.url, later: sinks.later.url, limit }));
  for (const name of ['tmp', 'lives']) mkdirSync(join(folder, name));
  const secrets = { ...secretsOf(vendors.vendors), NODE_COMPILE_CACHE: compiled, TMPDIR: join(folder, 'tmp') };

  const killed = new Set<number>();
  const deaf = new Set<string>();
  const faults: string[] = [];
  const places: Record<string, number> = {};
  const bump = (place: string) => {
    places[place] = (places[place] ?? 0) + 1;
  };
  const run = ['run', '-c', file, '--log', 'json'];
  let lives = 0;
  const env = () => ({ ...secrets, CHAOS_LIFE: String(lives) });
  const listen = (log: string) => {
    for (const [name, { url }] of Object.entries(sinks)) if (isDeaf(log, url)) deaf.add(`${name} ${lives}`);
  };
  const endedByItself = (how: { code: number | null; stderr: string }) =>
    faults.push(`life ${lives} ended by itself with ${how.code}: ${how.stderr.slice(-2000)}`);

  // In the first life all is well, and it ends in order: only then does Node keep what it compiled.
  const first = await liveAndStop(run, env(), SECOND);
  if (first.code !== 0) endedByItself(first);

  const misbehave = (on: boolean) => {
    for (const each of [vendors, ...Object.values(sinks)]) each.misbehave(on);
  };
  misbehave(true);
  const plan = schedule(seed);
  for (let done = 0; done < kills && Date.now() < deadline && faults.length === 0; ) {
    const kill = plan.next().value!; // it has no end
    for (let tries = 0; tries < 3; tries++) {
      lives++;
      const { signal, met, ...how } = await liveUntil(kill, run, env());
      writeFileSync(join(folder, 'lives', `${lives}.ndjson`), how.stderr);
      listen(how.stderr);
      if (signal !== 'SIGKILL') endedByItself(how);
      killed.add(lives);
      bump(met && 'at' in kill ? kill.at : met ? 'at random' : 'at random, waiting for a place');
      if (met || signal !== 'SIGKILL') break;
    }
    done++;
  }

  // Nothing happens any more, and nothing fails.
  vendors.rest();
  misbehave(false);
  await new Promise(done => setTimeout(done, SETTLED));
  lives++;
  const last = await liveUntil(undefined, ['once', '-c', file, '--log', 'json', '--patience', PATIENCE], env());
  writeFileSync(join(folder, 'lives', `${lives}.ndjson`), last.stderr);
  listen(last.stderr);
  if (last.code !== 0) faults.push(`the last life did not drain everything: ${last.code}: ${last.stderr.slice(-2000)}`);
  for (const words of [['state', 'check'], ['queue', 'verify'], ['ledger']]) {
    const { code, stdout, stderr } = await tributary([...words, '-c', file], { env: env() }).ended;
    if (code !== 0) faults.push(`${words.join(' ')} says ${code}: ${stdout}${stderr}`);
  }

  const generated = vendors.generated();
  const letters = readDeadLetters(join(folder, '.tributary'));
  const lines = Object.fromEntries(
    Object.entries(FOLDERS).map(([name, below]) => [name, readLines(folder, below, faults)]),
  );
  const evidence: Evidence = {
    generated,
    poisoned: new Set([...generated.keys()].filter(isPoisoned)),
    files: lines,
    sinks: {
      collector: { sent: heard('collector', sinks.collector, deaf), queued: false },
      later: { sent: heard('later', sinks.later, deaf), queued: true },
    },
    letters: letters.map(
      ({ place, code, record: { id, part = 0 } }): Letter => ({ place, id, part, partial: code === 'E_SINK_PARTIAL' }),
    ),
    killed,
    faults: [...faults, ...sinks.collector.faults, ...sinks.later.faults],
  };
  const { violations, ends } = check(evidence);
  await vendors.close();
  for (const sink of Object.values(sinks)) await sink.close();
  if (violations.length === 0) rmSync(folder, { recursive: true, force: true });
  else writeFileSync(join(folder, 'sent.json'), JSON.stringify(evidence.sinks, null, 1));
  return {
    seed,
    lives: lives + 1,
    places,
    generated: generated.size,
    letters: tallyOf(letters.map(({ place, code }) => `${place} ${code}`)),
    ends,
    met: { vendors: vendors.faults(), collector: sinks.collector.deeds, later: sinks.later.deeds },
    violations,
    folder: violations.length === 0 ? undefined : folder,
  };
};

/** Whether the program said that it waited for an answer of this sink in vain. */
const isDeaf = (log: string, url: string): boolean =>
  log.split('\n').some(line => line.includes('"E_TIMEOUT"') && line.includes(url));

/** In such a life it cannot be known which answers came through: on a busy machine, some come too late. */
const heard = (name: string, { sent }: FickleSink, deaf: ReadonlySet<string>): readonly Sent[] =>
  sent.map(each => (each.fate === 'taken' && deaf.has(`${name} ${each.life}`) ? { ...each, fate: 'unheard' } : each));

/** Every line of every file, finished or not; what is wrong with one is added to the faults. */
const readLines = (folder: string, below: string, faults: string[]): readonly Line[] => {
  const entries = readdirSync(join(folder, below), { recursive: true, withFileTypes: true }).filter(e => e.isFile());
  return entries.flatMap(({ parentPath, name }) => {
    const path = join(parentPath, name);
    const bytes = readFileSync(path);
    const text = bytes.length === 0 ? '' : (name.includes('.gz') ? gunzipSync(bytes) : bytes).toString();
    return text.split('\n').flatMap((line, i): Line[] => {
      if (line === '') return [];
      const event = JSON.parse(line) as { metadata: { uid: string } };
      const at = `${relative(folder, path)}:${i + 1}`;
      const [finding] = validate(event);
      if (finding) faults.push(`${at} is not valid: ${JSON.stringify(finding)}`);
      return [{ id: idOf(event), uid: event.metadata.uid, at }];
    });
  });
};

const tallyOf = (words: readonly string[]): Record<string, number> =>
  Object.fromEntries([...Map.groupBy(words, word => word)].map(([word, all]) => [word, all.length]));

process.once('message', (task: Task) => {
  play(task).then(
    report => process.send!(report, () => process.exit()), // it was forked: there is somebody to tell
    error => {
      process.stderr.write(`${error.stack}\n`);
      process.exit(1);
    },
  );
});
