// From a config file to a running engine, with what can go wrong on the way said in full.
import { dirname, resolve } from 'node:path';
import type { MetricReader } from '@opentelemetry/sdk-metrics';
import type { Logger } from '../component.ts';
import type { AnyConfig } from '../config.ts';
import { describe, Fault } from '../fault.ts';
import { duration } from '../options.ts';
import { check, type Problem } from '../runtime/check.ts';
import { systemClock } from '../runtime/clock.ts';
import { type Ending, type Engine, type EngineOptions, type Limits, startEngine } from '../runtime/engine.ts';
import { type Budgets, budgets, type WaitNote } from '../runtime/http/budget.ts';
import { httpClients } from '../runtime/http/fetch.ts';
import { LoadError, type LoadOptions, load, loadConfig } from '../runtime/load.ts';
import { type Plan, plan } from '../runtime/plan.ts';
import { rehearse } from '../runtime/rehearse.ts';
import { keepOutline, outlineOf } from '../runtime/reload/outline.ts';
import { codeIn, type Sources } from '../runtime/reload/sources.ts';
import { takeNotes } from '../runtime/state/notes.ts';
import type { Store } from '../runtime/state/state.ts';
import { openState } from '../runtime/state/state-sqlite.ts';
import { STATUS_ADDRESS } from '../runtime/status-page/address.ts';
import type { Status, StatusOptions } from '../runtime/status-page/listener.ts';
import { addressOf } from '../runtime/telemetry/address.ts';
import type { Health } from '../runtime/telemetry/health.ts';
import { type Observer, together } from '../runtime/telemetry/observer.ts';
import { watchSkew } from '../runtime/telemetry/skew.ts';
import type { Telemetry } from '../runtime/telemetry/telemetry.ts';
import { limitHeap } from './heap.ts';

/** Something that the operator has to mend; its message says all. */
export class Stop extends Error {
  override readonly name = 'Stop';
  /** 1 failed, 2 wrong usage. */
  readonly exitCode: 1 | 2;
  /** The files of the config that is wrong, where it is one. */
  readonly sources: Sources | undefined;

  constructor(message: string, exitCode: 1 | 2 = 1, sources?: Sources) {
    super(message);
    this.exitCode = exitCode;
    this.sources = sources;
  }
}

/** A config that is right. */
export interface Read {
  readonly config: AnyConfig;
  readonly options: ReadonlyMap<string, unknown>;
  /** Warnings. */
  readonly problems: readonly Problem[];
  /** In which it lies. */
  readonly folder: string;
  readonly sources: Sources;
}

/** A config that is right, or a Stop that lists everything that is not. */
export const readConfig = async (file: string): Promise<Read> => {
  const read = await readAgain(file, {});
  const ground = { clock: systemClock, log: silent, folder: read.folder };
  refuse(file, [...read.problems, ...(await rehearse(planOf(read), ground))], read.sources);
  return read;
};

/** The same, without creating its components once to see whether that can be done. */
export const readAgain = async (file: string, how: LoadOptions): Promise<Read> => {
  const { config, sources } = await load(file, how).catch(error => {
    throw error instanceof LoadError ? new Stop(error.message, 1, error.sources) : error;
  });
  const { problems, options } = await check(config);
  refuse(file, problems, sources);
  return { config: config as AnyConfig, options, problems, folder: dirname(resolve(file)), sources }; // `check` found no error in it
};

export const planOf = ({ config, options, sources }: Pick<Read, 'config' | 'options' | 'sources'>): Plan =>
  plan(config, place => options.get(place), codeIn(sources));

const refuse = (file: string, problems: readonly Problem[], sources: Sources): void => {
  const errors = problems.filter(p => p.level === 'error').length;
  const message = `${file} has ${errors} problem${errors === 1 ? '' : 's'}:\n${listed(problems)}`;
  if (errors > 0) throw new Stop(message, 1, sources);
};

/** For what is only looked at. */
export const silent: Logger = { info() {}, warn() {}, error() {} };

export const listed = (problems: readonly Problem[]): string =>
  problems
    .map(p => `  ${p.level === 'warning' ? 'warning: ' : ''}${p.place}: ${p.message}${p.where ? ` (${p.where})` : ''}`)
    .join('\n');

