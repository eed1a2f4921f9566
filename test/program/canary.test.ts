// Secrets appear nowhere. Every secret of a config is made recognizable, vendors and sinks say aloud whatever they are told,
// and then everything that the program says, keeps or serves is searched: of every command that it has, by its own help.
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { canariesIn, canary, type Echoing, echoing } from '../support/canary.ts';
import { environmentOf, isOurs, writeCanaryConfig } from '../support/canary-config.ts';
import { type Place, place, tributary } from '../support/program.ts';

const RUNNER = resolve(import.meta.dirname, '../support/many-commands.ts');

let world: Echoing;
let here: Place;
let config: string;

beforeAll(async () => {
  world = await echoing();
  here = place('');
  config = writeCanaryConfig(here.folder, world.url);
});
afterAll(async () => {
  await world.close();
  here.remove();
});

interface Said {
  readonly argv: string;
  readonly text: string;
}

/** What each of them said on both outputs. */
const runAll = async (commands: readonly (readonly string[])[]): Promise<readonly Said[]> => {
  const list = join(here.folder, 'commands.json');
  writeFileSync(list, JSON.stringify(commands));
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [RUNNER, list], {
    cwd: here.folder,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...environmentOf(world.url) },
    maxBuffer: 2 ** 28,
  });
  return [stdout, stderr].flatMap(text =>
    text
      .split('\n### ')
      .slice(1)
      .map(part => ({ argv: part.slice(0, part.indexOf('\n')), text: part.slice(part.indexOf('\n')) })),
  );
};

const expectNone = (said: readonly Said[]) => {
  for (const { argv, text } of said) expect(canariesIn(text), argv).toEqual([]);
};

// ---- Which commands there are, and how each is called ----

const namesIn = (help: string): readonly string[] =>
  [...(help.split('\nCommands:\n')[1] ?? '').matchAll(/^ {2}([a-z][\w-]*)/gm)]
    .map(([, name]) => name!)
    .filter(n => n !== 'help');

/** Every command with its help. */
const commandsByHelp = async (): Promise<ReadonlyMap<string, string>> => {
  const help = async (names: readonly string[]) => {
    const said = await runAll(names.map(name => [...name.split(' ').filter(Boolean), '--help']));
    return new Map(names.map((name, i) => [name, said[i]?.text ?? '']));
  };
  const top = namesIn((await help([''])).get('') ?? '');
  const all = await help(top);
  const inner = top.flatMap(name => namesIn(all.get(name) ?? '').map(sub => `${name} ${sub}`));
  const groups = new Set(inner.map(name => name.split(' ')[0]));
  return new Map([...[...all].filter(([name]) => !groups.has(name)), ...(await help(inner))]);
};

/** They run until they are stopped, or read standard input: each has a test of its own below, or needs no secret. */
const ELSEWHERE = ['run', 'tail', 'simulate', 'dev normalize', 'dev validate'];

/** What an argument of this name is given. */
const ARGUMENTS: Readonly<Record<string, string>> = {
  receiver: 'echo',
  exporter: 'denied',
  seq: '1',
  shell: 'bash',
  archive: 'key.pem',
  old: 'echo',
  new: 'header',
  json: '{"cursor":"x"}',
  file: 'copy.db',
};

/** What has to be said beside the arguments; a list for each call. */
const MORE: Readonly<Record<string, readonly (readonly string[])[]>> = {
  once: [
    ['--patience', '1s', '--log', 'json'],
    ['--patience', '1s', '--log', 'text'],
  ],
  'queue drain': [['--patience', '1s']],
  'dead retry': [['--patience', '1s']],
  'dead show': [[], ['--raw']],
  'dead drop': [['--all', '--yes']],
  'state rewind': [['--to', '3d']],
  'dev record': [
    ['--out', 'talk/'],
    ['--out', 'people.json', '--people'],
  ],
  check: [[], ['--diff']],
  ledger: [[], ['--entries']],
  verify: [['--key', 'key.pem']],
  init: [['--vendor', 'opal', '--to', 'stdout', '--out', 'first.config.ts']],
  demo: [['--once', '--events', '8']],
  reconcile: [['--since', '3d', '--patience', '1s']],
};

