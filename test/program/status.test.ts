// The status listener of the real program, and the commands that ask it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { simulator } from '../../receivers/opal/simulator.ts';
import type { Simulation } from '../../src/simulation/simulator.ts';
import { type Place, type Program, place, tributary } from '../support/program.ts';

let vendor: Simulation;
const closing: (() => unknown)[] = [];
beforeEach(async () => {
  vendor = await simulator.start({ events: 200, seed: 5, live: 20 });
  closing.push(() => vendor.close());
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A config that reads the simulated Opal into files. @param engine what stands in `engine: { … }` */
const here = (engine: string): Place => {
  const made = place(`
    import { defineConfig, secret } from 'tributary';
    import { opal } from 'tributary/receivers/opal';
    import { dedupe } from 'tributary/processors/dedupe';
    import { normalize } from 'tributary/processors/normalize';
    import { file } from 'tributary/exporters/file';
    export default defineConfig({
      receivers: { opal: opal({ apiKey: secret.env('OPAL_KEY'), baseUrl: '${vendor.url}', every: '1s' }) },
      processors: { dedupe: dedupe(), normalize: normalize() },
      exporters: { out: file({ path: 'audit/{receiver}-{seq}.ndjson' }) },
      pipelines: { audit: { receivers: ['opal'], processors: ['dedupe', 'normalize'], exporters: ['out'] } },
      engine: { ${engine} },
    });`);
  closing.push(made.remove);
  return made;
};

const start = (made: Place, command = 'run', key = vendor.credentials.apiKey!): Program => {
  const program = tributary([command, '-c', made.config, '--log', 'json'], { env: { OPAL_KEY: key } });
  closing.push(() => program.child.kill('SIGKILL'));
  return program;
};

/** Where its log says that the page is. */
const addressOf = async (program: Program): Promise<string> => {
  await Promise.race([program.said('"message":"status is served"'), program.ended]);
  const [, address] = /"page":"http:\/\/([^/]+)\/"/.exec(program.text()) ?? [];
  if (address === undefined) throw new Error(`no status: ${program.text()}`);
  return address;
};

/** The command, again until what it prints is right; the time limit of the test ends it. */
const until = async (args: readonly string[], right: (stdout: string) => boolean): Promise<string> => {
  for (;;) {
    const { code, stdout, stderr } = await tributary(args).ended;
    expect(stderr).toBe('');
    expect(code).toBe(0);
    if (right(stdout)) return stdout;
  }
};

/** A port on which somebody listens: this one, or any. */
const taken = (port: number): Promise<number> =>
  new Promise(done => {
    const other = createServer();
    other.once('error', () => done(port)); // by somebody else: as good
    other.listen(port, '127.0.0.1', () => {
      closing.push(() => new Promise(closed => other.close(closed)));
      done((other.address() as AddressInfo).port); // a TCP server has one
    });
  });

describe('tributary status', () => {
  test('says how a running one does, for people and for programs; the key is nowhere', async () => {
    const address = await addressOf(start(here("status: '127.0.0.1:0'")));
    const text = await until(['status', '--at', address], stdout => stdout.includes('up to date'));
    expect(text).toMatch(/opal: fine\n {2}reads {9}opal http:\/\/127\.0\.0\.1:\d+\n/);
    expect(text).toMatch(/stands {8}read up to \d{4}-/);
    expect(text).toMatch(/out: fine {2}\d+ sent/);
    const json = await until(['status', '--json', '--at', address], () => true);
    expect(JSON.parse(json)).toMatchObject({
      state: 'fine',
      receivers: [{ name: 'opal', requests: expect.any(Number) }],
    });
    expect(text + json).not.toContain(vendor.credentials.apiKey);
  });

  test('names what is wrong, and what to do', async () => {
    const address = await addressOf(start(here("status: '127.0.0.1:0'"), 'run', 'a-wrong-key'));
    const text = await until(['status', '--at', address], stdout => stdout.includes('opal: held'));
    expect(text).toContain('opal needs you.');
    expect(text).toMatch(/E_HTTP_DENIED \(401\) since .*\n.*\n {4}Check the credential/);
    expect(text).not.toContain('a-wrong-key');
  });

  test('finds it by the config; says so where nothing runs, where it is switched off, and where another one answers', async () => {
    const port = await taken(0);
    for (const close of closing.splice(1).reverse()) await close(); // free again
    const mine = here(`status: '127.0.0.1:${port}'`);
    const nothing = await tributary(['status', '-c', mine.config]).ended;
    expect(nothing).toMatchObject({ code: 1, stdout: '' });
    expect(nothing.stderr).toContain(`nothing is served on 127.0.0.1:${port}`);
    await addressOf(start(mine));
    await until(['status', '-c', mine.config], stdout => stdout.includes('opal: '));
    const other = await tributary(['status', '-c', here(`status: '127.0.0.1:${port}'`).config]).ended;
    expect(other).toMatchObject({ code: 1, stdout: '' });
    expect(other.stderr).toContain('runs on another state');
    const off = await tributary(['status', '-c', here('status: false').config]).ended;
    expect(off).toMatchObject({ code: 1, stderr: expect.stringContaining('switches the status off') });
    const wrong = await tributary(['status', '--at', 'example.com:80']).ended;
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('--at must be an address') });
  });
});

