// The config of the real program is changed while it runs: what is good is taken over, what is bad is refused and said, and
// neither can end it.
import { mkdirSync, renameSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { simulator } from '../../receivers/opal/simulator.ts';
import type { Simulation } from '../../src/simulation/simulator.ts';
import { scrape } from '../support/metrics.ts';
import { type Place, type Program, place, tributary } from '../support/program.ts';

let vendor: Simulation;
beforeAll(async () => {
  vendor = await simulator.start({ events: 20, seed: 1 });
});
afterAll(() => vendor.close());
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const config = ({ pageSize = '100', first = '', engine = "health: '127.0.0.1:0', status: false" } = {}) => `
  ${first}
  import { defineConfig, secret } from 'tributary';
  import { opal } from 'tributary/receivers/opal';
  import { dedupe } from 'tributary/processors/dedupe';
  import { file } from 'tributary/exporters/file';
  export default defineConfig({
    receivers: { opal: opal({ apiKey: secret.env('OPAL_KEY'), baseUrl: '${vendor.url}', pageSize: ${pageSize} }) },
    processors: { dedupe: dedupe() },
    exporters: { out: file({ path: 'audit/{receiver}-{seq}.ndjson' }) },
    pipelines: { audit: { receivers: ['opal'], processors: ['dedupe'], exporters: ['out'] } },
    engine: { ${engine} },
  });`;

/** Each change starts a process: on a busy machine that takes its time. */
const LONG = 180_000;

const CHANGED = 'the config has changed';
const REFUSED = 'the config is refused; the one before goes on';
const SAME = 'the config says the same as before';

const here = (text = config()): Place => {
  const made = place(text);
  closing.push(made.remove);
  return made;
};

const ENV = () => ({ OPAL_KEY: vendor.credentials.apiKey! });

const start = async (file: string): Promise<Program & { address(): string }> => {
  let said = '';
  const env = ENV();
  const program = tributary(['run', '-c', file, '--log', 'json'], { env });
  closing.push(() => program.child.kill('SIGKILL'));
  program.child.stderr!.on('data', (chunk: string) => {
    said += chunk;
  });
  await program.said('"running"');
  return { ...program, address: () => /"address":"([^"]+)"/.exec(said)![1]! };
};

const stop = async ({ child, ended }: Program) => {
  child.kill('SIGTERM');
  expect(await ended).toMatchObject({ code: 0 });
};

test(
  'what is bad is refused, with the reason, and what is good is taken over; what says the same changes nothing',
  async () => {
    const { folder, config: path, lines } = here();
    const program = await start(path);
    writeFileSync(path, config({ pageSize: '1 +' }));
    await program.said(REFUSED);
    await program.said('is not valid');
    const failed = await scrape(program.address());
    expect(failed.value('tributary_config_last_reload_success')).toBe(0);
    expect(failed.value('tributary_config_reloads_total', { outcome: 'refused' })).toBe(1);

    writeFileSync(path, config({ pageSize: '7', engine: "lagLimit: '1h'" }));
    await program.said(CHANGED);
    await program.said('engine.lagLimit: has changed, and has effect from the next start on');
    const mended = await scrape(program.address());
    expect(mended.value('tributary_config_last_reload_success')).toBe(1);
    expect(mended.value('tributary_config_reloads_total', { outcome: 'applied' })).toBe(1);

    const next = join(folder, 'next.config.ts'); // beside the other one, and so on the same state
    writeFileSync(next, config({ pageSize: '8' }));
    const { code, stdout } = await tributary(['check', '--diff', '-c', next], { env: ENV() }).ended;
    expect([code, stdout]).toEqual([
      0,
      'opal  made anew\n  changed   receivers.opal: pageSize\n  position  goes on from where it stands\n',
    ]);

    program.child.kill('SIGHUP');
    await program.said(SAME);
    writeFileSync(
      path,
      config({ pageSize: '7', engine: "state: { kind: 'state', type: 'sqlite', options: { path: 'new' } }" }),
    );
    await program.said('engine.state cannot change while it runs');
    await stop(program);
    expect(lines('audit')).toHaveLength(20); // each once, however often the config was changed
  },
  LONG,
);

test(
  'what it imports belongs to it: a component of our own in another file, and what that imports',
  async () => {
    const { folder, config: path } = here(config({ first: "import { size } from './lib/size.ts';", pageSize: 'size' }));
    mkdirSync(join(folder, 'lib'));
    writeFileSync(
      join(folder, 'lib/size.ts'),
      "import sizes from './sizes.json' with { type: 'json' };\nexport const size: number = sizes.page;",
    );
    writeFileSync(join(folder, 'lib/sizes.json'), '{"page":5}');
    const program = await start(path);
    writeFileSync(join(folder, 'lib/sizes.json'), '{"page":6}');
    await program.said(CHANGED);
    writeFileSync(join(folder, 'lib/size.ts'), 'export const size = "none";');
    await program.said(REFUSED);
    writeFileSync(join(folder, 'lib/size.ts'), 'export const size = 8;');
    await program.said(CHANGED, 2);
    await stop(program);
  },
  LONG,
);

test(
  'a ConfigMap of Kubernetes: a link is exchanged, and the file that it leads to is another',
  async () => {
    const made = here('');
    const mount = join(made.folder, 'mount');
    const version = (name: string, text: string) => {
      mkdirSync(join(mount, name), { recursive: true });
      writeFileSync(join(mount, name, 'pipeline.config.ts'), text);
      symlinkSync(name, join(mount, '..data_tmp'));
      renameSync(join(mount, '..data_tmp'), join(mount, '..data'));
    };
    version('..2026_01', config());
    const path = join(mount, 'pipeline.config.ts');
    symlinkSync('..data/pipeline.config.ts', path);
    const program = await start(path);
    version('..2026_02', config({ pageSize: '9' }));
    await program.said(CHANGED);
    version('..2026_03', config({ pageSize: '9' }));
    await program.said(SAME);
    await stop(program);
  },
  LONG,
);

test(
  'a file that is written in two steps, or is away for a moment, is read when it is whole',
  async () => {
    const made = here();
    const program = await start(made.config);
    unlinkSync(made.config);
    writeFileSync(made.config, config().slice(0, 200));
    writeFileSync(made.config, config({ pageSize: '3' }));
    await program.said(CHANGED);
    await stop(program);
    const { stderr } = await program.ended;
    expect(stderr).not.toContain(REFUSED);
  },
  LONG,
);