/** How each is called. An argument that nothing is known of fails: say above what it is given. */
const callsOf = (name: string, help: string): readonly (readonly string[])[] => {
  const usage = /Usage: tributary (.*)/.exec(help)?.[1] ?? '';
  const given = [...usage.matchAll(/<([\w-]+)>/g)].map(
    ([, argument]) => ARGUMENTS[argument!] ?? `unknown: ${argument}`,
  );
  const its = help.includes('--config <file>') && name !== 'dev replay' ? ['-c', config] : [];
  const to = name === 'dev replay' ? ['talk/conversation.json', '-c', config, '--receiver', 'echo'] : given;
  const usual = MORE[name] ?? [[]];
  const also = ['--dry-run', '--json'].filter(flag => help.includes(flag)).map(flag => [...(usual.at(-1) ?? []), flag]);
  return [...also, ...usual].map(more => [...name.split(' '), ...to, ...its, ...more]);
};

/** First what fills the state, then what looks, then what changes it. */
const ORDER = ['check', 'once', 'dev record'];
const LAST = /^(reconcile|queue drain|dead (retry|drop)|state (rewind|set|adopt|import))$/;
const rank = (name: string): number => (ORDER.includes(name) ? ORDER.indexOf(name) : LAST.test(name) ? 99 : 50);

/** What the vendor of each receiver makes of its requests. */
const FAULTS = [
  'E_HTTP_DENIED',
  'E_HTTP_SERVER',
  'E_HTTP_LIMIT',
  'E_HTTP_REDIRECT',
  'E_HTTP_REQUEST',
  'E_PAGE_SYNTAX',
  'E_PAGE_SHAPE',
  'E_BODY_BROKEN',
  'E_NETWORK',
  'E_TLS',
];

// ---- The search ----

