// Simulated vendors that forget what they gave out: cursors and tokens that worked a moment ago are refused.
import { afterEach, expect, test } from 'vitest';
import { simulator as endorLabs } from '../../receivers/endor-labs/simulator.ts';
import { simulator as opal } from '../../receivers/opal/simulator.ts';

const NOW = Date.UTC(2026, 0, 15);
const options = { events: 20, seed: 7, now: () => NOW };

let close = async () => {};
afterEach(() => close());

test('opal: a cursor', async () => {
  const simulation = await opal.start(options);
  close = simulation.close;
  const headers = { authorization: `Bearer ${simulation.credentials.apiKey}` };
  const { next } = (await (await fetch(`${simulation.url}/events?page_size=5`, { headers })).json()) as {
    next: string;
  };
  const statusOf = async () => (await fetch(`${simulation.url}/events?page_size=5&cursor=${next}`, { headers })).status;
  expect(await statusOf()).toBe(200);
  simulation.forgetCursors();
  expect(await statusOf()).toBe(400);
});

test('endor-labs: a token', async () => {
  const simulation = await endorLabs.start(options);
  close = simulation.close;
  const { apiKey: key, apiSecret: secret } = simulation.credentials;
  const entered = await fetch(`${simulation.url}/auth/api-key`, {
    method: 'POST',
    body: JSON.stringify({ key, secret }),
  });
  const { token } = (await entered.json()) as { token: string };
  const address = `${simulation.url}/namespaces/${simulation.namespace}/audit-logs`;
  const statusOf = async () => (await fetch(address, { headers: { authorization: `Bearer ${token}` } })).status;
  expect(await statusOf()).toBe(200);
  simulation.forgetTokens();
  expect(await statusOf()).toBe(401);
});
