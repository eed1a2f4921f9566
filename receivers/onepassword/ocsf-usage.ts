// Item usages of 1Password in OCSF: Web Resources Activity (6001). Names of items and vaults are end-to-end encrypted,
// so the vendor has none to tell.
import type { Draft, Fields, ReadOptions } from '../../src/index.ts';
import { clientEndpoint, draft, OTHER, some, table, user } from './ocsf-parts.ts';
import { actorOf } from './ocsf-signin.ts';

type Row = readonly [activity: number, severity: number];

const read: Row = [2, 1];

/** All eleven of the reference. The ones that begin with `server-` were done on the web, by the CLI or by Connect. */
export const ACTIONS = table<Row>({
  fill: read,
  reveal: read,
  'secure-copy': read,
  'server-fetch': read,
  'select-sso-provider': read,
  'enter-item-edit-mode': read,
  'server-create': [1, 1],
  'server-update': [3, 1],
  export: [7, 2],
  share: [8, 2],
  other: [OTHER, 1],
});

export const readItemUsage = (record: Fields, types: ReadOptions['types']): Draft => {
  const action = record.text('action');
  // Clients older than 8.4.0 do not say what they did; the item was opened all the same.
  const row = action === undefined ? read : ACTIONS[types?.get(action) ?? action];
  const [activity_id, severity_id] = row ?? [OTHER, 1];
  const actor = actorOf(user(record.object('user')), record.object('client').text('app_name'));
  const item = record.text('item_uuid');
  const data = some({ vault_uuid: record.text('vault_uuid'), used_version: record.number('used_version') });
  const verdict = {
    class_uid: 6001,
    activity_id,
    severity_id,
    status_id: 1,
    message: `1Password item ${action ?? 'used'}`,
    code: action,
    unknown: row ? undefined : action,
  };
  const src_endpoint = clientEndpoint(record);
  // A usage of no item we are told of: the same verb on an entity, which needs no id.
  if (item === undefined) {
    const entity = { name: 'item', type_id: OTHER, type: 'Item', ...(data && { data }) };
    const activity = activity_id > 3 ? OTHER : activity_id;
    return draft(record, { ...verdict, class_uid: 3004, activity_id: activity }, { actor, src_endpoint, entity });
  }
  return draft(record, verdict, {
    actor,
    src_endpoint,
    web_resources: [{ uid: item, type: 'Item', ...(data && { data }) }],
  });
};
