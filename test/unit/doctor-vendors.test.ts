// What doctor finds at vendors, over HTTP: their clocks, quotas and waits, and what each tells of a credential.
import { afterEach, expect, test, vi } from 'vitest';
import { endorLabs } from '../../receivers/endor-labs/index.ts';
import { simulator as endor } from '../../receivers/endor-labs/simulator.ts';
import { onepassword } from '../../receivers/onepassword/index.ts';
import { simulator as passwords } from '../../receivers/onepassword/simulator.ts';
import { opal } from '../../receivers/opal/index.ts';
import { simulator as opalSimulator } from '../../receivers/opal/simulator.ts';
import { type Known, lookAtReceiver } from '../../src/cli/doctor/components.ts';
import type { Spec, Validated } from '../../src/component.ts';
import { HOUR } from '../../src/options.ts';
import { budgetKey } from '../../src/runtime/http/fetch.ts';
import { testSecret } from '../support/conversation.ts';
import { type Loopback, reply, serve } from '../support/loopback.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const each of open.splice(0)) await each.close();
});
const opened = async <T extends { close(): Promise<void> }>(making: Promise<T>): Promise<T> => {
  const made = await making;
  open.push(made);
  return made;
};

/** As `severity: what`. */
const found = async (spec: Spec<'receiver'>, known: Known = { positions: [], waits: [] }) => {
  const checked = (await spec.schema['~standard'].validate(spec.options)) as Validated<unknown>;
  if (checked.issues) throw new Error(JSON.stringify(checked.issues));
  const findings = await lookAtReceiver({ name: 'it', spec, options: checked.value }, '/', known);
  for (const { place, severity, remedy } of findings)
    expect([place, severity === 'ok' || remedy !== undefined]).toEqual(['receivers.it', true]);
  return findings.map(({ severity, what }) => `${severity}: ${what}`);
};
const saying = (text: string | RegExp) => expect.arrayContaining([expect.stringMatching(text)]);

const key = testSecret('a-made-up-key-0123456789');
const opalAt = ({ url }: Pick<Loopback, 'url'>) => opal({ apiKey: key, baseUrl: `${url}/v1` });

