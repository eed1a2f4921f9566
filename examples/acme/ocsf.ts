// What Acme's events mean in OCSF: people come and go (Authentication), join projects and leave them (Group Management),
// and make projects, change and delete them (Entity Management).
import { type Draft, Fields, isAddress, isEmail, type JsonObject, type Mapping } from 'tributary';

export const mapping: Mapping = {
  describe: ({ site, tenant }) => ({
    product: { name: 'Acme', vendor_name: 'Acme Inc.', feature: { name: 'Audit' } },
    provider: 'Acme',
    log: 'audit',
    format: 'JSON',
    version: 'v1',
    address: `${new URL(site).host}/v1/organizations/${encodeURIComponent(tenant)}/audit`,
    tenant: tenant || undefined,
  }),
  read: ({ raw }) => [draftOf(new Fields(raw))], // `Fields` remembers what was taken: the rest is `unmapped`
};

const draftOf = (event: Fields): Draft => {
  const type = event.text('type') ?? 'an event without a type';
  const row = ROWS.get(type);
  const at = event.text('at');
  const from = event.peek('ip');
  const ip = typeof from === 'string' && isAddress(from) ? event.text('ip') : undefined; // else it stays unmapped
  event.text('id'); // the record's own
  const actor = personIn(event.object('actor'));
  const meaning = meanings[row?.meaning ?? 'project'](event, actor);
  const activity = row && !meaning.instead ? row.activity : 99;
  return {
    class_uid: meaning.class_uid,
    activity_id: activity,
    ...(activity === 99 && { activity_name: type }),
    status_id: row?.failed ? 2 : 1,
    ...(row?.failed && { severity_id: 2 }),
    message: type,
    metadata: { event_code: type, ...(at !== undefined && { original_time: at }) },
    attributes: {
      ...meaning.attributes,
      ...(actor && { actor: { user: actor } }),
      ...(ip !== undefined && { src_endpoint: { ip } }),
    },
    unmapped: event.rest(),
    ...(!row && { unknown: type }), // told as drift: a row is missing
  };
};

// ---- The table ----

interface Row {
  readonly meaning: 'signIn' | 'membership' | 'project';
  /** Of the class; 99 where it has no word for it. */
  readonly activity: number;
  readonly failed?: true;
}

/** All that Acme's documents name. */
const ROWS: ReadonlyMap<string, Row> = new Map<string, Row>([
  ['login', { meaning: 'signIn', activity: 1 }],
  ['login.failed', { meaning: 'signIn', activity: 1, failed: true }],
  ['logout', { meaning: 'signIn', activity: 2 }],
  ['member.added', { meaning: 'membership', activity: 3 }],
  ['member.removed', { meaning: 'membership', activity: 4 }],
  ['project.created', { meaning: 'project', activity: 1 }],
  ['project.changed', { meaning: 'project', activity: 3 }],
  ['project.archived', { meaning: 'project', activity: 9 }],
  ['project.deleted', { meaning: 'project', activity: 4 }],
]);

// ---- Classes ----

interface Meaning {
  readonly class_uid: number;
  readonly attributes: JsonObject;
  /** The event does not name what its class requires, so it became another one. */
  readonly instead?: true;
}

const meanings: Readonly<Record<Row['meaning'], (event: Fields, actor: JsonObject | undefined) => Meaning>> = {
  signIn: (event, actor) =>
    actor
      ? { class_uid: 3002, attributes: { user: actor, service: { name: 'Acme' }, is_remote: true } }
      : { ...managed(event), instead: true },
  membership: event => {
    const user = personIn(event.object('member'));
    const group = projectIn(event);
    return user && group ? { class_uid: 3006, attributes: { group, user } } : { ...managed(event), instead: true };
  },
  project: event => managed(event),
};

/** What every event can be: something was done to something. Nobody is made up. */
const managed = (event: Fields): Meaning => ({
  class_uid: 3004,
  attributes: { entity: { name: 'project', ...projectIn(event), type_id: 99, type: 'Project' } },
});

// ---- Objects ----

const personIn = (fields: Fields): JsonObject | undefined => {
  const [uid, name] = [fields.text('id'), fields.text('email')];
  if (uid === undefined && name === undefined) return undefined;
  return {
    ...(uid !== undefined && { uid }),
    ...(name !== undefined && { name, ...(isEmail(name) && { email_addr: name }) }),
    type_id: 1,
  };
};

const projectIn = (event: Fields): JsonObject | undefined => {
  const project = event.object('project');
  const [uid, name] = [project.text('id'), project.text('name')];
  if (uid === undefined && name === undefined) return undefined;
  return { ...(uid !== undefined && { uid }), ...(name !== undefined && { name }) };
};
