// Each action that Opaque's pages name, written as a person or a program writes it, done and failed, with and without
// those it is about; and actions that no page names.
import type { JsonObject } from '../../src/index.ts';
import { people, random } from '../../src/simulation/random.ts';
import type { Samples } from '../../src/simulation/sample.ts';
import { ACTIONS } from './ocsf-actions.ts';
import { HEADER, rowOf } from './simulator-export.ts';

const MOMENT = Date.UTC(2026, 0, 15, 9);

/** What the receiver says of the export that a row was in. */
const EXPORT: JsonObject = {
  archive: 'export.zip',
  sha256: '0'.repeat(64),
  signature: 'verified',
  filtered: 'no',
};

const SPELLINGS: readonly ((action: string) => string)[] = [
  action => action,
  action => action.toUpperCase().replaceAll(/[^A-Z]+/g, '_'),
  action => action.toLowerCase(),
];

export const samples: Samples = function* (seed) {
  const staff = people(random(seed, 'opaque', 'sample'), 8);
  let index = 0;
  for (const action of [...ACTIONS, 'Defragment enclave', 'Constructor'])
    for (const spell of SPELLINGS)
      for (const status of ['success', 'Failure', '', 'pending']) {
        const cells = rowOf(seed, index, MOMENT + index, staff);
        const row: JsonObject = Object.fromEntries(HEADER.map((name, at) => [name, cells[at]!])); // as many cells
        const { Actor: _, Entity: __, Payload: ___, ...bare } = row;
        const unknown = !ACTIONS.includes(action);
        for (const told of [row, bare])
          yield {
            raw: { row: { ...told, Action: spell(action), Status: status }, export: { ...EXPORT, row: ++index } },
            ...(unknown && { unknown }),
          };
      }
};
