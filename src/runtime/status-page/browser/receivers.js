// A card for each receiver: how it does, where it stands, what the vendor lets it ask, and what went wrong.
import { ago, clock, el, many, mark, moment, STATES, say, show, span } from './base.js';
import { drawn, sparkOf } from './charts.js';

/** What is shown of a receiver, in this order: its label, its text, and a smaller text beside it. */
const FACTS = [
  ['Lag', one => [span(one.lag_seconds)]],
  ['Last poll', (one, now) => (one.last_poll ? [ago(one.last_poll.at, now), pollWords(one.last_poll)] : undefined)],
  ['Newest event', (one, now) => (one.newest_event ? [ago(one.newest_event, now)] : ['none yet'])],
  ['Read', one => [many(one.records), 'since the start']],
  [
    'Vendor budget',
    (one, now) => (one.budget ? budgetWords(one.budget, now) : one.last_poll ? ['none known'] : undefined),
  ],
  [
    'Clock skew',
    one =>
      Math.abs(one.clock_skew_seconds ?? 0) > 5
        ? [`${Math.round(one.clock_skew_seconds)} s`, 'ours minus theirs']
        : undefined,
  ],
  ['Credential', (one, now) => (one.credential_ends ? [credentialWords(one.credential_ends, now)] : undefined)],
  ['Stands', one => [one.position ? one.position.words : 'not begun'], 'wide'],
  [
    'Gap',
    one => (one.gap ? [`the vendor no longer had everything from ${one.gap.from} to ${one.gap.to}`] : undefined),
    'wide',
  ],
];

const pollWords = ({ status, took_seconds }) =>
  `${status ?? 'no answer'} in ${took_seconds < 1 ? `${Math.round(took_seconds * 1000)} ms` : span(took_seconds)}`;

const PER = { 1: 's', 60: 'min', 3600: 'h', 86400: 'd' };

const budgetWords = ({ left, said_by, waits_until, rates }, now) => {
  if (waits_until) return [`waits until ${moment(waits_until, now)}`, 'the vendor asks for it'];
  const rules = rates.map(({ requests, per_seconds }) => `${many(requests)}/${PER[per_seconds] ?? span(per_seconds)}`);
  return said_by === 'vendor' ? [`${many(left)} left`, 'says the vendor'] : [`${many(left)} at once`, rules.join(', ')];
};

const credentialWords = (ends, now) => {
  const seconds = (Date.parse(ends) - Date.parse(now)) / 1000;
  return seconds > 0 ? `${span(seconds)} left` : 'has ended';
};

/** A text in which no moment is broken over two lines; thousandths of a second tell nobody anything. */
const timed = text =>
  text
    .split(/(\d{4}-\d\d-\d\dT[\d:.]+Z)/)
    .map((part, i) => (i % 2 === 0 ? part : el('time', { datetime: part }, part.replace(/\.\d+Z$/, 'Z'))));

/** What is waited out, and what to do about it. */
export const troubleOf = ({ code, status, kind, place, since, meaning, remedy }, name, now) =>
  el(
    'div',
    { class: `trouble ${kind === 'transient' ? 'waiting' : 'held'}` },
    el(
      'p',
      {},
      el('strong', {}, meaning),
      ` Since ${moment(since, now)}${place.endsWith(`/${name}`) ? '' : `, at ${place}`}.`,
    ),
    el('p', {}, remedy),
    el('p', { class: 'code' }, status ? `${code} (${status})` : code),
  );

const faultOf = ({ code, status, place, words, remedy, first, last, times }, now) =>
  el(
    'li',
    {},
    el('div', {}, words),
    el('p', {}, remedy),
    el(
      'p',
      {},
      el('span', { class: 'code' }, status ? `${code} (${status})` : code),
      ` at ${place}, ${times === 1 ? moment(last, now) : `${many(times)} times, ${moment(first, now)} to ${moment(last, now)}`}`,
    ),
  );

const cardOf = name => {
  const card = {
    state: el('span', { class: 'state' }),
    shape: el('span'),
    reads: el('p', { class: 'reads' }),
    spark: el('div', { class: 'spark' }),
    facts: FACTS.map(([label, , wide]) => {
      const [text, more] = [el('span'), el('small')];
      return { row: el('div', { class: wide }, el('dt', {}, label), el('dd', {}, text, ' ', more)), text, more };
    }),
    trouble: el('div'),
    list: el('ol'),
    count: el('summary'),
  };
  card.faults = el('details', { class: 'faults' }, card.count, card.list);
  card.node = el(
    'article',
    { class: 'receiver', 'aria-label': name },
    el('header', {}, card.shape, el('h3', {}, name), card.state, card.spark),
    card.reads,
    card.trouble,
    el('dl', { class: 'facts' }, ...card.facts.map(({ row }) => row)),
    card.faults,
  );
  return card;
};

/** @param host where the cards are; returns what shows a report in them */
export const receiversIn = host => {
  const cards = new Map();
  const update = ({ receivers, now }) => {
    for (const [name, card] of cards) {
      if (receivers.some(one => one.name === name)) continue;
      card.node.remove();
      cards.delete(name);
    }
    for (const one of receivers) {
      const card = cards.get(one.name) ?? cardOf(one.name);
      if (!cards.has(one.name)) host.append(card.node);
      cards.set(one.name, card);
      card.node.className = `receiver ${one.state}`;
      show(card.shape, one.state, () => [mark(one.state)]);
      say(card.state, STATES[one.state]);
      say(card.reads, one.reads ?? one.type);
      FACTS.forEach(([, words], i) => {
        const [text, more = ''] = words(one, now) ?? [];
        card.facts[i].row.hidden = text === undefined;
        show(card.facts[i].text, text ?? '', () => timed(text ?? ''));
        say(card.facts[i].more, more);
      });
      show(card.trouble, one.trouble, () => [one.trouble && troubleOf(one.trouble, one.name, now)]);
      card.faults.hidden = one.faults.length === 0;
      say(
        card.count,
        `Recent faults (${one.faults.length}), the last ${one.faults[0] ? clock(one.faults[0].last) : ''}`,
      );
      show(card.list, one.faults, () => one.faults.map(fault => faultOf(fault, now)));
    }
  };
  const draw = history => {
    const minutes = drawn(history);
    for (const { name, records: all } of history.receivers) {
      const records = all.slice(-minutes);
      const card = cards.get(name);
      if (card) show(card.spark, records, () => [sparkOf(name, records)]);
    }
  };
  return { update, draw };
};
