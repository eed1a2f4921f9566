// What the query of an export says: whether rows were left out by a filter, or whether that cannot be known.
import { describe, expect, test } from 'vitest';
import { filtered } from '../../receivers/opaque/query.ts';

describe('whether an export was filtered', () => {
  test.each([
    ['{"filters": {}}', 'no'],
    ['{"filters": {"status": "failure"}}', 'yes'],
    ['{"range": "30d", "filters": {"actor": [], "status": null}}', 'unknown'],
    ['filters: none', 'no'],
    ["SELECT * FROM audit_logs WHERE workspace = 'claims'", 'yes'],
    ["SELECT * FROM audit_logs WHERE action IN ('Log in')", 'yes'],
    ["SELECT * FROM audit_logs WHERE timestamp > '2026-01-01'", 'unknown'],
    ['actor=ada&range=7d', 'yes'],
    ['', 'unknown'],
  ])('%j: %s', (query, answer) => expect(filtered(query)).toBe(answer));
});
