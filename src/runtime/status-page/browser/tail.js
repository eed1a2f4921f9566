// What passes, as it passes: the latest events, what they are in OCSF next to the vendor's own words, and a filter.
import { byId, clock, el, many, say } from './base.js';

const KEPT = 500; // events that the filter looks through
const SHOWN = 100; // of them in the list
const TURN = 250; // ms between two changes of the list

const person = user => user?.email_addr ?? user?.name ?? user?.uid;

/** One line about an event. */
const wordsOf = event => {
  const actor = person(event?.actor?.user);
  return [event?.message, actor && !event?.message?.includes(actor) ? `by ${actor}` : undefined]
    .filter(Boolean)
    .join(' ');
};

const pretty = value => JSON.stringify(value, null, 2);

const block = (title, json, leftOut) => {
  const text = leftOut === undefined ? pretty(json) : `too long to be shown: ${many(leftOut)} characters`;
  return el('div', {}, el('h3', {}, title), el('pre', { tabindex: 0, 'aria-label': title }, text));
};

const rowOf = ({ receiver, time, event, raw, left_out }) => {
  const row = el(
    'details',
    { class: 'event' },
    el(
      'summary',
      {},
      el('span', { class: 'when', title: time }, clock(time)),
      el('span', { class: 'from' }, receiver),
      el(
        'span',
        { class: 'what' },
        event ? `${event.class_name ?? event.class_uid}: ${event.activity_name ?? event.activity_id}` : 'no OCSF event',
      ),
      el('span', { class: 'words' }, wordsOf(event)),
    ),
  );
  // Most are never opened: what is in them is made when they are.
  row.addEventListener('toggle', () => {
    if (row.open && row.children.length === 1)
      row.append(
        el(
          'div',
          { class: 'pair' },
          block('Normalized, OCSF', event, left_out?.event),
          block('As the vendor said it', raw, left_out?.raw),
        ),
      );
  });
  return row;
};

/** Follows the tail while the page can be seen. Returns what is told the names of the receivers. */
export const followTail = () => {
  const [list, said, filter, choice, pause] = ['tail', 'tail-said', 'tail-filter', 'tail-receiver', 'tail-pause'].map(
    byId,
  );
  let kept = []; // the latest first
  let waiting = []; // not in the list yet
  let missed = 0;
  let paused = false;
  let source;

  const wanted = ({ receiver, text }) =>
    (choice.value === '' || receiver === choice.value) && text.includes(filter.value.trim().toLowerCase());

  const count = () => {
    const matching = kept.filter(wanted).length;
    const filtered =
      matching === kept.length ? `${many(kept.length)} events` : `${many(matching)} of ${many(kept.length)} events`;
    const parts = [kept.length === 0 ? 'Waiting for the next event.' : `The latest ${filtered}.`];
    if (paused) parts.push(`Paused; ${many(waiting.length)}${waiting.length === KEPT ? ' or more' : ''} came since.`);
    if (missed > 0) parts.push(`${many(missed)} went by too quickly to be shown.`);
    say(said, parts.join(' '));
  };

  const add = () => {
    if (paused || waiting.length === 0) return;
    const fresh = waiting.toReversed();
    waiting = [];
    kept = [...fresh, ...kept].slice(0, KEPT);
    list.prepend(
      ...fresh
        .filter(wanted)
        .slice(0, SHOWN)
        .map(({ told }) => rowOf(told)),
    );
    while (list.children.length > SHOWN) list.lastElementChild.remove();
    count();
  };

  const again = () => {
    list.replaceChildren(
      ...kept
        .filter(wanted)
        .slice(0, SHOWN)
        .map(({ told }) => rowOf(told)),
    );
    count();
  };

  const open = () => {
    source = new EventSource(`/api/tail?back=${kept.length === 0 ? 25 : 0}`);
    source.addEventListener('record', ({ data }) => {
      const told = JSON.parse(data);
      const text = `${told.receiver} ${JSON.stringify([told.event, told.raw])}`.toLowerCase();
      waiting = [...waiting, { told, text, receiver: told.receiver }].slice(-KEPT);
      if (paused) count();
    });
    source.addEventListener('missed', ({ data }) => {
      missed += JSON.parse(data).records;
    });
  };

  pause.addEventListener('click', () => {
    paused = !paused;
    pause.setAttribute('aria-pressed', String(paused));
    add();
    count();
  });
  filter.addEventListener('input', again);
  choice.addEventListener('change', again);
  document.addEventListener('visibilitychange', () => {
    source?.close();
    source = undefined;
    if (!document.hidden) open();
  });
  if (!document.hidden) open();
  setInterval(add, TURN);

  return names => {
    if (choice.options.length === names.length + 1) return;
    const chosen = choice.value;
    choice.replaceChildren(new Option('all', ''), ...names.map(name => new Option(name, name, false, name === chosen)));
  };
};
