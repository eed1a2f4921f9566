// What holds for a 1Password record of any feed: nothing of it is lost, and every word of the public lists has a row.
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { countryCode } from '../../receivers/onepassword/ocsf-countries.ts';
import type { Json, JsonObject } from '../../src/model.ts';
import { audit, base, draftOf, eventOf, signin, usage } from '../support/onepassword-ocsf.ts';

const SHARED = new URL('../../../shared/', import.meta.url);
const shared = existsSync(SHARED);

describe('any record', () => {
  it('loses nothing: what no attribute holds is unmapped, at its path', () => {
    const raw = audit('create', 'vault', {
      novel: { deep: [1, 2] },
      session: { uuid: 'S', ip: 'x', login_time: 'yesterday' },
    });
    expect(eventOf(raw).unmapped).toEqual({
      object_type: 'vault',
      aux_id: 12,
      aux_uuid: 'AUX',
      novel: { deep: [1, 2] },
      location: base.location, // no address: OCSF has no endpoint to hang a place on
      session: { ip: 'x', login_time: 'yesterday' },
    });
  });

  it('is read whatever its fields hold', () => {
    for (const feed of ['auditevents', 'signinattempts', 'itemusages', 'newer'])
      for (const value of [null, 0, '', 'x', true, [], [null], {}, { uuid: 1, name: [], email: {} }] as Json[])
        eventOf(
          Object.fromEntries(
            [...Object.keys({ ...audit('a', 'b'), ...signin('a', 'b'), ...usage('a') })].map(key => [key, value]),
          ),
          feed,
        );
  });
});

describe('countries', () => {
  it.each([
    ['France', 'FR'],
    ['United States', 'US'],
    ['Israel', 'IL'],
    ['UK', 'GB'],
    ['uk', 'GB'],
    ['United Kingdom', 'GB'],
    ['ar', 'AR'],
    ['Czech Republic', 'CZ'],
    ['Myanmar', 'MM'],
    ['Côte d’Ivoire', 'CI'],
    ["Côte d'Ivoire", 'CI'],
    ['Atlantis', 'Atlantis'],
  ])('%s is %s', (name, code) => {
    expect(countryCode(name)).toBe(code);
  });
});

describe.skipIf(!shared)('the public samples and lists (left out where ../shared is not there)', () => {
  const read = (path: string) => JSON.parse(readFileSync(new URL(`samples/onepassword/${path}`, SHARED), 'utf8'));

  it('have no action, object, category or type without a row, and all come out valid by the independent validator', async () => {
    const { loadSchema, validateEvent } = await import(new URL('ocsf/validate.mjs', SHARED).href);
    const schema = loadSchema(new URL('ocsf/schema-1.8.0.json', SHARED).pathname);
    const lists = read('enumerations.json');
    const pages = ['demisto.auditevents_response_1.json', 'demisto.auditevents_response_2.json'].flatMap(
      page => read(page).items,
    );
    const all: [JsonObject, string][] = [
      ...lists.audit_action.v1_4_1.flatMap((action: string) =>
        lists.audit_object_type.v1_4_1.map((object: string) => [audit(action, object), 'auditevents']),
      ),
      ...pages.map((item: JsonObject) => [item, 'auditevents']),
      ...lists.signin_category.flatMap((category: string) =>
        [...lists.signin_type.v1_4_1, ...lists.signin_type.v1_2_0_only].map((type: string) => [
          signin(category, type),
          'signinattempts',
        ]),
      ),
      ...lists.item_usage_action.v1_4_1.map((action: string) => [usage(action), 'itemusages']),
    ];
    for (const [raw, feed] of all) {
      expect(draftOf(raw, feed).unknown).toBeUndefined();
      expect(validateEvent(eventOf(raw, feed), schema, { strict: true })).toEqual([]);
    }
    expect(all.length).toBeGreaterThan(2500);
  });
});
