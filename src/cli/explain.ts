// `tributary explain RECEIVER`: what it asks next, from where and why, and what is stored afterwards. Reads the state, also
// beside a running engine; nothing is asked, and nothing moves.
import type { Explanation } from '../component.ts';
import type { AnyConfig } from '../config.ts';
import { loadConfig } from '../runtime/load.ts';
import { identityInWords, readStandings } from '../runtime/state/state-tools.ts';
import { lasting } from '../source/words.ts';
import { print, printable } from './output.ts';
import { command, orStop, Stop } from './session.ts';
import { counted, installationOf, jsonOf, receiverOf, words } from './state/installation.ts';

export const explain = (name: string, flags: { readonly config: string; readonly json?: boolean }): Promise<void> =>
  command(async () => {
    const installation = await installationOf(flags.config);
    const { identity, positions, routes } = receiverOf(installation, name);
    const ask = positions?.explain;
    if (!ask) throw new Stop(`'${name}' does not say what it does next: its source has no \`explain\``);
    const state = await orStop(() => readStandings(installation.folder));
    const row = state.positions.find(p => p.receiver === name && p.identity === identity);
    const said = await orStop(() => ask(row && jsonOf(row.value), Date.now()));
    const names = installation.receivers.map(r => r.name);
    const old = row ? undefined : state.positions.find(p => p.identity === identity && !names.includes(p.receiver));

    const facts = {
      receiver: name,
      reads: identityInWords(identity),
      stands: row ? `${words(row)}; moved ${counted(row.count, 'time')}` : 'not begun',
      ...said,
      ...(old && {
        request: undefined,
        next: [`nothing: it is refused until \`tributary state adopt ${old.receiver} ${name}\``],
      }),
      after: said.after.length === 0 ? [] : [...said.after, ...withIt(await loadConfig(flags.config), routes)],
    };
    await print([flags.json ? `${JSON.stringify(facts)}\n` : asText(facts)]);
    if (row && !flags.json) process.stderr.write(BESIDE);
  });

const BESIDE = 'This is what was committed last; a running engine may be on its way from there.\n';

/** What else is committed with the position. */
const withIt = (config: unknown, routes: ReturnType<typeof receiverOf>['routes']): readonly string[] => {
  const { pipelines, exporters } = config as AnyConfig; // `installationOf` has looked at it
  const sinks = [...new Set(routes.flatMap(({ pipeline }) => pipelines[pipeline]?.exporters ?? []))];
  const queued = sinks.filter(sink => 'queue' in (exporters[sink] ?? {}));
  return [
    ...routes.flatMap(({ pipeline, by }) =>
      by
        ? [
            `with it, in ${pipeline}: the ids of new records, which ${by.processor} remembers for ${lasting(by.remember)}`,
          ]
        : [],
    ),
    ...queued.map(sink => `with it: the records, in the queue of ${sink}`),
    `only when ${sinks.join(' and ')} took the records${queued.length > 0 ? ' (a queue takes them at once)' : ''}`,
  ];
};

type Facts = Explanation & { readonly receiver: string; readonly reads: string; readonly stands: string };

const asText = ({ receiver, reads, stands, request, next, why, after }: Facts): string => {
  const asked = request
    ? [
        `${request.method ?? 'GET'} ${request.url}`,
        ...Object.entries(request.query ?? {}).map(([key, value]) => `  ${key} = ${value}`),
        ...(request.body === undefined ? [] : [`  ${JSON.stringify(request.body)}`]),
      ]
    : [];
  const parts: readonly (readonly [string, readonly string[]])[] = [
    ['reads', [reads]],
    ['stands', [stands]],
    ['next', [...asked, ...next]],
    ['why', why],
    ['after', after],
  ];
  const lines = parts.flatMap(([name, texts]) =>
    texts.map((text, i) => `  ${(i === 0 ? name : '').padEnd(8)}${printable(text)}\n`),
  );
  return `${receiver}\n${lines.join('')}`;
};