/** The folder of the state. */
export const stateFolder = (config: AnyConfig, folder: string): string =>
  resolve(folder, config.engine?.state?.options.path ?? '.tributary');

/** The folder of the state that a config names; no more of the config is looked at. */
export const stateOf = async (file: string): Promise<string> => {
  const config = await loadConfig(file).catch(error => {
    throw error instanceof LoadError ? new Stop(error.message) : error;
  });
  if (typeof config !== 'object' || config === null || !('pipelines' in config))
    throw new Stop(`${file} must export defineConfig({ … }) as its default`);
  return stateFolder(config as AnyConfig, dirname(resolve(file))); // what is wrong with the rest does not matter here
};

export interface Running {
  /** What else than the plan of the config is run. */
  readonly change?: (parts: Plan) => Plan;
  /** What else than the state of the config is run on; its folder. */
  readonly open?: (folder: string) => Store;
  /** Told of the vendors' budgets. */
  readonly spends?: (quotas: Budgets) => void;
  /** What goes on while the engine runs; what it returns ends it. */
  readonly beside?: (running: { engine: Engine; watch: Required<Observer>; log: Logger }) => () => Promise<void>;
}

/** Starts the engine on a config, runs it to its end and closes what it opened. */
export const runConfig = async (
  read: Pick<Read, 'config' | 'options' | 'folder'> & Partial<Pick<Read, 'sources'>>,
  given: Logger,
  options: EngineOptions = {},
  { change = parts => parts, open = openState, spends, beside }: Running = {},
): Promise<readonly Ending[]> => {
  const { config, folder } = read;
  limitHeap();
  const state = stateFolder(config, folder);
  const parts = change(planOf({ sources: new Map(), ...read }));
  const store = await orStop(() => open(state));
  const telemetry = await telemetryOf(config, store, given);
  const log = telemetry?.log ?? given;
  const keep = (wait: WaitNote) => store.note({ drift: [], gaps: [], waits: [wait] }, systemClock.now());
  const quotas = budgets(systemClock, { log, kept: await store.waits(), keep });
  spends?.(quotas);
  const http = httpClients({ clock: systemClock, budgets: quotas, folder, log });
  const notes = takeNotes({ store, clock: systemClock, log });
  let health: Health | undefined;
  let status: Status | undefined;
  try {
    health = await orStop(() => healthOf(config, parts, quotas, store, telemetry?.reader));
    if (health?.address) log.info({ address: health.address }, 'health is served');
    if (!options.once && !options.queuesOnly)
      status = await orStop(() => statusOf({ engine: config.engine, plan: parts, budgets: quotas, store, log, state }));
    if (status) log.info({ page: `http://${status.address}/` }, 'status is served');
    const observers = [
      notes,
      watchSkew(log),
      ...[health, status, telemetry, options].flatMap(part => part?.observers ?? []),
    ];
    const engine = await orStop(() =>
      startEngine(
        parts,
        { store: health?.store ?? store, clock: systemClock, log, http: http.open, folder },
        { ...limitsOf(config), ...options, observers },
      ),
    );
    const release = obeySignals(engine, log);
    if (!options.queuesOnly && open === openState) noteOutline(state, parts, engine, log);
    log.info({ receivers: engine.busy(), state }, 'running');
    const end = beside?.({ engine, watch: together(observers), log });
    try {
      return await engine.ended;
    } finally {
      release();
      await end?.();
    }
  } finally {
    await health?.close();
    await status?.close();
    await http.close();
    await notes.close();
    await telemetry?.close();
    await store.close();
  }
};

/** For `check --diff`: nothing else depends on it. */
export const noteOutline = (state: string, parts: Plan, engine: Engine, log: Logger): void => {
  try {
    keepOutline(state, outlineOf(parts, engine.identities()));
  } catch (error) {
    log.warn({}, `what runs cannot be noted beside the state, for check --diff: ${describe(error)}`);
  }
};

/** What of a config may change while it runs, beside its lanes. */
export const limitsOf = ({ engine: { grace, deadLetters } = {} }: AnyConfig): Limits => ({
  ...(grace && { grace: duration().parse(grace) }),
  ...(deadLetters && { deadLetters }),
});

