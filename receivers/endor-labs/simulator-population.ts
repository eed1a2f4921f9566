// All that Endor Labs' two logs can make of their words: each kind of resource with each operation, gone well and failed;
// logins well and failed; both shapes of a record; and kinds and operations that no table has.
import type { JsonObject } from '../../src/index.ts';
import { random } from '../../src/simulation/random.ts';
import type { Samples } from '../../src/simulation/sample.ts';
import { ERRORS, KINDS, NOISE, OPERATIONS, operationOn, recordOf, UNKNOWN_KINDS, worldOf } from './simulator-events.ts';

const MOMENT = Date.UTC(2026, 0, 15, 9);

/** Of the documented families of kinds that the simulation does not play, one name each. */
const RARE = ['AppTelemetry', 'UserInvitation', 'ServiceAccount', 'GitCredential'];

/** Not of the API's enumeration, but words that were seen or may come. */
const OTHER_OPERATIONS = ['OPERATION_READ', 'OPERATION_ENABLE', 'OPERATION_DISABLE', 'CREATE'];

export const samples: Samples = function* (seed) {
  const world = worldOf(seed);
  const shell = { ...recordOf(seed, 0, MOMENT, world), meta: { kind: 'AuditLog', version: 'v1' } };
  const kinds = [...KINDS, ...NOISE, ...RARE];

  for (const kind of [...kinds, 'Novelty'])
    for (const operation of [...new Set([...OPERATIONS, ...OTHER_OPERATIONS]), 'OPERATION_NOVELTY'])
      for (const error of [undefined, ...ERRORS]) {
        const dice = random(seed, 'endor', 'sample', kind, operation, JSON.stringify(error ?? null));
        const spec = { ...operationOn(kind, operation, dice, dice.pick(world.people), dice.chance(0.3), world) };
        const { payload: _, claims: __, ...bare } = spec as JsonObject;
        const unknown = UNKNOWN_KINDS.has(kind) || kind === 'Novelty' || operation === 'OPERATION_NOVELTY';
        for (const told of [spec, bare]) {
          const raw = { ...shell, spec: { ...told, ...(error && { error }) } };
          yield { feed: 'audit-logs', raw, ...(unknown && { unknown }) };
        }
      }

  // Logins, and whatever else the simulation makes, older shapes included.
  for (let index = 0; index < 1000; index++) {
    const raw = recordOf(seed, index, MOMENT + index, world);
    const { kind } = raw.meta as JsonObject; // made by the simulation
    const { message_kind } = raw.spec as JsonObject;
    const unknown = [...UNKNOWN_KINDS].some(name => String(message_kind).endsWith(name));
    yield { feed: kind === 'AuditLog' ? 'audit-logs' : 'authentication-logs', raw, ...(unknown && { unknown }) };
  }
};
