// The last hours, a minute a column: how much was read, and how late it came.
import { byId, hour, many, say, show, span, svg } from './base.js';

const HEIGHT = 150;
const BOTTOM = 20; // px for the times below
const SIDE = 46; // px for the numbers on the left

/** How much of the six hours is drawn: as much as there is, in steps; minutes. */
export const drawn = history => {
  const ran = Math.max(
    0,
    ...history.receivers.map(({ records }) => records.length - records.findIndex(value => value !== null)),
  );
  return [30, 60, 180].find(minutes => minutes >= ran) ?? history.receivers[0]?.records.length ?? 0;
};

/** One column for several where there are more of them than there is room for; the last ones are whole. */
const grouped = (values, most, join) => {
  const size = Math.ceil(values.length / most);
  const groups = [];
  for (let end = values.length; end > 0; end -= size) groups.unshift(values.slice(Math.max(0, end - size), end));
  return groups.map(group => {
    const known = group.filter(value => value !== null);
    return known.length === 0 ? null : join(known);
  });
};

const most = values => Math.max(...values);

/** A small picture of how much was read; the words say the same. */
export const sparkOf = (name, records) => {
  const columns = grouped(records, 90, most);
  const top = Math.max(1, ...columns);
  const bars = columns
    .map((value, i) => (value ? `M${i * 2} 28h1.5v${-Math.max(1, (value / top) * 27)}h-1.5z` : ''))
    .join('');
  const label = `${name} in the last hours: at most ${many(top)} records in a minute`;
  return svg(
    'svg',
    {
      viewBox: `0 0 ${columns.length * 2} 28`,
      preserveAspectRatio: 'none',
      height: 28,
      width: '100%',
      role: 'img',
      'aria-label': label,
    },
    svg('path', { class: 'axis', d: `M0 28H${columns.length * 2}`, 'vector-effect': 'non-scaling-stroke' }),
    svg('path', { class: 'bars', d: bars }),
  );
};

/** A number above all of them that is easy to read: 1, 2 or 5 and zeros. */
const ceiling = value => {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, value)));
  return [1, 2, 5, 10].map(step => step * power).find(step => step >= value) ?? 10 * power;
};

/** Levels of a scale on which each is some times the one before; seconds. */
const LEVELS = [1, 10, 60, 600, 3600, 21_600, 86_400, 604_800];

const timesBelow = (until, width, minutes) => {
  const every = minutes / (width < 420 ? 3 : 6);
  return Array.from({ length: Math.floor(minutes / every) + 1 }, (_, i) => {
    const back = i * every;
    const x = SIDE + ((minutes - back) / minutes) * (width - SIDE);
    const anchor = back === 0 ? 'end' : back === minutes ? 'start' : 'middle';
    return svg(
      'text',
      { x, y: HEIGHT - 4, 'text-anchor': anchor },
      back === 0 ? 'now' : hour(Date.parse(until) - back * 60_000),
    );
  });
};

const frame = (width, label, children) =>
  svg(
    'svg',
    { class: 'chart', viewBox: `0 0 ${width} ${HEIGHT}`, height: HEIGHT, role: 'img', 'aria-label': label },
    ...children,
  );

const level = (y, width, text) => [
  svg('path', { class: 'axis', d: `M${SIDE} ${y}H${width}` }),
  svg('text', { x: SIDE - 8, y: y + 4, 'text-anchor': 'end' }, text),
];

/** Those of some levels, from the highest on, that have room for their words; the floor has its own. */
const apart = levels => {
  let last = Number.NEGATIVE_INFINITY;
  return levels.toReversed().filter(([y]) => {
    const fits = y - last >= 18 && HEIGHT - BOTTOM - y >= 18;
    if (fits) last = y;
    return fits;
  });
};

const recordsChart = (records, until, width) => {
  const columns = grouped(records, Math.floor((width - SIDE) / 3), most);
  const top = ceiling(Math.max(...columns));
  const [floor, step] = [HEIGHT - BOTTOM, (width - SIDE) / columns.length];
  const y = value => floor - (value / top) * (floor - 10);
  const bars = columns.map((value, i) =>
    value
      ? `M${(SIDE + i * step).toFixed(1)} ${floor}V${Math.min(floor - 1, y(value)).toFixed(1)}h${Math.max(1, step - 1).toFixed(1)}V${floor}z`
      : '',
  );
  const label = `Records a minute: at most ${many(Math.max(0, ...columns))}`;
  return frame(width, label, [
    ...level(y(top), width, many(top)),
    ...level(y(top / 2), width, many(top / 2)),
    ...level(floor, width, '0'),
    svg('path', { class: 'bars', d: bars.join('') }),
    ...timesBelow(until, width, records.length),
  ]);
};