/** The listener that the config asks for. What it does not ask for is not even loaded. */
const healthOf = async (
  { engine }: AnyConfig,
  parts: Plan,
  quotas: Budgets,
  store: Store,
  reader: MetricReader | undefined,
): Promise<Health | undefined> => {
  const address = addressOf(engine?.health ?? '');
  if (!address && !reader) return undefined;
  const { openHealth } = await import('../runtime/telemetry/health.ts');
  const lagLimit = engine?.lagLimit && duration().parse(engine.lagLimit);
  return openHealth({ address, plan: parts, clock: systemClock, budgets: quotas, store, lagLimit, reader });
};

/** What is told of ourselves to the collector that the config names. */
const telemetryOf = async ({ engine }: AnyConfig, store: Store, log: Logger): Promise<Telemetry | undefined> => {
  if (!engine?.telemetry) return undefined;
  const { openTelemetry } = await import('../runtime/telemetry/telemetry.ts');
  const { endpoint, headers = {}, every } = engine.telemetry;
  const queued = new Map([...(await store.queues())].map(([name, { records }]) => [name, records]));
  const given = { endpoint, headers: Object.entries(headers), every: every && duration().parse(every), queued };
  return openTelemetry(given, { log, clock: systemClock });
};

/** The page and its JSON. Where nobody asked for it, a port that is taken is no reason not to run. */
const statusOf = async (given: Omit<StatusOptions, 'address' | 'clock' | 'lagLimit'>): Promise<Status | undefined> => {
  const { engine } = given;
  if (engine?.status === false) return undefined;
  const { openStatus } = await import('../runtime/status-page/listener.ts');
  const address = addressOf(engine?.status ?? STATUS_ADDRESS)!; // `check` has read the one of the config
  const lagLimit = engine?.lagLimit && duration().parse(engine.lagLimit);
  try {
    return await openStatus({ ...given, address, clock: systemClock, lagLimit });
  } catch (error) {
    if (engine?.status || !(error instanceof Fault)) throw error;
    given.log.warn({ code: error.code }, `the status page is not served: ${describe(error)}`);
    return undefined;
  }
};

/** What opens, or a Stop that says why not, and what to do. */
export const orStop = async <T>(open: () => T | Promise<T>): Promise<T> => {
  try {
    return await open();
  } catch (error) {
    throw error instanceof Fault ? new Stop(`${describe(error)}\n  ${error.remedy}`) : error;
  }
};

/** The first signal stops in order, a second one at once; meanwhile a line says who is still busy. */
const obeySignals = (engine: Engine, log: Logger): (() => void) => {
  let asked = false;
  let timer: NodeJS.Timeout | undefined;
  const obey = (signal: NodeJS.Signals) => {
    if (asked) {
      log.warn({ signal, busy: engine.busy() }, 'stopping at once; what is in hand is read again at the next start');
      return engine.abort();
    }
    asked = true;
    log.info({ signal, busy: engine.busy() }, 'stopping: finishing what is in hand');
    timer = setInterval(() => log.info({ busy: engine.busy() }, 'still stopping'), 5000);
    engine.stop();
  };
  process.on('SIGINT', obey).on('SIGTERM', obey);
  return () => {
    clearInterval(timer);
    process.off('SIGINT', obey).off('SIGTERM', obey);
  };
};

/** What to say of lanes that could not finish; nothing when all did. */
export const unfinished = (endings: readonly Ending[]): string | undefined => {
  const lines = endings.flatMap(({ lane, fault }) =>
    fault ? [`  ${lane}: ${describe(fault)} [${fault.code}]\n    ${fault.remedy}`] : [],
  );
  const queues = endings.filter(({ lane }) => lane.startsWith('queue ')).length; // only those that could not finish
  const [receivers, failed] = [endings.length - queues, lines.length - queues];
  const who = [
    failed > 0 ? `${failed} of ${receivers} receiver${receivers === 1 ? '' : 's'}` : '',
    queues > 0 ? `${queues} queue${queues === 1 ? '' : 's'}` : '',
  ].filter(Boolean);
  return lines.length === 0 ? undefined : `${who.join(' and ')} could not finish:\n${lines.join('\n')}`;
};

/** The last words of a command that was only to say what it would do. */
export const unchanged = (): void => void process.stderr.write('Nothing was changed (--dry-run).\n');

/** Runs a command; a Stop becomes its message and exit code 1. */
export const command = async (work: () => Promise<void>): Promise<void> => {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = error.exitCode;
  }
};
