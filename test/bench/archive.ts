// 200,000 events of a simulated 1Password in another process: receive → dedupe → OCSF → durable NDJSON file, by the
// program as it is built. CPU per event against the floor: parsing the same pages and writing the same events as JSON, in a
// bare loop. Three rounds of both in turns, and of each figure the middle one: other tenants of the machine come and go.
import { execFileSync } from 'node:child_process';
import { createReadStream, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { request } from 'undici';
import { cpuMeter, type Figure, megabytes, perEvent, ratio, startOther } from './measure.ts';

const EVENTS = Number(process.env.BENCH_EVENTS ?? 200_000);
const FEEDS = ['auditevents', 'signinattempts', 'itemusages'] as const;

export const run = async (): Promise<readonly Figure[]> => {
  execFileSync('npm', ['run', '--silent', 'build']);
  const vendor = await startOther('vendor.ts', [String(EVENTS)]);
  try {
    const url = String(vendor.ready.url);
    const { token } = vendor.ready.credentials as { token: string };
    process.env.BENCH_TOKEN = token;
    const rounds: Round[] = [];
    while (rounds.length < 3) rounds.push(await round(url, token));
    return figures(rounds);
  } finally {
    await vendor.end();
  }
};

interface Round {
  readonly work: Work;
  readonly floor: { readonly events: number; readonly cpu: number };
}

const round = async (url: string, token: string): Promise<Round> => {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-bench-'));
  try {
    return { work: await pipeline(url, folder), floor: await bareLoop(url, token, folder) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

const figures = (rounds: readonly Round[]): readonly Figure[] => {
  const middle = (figure: (round: Round) => number) => rounds.map(figure).toSorted((a, b) => a - b)[1]!;
  const against = ({ work, floor }: Round) => work.cpu / work.events / (floor.cpu / floor.events);
  const each = rounds.map(one => against(one).toFixed(1)).join(', ');
  return [
    { what: 'events a round', value: String(middle(({ work }) => work.events)) },
    {
      what: 'CPU per event',
      value: perEvent(
        middle(({ work }) => work.cpu / work.events),
        1,
      ),
    },
    {
      what: '  of it: other threads',
      value: perEvent(
        middle(({ work }) => (work.cpu - work.main) / work.events),
        1,
      ),
    },
    {
      what: 'floor: parse and stringify in a bare loop',
      value: perEvent(
        middle(({ floor }) => floor.cpu / floor.events),
        1,
      ),
    },
    goal('CPU against the floor', middle(against), 3, n => `${ratio(n, 1)} (${each})`, '≤ 3 ×'),
    {
      what: 'of it: mapping (normalize), elapsed',
      value: perEvent(
        middle(({ work }) => work.mapping / work.events),
        1,
      ),
    },
    {
      what: 'of it: commits, elapsed',
      value: perEvent(
        middle(({ work }) => work.commits / work.events),
        1,
      ),
    },
    {
      what: 'one commit of a page, elapsed',
      value: `${(middle(({ work }) => work.commits / work.batches) / 1000).toFixed(2)} ms`,
    },
    { what: 'resident memory idle', value: megabytes(middle(({ work }) => work.idle)) },
    goal(
      'resident memory at work, at most',
      middle(({ work }) => Math.max(...work.tenths)),
      160 * 2 ** 20,
      megabytes,
      '≤ 160 MB',
    ),
    goal(
      'last tenth against the second',
      middle(({ work }) => work.tenths.at(-1)! / work.tenths[1]!),
      1.1,
      n => ratio(n, 1),
      'flat (≤ 1.1 ×)',
    ),
  ];
};

const goal = (what: string, n: number, limit: number, show: (n: number) => string, text: string): Figure => ({
  what,
  value: show(n),
  goal: { met: n <= limit, text },
});

interface Work {
  readonly events: number;
  readonly batches: number;
  /** Bytes, before the first event. */
  readonly idle: number;
  /** Bytes at most, by tenths of the events. */
  readonly tenths: readonly number[];
  /** Microseconds, of all threads. */
  readonly cpu: number;
  /** Of it, that of the main thread. */
  readonly main: number;
  readonly mapping: number;
  readonly commits: number;
}

const pipeline = async (url: string, folder: string): Promise<Work> => {
  const flags = process.env.BENCH_NODE_FLAGS?.split(' ') ?? [];
  const { ready, end } = await startOther('pipeline.js', [url, folder, String(EVENTS)], flags);
  await end();
  return ready as unknown as Work; // what it says is just that
};

/** The same pages parsed and the same events written as JSON, a thousand at a time, nothing else measured. */
const bareLoop = async (url: string, token: string, folder: string) => {
  const cpu = cpuMeter();
  let events = 0;
  for (const feed of FEEDS) {
    let body: object = { limit: 1000, start_time: new Date(0).toISOString() };
    for (let more = true; more; ) {
      const answer = await request(`${url}/api/v2/${feed}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      const text = await answer.body.text();
      const page = await cpu.during(() => JSON.parse(text) as { cursor: string; has_more: boolean; items: unknown[] });
      events += page.items.length;
      body = { cursor: page.cursor };
      more = page.has_more;
    }
  }
  for (const name of readdirSync(folder).filter(n => n.includes('.ndjson'))) {
    let block: unknown[] = [];
    const write = () => cpu.during(() => block.map(event => JSON.stringify(event)).length);
    for await (const line of createInterface({ input: createReadStream(join(folder, name)) })) {
      block.push(JSON.parse(line));
      if (block.length < 1000) continue;
      await write();
      block = [];
    }
    await write();
  }
  return { events, cpu: cpu.total() };
};
