// What a change of the config would do to what runs, and to where each receiver stands. Pure.

import { difference } from '../plan.ts';
import type { PlanOutline } from './outline.ts';

/** What becomes of one receiver. */
export interface Foreseen {
  readonly receiver: string;
  /** `refused`: with this change the whole config is. */
  readonly becomes: 'untouched' | 'made anew' | 'started' | 'stopped' | 'refused';
  /** What of it has changed, by place. */
  readonly changed: readonly string[];
  /** What becomes of its position. */
  readonly position: string;
  /** What else to know. */
  readonly notes: readonly string[];
}

interface Standing {
  readonly receiver: string;
  readonly identity: string;
}

export interface Given {
  /** What runs, or ran last. */
  readonly old: PlanOutline;
  readonly next: PlanOutline;
  readonly positions: readonly Standing[];
  /** Pipelines and processors whose memory of what was delivered is kept under their names: `audit/dedupe`. */
  readonly remembering: ReadonlySet<string>;
  /** An identity for people. */
  readonly inWords: (identity: string) => string;
}

type Lane = PlanOutline['lanes'][number];

/** Of each receiver of the old config and of the next. */
export const foresee = (given: Given): readonly Foreseen[] => {
  const { old, next } = given;
  const { keep } = difference(old, next);
  const before = new Map(old.lanes.map(lane => [lane.receiver.name, lane]));
  const names = next.lanes.map(({ receiver }) => receiver.name);
  return [
    ...next.lanes.map(lane =>
      keep.includes(lane.receiver.name) ? untouched(lane) : beginning(lane, before.get(lane.receiver.name), given),
    ),
    ...old.lanes.filter(({ receiver }) => !names.includes(receiver.name)).map(lane => ending(lane, given)),
  ];
};

const untouched = ({ receiver: { name } }: Lane): Foreseen => ({
  receiver: name,
  becomes: 'untouched',
  changed: [],
  position: 'goes on',
  notes: [],
});

const beginning = (lane: Lane, before: Lane | undefined, given: Given): Foreseen => {
  const { positions, next, inWords } = given;
  const { receiver, identity } = lane;
  const own = positions.filter(position => position.receiver === receiver.name);
  const stands = own.some(position => position.identity === identity);
  const changed = before ? changesOf(before, lane, given) : [];
  const names = next.lanes.map(each => each.receiver.name);
  const olds = positions.filter(position => position.identity === identity && !names.includes(position.receiver));
  const become = (becomes: Foreseen['becomes'], position: string, notes: readonly string[] = []) => ({
    receiver: receiver.name,
    becomes,
    changed,
    position,
    notes,
  });
  if (identity === undefined) return become('refused', 'it cannot be created: tributary check says why');
  if (stands)
    return become(before ? 'made anew' : 'started', 'goes on from where it stands', costs(lane, before, given));
  if (olds.length > 0) {
    const adopt = olds.map(old => `tributary state adopt ${old.receiver} ${receiver.name}`).join('; ');
    return become(
      'refused',
      `reads what ${olds.map(old => `'${old.receiver}'`).join(', ')} has read: ${adopt}, once this config is in place`,
    );
  }
  const moved = own.length > 0 ? `, because it reads another log now: ${inWords(identity)}` : '';
  return become(before ? 'made anew' : 'started', `begins at its since${moved}`);
};

const ending = ({ receiver: { name }, identity }: Lane, { positions }: Given): Foreseen => ({
  receiver: name,
  becomes: 'stopped',
  changed: [],
  position: positions.some(position => position.receiver === name && position.identity === identity)
    ? 'stays, and is used when the receiver comes back'
    : 'has none',
  notes: [],
});

/** What of a lane is another one. */
const changesOf = (before: Lane, lane: Lane, { old, next }: Given): readonly string[] => {
  const [was, is] = [placesOf(before), placesOf(lane)];
  const parts = [...new Set([...was, ...is])].flatMap(place => {
    if (!is.includes(place)) return [`${place} goes`];
    if (!was.includes(place)) return [`${place} comes`];
    const [a, b] = [old.parts[place], next.parts[place]];
    if (b?.fingerprint === undefined) return [`${place} holds what cannot be compared, such as a function`];
    if (a?.fingerprint === b.fingerprint) return [];
    const keys = new Set([...Object.keys(a?.options ?? {}), ...Object.keys(b.options)]);
    const changed = [...keys].filter(key => a?.options[key] === undefined || a.options[key] !== b.options[key]);
    return [changed.length > 0 ? `${place}: ${changed.join(', ')}` : `${place}: its code`];
  });
  return parts.length > 0 ? parts : ['the order of processors, or the name of a pipeline'];
};

const placesOf = ({ receiver, routes }: Lane): readonly string[] => [
  `receivers.${receiver.name}`,
  ...new Set(routes.flatMap(route => route.processors.map(name => `processors.${name}`))),
  ...new Set(routes.flatMap(route => route.exporters.map(name => `exporters.${name}`))),
];

/** What it costs a lane that goes on from where it stands. */
const costs = (lane: Lane, before: Lane | undefined, { old, next, remembering }: Given): readonly string[] => {
  const place = `receivers.${lane.receiver.name}`;
  const memories = (of: Lane) =>
    of.routes.flatMap(({ pipeline, processors }) => processors.map(name => `${pipeline}/${name}`));
  const known = before?.identity === lane.identity && before ? memories(before) : undefined;
  const fresh = known ? memories(lane).filter(memory => remembering.has(memory) && !known.includes(memory)) : [];
  const hasSince = before !== undefined && old.parts[place]?.options.since !== next.parts[place]?.options.since;
  return [
    ...(hasSince ? ['since has no effect: it has a position'] : []),
    ...fresh.map(memory => `${memory} has no memory yet: what is read again by overlap and sweep comes once more`),
  ];
};
