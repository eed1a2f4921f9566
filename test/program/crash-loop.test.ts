// The real program, killed again and again: what its vendors count is no more than they allow.
import { afterEach, expect, test } from 'vitest';
import { simulator as onepassword } from '../../receivers/onepassword/simulator.ts';
import type { FaultScript } from '../../src/simulation/faults.ts';
import { reply, serve } from '../support/loopback.ts';
import { type Place, type Program, place, tributary } from '../support/program.ts';

const LIVES = 4;
const TOKEN_ENV = 'OP_TOKEN';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** One life, until something happens. */
const live = async (here: Place, env: Record<string, string>, until: (program: Program) => Promise<void>) => {
  const program = tributary(['run', '-c', here.config], { env });
  const early = program.ended.then(({ stderr }) => Promise.reject(new Error(`it ended: ${stderr}`)));
  await Promise.race([until(program), early]);
  program.child.kill('SIGKILL');
  await early.catch(() => {});
};

const playing = async (faults: FaultScript) => {
  const vendor = await onepassword.start({ events: 50, seed: 1, faults });
  const here = place(`
    import { defineConfig, secret } from 'tributary';
    import { onepassword } from 'tributary/receivers/onepassword';
    import { stdout } from 'tributary/exporters/stdout';
    export default defineConfig({
      receivers: { audit: onepassword({ token: secret.env('${TOKEN_ENV}'), feed: 'auditevents', baseUrl: '${vendor.url}', since: '119d' }) },
      exporters: { out: stdout() },
      pipelines: { p: { receivers: ['audit'], exporters: ['out'], repeats: 'allow' } },
    });`);
  closing.push(() => vendor.close(), here.remove);
  return { vendor, here, env: { [TOKEN_ENV]: vendor.credentials.token! } };
};

test('a vendor that asked us to wait an hour is not asked again by the next process, nor by the one after', async () => {
  const { vendor, here, env } = await playing([{ rate: 1, times: 1, do: { status: 429, retryAfter: 3600 } }]);
  await live(here, env, program => program.said('E_HTTP_LIMIT'));
  for (let i = 0; i < LIVES; i++) await live(here, env, program => program.said('E_PAUSED'));
  expect(vendor.requests()).toEqual({ 429: 1 });
});

test('a crash loop asks a vendor no more often than its quota allows', async () => {
  let asked = 0;
  let seen = Promise.withResolvers<void>();
  const other = await serve((_, response) => {
    response.end('{}');
    if (++asked % 5 === 0) seen.resolve();
  });
  const metered = await serve(reply(200));
  closing.push(other.close, metered.close);
  const here = place(`
    import { defineConfig, defineReceiver, HOUR, poll, SECOND, z } from 'tributary';
    import { stdout } from 'tributary/exporters/stdout';
    const plain = defineReceiver({
      type: 'plain',
      options: z.strictObject({ url: z.string(), rates: z.array(z.any()) }),
      create: (context, { url, rates }) => {
        const fetch = context.http({ origin: url, rates });
        return poll({
          origin: { receiver: context.name, type: 'plain', site: url, tenant: '', feed: '' },
          start: () => 0, restore: () => 0, low: () => 0,
          pull: async (_, signal) => { await fetch({ url }, signal); return undefined; },
        }, 0.05 * SECOND, context);
      },
    });
    export default defineConfig({
      receivers: {
        metered: plain({ url: '${metered.url}', rates: [{ requests: 10, per: HOUR }] }),
        other: plain({ url: '${other.url}', rates: [] }),
      },
      exporters: { out: stdout() },
      pipelines: { p: { receivers: ['metered', 'other'], exporters: ['out'] } },
    });`);
  closing.push(here.remove);
  for (let i = 0; i < LIVES; i++) {
    seen = Promise.withResolvers();
    await live(here, {}, () => seen.promise);
  }
  expect(asked).toBeGreaterThanOrEqual(5 * LIVES);
  expect(metered.requests).toHaveLength(0); // the first of ten an hour comes after six minutes
});