const delaysChart = (medians, longest, until, width) => {
  const worst = Math.max(10, ...longest);
  const top = LEVELS.find(one => one >= worst) ?? worst;
  const floor = HEIGHT - BOTTOM;
  const y = value => floor - (Math.log(1 + value) / Math.log(1 + top)) * (floor - 10);
  const x = i => SIDE + ((i + 0.5) / medians.length) * (width - SIDE);
  let pen = 'M';
  const line = medians.map((value, i) => {
    if (value === null) return '';
    const command = `${pen}${x(i).toFixed(1)} ${y(value).toFixed(1)}`;
    pen = 'L';
    return command;
  });
  const dots = longest.flatMap((value, i) =>
    value === null ? [] : [svg('circle', { class: 'longest', cx: x(i), cy: y(value), r: 1.4 })],
  );
  const known = medians.filter(value => value !== null);
  const label =
    known.length === 0
      ? 'From event to delivery: nothing measured yet'
      : `From event to delivery: at most ${span(Math.max(...longest))}`;
  return frame(width, label, [
    ...apart(LEVELS.filter(one => one <= top).map(one => [y(one), span(one)])).flatMap(([at, words]) =>
      level(at, width, words),
    ),
    ...level(floor, width, '0'),
    ...dots,
    svg('path', { class: 'median', d: line.join('') }),
    ...timesBelow(until, width, medians.length),
  ]);
};

/** Column by column over several receivers. */
const joined = (lists, join) =>
  (lists[0] ?? []).map((_, i) => {
    const known = lists.map(list => list[i]).filter(value => value !== null);
    return known.length === 0 ? null : join(known);
  });

const sum = values => values.reduce((a, b) => a + b, 0);
const middle = values => values.toSorted((a, b) => a - b)[values.length >> 1];

/** Both charts, of the receiver that is chosen or of all; returns what draws a history. */
export const chartsIn = () => {
  const choice = byId('hours-of');
  const hosts = [byId('records-chart'), byId('delays-chart')];
  let shown;
  let series;

  const draw = history => {
    shown = history;
    const names = history.receivers.map(({ name }) => name);
    show(choice, names, () => [
      new Option('all receivers', ''),
      ...names.map(name => new Option(name, name, false, name === choice.value)),
    ]);
    const minutes = drawn(history);
    const chosen = history.receivers.filter(({ name }) => choice.value === '' || choice.value === name);
    const last = (field, join) =>
      joined(
        chosen.map(one => one[field].slice(-minutes)),
        join,
      );
    series = {
      records: last('records', sum),
      medians: last('delay_median_seconds', middle),
      longest: last('delay_longest_seconds', most),
    };
    const width = Math.max(240, hosts[0].clientWidth);
    hosts[0].replaceChildren(recordsChart(series.records, history.until, width));
    hosts[1].replaceChildren(delaysChart(series.medians, series.longest, history.until, width));
    rest();
  };

  /** What is said beside the titles while nothing is pointed at. */
  const rest = () => {
    const [records, medians] = [series.records, series.medians.filter(value => value !== null)];
    say(
      byId('records-said'),
      `${many(sum(records.map(value => value ?? 0)))} in all, at most ${many(Math.max(0, ...records))}`,
    );
    say(
      byId('delays-said'),
      medians.length === 0 ? 'nothing measured yet' : `line: median, now ${span(medians.at(-1))} · dots: the longest`,
    );
  };

  const point = event => {
    if (!series) return;
    const { left, width } = hosts[0].getBoundingClientRect();
    const own = event.currentTarget.getBoundingClientRect();
    const share = (event.clientX - own.left - SIDE) / (own.width - SIDE);
    const i = Math.min(series.records.length - 1, Math.max(0, Math.floor(share * series.records.length)));
    if (!left && !width) return;
    const at = hour(Date.parse(shown.until) - (series.records.length - 1 - i) * 60_000);
    const [median, longest] = [series.medians[i], series.longest[i]];
    say(byId('records-said'), `${at}: ${series.records[i] === null ? 'did not run' : many(series.records[i])}`);
    say(
      byId('delays-said'),
      `${at}: ${median === null ? 'nothing new' : `median ${span(median)}, longest ${span(longest)}`}`,
    );
  };
  for (const host of hosts) {
    host.addEventListener('pointermove', point);
    host.addEventListener('pointerleave', () => series && rest());
  }
  choice.addEventListener('change', () => shown && draw(shown));
  new ResizeObserver(() => shown && draw(shown)).observe(hosts[0]);
  return draw;
};
