// Asks for the status while the page can be seen, and shows it.
import { byId, clock, mark, say, show, span } from './base.js';
import { chartsIn } from './charts.js';
import { graphIn } from './graph.js';
import { receiversIn } from './receivers.js';
import { showConfig, showExporters, showFigures, showLedger, showReload } from './sections.js';
import { followTail } from './tail.js';

const EVERY = 2000; // ms between two looks
const SELDOM = 30; // looks between two at what changes a minute, or never

const drawGraph = graphIn(byId('flow'));
const receivers = receiversIn(byId('receiver-list'));
const drawCharts = chartsIn();
const nameReceivers = followTail();
let report;
let looks = 0;
let reloaded; // when the config that is shown was looked at

const ask = async path => {
  const answer = await fetch(path, { signal: AbortSignal.timeout(10_000) });
  if (!answer.ok) throw new Error(`${path} answers ${answer.status}`);
  return answer.json();
};

const showReport = () => {
  const { state, words, program } = report;
  byId('verdict').className = state;
  show(byId('verdict').firstElementChild, state, () => [...mark(state).children]);
  say(byId('verdict').lastElementChild, words);
  say(
    byId('program'),
    `up ${span(program.up_seconds)} · version ${program.version} · process ${program.pid} · state ${program.state}`,
  );
  document.title = `${state === 'fine' ? '' : '! '}${words} – Tributary`;
  showFigures(report);
  drawGraph(report);
  receivers.update(report);
  showExporters(report);
  showLedger(report);
  showReload(report);
  nameReceivers(report.receivers.map(({ name }) => name));
};

const look = async () => {
  try {
    report = await ask('/api/status');
    showReport();
    const changed = report.reload?.at !== reloaded;
    if (changed || looks++ % SELDOM === 0) {
      reloaded = report.reload?.at;
      const history = await ask('/api/history');
      receivers.draw(history);
      drawCharts(history);
      showConfig(await ask('/api/config'));
    }
    document.body.classList.remove('lost');
    say(byId('link'), 'live');
  } catch {
    document.body.classList.add('lost');
    say(byId('link'), report ? `no answer; this is from ${clock(report.now)}` : 'no answer');
  }
};

const keepLooking = async () => {
  if (!document.hidden) await look();
  setTimeout(keepLooking, EVERY);
};

document.addEventListener('visibilitychange', () => {
  if (!document.hidden) void look();
});
new ResizeObserver(() => report && drawGraph(report)).observe(byId('flow'));
say(byId('zone'), Intl.DateTimeFormat().resolvedOptions().timeZone);
void keepLooking();