/** Every file below the folder, unpacked, but those that hold the secrets themselves. */
const filesIn = (folder: string): readonly Said[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name))
    .filter(path => !isOurs(relative(folder, path)))
    .map(path => {
      const bytes = readFileSync(path);
      return {
        argv: relative(folder, path),
        text: (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('latin1'),
      };
    });

describe('a canary', { timeout: 240_000 }, () => {
  test('is found where it is, in every form: or else this search proves nothing', () => {
    const secret = canary('probe');
    for (const text of [
      secret,
      encodeURIComponent(secret),
      JSON.stringify(JSON.stringify(secret)),
      `https://${secret.toLowerCase()}.example`,
      ...['', 'a', 'ab'].map(before => Buffer.from(`${before}${secret}`).toString('base64url')),
      Buffer.from(Buffer.from(`user:${secret}`).toString('base64')).toString('base64'),
    ])
      expect(canariesIn(`before ${text} after`)).not.toEqual([]);
    expect(canariesIn(Buffer.from('nothing of the kind is in here').toString('base64'))).toEqual([]);
  });

  test('is in nothing that a command says or leaves behind', async () => {
    const commands = await commandsByHelp();
    expect(commands.size).toBeGreaterThan(30);
    expect(ELSEWHERE.filter(name => !commands.has(name))).toEqual([]);
    const calls = [...commands]
      .filter(([name]) => !ELSEWHERE.includes(name))
      .toSorted(([a], [b]) => rank(a) - rank(b))
      .flatMap(([name, help]) => callsOf(name, help));
    calls.push(['check', '-c', 'opaque.config.ts']);
    expect(calls.flat().filter(word => word.startsWith('unknown:'))).toEqual([]);

    const said = await runAll(calls);
    const of = (name: string) =>
      said
        .filter(({ argv }) => argv.startsWith(name))
        .map(({ text }) => text)
        .join('\n');
    expectNone(said);
    // It was said to us, kept and shown without it: the search looked at the right things.
    const missing = (name: string, ...words: readonly string[]) => words.filter(word => !of(name).includes(word));
    expect(missing('once', '[secret]', ...FAULTS)).toEqual([]);
    expect(missing('dead ls', '[secret]', 'exporter/picky', 'exporter/partial', 'pipeline/audit/picky')).toEqual([]);
    expect(missing('dead export', '"raw":', '[secret]')).toEqual([]);
    expect(missing('queue export', 'rec-1-[secret]')).toEqual([]);
    expect(missing('state show', 'after [secret]')).toEqual([]);
    expect(missing('check -c opaque', 'receivers.opaque: ')).toEqual([]);

    const files = filesIn(here.folder);
    expect(files.map(({ argv }) => argv)).toEqual(
      expect.arrayContaining([
        '.tributary/state.db',
        'archive/echo-000001.ndjson.part',
        'talk/conversation.json',
        'people.json',
        'copy.db',
      ]),
    );
    expectNone(files);
  });

  test('is in nothing that a running one serves, logs or pushes', async () => {
    const own = place('');
    try {
      const program = tributary(['run', '-c', writeCanaryConfig(own.folder, world.url)], {
        cwd: own.folder,
        env: environmentOf(world.url),
      });
      let log = '';
      program.child.stderr!.on('data', chunk => {
        log += chunk;
      });
      for (const words of ['status is served', '"queue":"denied"', 'repeats our credential']) await program.said(words);
      const address = (words: RegExp) => `http://${words.exec(log)?.[1]}`;
      const health = address(/"address":"([\d.:]+)"/);
      const status = address(/"page":"http:\/\/([\d.:]+)\/"/);
      const pages = ['/livez', '/readyz', '/metrics'].map(path => `${health}${path}`);
      pages.push(...['/', '/api/status', '/api/history', '/api/config'].map(path => `${status}${path}`));
      const served = await Promise.all(pages.map(async argv => ({ argv, text: await textAt(argv) })));
      for (const name of readdirSync(join(own.folder, '.tributary')))
        expect(statSync(join(own.folder, '.tributary', name)).mode & 0o077, name).toBe(0);
      const at = ['-c', join(own.folder, 'pipeline.config.ts'), '--at', status.replace('http://', '')];
      const asked = await runAll([
        ['status', ...at],
        ['status', '--json', ...at],
      ]);
      const tail = await beginningOf(`${status}/api/tail?back=25`);
      program.child.kill('SIGTERM');
      const { stdout, stderr } = await program.ended;

      const paths = new Set(world.pushed.map(({ path }) => path));
      expect(['logs', 'metrics', 'traces'].filter(signal => !paths.has(`/sink/own/v1/${signal}`))).toEqual([]);
      expect(asked.some(({ text }) => text.includes('E_HTTP_DENIED'))).toBe(true);
      expectNone([
        ...served,
        ...asked,
        { argv: 'tail', text: tail },
        { argv: 'run, on standard output', text: stdout },
        { argv: 'run, on standard error', text: stderr },
        ...filesIn(own.folder),
        ...world.pushed.map(({ path, body }) => ({ argv: path, text: body })),
      ]);
      expect(stderr).toContain('the vendor repeats our credential');
      expect(served.find(({ argv }) => argv.endsWith('/api/config'))?.text).toContain('[secret env:T_TOKEN]');
      expect(served.find(({ argv }) => argv.endsWith('/api/status'))?.text).toContain('[secret]');
      expect(tail).toContain('[secret]');
    } finally {
      own.remove();
    }
  });
});

const textAt = async (url: string): Promise<string> => (await fetch(url)).text();

/** What comes at once of a stream that does not end. */
const beginningOf = async (url: string): Promise<string> => {
  const cut = new AbortController();
  const reader = (await fetch(url, { signal: cut.signal })).body!.getReader();
  let text = '';
  while (!text.includes('event: record')) text += Buffer.from((await reader.read()).value ?? []).toString();
  cut.abort();
  return text;
};

test('state, queues, dead letters, copies and recordings are for their owner only', () => {
  for (const name of [
    '.tributary',
    '.tributary/state.db',
    '.tributary/owner.db',
    'copy.db',
    'talk',
    'talk/conversation.json',
    'people.json',
  ])
    expect(statSync(join(here.folder, name)).mode & 0o077, name).toBe(0);
});
