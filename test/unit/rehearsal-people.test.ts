// People in a recording are replaced by made-up ones: each the same wherever it appears, and of the same shape.
import { isIP } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { madeUpPeople } from '../../src/runtime/rehearsal/people.ts';

const FIRST = {
  items: [
    {
      uuid: '56YE2TYN2VFYRLNSHKPW5NVT5A',
      actor_uuid: '4HCGRGYCTRQFBMGVEGTABYDU2V',
      actor_details: { uuid: '4HCGRGYCTRQFBMGVEGTABYDU2V', name: 'Ada Byron', email: 'Ada@initech.com' },
      session: { ip: '203.0.113.7', login_time: '2026-01-15T09:00:00Z' },
      message: 'Ada Byron (ada@initech.com) invited bob.roe@globex.com from 2001:db8:0:1::7, at 12:00:00',
    },
  ],
};
const SECOND = {
  events: [
    {
      id: 'evt_0000001',
      type: 'Admin',
      targetUser: { id: 'e4eaaaf2-d142-41b3-b3e4-080027620cdd', name: 'Admin', email: 'bob.roe@globex.com' },
      created_by: '4HCGRGYCTRQFBMGVEGTABYDU2V',
      by_person: { 'ada@initech.com': 2 },
      ip: '203.0.113.7',
      local: '127.0.0.1',
      version: '1.2.3',
      project: { id: 'prj_0000007', name: 'Apollo Program' },
    },
  ],
};

const replaced = () => {
  const replace = madeUpPeople([FIRST, SECOND]);
  return [replace(FIRST).items[0]!, replace(SECOND).events[0]!] as const;
};

describe('made-up people', () => {
  test('leave no name, mail address, IP address or id of a real one', () => {
    const text = JSON.stringify(replaced());
    for (const real of [
      'Ada',
      'Byron',
      '@initech',
      'bob.roe',
      'globex',
      '203.0.113.7',
      '2001:db8:0:1::7',
      '4HCGRGYC',
      'e4eaaaf2',
    ])
      expect(text.toLowerCase(), real).not.toContain(real.toLowerCase());
  });

  test('are the same in all pages, however they are written', () => {
    const [item, event] = replaced();
    const { actor_uuid, actor_details, session, message } = item;
    expect(actor_details.uuid).toBe(actor_uuid);
    expect(event.created_by).toBe(actor_uuid);
    expect(Object.keys(event.by_person)).toEqual([actor_details.email]);
    expect(event.ip).toBe(session.ip);
    expect(message).toContain(`${actor_details.name} (${actor_details.email}) invited ${event.targetUser.email} from `);
  });

  test('have the shape of real ones', () => {
    const [item, event] = replaced();
    const { actor_uuid, actor_details, session, message } = item;
    expect(actor_uuid).toMatch(/^[A-Z2-7]{26}$/);
    expect(actor_details.name).toMatch(/^[A-Z][a-z]{2} [A-Z][a-z]{4}$/);
    expect(actor_details.email).toMatch(/^[a-z]{3}@[a-z]{7}\.example$/);
    expect(isIP(session.ip)).toBe(4);
    expect(isIP(/from (\S+), at/.exec(message)?.[1] ?? '')).toBe(6);
    expect(event.targetUser.id).toMatch(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-b[\da-f]{3}-[\da-f]{12}$/);
  });

  test('leave everything else alone: ids of events, times, types, what is called like a person', () => {
    const [item, event] = replaced();
    expect(item.uuid).toBe('56YE2TYN2VFYRLNSHKPW5NVT5A');
    expect(item.session.login_time).toBe('2026-01-15T09:00:00Z');
    expect(item.message).toMatch(/at 12:00:00$/);
    expect(event).toMatchObject({ id: 'evt_0000001', type: 'Admin', local: '127.0.0.1', version: '1.2.3' });
    expect(event.project).toEqual({ id: 'prj_0000007', name: 'Apollo Program' });
    expect(event.targetUser.name).not.toBe('Admin');
  });

  test('stand in claims, and in addresses with a port', () => {
    const page = {
      claims: ['firstname=Jane', 'ID=4f0d3c1e52a44c8e', 'source_type=google'],
      remote: '203.0.113.9:51000',
      v6: '[2001:db8:9::9]:443',
    };
    const { claims, remote, v6 } = madeUpPeople([page])(page);
    expect(claims).toEqual([
      expect.stringMatching(/^firstname=[A-Z][a-z]{3}$/),
      expect.stringMatching(/^ID=/),
      'source_type=google',
    ]);
    expect(claims.filter(claim => page.claims.includes(claim))).toEqual(['source_type=google']);
    expect(`${remote} ${v6}`).toMatch(/^192\.0\.2\.\d+:51000 \[2001:db8::\d\]:443$/);
  });

  test('are never two people in one, however few there can be of their shape', () => {
    const users = Array.from({ length: 60 }, (_, i) => ({ user: { id: String(i + 10) } }));
    expect(new Set(madeUpPeople(users)(users).map(({ user }) => user.id)).size).toBe(60);
  });

  test('are as many as the real ones', () => {
    const mails = fc.uniqueArray(fc.emailAddress(), {
      minLength: 2,
      maxLength: 60,
      selector: mail => mail.toLowerCase(),
    });
    const addresses = fc.uniqueArray(fc.ipV4(), { maxLength: 1200 });
    fc.assert(
      fc.property(mails, addresses, (mail, ip) => {
        const page = { people: mail.map(email => ({ email })), ip };
        const made = madeUpPeople([page])(page);
        expect(new Set(made.ip).size).toBe(new Set(ip).size);
        for (const each of made.ip) expect(isIP(each)).toBe(4);
        expect(new Set(made.people.map(p => p.email)).size).toBe(mail.length);
      }),
      { numRuns: 20 },
    );
  });
});
