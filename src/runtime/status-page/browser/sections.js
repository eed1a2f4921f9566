// The smaller parts: figures at a glance, exporters with their queues, dead letters, and the config.
import { byId, bytes, el, many, mark, moment, rate, STATES, show, span } from './base.js';
import { troubleOf } from './receivers.js';

/** The numbers that are looked at first. */
export const showFigures = ({ receivers, flows, dead_letters }) => {
  const slowest = receivers.toSorted((a, b) => b.lag_seconds - a.lag_seconds)[0];
  const read = receivers.reduce((sum, { records }) => sum + records, 0);
  const perMinute = receivers.reduce(
    (sum, { name }) => sum + (flows.find(({ from }) => from === `receiver/${name}`)?.per_minute ?? 0),
    0,
  );
  const figures = [
    ['Records a minute', rate(perMinute)],
    ['Read since the start', many(read)],
    [
      'Longest lag',
      slowest ? span(slowest.lag_seconds) : '–',
      slowest && receivers.length > 1 ? slowest.name : undefined,
    ],
    ['Dead letters', many(dead_letters.total)],
  ];
  show(byId('figures'), figures, () =>
    figures.map(([label, text, more]) =>
      el('div', {}, el('dt', {}, label), el('dd', {}, text, more && ' ', more && el('small', {}, more))),
    ),
  );
};

const queueOf = queue => {
  if (!queue) return ['none'];
  const { records, bytes: size, limit_bytes } = queue;
  const words =
    records === 0
      ? `empty, of ${bytes(limit_bytes)}`
      : `${many(records)} records, ${bytes(size)} of ${bytes(limit_bytes)}`;
  return [
    el('meter', { min: 0, max: limit_bytes, high: limit_bytes * 0.8, optimum: 0, value: size, 'aria-label': words }),
    words,
  ];
};

export const showExporters = ({ exporters, dead_letters, now }) => {
  const rows = exporters.map(({ name, type, state, sent, sent_per_minute, refused, queue }) => ({
    name,
    type,
    state,
    sent,
    sent_per_minute,
    refused,
    queue,
  }));
  show(byId('exporters'), rows, () =>
    rows.map(({ name, type, state, sent, sent_per_minute, refused, queue }) =>
      el(
        'tr',
        { class: state },
        el('th', { scope: 'row' }, name, el('small', {}, ` ${type}`)),
        el('td', { class: 'state' }, mark(state), state === 'fine' ? 'works' : STATES[state]),
        el('td', { class: 'number', 'data-label': 'Sent' }, many(sent)),
        el('td', { class: 'number', 'data-label': 'A minute' }, rate(sent_per_minute)),
        el('td', { class: 'number', 'data-label': 'Refused' }, many(refused)),
        el('td', { class: 'queue', 'data-label': 'Queue' }, ...queueOf(queue)),
      ),
    ),
  );
  const troubles = exporters.filter(({ trouble }) => trouble);
  show(
    byId('exporter-troubles'),
    troubles.map(({ name, trouble }) => [name, trouble]),
    () => troubles.map(({ trouble }) => troubleOf(trouble, '', now)),
  );
  const { total, places } = dead_letters;
  show(byId('letters'), dead_letters, () => [
    total === 0 ? 'No dead letters.' : `${many(total)} dead letter${total === 1 ? '' : 's'}`,
    places.length > 0 &&
      ` (in the last day ${places.map(({ place, last_day }) => `${many(last_day)} at ${place}`).join(', ')})`,
    total > 0 && ': ',
    total > 0 && el('code', {}, 'tributary dead ls'),
  ]);
};

const FATES = ['fetched', 'duplicate', 'filtered', 'delivered', 'dead', 'pending'];

const capitalized = word => word.charAt(0).toUpperCase() + word.slice(1);

/** What became of every record, by exporter: each counts in as many accounts as it goes ways. */
export const showLedger = ({ ledger }) => {
  const broken = ledger.filter(({ holds }) => !holds);
  const words =
    ledger.length === 0
      ? 'Nothing is counted yet.'
      : broken.length === 0
        ? 'Every record that was fetched has one fate, since the ledger began; counted in the commit of what it counts.'
        : `This does not hold for ${broken.map(({ receiver, exporter }) => `${receiver} to ${exporter}`).join(', ')}. Please report it:`;
  show(byId('ledger-said'), words, () => [words, broken.length > 0 && el('code', {}, ' tributary ledger')]);
  const rows = [...Map.groupBy(ledger, ({ exporter }) => exporter)].map(([exporter, accounts]) => [
    exporter,
    ...FATES.map(fate => accounts.reduce((sum, account) => sum + account[fate], 0)),
  ]);
  show(byId('ledger'), rows, () =>
    rows.map(([exporter, ...counts]) =>
      el(
        'tr',
        {},
        el('th', { scope: 'row' }, exporter),
        ...counts.map((count, i) => el('td', { class: 'number', 'data-label': capitalized(FATES[i]) }, many(count))),
      ),
    ),
  );
};

/** What became of the last change of the config. */
export const showReload = ({ reload, now }) => {
  const refused = reload?.outcome === 'refused';
  show(byId('notice'), refused && reload, () => [
    refused &&
      el(
        'div',
        { class: 'trouble held' },
        el('p', {}, el('strong', {}, 'The config was refused; the one before goes on.'), ` ${moment(reload.at, now)}`),
        el('p', { class: 'reason' }, reload.reason),
      ),
  ]);
  show(byId('reload'), reload, () =>
    reload
      ? [outcomeOf(reload, now), ...reload.notes.map(note => el('span', {}, note))]
      : ['Unchanged since the start.'],
  );
};

const outcomeOf = ({ at, outcome, kept, stopped, started, adopted }, now) => {
  const when = moment(at, now);
  if (outcome === 'refused') return `A change was refused at ${when}.`;
  if (outcome === 'unchanged') return `Looked at again at ${when}; it said the same.`;
  const renamed = new Set(adopted.flatMap(({ from, to }) => [from, to]));
  const parts = [
    ['renamed', adopted.map(({ from, to }) => `${from} to ${to}`)],
    ['gone', stopped.filter(name => !started.includes(name) && !renamed.has(name))],
    ['made anew', started.filter(name => stopped.includes(name))],
    ['new', started.filter(name => !stopped.includes(name) && !renamed.has(name))],
    ['left alone', kept],
  ];
  const words = parts.filter(([, names]) => names.length > 0).map(([what, names]) => `${what}: ${names.join(', ')}`);
  return `Changed at ${when}; ${words.join('; ')}.`;
};

const partOf = (kind, { name, type, where, options, queue }) =>
  el(
    'details',
    {},
    el('summary', {}, el('span', { class: 'kind' }, `${kind} `), name, el('span', { class: 'kind' }, ` ${type}`)),
    el(
      'pre',
      { tabindex: 0, 'aria-label': `${kind} ${name}` },
      JSON.stringify(queue === undefined ? options : { ...options, queue }, null, 2),
    ),
    where && el('p', { class: 'kind' }, where),
  );

export const showConfig = settings => {
  const { receivers, processors, exporters, pipelines, engine } = settings;
  show(byId('config'), settings, () => [
    ...receivers.map(part => partOf('receiver', part)),
    ...processors.map(part => partOf('processor', part)),
    ...exporters.map(part => partOf('exporter', part)),
    ...pipelines.map(({ name, ...parts }) => partOf('pipeline', { name, type: '', options: parts })),
    partOf('engine', { name: '', type: '', options: engine }),
  ]);
};
