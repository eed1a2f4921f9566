// What each row of an export means in OCSF 1.8. The vendor gives no address of a client, which rules out the classes that
// require one; what a row does not say degrades to Entity Management, and a row that is broken to Translation Error.
import {
  type Draft,
  Fields,
  isObject,
  type Json,
  type JsonObject,
  type Mapping,
  parse,
  type ReadOptions,
} from '../../src/index.ts';
import { type Columns, type Field, meaning } from './columns.ts';
import { type Action, readAction, type Shape } from './ocsf-actions.ts';

export const mapping: Mapping = {
  describe: ({ site, tenant }) => ({
    product: { name: 'Opaque', vendor_name: 'Opaque Systems', feature: { name: 'Audit Logs' } },
    provider: 'Opaque Systems',
    log: 'results.csv',
    format: 'CSV',
    address: site,
    tenant: tenant || undefined,
  }),
  read: ({ raw, id }, { types }) => [
    isObject(raw) ? read(raw, id, types) : broken(new Fields({ record: raw }), {}, 'the record is not a row'),
  ],
};

const read = (raw: JsonObject, id: string, types: ReadOptions['types']): Draft => {
  const record = new Fields(isObject(raw.row) ? { ...raw, row: opened(raw.row) } : opened(raw));
  const about = record.object('export');
  const metadata = proofOf(about);
  const cells = isObject(raw.row) ? record.object('row') : record;
  const row = rowOf(cells, Object.keys(isObject(raw.row) ? raw.row : raw), about);

  const problem = about.text('problem');
  if (problem !== undefined) return broken(record, metadata, problem);
  const [time, action] = [row.take('time'), row.take('action')];
  if (time === undefined && action === undefined)
    return broken(record, metadata, 'the row has neither a time nor an action');
  if (row.take('id') !== id) row.leave('id');

  const meant = readAction(types?.get(action ?? '') ?? action ?? '');
  const people = peopleOf(row);
  const drawn = shapes[meant.shape](row, meant, people) ?? entity(row, meant);
  const activity = drawn.activity ?? meant.activity;
  const workspace = row.take('workspace');
  const status = statusOf(row);
  return {
    class_uid: drawn.class_uid,
    activity_id: activity,
    ...(activity === 99 && { activity_name: action ?? 'an action without a name' }),
    severity_id: Math.max(status === 2 ? 2 : 1, meant.severity ?? 1, severityOf(metadata)),
    status_id: status,
    message:
      row.take('description') ??
      [action ?? 'Opaque event', ...(drawn.target === undefined ? [] : [drawn.target])].join(': '),
    metadata: {
      ...metadata,
      ...(action !== undefined && { event_code: action }),
      ...(time !== undefined && { original_time: time }),
      ...(workspace !== undefined && { tags: [{ name: 'workspace', value: workspace }] }),
    },
    attributes: { ...drawn.attributes, actor: people.actor && { user: people.actor } },
    unmapped: record.rest(),
    ...(!meant.known && { unknown: action ?? 'a row without an action' }),
  };
};

/** Cells that look like JSON, as what they are; the others as they stand. */
const opened = (cells: JsonObject): JsonObject =>
  Object.fromEntries(
    Object.entries(cells).map(([name, cell]) => [name, typeof cell === 'string' ? openCell(cell) : cell]),
  );

