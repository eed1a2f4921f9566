// Polls as traces: what belongs together is in one trace, with the times at which it happened, and nothing grows for ever.
import { SpanStatusCode } from '@opentelemetry/api';
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { expect, test } from 'vitest';
import { Fault } from '../../src/fault.ts';
import type { AuditRecord } from '../../src/model.ts';
import type { Delivery } from '../../src/runtime/account.ts';
import { together } from '../../src/runtime/telemetry/observer.ts';
import { tracePolls } from '../../src/runtime/telemetry/trace.ts';
import { virtualClock } from '../support/clock.ts';

const START = Date.UTC(2026, 0, 15, 12);

/** Told like the engine tells it; what came of it. */
const rig = (queued?: ReadonlyMap<string, number>) => {
  const clock = virtualClock(START);
  const exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  const tell = together([tracePolls(provider.getTracer('test'), clock, queued)]);
  const spans = () => exporter.getFinishedSpans();
  return { clock, tell, spans, named: (name: string) => spans().filter(span => span.name === name) };
};

const record = { id: 'a' } as AuditRecord; // only counted
const page = (records: number, exporters: Delivery['exporters'] = []): Delivery => ({
  batch: { records: Array.from({ length: records }, () => record) },
  routes: [],
  exporters,
});
const taken = (
  name: string,
  records: number,
  queued = false,
  from = START,
  to = START,
): Delivery['exporters'][number] => ({
  name,
  records: Array.from({ length: records }, () => record),
  refused: 0,
  queued,
  took: { from, to },
});
const answer = (status: number | undefined, sent: number, took = 100) => ({ status, sent, took, date: undefined });

const parent = (span: ReadableSpan) => span.parentSpanContext?.spanId;
const id = (span: ReadableSpan) => span.spanContext().spanId;
const ms = ([seconds, nanos]: readonly [number, number]) => seconds * 1000 + nanos / 1e6;

test('a poll with two pages: one trace, each page with its request and its exports, at their times', async () => {
  const { clock, tell, spans, named } = rig();
  tell.asked('opal', answer(200, START));
  await clock.advance(500);
  tell.delivered('opal', page(3, [taken('collector', 3, false, START + 100, START + 400)]));
  tell.asked('opal', answer(200, START + 600));
  await clock.advance(500);
  tell.delivered('opal', page(0));
  tell.rested('opal');

  const [poll] = named('poll opal');
  expect(new Set(spans().map(span => span.spanContext().traceId)).size).toBe(1);
  expect(poll!.attributes).toEqual({ 'tributary.receiver': 'opal', 'tributary.pages': 2 });
  expect([ms(poll!.startTime), ms(poll!.endTime)]).toEqual([START, START + 1000]);
  const pages = named('page');
  expect(pages.map(parent)).toEqual([id(poll!), id(poll!)]);
  expect(pages.map(({ attributes }) => attributes['tributary.records'])).toEqual([3, 0]);
  expect(named('request').map(parent)).toEqual(pages.map(id));
  const [sent] = named('export collector');
  expect(parent(sent!)).toBe(id(pages[0]!));
  expect([ms(sent!.startTime), ms(sent!.endTime)]).toEqual([START + 100, START + 400]);
});

test('a fault is told by its code, never in the words of a vendor', () => {
  const { tell, named, spans } = rig();
  tell.asked('opal', answer(undefined, START));
  tell.faulted('opal', new Fault('E_HTTP_DENIED', 'the vendor says: hunter2'), 'receiver/opal');
  tell.ended('opal', new Fault('E_HTTP_DENIED', 'the vendor says: hunter2'));
  const [poll] = named('poll opal');
  expect(poll!.status).toEqual({ code: SpanStatusCode.ERROR, message: 'E_HTTP_DENIED' });
  expect(poll!.events.map(({ attributes }) => attributes)).toEqual([
    { 'tributary.code': 'E_HTTP_DENIED', 'tributary.kind': 'denied', 'tributary.place': 'receiver/opal' },
  ]);
  expect(named('request')[0]!.status.code).toBe(SpanStatusCode.ERROR);
  expect(
    JSON.stringify(spans().map(({ attributes, events, status }) => ({ attributes, events, status }))),
  ).not.toContain('hunter2');
});

test('what leaves a queue is linked to the pages that it came from; what lay there before us, to none', () => {
  const { tell, named } = rig(new Map([['kept', 5]]));
  for (const count of [2, 4]) {
    tell.asked('opal', answer(200, START));
    tell.delivered('opal', page(count, [taken('kept', count, true)]));
  }
  const [first, second] = named('page');
  const records = (count: number) => Array.from({ length: count }, () => record);
  tell.dequeued('kept', records(5), 0, START);
  tell.dequeued('kept', records(3), 1, START);
  tell.dequeued('kept', records(3), 0, START);
  const links = named('export kept').map(span => span.links.map(({ context }) => context.spanId));
  expect(links).toEqual([[], [id(first!), id(second!)], [id(second!)]]);
  expect(named('enqueue kept').map(parent)).toEqual([id(first!), id(second!)]);
});

test('a poll that does not end goes on in a trace of its own, linked to the one before', () => {
  const { tell, named } = rig();
  for (let i = 0; i < 1200; i++) {
    tell.asked('opal', answer(503, START + i));
  }
  tell.ended('opal');
  const polls = named('poll opal');
  expect(polls.length).toBe(3);
  expect(polls.map(({ links }) => links.map(({ context }) => context.spanId))).toEqual([
    [],
    [id(polls[0]!)],
    [id(polls[1]!)],
  ]);
});
