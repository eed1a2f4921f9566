// What the engine notes, in a state folder of its own for each test: deliveries, and what comes of them. Importing this
// makes the folder.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import type { Logger } from '../../src/component.ts';
import type { AuditRecord, Drift, Gap, Json, JsonObject } from '../../src/model.ts';
import type { Delivery } from '../../src/runtime/account.ts';
import { type DriftNote, takeNotes } from '../../src/runtime/state/notes.ts';
import { readNotes } from '../../src/runtime/state/notes-sqlite.ts';
import type { Store } from '../../src/runtime/state/state.ts';
import { openState } from '../../src/runtime/state/state-sqlite.ts';
import { virtualClock } from './clock.ts';

export let folder: string;
export let store: Store;
/** As another run does; the store must be closed. */
export const reopen = () => {
  store = openState(folder);
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-notes-'));
  reopen();
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

export const origin = { receiver: 'acme', type: 'acme', site: 'https://api.acme.example', tenant: '', feed: 'events' };
const bare = (raw: Json = {}): AuditRecord => ({ id: 'r', time: [0, 0], observed: [0, 0], origin, raw });
/** A record whose event has this unmapped, and nothing else. */
export const read = (unmapped?: JsonObject): AuditRecord => ({ ...bare(), event: unmapped ? { unmapped } : {} });
export const drifted = (kind: Drift['kind'], detail: string, raw: Json = {}): AuditRecord => ({
  ...bare(raw),
  event: { unmapped: { whole: 1 } },
  drift: { kind, detail },
});

/** As `normalize` gave them their events, on so many routes. */
export const delivery = (
  records: readonly AuditRecord[],
  more: { readonly gap?: Gap; readonly routes?: number } = {},
) => {
  const incoming = records.map(({ event: _, drift: __, ...record }) => record);
  const step = { name: 'normalize', type: 'normalize', incoming, outgoing: records, dead: [] };
  const route = { pipeline: 'p', steps: [step], records, exporters: [] };
  const routes = Array.from({ length: more.routes ?? 1 }, () => route);
  return { batch: { records: incoming, ...(more.gap && { gap: more.gap }) }, routes, exporters: [] } satisfies Delivery;
};

/** Takes notes; with its clock, and what it logged. */
export const taker = (into: Pick<Store, 'note'> = store) => {
  const lines: { readonly level: string; readonly message: string }[] = [];
  const tell = (level: string) => (_: object, message: string) => void lines.push({ level, message });
  const log: Logger = { info: tell('info'), warn: tell('warn'), error: tell('error') };
  const clock = virtualClock();
  return { ...takeNotes({ store: into, clock, log }), clock, lines };
};

/** What comes of one delivery. */
export const noted = async (...records: readonly AuditRecord[]): Promise<readonly DriftNote[]> => {
  const notes = taker();
  notes.delivered('acme', delivery(records));
  await notes.close();
  return readNotes(folder).drift;
};
export const brief = (notes: readonly DriftNote[]) => notes.map(({ kind, what, count }) => [kind, what, count]);
