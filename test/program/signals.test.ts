// Signals to the real program, while a sink never answers: the first one waits for what is in hand, the second does not;
// and whichever way it ends, nothing is lost.
import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { simulator } from '../../receivers/opal/simulator.ts';
import type { Simulation } from '../../src/simulation/simulator.ts';
import { type Loopback, serve } from '../support/loopback.ts';
import { type Place, place, tributary } from '../support/program.ts';

let vendor: Simulation;
let sink: Loopback;
/** What the sink does with a request. */
let take: (response: ServerResponse) => void;
const places: Place[] = [];

beforeAll(async () => {
  vendor = await simulator.start({ events: 20, seed: 1 });
  sink = await serve((request, response) => {
    request.resume().once('end', () => take(response));
  });
});
afterAll(async () => {
  for (const each of places) each.remove();
  await Promise.all([vendor.close(), sink.close()]);
});

const start = (command: 'run' | 'once', made = here(), grace = '20s') => ({
  made,
  ...tributary([command, '-c', made.config], { env: { OPAL_KEY: vendor.credentials.apiKey!, GRACE: grace } }),
});

const here = (): Place => {
  const made = place(`
    import { defineConfig, secret } from 'tributary';
    import { opal } from 'tributary/receivers/opal';
    import { dedupe } from 'tributary/processors/dedupe';
    import { otlp } from 'tributary/exporters/otlp';
    export default defineConfig({
      receivers: { opal: opal({ apiKey: secret.env('OPAL_KEY'), baseUrl: '${vendor.url}' }) },
      processors: { dedupe: dedupe() },
      exporters: { out: otlp({ endpoint: '${sink.url}' }) },
      pipelines: { audit: { receivers: ['opal'], processors: ['dedupe'], exporters: ['out'] } },
      engine: { grace: process.env.GRACE },
    });`);
  places.push(made);
  return made;
};

const answer = (response: ServerResponse) => response.setHeader('content-type', 'application/json').end('{}');

/** Resolves when the sink has a request, which it does not answer. */
const stall = (): Promise<ServerResponse> =>
  new Promise(resolve => {
    take = resolve;
  });

/** How many requests with records it takes to end, after what happened. */
const restart = async (made: Place): Promise<number> => {
  let count = 0;
  take = response => {
    count++;
    answer(response);
  };
  expect((await start('once', made).ended).code).toBe(0);
  return count;
};

test('the first waits for what is in hand, and commits it: exit 0', async () => {
  const stalled = stall();
  const program = start('run');
  const response = await stalled;
  program.child.kill('SIGTERM');
  await program.said('finishing what is in hand');
  answer(response);
  expect((await program.ended).code).toBe(0);
});

test.each(['SIGTERM', 'SIGINT'] as const)(
  'the second %s does not wait: exit 1, and the batch is read again',
  async signal => {
    const stalled = stall();
    const program = start('run');
    await stalled;
    program.child.kill(signal);
    await program.said('finishing what is in hand');
    program.child.kill(signal);
    await program.said('stopping at once');
    expect((await program.ended).code).toBe(1);
    expect(await restart(program.made)).toBeGreaterThan(0);
  },
);

test('neither does the end of the grace: exit 1, with the name of who was busy', async () => {
  const stalled = stall();
  const program = start('run', here(), '100ms');
  await stalled;
  program.child.kill('SIGTERM');
  const { code, stderr } = await program.ended;
  expect(code).toBe(1);
  expect(stderr).toContain('opal');
  expect(await restart(program.made)).toBeGreaterThan(0);
});

test('once that was stopped is not finished: exit 1', async () => {
  const stalled = stall();
  const program = start('once');
  const response = await stalled;
  program.child.kill('SIGTERM');
  await program.said('finishing what is in hand');
  answer(response);
  const { code, stderr } = await program.ended;
  expect(code).toBe(1);
  expect(stderr).toContain('could not finish');
});