test('a clock that is another', async () => {
  const { url, credentials } = await opened(opalSimulator.start({ events: 5, seed: 7, now: () => Date.now() - HOUR }));
  const said = await found(opal({ apiKey: testSecret(credentials.apiKey!), baseUrl: url }));
  expect(said).toEqual(saying(/^warning: our clock is (1h|60m) ahead of the vendor's$/));
  expect(said[0]).toMatch(/^ok: GET \/events: answered in \d+ ms, with \d+ records$/);
});

test('a quota: what is left, and nothing left', async () => {
  const left = async (count: string) =>
    found(opalAt(await opened(serve(reply(200, { 'x-ratelimit-remaining': count }, '{"results":[]}')))));
  expect(await left('41')).toEqual(saying('^ok: 41 requests are left of the quota$'));
  expect(await left('0')).toEqual(saying('^warning: the quota at the vendor is used up$'));
});

test('asked to wait: now, and by an earlier process, whose word is kept', async () => {
  const angry = await opened(serve(reply(429, { 'retry-after': '600' })));
  expect(await found(opalAt(angry))).toEqual([
    expect.stringMatching(/^warning: .*429 Too Many Requests.* \[E_HTTP_LIMIT\]$/),
    expect.stringContaining('warning: the vendor allows no request before 20'),
  ]);
  const noted = Date.now();
  const waits = [
    {
      key: budgetKey({
        origin: angry.url,
        auth: { credential: key.reference, headers: async () => ({}), refused: () => false },
      }),
      noted,
      until: noted + HOUR,
    },
  ];
  expect(await found(opalAt(angry), { positions: [], waits })).toEqual(saying('^warning: .*it asked us to wait'));
  expect(angry.requests).toHaveLength(1);
});

test.each([
  [401, {}, /^problem: .*401 Unauthorized.* \[E_HTTP_DENIED\]$/],
  [
    301,
    { location: 'https://elsewhere.example/' },
    /^problem: .*it points to https:\/\/elsewhere\.example \[E_HTTP_REDIRECT\]$/,
  ],
  [
    200,
    { 'content-type': 'text/html' },
    /^problem: the answer is not JSON: it begins with <html>.* \[E_PAGE_SYNTAX\]$/,
  ],
])('a vendor that answers %d', async (status, headers, words) => {
  expect(await found(opalAt(await opened(serve(reply(status, { ...headers }, '<html>')))))).toEqual([
    expect.stringMatching(words),
  ]);
});

test('not reached, by way of a proxy: of the option, or of the environment; its credential is not said', async () => {
  const gone = await serve(reply(200));
  await gone.close();
  const proxy = gone.url.replace('//', '//user:a-proxy-password@');
  const spec = { apiKey: key, baseUrl: 'https://api.invalid/v1' };
  const host = new URL(gone.url).host;
  const byOption = await found(opal({ ...spec, proxy }));
  expect(byOption).toEqual([
    expect.stringContaining('problem: '),
    `warning: \`proxy\` is set: the way may lead through http://${host}`,
  ]);
  vi.stubEnv('HTTPS_PROXY', proxy);
  vi.stubEnv('NO_PROXY', '');
  const byEnvironment = await found(opal(spec));
  expect(byEnvironment).toEqual(saying(`^warning: HTTPS_PROXY is set: the way may lead through http://${host}$`));
  expect(JSON.stringify([byOption, byEnvironment])).not.toContain('a-proxy-password');
});

test('1Password: the features of the token, and a beginning before what is kept', async () => {
  const { url: baseUrl, credentials } = await opened(passwords.start({ events: 9, seed: 1 }));
  const token = testSecret(credentials.token!);
  const said = await found(onepassword({ token, feed: 'auditevents', baseUrl, since: '400d' }));
  expect(said).toEqual(saying('^ok: the token has: auditevents'));
  expect(said).toEqual(saying('^warning: it would begin at .*, but the vendor keeps 120d'));
});

test('1Password: a feed that the token lacks, and the end of a token that says so', async () => {
  const { url: baseUrl } = await opened(
    serve((request, response) => {
      const introspection = '{"features":["itemusages"],"account_uuid":"A"}';
      const page = '{"cursor":"c","has_more":false,"items":[]}';
      reply(200, {}, request.url?.includes('introspect') ? introspection : page)(request, response);
    }),
  );
  const claims = { exp: Math.floor(Date.now() / 1000) + 3600 };
  const token = testSecret(`x.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.x`);
  expect(await found(onepassword({ token, feed: 'auditevents', baseUrl }))).toEqual(
    saying('^problem: the token does not have the feed auditevents: it has only itemusages'),
  );
  const fine = await found(onepassword({ token, feed: 'itemusages', baseUrl }));
  expect(fine).toEqual(saying('^ok: the credential reads the account A$'));
  expect(fine).toEqual(saying('^warning: the credential ends at '));
});

test('Endor Labs: the key is exchanged for a token, whose own end is nothing to tell', async () => {
  const { url: baseUrl, credentials } = await opened(endor.start({ events: 9, seed: 1 }));
  const read = (secret: string) =>
    found(
      endorLabs({
        apiKey: testSecret(credentials.apiKey!),
        apiSecret: testSecret(secret),
        namespace: 'acme',
        log: 'audit-logs',
        baseUrl,
      }),
    );
  const fine = await read(credentials.apiSecret!);
  expect(fine[0]).toContain('ok: GET /namespaces/acme/audit-logs: answered');
  expect(fine.join('\n')).not.toContain('the credential ends');
  expect(await read('a-wrong-secret')).toEqual(saying('^problem: the credential was not exchanged for a token'));
});