describe('tributary tail', () => {
  test('prints what passes, as events or in the vendor’s words, until nobody reads or it is told to stop', async () => {
    const running = start(here("status: '127.0.0.1:0'"));
    const at = ['--at', await addressOf(running)];
    const first = async (...args: readonly string[]) => {
      const program = tributary(['tail', ...at, ...args]);
      const line = await new Promise<string>(done => {
        let all = '';
        program.child.stdout!.on('data', (chunk: string) => {
          all += chunk;
          if (all.includes('\n')) done(all.split('\n')[0]!);
        });
      });
      program.child.kill('SIGINT');
      expect((await program.ended).code).toBe(0);
      return JSON.parse(line);
    };
    expect(await first()).toMatchObject({ class_uid: expect.any(Number), metadata: { uid: expect.any(String) } });
    expect(await first('--class', 'Group Management')).toMatchObject({ class_uid: 3006 });
    expect(await first('--receiver', 'opal', '--raw')).toMatchObject({ event_id: expect.any(String) });
    const cut = tributary(['tail', ...at]);
    cut.child.stdout!.destroy();
    expect((await cut.ended).code).toBe(0);
    const told = tributary(['tail', ...at, '--class', '1']);
    await until(['status', ...at], () => true);
    running.child.kill('SIGKILL');
    expect(await told.ended).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('has ended') });
  });

  test.each([
    [['--receiver', 'opel'], "there is no receiver 'opel'; there are: opal"],
    [['--class', 'authenticaton'], 'OCSF has no such class'],
  ])('%j is wrong usage', async (args, words) => {
    const address = await addressOf(start(here("status: '127.0.0.1:0'")));
    const { code, stderr } = await tributary(['tail', '--at', address, ...args]).ended;
    expect(stderr).toContain(words);
    expect(code).toBe(2);
  });
});

describe('tributary top', () => {
  test('changes a table in place on a terminal, and leaves it as it was; elsewhere one table follows the other', async () => {
    const running = start(here("status: '127.0.0.1:0'"));
    const at = await addressOf(running);
    const line = `${process.execPath} bin/tributary.js top --every 100ms --at ${at}`;
    for (const key of ['q', '\x03']) {
      const terminal = spawn('script', ['-qefc', `stty cols 100 rows 20; ${line}`, '/dev/null']); // a terminal of its own
      closing.push(() => terminal.kill('SIGKILL'));
      let shown = '';
      await new Promise<void>(done => {
        terminal.stdout.setEncoding('utf8').on('data', (chunk: string) => {
          shown += chunk;
          if (shown.split('RECEIVER').length > 2) done();
        });
      });
      terminal.stdin.write(key);
      const [code] = await once(terminal, 'close');
      expect(code).toBe(0);
      expect(shown).toContain('\x1b[?1049h'); // another screen, and back
      expect(shown.endsWith('\x1b[?1049l')).toBe(true);
      expect(shown).toMatch(/opal +(fine|reading) /);
    }
    const plain = tributary(['top', '--every', '100ms', '--at', at]);
    let lines = '';
    await new Promise<void>(done => {
      plain.child.stdout!.on('data', (chunk: string) => {
        lines += chunk;
        if (lines.split('RECEIVER').length > 2) done();
      });
    });
    expect(lines).not.toContain('\x1b');
    running.child.kill('SIGKILL');
    expect(await plain.ended).toMatchObject({ code: 1, stderr: expect.stringContaining(`nothing is served on ${at}`) });
  });

  test('is wrong usage with an interval that is none', async () => {
    const { code, stderr } = await tributary(['top', '--every', 'often']).ended;
    expect(code).toBe(2);
    expect(stderr).toContain('--every must be a duration');
  });
});

describe('the listener', () => {
  test('where nobody asked for it, a port that is taken is a warning', async () => {
    await taken(8686);
    const program = start(here(''));
    await program.said('the status page is not served');
    await program.said('"message":"running"');
    program.child.kill('SIGTERM');
    expect((await program.ended).code).toBe(0);
  });

  test('where the config asks for it, that is said before anything is read: exit 1', async () => {
    const port = await taken(0);
    const { code, stderr } = await start(here(`status: '127.0.0.1:${port}'`)).ended;
    expect(code).toBe(1);
    expect(stderr).toContain(`engine.status: 127.0.0.1:${port}: another process listens there already`);
    expect(vendor.requests()).toEqual({});
  });

  test.each([
    ['status: false', 'run'],
    ["status: '127.0.0.1:0'", 'once'],
  ])('is not opened for engine: { %s } in %s', async (engine, command) => {
    const program = start(here(engine), command);
    await program.said('"message":"running"');
    program.child.kill('SIGTERM');
    expect((await program.ended).stderr).not.toContain('status');
  });

  test.each(['example.com:80', true, '127.0.0.1'])(
    'an address that is none is a problem of the config: %j',
    async status => {
      const { code, stderr } = await start(here(`status: ${JSON.stringify(status)}`)).ended;
      expect(code).toBe(1);
      expect(stderr).toContain('engine.status: must be false, or an address and a port');
    },
  );
});
