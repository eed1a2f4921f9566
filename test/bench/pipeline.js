// The measured half of `archive`: the pipeline in a process of its own, compiled, as it is installed. Plain JavaScript,
// because Node keeps 30 MB for reading TypeScript. VENDOR-URL FOLDER EVENTS as arguments; says one line of JSON.
import { join } from 'node:path';
import { file } from '../../dist/exporters/file/index.js';
import { dedupe } from '../../dist/processors/dedupe/index.js';
import { normalize } from '../../dist/processors/normalize/index.js';
import { onepassword } from '../../dist/receivers/onepassword/index.js';
import { limitHeap } from '../../dist/src/cli/heap.js';
import { defineConfig, secret } from '../../dist/src/index.js';
import { check } from '../../dist/src/runtime/check.js';
import { systemClock } from '../../dist/src/runtime/clock.js';
import { startEngine } from '../../dist/src/runtime/engine.js';
import { budgets } from '../../dist/src/runtime/http/budget.js';
import { httpClients } from '../../dist/src/runtime/http/fetch.js';
import { createLog } from '../../dist/src/runtime/log.js';
import { plan } from '../../dist/src/runtime/plan.js';
import { openState } from '../../dist/src/runtime/state/state-sqlite.js';

limitHeap(); // as `run` and `once` do

const [url, folder, EVENTS] = process.argv.slice(2);

const receiver = feed => onepassword({ token: secret.env('BENCH_TOKEN'), feed, baseUrl: url });
const config = defineConfig({
  receivers: {
    audit: receiver('auditevents'),
    signins: receiver('signinattempts'),
    items: receiver('itemusages'),
  },
  processors: { dedupe: dedupe(), normalize: normalize() },
  exporters: { archive: file({ path: join(folder, '{receiver}-{seq}.ndjson') }) },
  pipelines: {
    all: { receivers: ['audit', 'signins', 'items'], processors: ['dedupe', 'normalize'], exporters: ['archive'] },
  },
});

/** Microseconds that passed. */
const spent = { mapping: 0, commits: 0 };
const add = (name, began) => {
  spent[name] += (performance.now() - began) * 1000;
};

const mapping = config.processors.normalize;
const measured = {
  ...mapping,
  create: (context, its) => {
    const inner = mapping.create(context, its);
    return {
      process: records => {
        const began = performance.now();
        const done = inner.process(records);
        add('mapping', began);
        return done;
      },
    };
  },
};
const { options } = await check(config);
const parts = plan({ ...config, processors: { ...config.processors, normalize: measured } }, place =>
  options.get(place),
);
const state = openState(join(folder, 'state'));
const store = {
  ...state,
  commit: async (writes, now) => {
    const began = performance.now();
    await state.commit(writes, now);
    add('commits', began);
  },
};
const http = httpClients({ clock: systemClock, budgets: budgets(systemClock), folder });

const idle = process.memoryUsage.rss();
let [events, batches] = [0, 0];
const tenths = Array.from({ length: 10 }, () => 0);
const delivered = (_, { batch }) => {
  events += batch.records.length;
  batches++;
  const tenth = Math.min(9, Math.floor((events / Number(EVENTS)) * 10));
  tenths[tenth] = Math.max(tenths[tenth], process.memoryUsage.rss());
};
const [before, thread] = [process.cpuUsage(), process.threadCpuUsage()];
const engine = await startEngine(
  parts,
  { store, clock: systemClock, log: createLog('json'), http: http.open, folder },
  { once: { patience: 60_000 }, observers: [{ delivered }] },
);
for (const { fault } of await engine.ended) if (fault) throw fault;
const { user, system } = process.cpuUsage(before);
const main = process.threadCpuUsage(thread);
await http.close();
await store.close();
process.stdout.write(
  `${JSON.stringify({ events, batches, idle, tenths, cpu: user + system, main: main.user + main.system, ...spent })}\n`,
);
