// The pipeline as a graph: receivers, pipelines with their steps, exporters, and what flows between them. Side by side where
// there is room, one below the other on a phone. Drawn once; the numbers change in place.
import { el, many, mark, rate, STATES, say, svg } from './base.js';

const WIDE = { row: 46, gap: 12, node: 200, step: 18 };
const NARROW = 640; // px from which on there is room for three columns
const GUTTER = 30; // px beside the nodes, where the streams run down

/** A node's place; `x` and `y` of its upper left corner. */
const place = (id, x, y, width, height) => ({ id, x, y, width, height });

const columns = ({ receivers, pipelines, exporters }, width) => {
  const heights = list => list.reduce((sum, one) => sum + one.height + WIDE.gap, -WIDE.gap);
  const sized = {
    receivers: receivers.map(({ name }) => ({ id: `receiver/${name}`, height: WIDE.row })),
    pipelines: pipelines.map(({ name, steps }) => ({
      id: `pipeline/${name}`,
      height: WIDE.row + steps.length * WIDE.step,
    })),
    exporters: exporters.map(({ name }) => ({ id: `exporter/${name}`, height: WIDE.row })),
  };
  const height = Math.max(...Object.values(sized).map(heights));
  const node = Math.min(WIDE.node + 40, width / 4.2);
  const column = (list, x) => {
    let y = (height - heights(list)) / 2;
    return list.map(one => {
      const at = place(one.id, x, y, node, one.height);
      y += one.height + WIDE.gap;
      return at;
    });
  };
  const places = [
    ...column(sized.receivers, 0),
    ...column(sized.pipelines, (width - node) / 2),
    ...column(sized.exporters, width - node),
  ];
  return { places, height, path: across };
};

const stacked = ({ receivers, pipelines, exporters }, width) => {
  let y = 0;
  const below = (list, kind, more) => {
    const made = list.map(one => {
      const height = WIDE.row + more(one);
      const at = place(`${kind}/${one.name}`, GUTTER, y, width - GUTTER, height);
      y += height + 8;
      return at;
    });
    y += 14;
    return made;
  };
  const places = [
    ...below(receivers, 'receiver', () => 0),
    ...below(pipelines, 'pipeline', ({ steps }) => steps.length * WIDE.step),
    ...below(exporters, 'exporter', () => 0),
  ];
  return { places, height: y - 22, path: down };
};

/** From the right side of a node to the left side of another, as water would run. */
const across = (a, b) => {
  const [x0, y0, x1, y1] = [a.x + a.width, a.y + a.height / 2, b.x, b.y + b.height / 2];
  const middle = (x0 + x1) / 2;
  return `M${x0} ${y0}C${middle} ${y0} ${middle} ${y1} ${x1} ${y1}`;
};

/** Out to the gutter, down, and in again. */
const down = (a, b) => {
  const [y0, y1, x] = [a.y + a.height / 2, b.y + b.height / 2, GUTTER / 2 - 3];
  return `M${GUTTER} ${y0}Q${x} ${y0} ${x} ${y0 + 14}V${y1 - 14}Q${x} ${y1} ${GUTTER} ${y1}`;
};

/** Thicker where more flows: a pixel each time it doubles. */
const thickness = perMinute => 2 + Math.min(12, Math.log2(1 + perMinute));

const cut = (text, width) => {
  const most = Math.max(4, Math.floor(width / 7.4));
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
};

const nodeOf = (at, name, kind, steps) => {
  const x = at.x + (kind === 'pipeline' ? 14 : 32); // beside the shape of its state
  const state = svg('g', { transform: `translate(${at.x + 12} ${at.y + 10})` });
  const sub = svg('text', { class: 'sub', x, y: at.y + 37 });
  const lines = steps.map((_, i) => svg('text', { class: 'sub', x, y: at.y + 37 + (i + 1) * WIDE.step }));
  const label = svg('text', { class: 'name', x, y: at.y + 19 }, cut(name, at.width - 40));
  const group = svg(
    'g',
    { class: `node ${kind}` },
    svg('title', {}, name),
    svg('rect', { x: at.x + 0.5, y: at.y + 0.5, width: at.width - 1, height: at.height - 1, rx: 8 }),
    state,
    label,
    sub,
    ...lines,
  );
  return { group, state, sub, lines, kind, width: at.width };
};

