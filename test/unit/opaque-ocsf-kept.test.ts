// Whatever stands in the cells of a row: the event is valid, and nothing of the row is lost.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ACTIONS } from '../../receivers/opaque/ocsf-actions.ts';
import { rowOf } from '../../receivers/opaque/simulator-export.ts';
import type { Json, JsonObject } from '../../src/model.ts';
import { people, random } from '../../src/simulation/random.ts';
import { EXPORT, NOW, read } from '../support/opaque-ocsf.ts';

describe('nothing is lost', () => {
  const cell = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.constantFrom(...ACTIONS, 'success', 'failure', '{"a":1}', '[1', '2026-01-15T00:00:00Z', 'ada@example.com'),
  );
  const column = fc.oneof(
    fc.string(),
    fc.constantFrom(
      'Event ID',
      'Actor',
      'Workspace',
      'Action',
      'Timestamp',
      'Status',
      'Entity',
      'entity_id',
      'Payload',
      'Description',
      '__proto__',
      'export',
    ),
  );

  test('whatever stands in the cells of a row', () => {
    fc.assert(
      fc.property(fc.dictionary(column, cell, { maxKeys: 12 }), cells => {
        const { event } = read({ row: cells, export: EXPORT });
        expect(JSON.parse(event.raw_data).row).toEqual(cells);
        const { raw_data: _, raw_data_hash: __, ...said } = event;
        const words = new Set(leaves(said).map(leaf => leaf.toLowerCase()));
        for (const text of Object.values(cells))
          if (text !== '' && !/^\s*[[{]/.test(text)) expect(words).toContain(text.toLowerCase());
      }),
      { numRuns: 300 },
    );
  });

  test('any JSON at all is some valid event', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), json => void read(json as Json)),
      { numRuns: 200 },
    );
    fc.assert(
      fc.property(
        fc.dictionary(column, fc.jsonValue({ maxDepth: 3 })),
        json => void read({ row: json as JsonObject, export: json as JsonObject }),
      ),
      { numRuns: 200 },
    );
  });

  test('a population of the simulator', () => {
    const staff = people(random(1, 'staff'), 5);
    const header = [
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
    for (let i = 0; i < 500; i++) {
      const cells = rowOf(1, i, NOW - i * 1000, staff);
      const { drift } = read(
        { row: Object.fromEntries(header.map((name, at) => [name, cells[at]!])), export: EXPORT },
        cells[0],
      );
      expect(drift).toBeUndefined();
    }
  });
});

const leaves = (json: Json): readonly string[] =>
  typeof json === 'object' && json !== null ? Object.values(json).flatMap(leaves) : [String(json)];
