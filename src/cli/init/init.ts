// `tributary init`: writes a first config for the vendors and the back-end that one has, and says what is next.
import { relative, resolve } from 'node:path';
import { componentOf, foldersOf } from '../folders.ts';
import { writeNew } from '../new-file.ts';
import { command, Stop } from '../session.ts';
import { type Ask, terminal, until } from './ask.ts';
import { type Chosen, compose, stepsOf } from './compose.ts';

export interface InitFlags {
  readonly vendor?: string;
  readonly to?: string;
  readonly out: string;
}

export const init = (flags: InitFlags): Promise<void> =>
  command(async () => {
    const missing = [
      ...(flags.vendor === undefined ? [`--vendor, of: ${vendorsIn.known.join(', ')}`] : []),
      ...(flags.to === undefined ? [`--to, one of: ${backIn.known.join(', ')}`] : []),
    ];
    const person = process.stdin.isTTY && process.stderr.isTTY ? terminal() : undefined;
    if (!person && missing.length > 0) throw new Stop(`there is no terminal to ask at: say ${missing.join('; ')}`, 2);
    try {
      const vendors = await chosen(flags.vendor, 'Which vendors, with commas', person?.ask, vendorsIn);
      const back = await chosen(flags.to, 'Where to', person?.ask, backIn);
      const parts: Chosen = {
        receivers: await Promise.all(vendors.map(name => componentOf('receiver', name))),
        exporter: await componentOf('exporter', back),
      };
      writeNew(resolve(flags.out), compose(parts), { hint: ': name another file with --out FILE' });
      process.stderr.write(nextSteps(flags.out, parts));
    } finally {
      person?.close();
    }
  });

/** What was said, or else what a person answers. */
const chosen = async <T>(
  said: string | undefined,
  question: string,
  ask: Ask | undefined,
  { known, read }: { readonly known: readonly string[]; readonly read: (text: string) => T },
): Promise<T> =>
  ask && said === undefined ? until(ask, `${question}? ${known.join(', ')}: `, read) : read(said ?? '');

const vendorsIn = {
  known: foldersOf('receivers'),
  read: (text: string): readonly string[] => {
    const names = [...new Set(text.split(',').map(name => name.trim()))].filter(name => name !== '');
    if (names.length === 0) throw new Stop(`name at least one vendor; there are: ${vendorsIn.known.join(', ')}`, 2);
    for (const name of names) mustBeKnown('vendor', name, vendorsIn.known);
    return names;
  },
};

const backIn = {
  known: foldersOf('exporters'),
  read: (text: string): string => {
    mustBeKnown('back-end', text.trim(), backIn.known);
    return text.trim();
  },
};

const mustBeKnown = (noun: string, name: string, known: readonly string[]): void => {
  if (!known.includes(name)) throw new Stop(`there is no ${noun} '${name}'; there are: ${known.join(', ')}`, 2);
};

const nextSteps = (out: string, parts: Chosen): string => {
  const here = relative(process.cwd(), resolve(out));
  const named = here === 'pipeline.config.ts' ? '' : ` -c ${out}`;
  const steps = [
    ...stepsOf(parts).map(({ of, todo }) => `${of}: ${todo}`),
    `tributary doctor${named}: whether credentials, vendors, sinks and state are as they should be`,
    `tributary check${named}: everything that is wrong with the config, at once, and nobody is asked`,
    `tributary run${named}`,
  ];
  return `${out} is written. Next:\n${steps.map((step, i) => `  ${i + 1}. ${step}\n`).join('')}`;
};
