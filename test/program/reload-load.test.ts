// The config is changed again and again while vendors go on: edited, broken, mended, put in another order, with a receiver
// more, one less, and one of another name. Nothing is lost and nothing comes twice, and whoever is not meant does not notice.
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { simulator } from '../../receivers/onepassword/simulator.ts';
import type { Simulation } from '../../src/simulation/simulator.ts';
import { type Place, type Program, place, tributary } from '../support/program.ts';

let [busy, still]: Simulation[] = [];
let made: Place;
let until = Number.POSITIVE_INFINITY;
/** Ports from which the vendor that is left alone was asked for events, one for each connection; and who it was that asked. */
const ports = new Set<number>();
let introductions = 0;
const note = (message: unknown) => {
  const { socket, url } = (message as { request: IncomingMessage }).request; // what Node tells of each request
  if (!still!.url.endsWith(`:${socket.localPort}`)) return;
  if (url!.includes('introspect')) introductions++;
  else ports.add(socket.remotePort!);
};

beforeAll(async () => {
  const options = { events: 400, live: 20, until: () => until };
  busy = await simulator.start({ ...options, seed: 1 });
  still = await simulator.start({ ...options, seed: 2 });
  made = place('');
  subscribe('http.server.request.start', note);
});
afterAll(async () => {
  unsubscribe('http.server.request.start', note);
  made.remove();
  await Promise.all([busy!.close(), still!.close()]);
});

interface Shape {
  readonly pageSize?: number;
  readonly name?: string;
  readonly added?: string;
  readonly turned?: boolean;
  readonly more?: string;
}

const write = ({ pageSize = 20, name = 'busy', added = '', turned = false, more = '' }: Shape = {}) => {
  const from = (vendor: Simulation, token: string, feed: string, rest = '') =>
    `onepassword({ token: secret.env('${token}'), baseUrl: '${vendor.url}', feed: '${feed}', every: '1s', ${rest} })`;
  const receivers = [
    [name, from(busy!, 'BUSY', 'auditevents', `pageSize: ${pageSize}`)],
    ['still', from(still!, 'STILL', 'auditevents')],
    ...(added ? [[added, from(busy!, 'BUSY', 'signinattempts')]] : []),
  ];
  const listed = turned ? receivers.toReversed() : receivers;
  writeFileSync(
    made.config,
    `
    import { defineConfig, secret } from 'tributary';
    import { onepassword } from 'tributary/receivers/onepassword';
    import { dedupe } from 'tributary/processors/dedupe';
    import { file } from 'tributary/exporters/file';
    export default defineConfig({
      receivers: { ${listed.map(([key, text]) => `${key}: ${text}`).join(', ')} },
      processors: { dedupe: dedupe() },
      exporters: { out: file({ path: 'audit/{receiver}-{seq}.ndjson' }) },
      pipelines: { all: { receivers: [${listed.map(([key]) => `'${key}'`)}], processors: ['dedupe'], exporters: ['out'] } },
      engine: { status: false },
    });${more}`,
  );
};

const env = () => ({ BUSY: busy!.credentials.token!, STILL: still!.credentials.token! });
const start = async (): Promise<Program> => {
  const program = tributary(['run', '-c', made.config, '--log', 'json'], { env: env() });
  await program.said('"running"');
  return program;
};
const end = async ({ child, ended }: Program) => {
  child.kill('SIGTERM');
  expect((await ended).code).toBe(0);
};
const adopt = (from: string, to: string) =>
  tributary(['state', 'adopt', from, to, '-c', made.config], { env: env() }).ended;
const SAME = 'the config says the same as before';

test('0 lost, 0 twice, and the connection of a receiver that is not meant is kept', async () => {
  write();
  const first = await start();
  const applied = (kept: string, stopped: string, started: string) =>
    first.said(`"kept":[${kept}],"stopped":[${stopped}],"started":[${started}]`);
  write({ pageSize: 30 });
  await applied('"still"', '"busy"', '"busy"');
  write({ more: ' }' });
  await first.said('is not valid');
  write({ pageSize: 30, turned: true });
  await first.said(SAME);
  write({ pageSize: 30, added: 'added' });
  await applied('"busy","still"', '', '"added"');
  write({ pageSize: 30 });
  await applied('"busy","still"', '"added"', '');
  write({ pageSize: 30, name: 'renamed', added: 'again' }); // who was added, too, has another name now
  await first.said('tributary state adopt added again');
  expect(await adopt('busy', 'renamed')).toMatchObject({ code: 1, stderr: expect.stringContaining('not yet') });
  expect(await adopt('added', 'again')).toMatchObject({
    code: 0,
    stderr: expect.stringContaining('again stands where added stood'),
  });
  await applied('"still"', '"busy"', '"renamed","again"');
  write({ pageSize: 40, name: 'renamed', added: 'again' });
  await applied('"still","again"', '"renamed"', '"renamed"');
  expect(introductions).toBe(1); // whoever begins says first who it is
  expect(ports.size).toBeLessThan(4); // each of the five changes would have made another; an idle one may be closed
  await end(first);

  until = Date.now();
  expect((await tributary(['once', '-c', made.config], { env: env() }).ended).code).toBe(0);
  const got = made.lines('audit').map(line => (JSON.parse(line) as { uuid: string }).uuid);
  const [all, others] = [busy!.ids(), still!.ids()];
  const wanted = [...all['onepassword-audit']!, ...all['onepassword-signins']!, ...others['onepassword-audit']!];
  expect(wanted.length).toBeGreaterThan(400);
  expect(got.toSorted()).toEqual(wanted.toSorted());
}, 300_000);
