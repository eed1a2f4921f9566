// `tributary graph`: the pipelines as Mermaid, whatever a name or a secret may be.
import { afterAll, expect, test } from 'vitest';
import { draw } from '../../src/cli/graph.ts';
import type { AnyConfig } from '../../src/config.ts';
import { type Place, place, tributary } from '../support/program.ts';

const places: Place[] = [];
afterAll(() => {
  for (const each of places) each.remove();
});

const config = (more: string): string => {
  const made = place(`
    import { defineConfig, queued, secret } from 'tributary';
    import { opal } from 'tributary/receivers/opal';
    import { dedupe } from 'tributary/processors/dedupe';
    import { normalize } from 'tributary/processors/normalize';
    import { file } from 'tributary/exporters/file';
    import { stdout } from 'tributary/exporters/stdout';
    export default defineConfig({
      receivers: { opal: opal({ apiKey: secret.env('NOT_SET') }), prod: opal({ apiKey: secret.env('NOT_SET') }) },
      processors: { dedupe: dedupe(), ocsf: normalize() },
      exporters: { out: stdout(), far: queued(file({ path: 'a/{receiver}-{seq}' }), { limit: '2GiB' }) },
      ${more}
    });`);
  places.push(made);
  return made.config;
};

test('receivers, processors in the box of their pipeline, queues, exporters; secrets need not be set', async () => {
  const at = config(`pipelines: {
    audit: { receivers: ['opal', 'prod'], processors: ['dedupe', 'ocsf'], exporters: ['out', 'far'] },
    'as it is': { receivers: ['prod'], exporters: ['far'], repeats: 'allow' },
  },`);
  const { code, stdout, stderr } = await tributary(['graph', '-c', at]).ended;
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toBe(`flowchart LR
  r0(["opal"])
  r1(["prod<br/>opal"])
  subgraph p0["audit"]
    p0s0["dedupe"]
    p0s1["ocsf<br/>normalize"]
    p0s0 --> p0s1
  end
  subgraph p1["as it is"]
    p1s0["as it is read"]
  end
  e0[/"out<br/>stdout"/]
  e1[/"far<br/>file"/]
  q1[("queue<br/>up to 2GiB")]
  r0 --> p0s0
  r1 --> p0s0
  p0s1 --> e0
  p0s1 --> q1
  r1 --> p1s0
  p1s0 --> q1
  q1 --> e1
`);
});

test('names that Mermaid would read as its own are numbers of characters', () => {
  const spec = { kind: 'receiver', type: 'a"]; end\n<b>#`|', options: {} };
  const drawn = draw({
    receivers: { end: spec },
    exporters: { out: { ...spec, type: 'out' } },
    pipelines: { 'x" --> y': { receivers: ['end'], exporters: ['out'] } },
  } as unknown as AnyConfig); // what is drawn is names and types alone
  expect(drawn).toContain('  r0(["end<br/>a#34;#93;#59; end#10;#60;b#62;#35;#96;#124;"])\n');
  expect(drawn).toContain('  subgraph p0["x#34; --#62; y"]\n');
});

test('what cannot be drawn is said, and exits with 1', async () => {
  const at = config("pipelines: { audit: { receivers: ['opel'], processors: ['dedupe'], exporters: ['out'] } },");
  const { code, stdout, stderr } = await tributary(['graph', '-c', at]).ended;
  expect(stderr).toContain("pipelines.audit.receivers[0]: there is no receiver 'opel'; did you mean 'opal'?");
  expect([code, stdout]).toEqual([1, '']);
});