/** @param host where it is drawn; returns what redraws it for a report */
export const graphIn = host => {
  let drawn;
  const draw = report => {
    const { paddingLeft, paddingRight } = getComputedStyle(host);
    const width = Math.max(
      240,
      Math.floor(host.clientWidth - Number.parseFloat(paddingLeft) - Number.parseFloat(paddingRight)),
    );
    const key = JSON.stringify([
      width,
      report.flows.map(({ from, to }) => [from, to]),
      report.pipelines.map(p => p.steps.map(s => s.name)),
    ]);
    if (drawn?.key === key) return drawn;
    const { places, height, path } = width < NARROW ? stacked(report, width) : columns(report, width);
    const at = new Map(places.map(one => [one.id, one]));
    const streams = report.flows.map(({ from, to }) => {
      const d = path(at.get(from), at.get(to));
      const title = svg('title');
      return { stream: svg('path', { class: 'stream', d }, title), drops: svg('path', { class: 'drops', d }), title };
    });
    const nodes = new Map(
      [
        ...report.receivers.map(one => ['receiver', one]),
        ...report.pipelines.map(one => ['pipeline', one]),
        ...report.exporters.map(one => ['exporter', one]),
      ].map(([kind, one]) => [
        `${kind}/${one.name}`,
        nodeOf(at.get(`${kind}/${one.name}`), one.name, kind, one.steps ?? []),
      ]),
    );
    const picture = svg(
      'svg',
      { viewBox: `0 0 ${width} ${height}`, height, 'aria-hidden': 'true' },
      ...streams.map(({ stream }) => stream),
      ...streams.map(({ drops }) => drops),
      ...[...nodes.values()].map(({ group }) => group),
    );
    const words = el('ul', { class: 'hidden' });
    host.replaceChildren(picture, words);
    drawn = { key, streams, nodes, words };
    return drawn;
  };

  return report => {
    const { streams, nodes, words } = draw(report);
    const said = report.flows.map(
      ({ from, to, per_minute, records }) =>
        `${from} to ${to}: ${rate(per_minute)} a minute, ${many(records)} since the start`,
    );
    report.flows.forEach(({ per_minute }, i) => {
      const { stream, drops, title } = streams[i];
      stream.setAttribute('stroke-width', thickness(per_minute));
      drops.setAttribute('stroke-width', Math.min(3, thickness(per_minute)));
      drops.classList.toggle('still', per_minute === 0);
      say(title, said[i]);
    });
    words.replaceChildren(...said.map(text => el('li', {}, text)));
    const flowing = (side, id) =>
      report.flows.filter(flow => flow[side] === id).reduce((sum, flow) => sum + flow.per_minute, 0);
    for (const one of report.receivers) {
      const out = report.flows.find(({ from }) => from === `receiver/${one.name}`);
      update(
        nodes.get(`receiver/${one.name}`),
        one.state,
        one.state === 'held' || one.state === 'waiting' ? STATES[one.state] : `${rate(out?.per_minute ?? 0)} a minute`,
      );
    }
    for (const one of report.exporters)
      update(
        nodes.get(`exporter/${one.name}`),
        one.state,
        one.state === 'fine' ? `${rate(one.sent_per_minute)} a minute` : STATES[one.state],
      );
    for (const { name, steps } of report.pipelines) {
      const node = nodes.get(`pipeline/${name}`);
      update(node, undefined, `${rate(flowing('to', `pipeline/${name}`))} a minute`);
      steps.forEach((step, i) => {
        say(node.lines[i], cut(`${step.name}  ${many(step.incoming)} → ${many(step.outgoing)}`, node.width - 26));
      });
    }
  };
};

const update = (node, state, words) => {
  say(node.sub, cut(words, node.width - 36));
  if (node.shown === state) return;
  node.shown = state;
  node.group.setAttribute('class', `node ${node.kind} ${state ?? ''}`);
  const shape = mark(state);
  shape.setAttribute('width', 14);
  shape.setAttribute('height', 14);
  node.state.replaceChildren(...(state ? [shape] : []));
};
