// Looks at each receiver and each exporter of a config, all at once: created as the engine would, asked once, and closed.
// What they say of themselves is theirs; what the engine knows of every one (the budget, a queue) is added here.
import type { Diagnosis, Spec } from '../../component.ts';
import { isObject } from '../../json.ts';
import type { AuditRecord, Json, JsonObject } from '../../model.ts';
import { systemClock } from '../../runtime/clock.ts';
import { contextOf, type Ground, receiverContextOf } from '../../runtime/context.ts';
import { budgets, type WaitNote } from '../../runtime/http/budget.ts';
import { httpClients } from '../../runtime/http/fetch.ts';
import { QUIET, stage } from '../../runtime/rehearse.ts';
import type { PositionRow } from '../../runtime/state/position-sqlite.ts';
import { silent } from '../session.ts';
import { jsonOf } from '../state/installation.ts';
import { bounded } from './bound.ts';
import { at, type Finding, ok, warning } from './finding.ts';

interface Part<K extends 'receiver' | 'exporter'> {
  readonly name: string;
  readonly spec: Spec<K>;
  /** What the schema made of them. */
  readonly options: unknown;
}

/** What of the state a look needs: read once, and never written. */
export interface Known {
  readonly positions: readonly PositionRow[];
  /** Until when vendors may not be asked: that is obeyed here, too. */
  readonly waits: readonly WaitNote[];
}

/** @param folder of the config */
export const lookAtReceiver = async (
  { name, spec, options }: Part<'receiver'>,
  folder: string,
  { positions, waits }: Known,
): Promise<readonly Finding[]> => {
  const quotas = budgets(systemClock, { kept: waits });
  const found = await within(folder, quotas, positions, async (ground, signal) => {
    const receiver = spec.create(receiverContextOf(name, ground, QUIET), options);
    try {
      return (await receiver.probe?.(signal)) ?? [ok('it has no way to be asked without reading')];
    } finally {
      await receiver.close?.();
    }
  });
  return [...found, ...way(found, options), ...quota(quotas)].map(at(`receivers.${name}`));
};

/** @param marked what is handed over, where that is wanted */
export const lookAtExporter = async (
  { name, spec, options }: Part<'exporter'>,
  folder: string,
  marked: AuditRecord | undefined,
): Promise<readonly Finding[]> => {
  const found = await within(folder, budgets(systemClock), [], async (ground, signal) => {
    const exporter = spec.create(contextOf(name, `exporter/${name}`, ground), options);
    try {
      return (await exporter.probe?.(signal, marked)) ?? [ok('there is nothing to reach')];
    } finally {
      await exporter.close?.();
    }
  });
  return [...found, ...way(found, options)].map(at(`exporters.${name}`));
};

/** With a network of its own, and a state that only tells positions. */
const within = async (
  folder: string,
  quotas: ReturnType<typeof budgets>,
  positions: readonly PositionRow[],
  look: (ground: Ground, signal: AbortSignal) => Promise<readonly Diagnosis[]>,
): Promise<readonly Diagnosis[]> => {
  const gone = new AbortController();
  const http = httpClients({ clock: systemClock, budgets: quotas, folder });
  const still = stage({ clock: systemClock, log: silent, folder }, gone.signal);
  const ground: Ground = {
    ...still,
    http: http.open,
    store: {
      ...still.store,
      position: async (receiver, identity) => {
        const row = positions.find(p => p.receiver === receiver && p.identity === identity);
        return row && { value: jsonOf(row.value) as Json, count: row.count };
      },
    },
  };
  try {
    return await bounded(signal => look(ground, signal));
  } finally {
    gone.abort();
    await http.close();
  }
};

/** Where something was not reached: that there may be a proxy on the way. Of its address, only what is no credential. */
const way = (found: readonly Diagnosis[], options: unknown): readonly Diagnosis[] => {
  const own = isObject(options as Json) ? (options as JsonObject).proxy : undefined; // as far as it is one
  const address = typeof own === 'string' ? own : (process.env.https_proxy ?? process.env.HTTPS_PROXY);
  const { protocol, host } = URL.parse(address ?? '') ?? {};
  if (host === undefined || !found.some(({ what }) => /\[E_(NETWORK|TIMEOUT|TLS)\]$/.test(what))) return [];
  const by = typeof own === 'string' ? '`proxy` is set' : 'HTTPS_PROXY is set';
  return [
    warning(
      `${by}: the way may lead through ${protocol}//${host}`,
      'See whether that proxy is there, and lets this through; NO_PROXY goes around the one of the environment.',
    ),
  ];
};

/** What the vendor itself said of its quota, with the answers that it gave. */
const quota = (quotas: ReturnType<typeof budgets>): readonly Diagnosis[] =>
  quotas.standings().flatMap(({ told, until }) => {
    const rest = 'Poll less (`every`), or see who else uses this credential.';
    if (until > 0) return [warning(`the vendor allows no request before ${new Date(until).toISOString()}`, rest)];
    if (told === undefined) return [];
    return told === 0
      ? [warning('the quota at the vendor is used up', rest)]
      : [ok(`${told} requests are left of the quota`)];
  });
