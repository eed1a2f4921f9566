// The status as JSON: how each receiver, pipeline and exporter does, in numbers with their units in their names, and in
// words. `docs/status.md` explains each field.
import type { Clock } from '../../component.ts';
import { faults } from '../../faults.ts';
import { DAY, SECOND } from '../../options.ts';
import { inWords } from '../../source/words.ts';
import { version } from '../../version.ts';
import type { Budgets } from '../http/budget.ts';
import type { AccountReading } from '../ledger/ledger.ts';
import type { LanePlan, Plan } from '../plan.ts';
import type { Store, StoredPosition } from '../state/state.ts';
import { identityInWords } from '../state/state-tools.ts';
import type { Reload } from '../telemetry/observer.ts';
import type { Standing, Standings, Trouble } from '../telemetry/standing.ts';
import { type Facts, type FaultNote, type LaneFacts, perMinute, REFUSED, SENT } from './facts.ts';
import { pipelinesOf } from './settings.ts';
import { overall, verdictOf } from './verdict.ts';

export interface ReportGround {
  readonly plan: Plan;
  /** The last time that the config was looked at again. */
  readonly reload: Reload | undefined;
  readonly clock: Clock;
  readonly budgets: Budgets;
  readonly standings: Standings;
  readonly facts: Facts;
  readonly store: Store;
  /** The folder of the state. */
  readonly state: string;
  /** From which lag on a receiver is behind; ms. */
  readonly lagLimit: number;
}

export type Report = Awaited<ReturnType<typeof report>>;
export type ReceiverReport = Report['receivers'][number];
export type ExporterReport = Report['exporters'][number];

/** Everything that the page, `tributary status` and `tributary top` show but the charts and the config. */
export const report = async (ground: ReportGround) => {
  const { plan, clock, standings, facts, store, state } = ground;
  const now = clock.now();
  const positions = await store.positions();
  const troubles = new Map(standings.now().map(standing => [standing.lane, standing]));
  const receivers = plan.lanes.map(lane => receiverOf(lane, troubles.get(lane.receiver.name), positions, ground));
  const exporters = await exportersOf(ground);
  return {
    ...overall(receivers, exporters),
    now: iso(now),
    program: {
      version,
      node: process.versions.node,
      pid: process.pid,
      started: iso(facts.started),
      up_seconds: seconds(now - facts.started),
      memory_bytes: process.memoryUsage.rss(),
      state,
    },
    reload: ground.reload ? reloadOf(ground.reload) : null,
    receivers,
    pipelines: stepsIn(plan, facts),
    exporters,
    flows: flowsOf(plan, facts, now),
    dead_letters: await deadLetters(ground),
    ledger: (await store.reading()).accounts.map(accountOf),
  };
};

const reloadOf = ({ time, outcome, reason, change, adopted = [], notes = [] }: Reload) => ({
  at: iso(time),
  outcome,
  reason: reason ?? null,
  kept: change?.keep ?? [],
  stopped: change?.stop ?? [],
  started: change?.start ?? [],
  adopted: adopted.map(({ from, to }) => ({ from, to })),
  notes,
});

const receiverOf = (
  { receiver: { name, spec } }: LanePlan,
  standing: Standing | undefined,
  positions: readonly StoredPosition[],
  { budgets, facts, lagLimit }: ReportGround,
) => {
  const mine = facts.lane(name);
  const position = positions.find(one => one.receiver === name && one.identity === mine.identity);
  const lag = standing?.lag ?? 0;
  const trouble = standing?.trouble;
  return {
    name,
    type: spec.type,
    reads: mine.identity === undefined ? null : identityInWords(mine.identity),
    ...verdictOf({ trouble, lag, lagLimit, rested: mine.rested, ended: mine.ended }),
    lag_seconds: seconds(lag),
    last_poll: mine.asked
      ? { at: iso(mine.asked.at), status: mine.asked.status ?? null, took_seconds: seconds(mine.asked.took) }
      : null,
    requests: mine.requests,
    position: position
      ? { words: inWords(position.value, position.low), low: iso(position.low), moved: position.count }
      : null,
    newest_event: mine.newest === undefined ? null : iso(mine.newest),
    clock_skew_seconds: mine.skew === undefined ? null : seconds(mine.skew),
    budget: budgetOf(mine, budgets),
    credential_ends: endOf(mine),
    records: mine.read,
    gap: mine.gap ? { from: iso(mine.gap.from), to: iso(mine.gap.to) } : null,
    trouble: troubleOf(trouble),
    faults: mine.faults.map(faultOf),
  };
};

