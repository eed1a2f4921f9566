// How a credential travels. Secrets are revealed when a request is made, so that a rotated one is used at once.
import type { Auth } from '../component.ts';
import type { Secret } from '../options.ts';

/** `Authorization: Bearer …` */
export const bearer = (token: Secret): Auth => fixed([token], async () => ({ authorization: `Bearer ${await token.reveal()}` }));

/** `Authorization: Basic …` (RFC 7617) */
export const basic = (user: string | Secret, password: Secret): Auth =>
  fixed([user, password], async () => {
    const name = typeof user === 'string' ? user : await user.reveal();
    return { authorization: `Basic ${Buffer.from(`${name}:${await password.reveal()}`).toString('base64')}` };
  });

/** A header of the vendor's own: `X-Api-Key: …` */
export const header = (name: string, value: Secret): Auth => fixed([value], async () => ({ [name.toLowerCase()]: await value.reveal() }));

const fixed = (secrets: readonly (string | Secret)[], headers: Auth['headers']): Auth => ({
  credential: secrets.map(s => (typeof s === 'string' ? s : s.reference)).join(' '),
  headers,
  refused: () => false,
});
