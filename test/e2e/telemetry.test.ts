// Our own telemetry in a real collector, beside the events: metrics under the names that are documented, a trace for each
// poll, our log. None of it goes through a pipeline.
import { afterEach, expect, test } from 'vitest';
import { textOf } from '../support/markdown.ts';
import { collector } from './collector.ts';
import { setup, tributaryOnce } from './tributary.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

test('metrics, traces and log arrive in the collector that the events go to', async () => {
  const sink = await collector();
  closers.push(sink.close);
  await sink.start();
  const vendors = await setup(50, sink.url, {}, { telemetry: { endpoint: sink.url } });
  closers.push(vendors.close);
  const program = tributaryOnce(vendors);
  closers.push(program.kill);
  expect(await program.ended, program.said().slice(-3000)).toBe(0);

  const requests = sink.told();
  const metrics = requests.flatMap(({ resourceMetrics = [] }) =>
    resourceMetrics.flatMap(({ scopeMetrics }) =>
      scopeMetrics.flatMap(({ metrics }) => metrics.map(({ name }) => name)),
    ),
  );
  const documented = [...textOf('docs/metrics.md').matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);
  expect(documented).toEqual(expect.arrayContaining([...new Set(metrics)]));
  expect(metrics).toContain('otelcol_receiver_accepted_log_records_total');

  const spans = requests.flatMap(({ resourceSpans = [] }) =>
    resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)),
  );
  const [poll] = spans.filter(({ name }) => name === 'poll opal');
  const inside = spans.filter(({ traceId }) => traceId === poll!.traceId).map(({ name }) => name);
  expect(inside).toEqual(expect.arrayContaining(['page', 'request', 'export collector', 'export archive']));

  const own = sink.received().filter(({ resource }) => resource['service.name'] === 'tributary');
  expect(own.map(({ body }) => body)).toContain('running');
  expect(sink.received().length - own.length).toBe(vendors.archived().length);
});