/** What is left of the vendor's quota, by its own word where it gave one, else by our count. */
const budgetOf = ({ clients }: LaneFacts, budgets: Budgets) => {
  const own = budgets.standings().filter(({ key }) => clients.has(key));
  const left = own.map(({ told, remaining }) => told ?? remaining).filter(number => number !== undefined);
  const until = Math.max(0, ...own.map(one => one.until));
  if (left.length === 0 && until === 0) return null;
  const rates = [...clients.values()].flatMap(client => client.rates ?? []);
  return {
    left: left.length === 0 ? null : Math.min(...left),
    said_by: own.some(({ told }) => told !== undefined) ? 'vendor' : 'us',
    waits_until: until === 0 ? null : iso(until),
    rates: rates.map(({ requests, per }) => ({ requests, per_seconds: seconds(per) })),
  };
};

const endOf = ({ clients }: LaneFacts): string | null => {
  const ends = [...clients.values()].flatMap(({ auth }) => auth?.expires?.() ?? []);
  return ends.length === 0 ? null : iso(Math.min(...ends));
};

const troubleOf = (trouble: Trouble | undefined) => {
  if (!trouble) return null;
  const { fault, place, since } = trouble;
  const { code, kind, status, remedy } = fault;
  return { code, kind, status: status ?? null, place, since: iso(since), meaning: faults[code].meaning, remedy };
};

const faultOf = ({ code, kind, status, place, words, first, last, times }: FaultNote) => ({
  code,
  kind,
  status: status ?? null,
  place,
  words,
  meaning: faults[code].meaning,
  remedy: faults[code].remedy,
  first: iso(first),
  last: iso(last),
  times,
});

const stepsIn = (plan: Plan, facts: Facts) =>
  pipelinesOf(plan).map(({ name: pipeline, receivers, processors, exporters }) => ({
    name: pipeline,
    receivers,
    steps: processors.map(({ name, spec }) => ({
      name,
      type: spec.type,
      ...facts.step(`pipeline/${pipeline}/${name}`),
    })),
    exporters,
  }));

const exportersOf = async ({ plan, facts, standings, store, clock }: ReportGround) => {
  const holdings = await store.queues();
  const since = { now: clock.now(), started: facts.started };
  const queues = new Map(standings.queues().map(({ exporter, trouble }) => [exporter, trouble]));
  const direct = standings.now().map(({ trouble }) => trouble);
  return plan.exporters.map(({ name, spec, queue }) => {
    const trouble = queues.get(name) ?? direct.find(one => one?.place === `exporter/${name}`);
    const { rows, records, bytes } = holdings.get(name) ?? { rows: 0, records: 0, bytes: 0 };
    const sent = facts.flow(`exporter/${name}`, SENT);
    return {
      name,
      type: spec.type,
      ...verdictOf({ trouble, lag: 0, lagLimit: 1, rested: true, ended: false }),
      sent: sent.records,
      sent_per_minute: round(perMinute(sent, since)),
      refused: facts.flow(`exporter/${name}`, REFUSED).records,
      queue: queue ? { batches: rows, records, bytes, limit_bytes: queue.limit } : null,
      trouble: troubleOf(trouble),
      faults: queue ? facts.lane(`exporter/${name}`).faults.map(faultOf) : [],
    };
  });
};

/** What flows along each line of the graph, in the order of the config. */
const flowsOf = ({ lanes }: Plan, facts: Facts, now: number) => {
  const routes = lanes.flatMap(({ receiver, routes: own }) =>
    own.map(({ pipeline, exporters }) => ({ receiver: receiver.name, pipeline, exporters })),
  );
  const lines = routes.flatMap(({ receiver, pipeline, exporters }) => [
    [`receiver/${receiver}`, `pipeline/${pipeline}`] as const,
    ...exporters.map(({ name }) => [`pipeline/${pipeline}`, `exporter/${name}`] as const),
  ]);
  return [...new Map(lines.map(line => [line.join(' '), line])).values()].map(([from, to]) => {
    const flow = facts.flow(from, to);
    return { from, to, records: flow.records, per_minute: round(perMinute(flow, { now, started: facts.started })) };
  });
};

const deadLetters = async ({ plan, store, clock }: ReportGround) => {
  const steps = pipelinesOf(plan).flatMap(({ name: pipeline, processors }) =>
    processors.map(({ name }) => `pipeline/${pipeline}/${name}`),
  );
  const places = [...steps, ...plan.exporters.map(({ name }) => `exporter/${name}`)];
  const day = clock.now() - DAY;
  const counts = await Promise.all(places.map(async place => ({ place, last_day: await store.deadAt(place, day) })));
  return { total: await store.letters(), places: counts.filter(({ last_day }) => last_day > 0) };
};

/** What became of the records of a receiver on their way to an exporter, since the ledger began. */
const accountOf = ({ receiver, pipeline, exporter, fetched, ...fates }: AccountReading) => {
  const { duplicate, filtered, delivered, dead, pending } = fates;
  const holds = fetched === duplicate + filtered + delivered + dead + pending;
  return { receiver, pipeline, exporter, fetched, duplicate, filtered, delivered, dead, pending, holds };
};

const iso = (ms: number): string => new Date(ms).toISOString();
const seconds = (ms: number): number => ms / SECOND;
const round = (number: number): number => Math.round(number * 10) / 10;
