// Elements, and numbers in words. What comes from outside becomes a text node and nothing else: there is no way here to
// make markup of it.

const SVG = 'http://www.w3.org/2000/svg';

/** An element. @param attributes left out where the value is nothing @param children nodes, and texts as texts */
export const el = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);

export const svg = (tag, attributes = {}, ...children) =>
  fill(document.createElementNS(SVG, tag), attributes, children);

const fill = (node, attributes, children) => {
  for (const [name, value] of Object.entries(attributes))
    if (value !== undefined && value !== null && value !== false) node.setAttribute(name, value === true ? '' : value);
  node.append(...children.filter(child => child !== undefined && child !== null));
  return node;
};

export const byId = id => document.getElementById(id);

/** Changes a text only where it differs: what is selected or read aloud is left alone. */
export const say = (node, text) => {
  if (node.textContent !== text) node.textContent = text;
};

/** The children of a node, made anew only when what they show has changed. */
export const show = (node, what, make) => {
  const key = JSON.stringify(what);
  if (node.dataset.shown === key) return;
  node.dataset.shown = key;
  node.replaceChildren(...make().filter(Boolean));
};

/** The shape of a state. */
export const mark = state => svg('svg', { class: 'mark', 'aria-hidden': 'true' }, svg('use', { href: `#is-${state}` }));

/** What a state is called. */
export const STATES = {
  fine: 'up to date',
  reading: 'reading what there is',
  behind: 'behind',
  waiting: 'waiting, passes by itself',
  held: 'needs you',
  ended: 'ended',
};

export const many = number => number.toLocaleString('en-US');

/** A rate, with as many digits as say something. */
export const rate = number => (number >= 10 || number === 0 ? many(Math.round(number)) : number.toFixed(1));

/** Seconds as a person says them. */
export const span = seconds => {
  const whole = Math.round(seconds);
  if (seconds > 0 && seconds < 1) return '<1 s';
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min`;
  const [size, inner, unit, part] = whole < 86_400 ? [3600, 60, 'h', 'min'] : [86_400, 3600, 'd', 'h'];
  const rest = Math.floor((whole % size) / inner);
  return `${Math.floor(whole / size)} ${unit}${rest > 0 ? ` ${rest} ${part}` : ''}`;
};

export const ago = (time, now) => `${span(Math.max(0, Date.parse(now) - Date.parse(time)) / 1000)} ago`;

export const bytes = number => {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, number)) / 10));
  const value = number / 2 ** (10 * power);
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[power]}`;
};

const CLOCK = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const HOUR = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const DAY = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' });

export const clock = time => CLOCK.format(new Date(time));
export const hour = time => HOUR.format(new Date(time));

/** A moment: its time of day, and its date where that is not today. */
export const moment = (time, now) =>
  new Date(time).toDateString() === new Date(now).toDateString() ? clock(time) : DAY.format(new Date(time));
