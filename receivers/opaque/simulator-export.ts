// The events of a made-up organization, and the signed archive that an export of some of them is.
import { createSign, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { random } from '../../src/simulation/random.ts';
import { ACTIONS } from './ocsf-actions.ts';
import { zipOf } from './simulator-zip.ts';

export interface KeyPair {
  readonly privateKey: KeyObject;
  /** PEM, as the vendor's administrator would hand it out. */
  readonly publicKey: string;
}

/** Made up, for simulations and tests only. */
export const keyPair = (kind: 'rsa' | 'ec' = 'rsa'): KeyPair => {
  const { privateKey, publicKey } =
    kind === 'rsa'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { privateKey, publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString() };
};

export interface Contents {
  readonly results: Buffer;
  readonly query: Buffer;
}

/** Both files and their signature, packed. */
export const archiveOf = ({ results, query }: Contents, { privateKey }: KeyPair): Buffer =>
  zipOf([
    ['results.csv', results],
    ['audit_logs_query.txt', query],
    ['signature.bin', createSign('sha256').update(results).update(query).sign(privateKey)],
  ]);

export const HEADER = [
  'Event ID',
  'Actor',
  'Workspace',
  'Action',
  'Timestamp',
  'Status',
  'Category',
  'Description',
  'Entity',
  'Payload',
];

/** Rows to CSV, as RFC 4180 has it. */
export const csvOf = (rows: readonly (readonly string[])[]): Buffer =>
  Buffer.from(rows.map(row => `${row.map(cellOf).join(',')}\r\n`).join(''));

const cellOf = (cell: string): string => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);

/** One event, as the row of an export. The same index is the same event in every export that holds it. */
export const rowOf = (
  seed: number,
  index: number,
  time: number,
  people: readonly { readonly name: string; readonly email: string }[],
): readonly string[] => {
  const dice = random(seed, 'opaque', index);
  const id = dice.uuid();
  const action = dice.pick(ACTIONS);
  const [actor, other] = [dice.pick(people), dice.pick(people)];
  const failed = dice.chance(0.05);
  const entity = entityOf(action, other.email, dice.pick(NAMES), dice.between(1, 40));
  const payload =
    action === 'Change user roles'
      ? { roles: [dice.pick(['admin', 'data scientist', 'viewer'])] }
      : { attempt: dice.between(1, 3) };
  return [
    id,
    actor.email,
    /workspace|dataset|job|workflow|directory|service/.test(action) ? dice.pick(WORKSPACES) : '',
    action,
    new Date(time).toISOString(),
    failed ? 'failure' : 'success',
    categoryOf(action),
    dice.chance(0.1) ? `${actor.name} said:\n"${action}", please` : `${actor.name}: ${action}`,
    entity,
    JSON.stringify(payload),
  ];
};

const entityOf = (action: string, person: string, name: string, number: number): string => {
  if (/user|password|email/i.test(action)) return /Invite|roles/.test(action) ? person : '';
  return /Log|Register|audit/.test(action) ? '' : `${name}-${number}`;
};

const categoryOf = (action: string): string => {
  const [, noun] = /(workspace|dataset|directory|data|job|service|workflow|integration|audit log)/.exec(action) ?? [];
  const area =
    noun === undefined ? 'User' : /data|directory/.test(noun) ? 'Data' : noun.charAt(0).toUpperCase() + noun.slice(1);
  return `${area} management`;
};

const WORKSPACES = ['fraud-models', 'claims', 'joint-research'];
const NAMES = ['loans', 'train-xgb', 'rag-pipeline', 'patients', 'features'];