const openCell = (cell: string): Json => {
  if (cell === '') return null; // says nothing
  if (!/^\s*[[{]/.test(cell)) return cell;
  try {
    return parse(cell) as Json; // it comes from JSON
  } catch {
    return cell;
  }
};

// ---- What is known of the export ----

const proofOf = (about: Fields): JsonObject => {
  const [signature, archive] = [about.text('signature'), about.text('archive')];
  const labels = [
    ...(signature === undefined ? [] : [`signature:${signature}`]),
    ...(about.peek('filtered') === 'yes' ? ['export:filtered'] : []),
  ];
  return { ...(labels.length > 0 && { labels }), ...(archive !== undefined && { log_source: archive }) };
};

/** An export that is not proven is a protection lost. */
const severityOf = ({ labels }: JsonObject): number =>
  Array.isArray(labels) && labels.some(label => /^signature:(?!verified$)/.test(String(label))) ? 3 : 1;

// ---- The row, by what its columns mean ----

interface Row {
  /** The text of a cell. */
  take(field: Field): string | undefined;
  /** Gives it back to `unmapped`. */
  leave(field: Field): void;
  /** A cell with JSON in it. */
  object(field: Field): Fields;
}

const rowOf = (cells: Fields, names: readonly string[], about: Fields): Row => {
  const columns = about.peek('columns');
  const known = meaning(names, isObject(columns) ? (columns as Columns) : undefined); // our own receiver wrote it
  return {
    take: field => {
      const name = known.get(field);
      return name === undefined ? undefined : cells.text(name);
    },
    leave: field => {
      const name = known.get(field);
      if (name !== undefined) cells.leave(name);
    },
    object: field => {
      const name = known.get(field);
      return name === undefined ? new Fields(undefined) : cells.object(name);
    },
  };
};

const statusOf = (row: Row): number => {
  const status = row.take('status');
  if (status === undefined) return 0;
  const known = STATUS.get(status.toLowerCase()) ?? 0;
  if (!/^(success|failure)$/i.test(status)) row.leave('status'); // OCSF's own words say it as well
  return known;
};

/** The vendor's two words, and others that could be meant by them. */
const STATUS: ReadonlyMap<string, number> = new Map([
  ...['success', 'successful', 'succeeded', 'ok'].map(word => [word, 1] as const),
  ...['failure', 'failed', 'fail', 'error'].map(word => [word, 2] as const),
]);

// ---- People ----

/** The schema's form of an e-mail address, 1.8.0. */
const EMAIL = /^[a-zA-Z0-9!#$%&'*+-/=?^_`{|}~.]+@[a-zA-Z0-9-]+\.[a-zA-Z0-9-.]+$/;

interface People {
  readonly actor: JsonObject | undefined;
}

const peopleOf = (row: Row): People => {
  const [name, email, uid] = [row.take('actor'), row.take('actorEmail'), row.take('actorId')];
  return { actor: person(name, email, uid) };
};

const person = (name: string | undefined, email?: string, uid?: string): JsonObject | undefined => {
  const login = email ?? name;
  if (login === undefined && uid === undefined) return undefined;
  return {
    ...(uid !== undefined && { uid }),
    ...(login !== undefined && { name: login }),
    ...(email !== undefined && name !== undefined && name !== email && { full_name: name }),
    ...(login !== undefined && EMAIL.test(login) && { email_addr: login }),
  };
};

// ---- Classes ----

interface Drawn {
  readonly class_uid: number;
  readonly attributes: JsonObject;
  /** Where the class has no place for the action's own. */
  readonly activity?: number;
  /** What it was done to, in a word. */
  readonly target?: string | undefined;
}

/** Nothing where the row does not say what the class requires. */
type Draw = (row: Row, action: Action, people: People) => Drawn | undefined;

const SERVICE = { name: 'Opaque' };

const account: Draw = (row, _, { actor }) => {
  const user = person(row.take('entity'), undefined, row.take('entityId')) ?? actor;
  return user && { class_uid: 3001, attributes: { user }, target: labelOf(user) };
};

const session: Draw = (_row, _, { actor }) =>
  actor && { class_uid: 3002, attributes: { user: actor, service: SERVICE } };

const roles: Draw = row => {
  const user = person(row.take('entity'), undefined, row.take('entityId'));
  if (!user) return undefined;
  const given = privilegesOf(row.object('payload'));
  return {
    class_uid: 3005,
    attributes: { user, privileges: given.length > 0 ? given : ['unknown'] },
    target: labelOf(user),
  };
};

const member: Draw = (row, _, { actor }) => {
  const name = row.take('workspace') ?? row.take('entity');
  return name === undefined
    ? undefined
    : {
        class_uid: 3006,
        attributes: { group: { name, type: 'Workspace' }, ...(actor && { user: actor }) },
        target: name,
      };
};

const content: Draw = (row, { noun }) => {
  const [name, uid] = [row.take('entity'), row.take('entityId')];
  const resource = { ...(uid !== undefined && { uid }), name: name ?? (uid === undefined ? noun : null), type: noun };
  return { class_uid: 6001, attributes: { web_resources: [resource] }, target: name ?? uid };
};

/** Total: where the row names nothing, the noun stands for it. */
const entity = (row: Row, { shape, noun, activity }: Action): Drawn => {
  const [named, uid] = [row.take('entity'), row.take('entityId')];
  const name = named ?? (noun === 'Workspace' ? row.take('workspace') : undefined);
  const kind = noun === 'User' ? { type_id: 2 } : { type_id: 99, type: noun };
  return {
    class_uid: 3004,
    activity: DEGRADED[shape]?.[activity] ?? activity,
    attributes: {
      entity: { ...(uid !== undefined && { uid }), name: name ?? (uid === undefined ? noun : null), ...kind },
    },
    target: name ?? uid,
  };
};

const shapes: Readonly<Record<Shape, Draw>> = { account, session, roles, member, content, entity };

/** Activities of other classes, as Entity Management has them. */
const DEGRADED: { readonly [shape in Shape]?: Readonly<Record<number, number>> } = {
  account: { 3: 3, 99: 3 },
  session: { 1: 99, 2: 99 },
  roles: { 99: 3 },
  member: { 3: 99 },
};

const labelOf = ({ name, uid }: JsonObject): string | undefined =>
  [name, uid].find(text => typeof text === 'string') as string | undefined; // just looked

/** The names of roles, where the payload has them under one of the usual words. */
const privilegesOf = (payload: Fields): readonly string[] => {
  for (const key of ['roles', 'newRoles', 'new_roles', 'role', 'newRole', 'new_role']) {
    const value = payload.peek(key);
    if (typeof value === 'string' && value !== '') return [payload.text(key)!];
    if (Array.isArray(value) && value.length > 0 && value.every(one => typeof one === 'string'))
      return payload.list(key) as readonly string[]; // just looked
  }
  return [];
};

/** A row that cannot be read as one: nothing is lost, and the reason is said. */
const broken = (record: Fields, metadata: JsonObject, problem: string): Draft => ({
  class_uid: 6008,
  activity_id: 2,
  severity_id: 3,
  status_id: 2,
  message: 'A row of an export that cannot be read',
  metadata: { ...metadata, event_code: 'translation_error' },
  attributes: { status_detail: problem },
  unmapped: record.rest(),
});
