// Polls as traces: a span for each time that a receiver catches up with its vendor, inside of it one for each page, and in
// that its requests and exports. Made after the fact, from what observers are told; nothing waits for it.
import {
  type Context,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import type { Clock } from '../../component.ts';
import type { Observer } from './observer.ts';

/** What a lane has open. */
interface Poll {
  readonly span: Span;
  readonly inside: Context;
  pages: number;
  /** Spans inside of it so far. */
  spans: number;
  page: { readonly span: Span; readonly inside: Context } | undefined;
}

/** Records in a queue, in order: how many came from a page. */
interface Waiting {
  /** Nothing where they were there before us. */
  readonly page: Span | undefined;
  records: number;
}

/** A poll of more spans goes on in a trace of its own, linked to the one before: a backfill has thousands of pages. */
const MOST_SPANS = 500;

/** How many pages are remembered whose records wait in a queue: what is sent is linked to them. */
const MOST_WAITING = 1000;

/** @param queued what lies in each queue already: how many records, by exporter */
export const tracePolls = (tracer: Tracer, clock: Clock, queued: ReadonlyMap<string, number> = new Map()): Observer => {
  const polls = new Map<string, Poll>();
  const waiting = new Map<string, Waiting[]>(
    [...queued].map(([name, records]) => [name, [{ page: undefined, records }]]),
  );

  const pollOf = (lane: string, from: number): Poll => {
    const known = polls.get(lane);
    if (known && known.spans < MOST_SPANS) return known;
    const links = known ? [{ context: known.span.spanContext() }] : [];
    if (known) end(lane);
    const span = tracer.startSpan(`poll ${lane}`, {
      startTime: from,
      links,
      attributes: { 'tributary.receiver': lane },
    });
    const made: Poll = { span, inside: trace.setSpan(ROOT_CONTEXT, span), pages: 0, spans: 0, page: undefined };
    polls.set(lane, made);
    return made;
  };

  const pageOf = (lane: string, from: number) => {
    const poll = pollOf(lane, from);
    if (poll.page) return poll.page;
    const span = tracer.startSpan('page', { startTime: from }, poll.inside);
    poll.page = { span, inside: trace.setSpan(poll.inside, span) };
    poll.pages++;
    poll.spans++;
    return poll.page;
  };

  const end = (lane: string) => {
    const poll = polls.get(lane);
    if (!poll) return;
    const now = clock.now();
    poll.page?.span.end(now);
    poll.span.setAttribute('tributary.pages', poll.pages).end(now);
    polls.delete(lane);
  };

  const remember = (exporter: string, page: Span, records: number) => {
    const pages = waiting.get(exporter) ?? [];
    pages.push({ page, records });
    if (pages.length > MOST_WAITING) {
      const [first, second] = pages.splice(0, 2); // forgotten, but still counted: the rest stays in step with the queue
      pages.unshift({ page: undefined, records: first!.records + second!.records });
    }
    waiting.set(exporter, pages);
  };

  /** The pages that the oldest records of a queue came from. */
  const take = (exporter: string, records: number): Span[] => {
    const pages = waiting.get(exporter) ?? [];
    const taken: Span[] = [];
    for (let left = records; left > 0 && pages.length > 0; ) {
      const first = pages[0]!;
      if (first.page) taken.push(first.page);
      const used = Math.min(left, first.records);
      left -= used;
      first.records -= used;
      if (first.records === 0) pages.shift();
    }
    return taken;
  };

  return {
    asked: (lane, { status, sent, took }) => {
      const { inside } = pageOf(lane, sent);
      polls.get(lane)!.spans++; // there is one, with its page
      const attributes = status === undefined ? {} : { 'http.response.status_code': status };
      const span = tracer.startSpan('request', { startTime: sent, attributes, kind: SpanKind.CLIENT }, inside);
      if (status === undefined || status >= 400) span.setStatus({ code: SpanStatusCode.ERROR });
      span.end(sent + took);
    },
    delivered: (lane, { batch, exporters }) => {
      const now = clock.now();
      const { span, inside } = pageOf(lane, now);
      span.setAttribute('tributary.records', batch.records.length);
      for (const { name, records, refused, queued, took } of exporters) {
        const attributes = {
          'tributary.exporter': name,
          'tributary.records': records.length,
          'tributary.refused': refused,
        };
        const options = { startTime: took.from, attributes, kind: SpanKind.PRODUCER };
        tracer.startSpan(`${queued ? 'enqueue' : 'export'} ${name}`, options, inside).end(took.to);
        if (queued) remember(name, span, records.length);
      }
      span.end(now);
      const poll = polls.get(lane);
      if (poll) poll.page = undefined;
    },
    dequeued: (exporter, records, refused, from) => {
      const links = take(exporter, records.length).map(page => ({ context: page.spanContext() }));
      const attributes = {
        'tributary.exporter': exporter,
        'tributary.records': records.length,
        'tributary.refused': refused,
      };
      tracer
        .startSpan(`export ${exporter}`, { startTime: from, links, attributes, kind: SpanKind.PRODUCER })
        .end(clock.now());
    },
    faulted: (lane, { code, kind }, place) => {
      const poll = polls.get(lane);
      if (!poll) return;
      // Words of vendors and sinks stay in the log.
      poll.span.addEvent(
        'fault',
        { 'tributary.code': code, 'tributary.kind': kind, 'tributary.place': place },
        clock.now(),
      );
      poll.span.setStatus({ code: SpanStatusCode.ERROR, message: code });
    },
    rested: end,
    ended: end,
  };
};
