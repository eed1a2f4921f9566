// Commands, flags and metrics that a page names are there: a page that promises more is a bug.
import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { markdownFiles, ROOT, textOf } from '../support/markdown.ts';

const helpOf = (words: readonly string[]): string => {
  const { stdout } = spawnSync(process.execPath, [join(ROOT, 'bin/tributary.js'), ...words, '--help'], {
    encoding: 'utf8',
  });
  return stdout;
};

const commandsIn = (help: string): readonly string[] =>
  [...(help.split('\nCommands:\n')[1] ?? '').matchAll(/^ {2}([a-z][\w-]*)/gm)]
    .map(([, name]) => name!)
    .filter(name => name !== 'help');

/** Every command with what its help says, subcommands by both words. */
const commands: ReadonlyMap<string, string> = new Map(
  commandsIn(helpOf([])).flatMap((name): [string, string][] => {
    const help = helpOf([name]);
    return [[name, help], ...commandsIn(help).map((sub): [string, string] => [`${name} ${sub}`, helpOf([name, sub])])];
  }),
);

/** `tributary once --patience 5m`, wherever code has it, as command and flags. */
const usesIn = (text: string) =>
  [...text.matchAll(/(?:^|[`$(\s])(?:npx )?(?:tributary|npm run -s (?:tributary|demo)) ([^`\n|]*)/gm)].flatMap(
    ([whole, rest = '']) => {
      const words = rest
        .replace(/#.*$/, '')
        .split(/\s+/)
        .filter(word => word !== '--' && word !== '');
      const [first = '', second = ''] = whole.includes('npm run -s demo') ? ['demo', ''] : words;
      if (!/^[a-z]+$/.test(first)) return [];
      const command = commands.has(`${first} ${second}`) ? `${first} ${second}` : first;
      return [{ command, flags: words.filter(word => /^--\w/.test(word)) }];
    },
  );

/** Only code: prose has "tributary logs each fault". */
const codeOf = (text: string): string =>
  [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm), ...text.matchAll(/(`[^`\n]+`)/g)].map(([, code]) => code).join('\n');

test('the table of the README has every command, and none that is not there', () => {
  const rows = [...textOf('README.md').matchAll(/^\| `tributary ([a-z -]+)` \|/gm)].map(([, command]) => command!);
  const leaves = [...commands.keys()].filter(name => ![...commands.keys()].some(other => other.startsWith(`${name} `)));
  expect(rows.toSorted()).toEqual(leaves.toSorted());
});

test.each(markdownFiles)('%s names no command or flag that does not exist', file => {
  const wrong = usesIn(codeOf(textOf(file))).flatMap(({ command, flags }) => {
    const help = commands.get(command);
    if (help === undefined) return [command];
    return flags.filter(flag => !help.includes(flag)).map(flag => `${command} ${flag}`);
  });
  expect(wrong).toEqual([]);
});

test('a command that does not exist is noticed', () => {
  const [use] = usesIn(codeOf('Say `tributary frobnicate --hard` to it.'));
  expect(use).toEqual({ command: 'frobnicate', flags: ['--hard'] });
  expect(commands.has('frobnicate')).toBe(false);
  expect(commands.has('dead ls')).toBe(true);
});

const sources = globSync('{src,receivers,processors,exporters}/**/*.ts', { cwd: ROOT })
  .map(file => readFileSync(join(ROOT, file), 'utf8'))
  .join('\n');

test.each(markdownFiles)('%s names no metric that is not counted', file => {
  const metrics = new Set(textOf(file).match(/\btributary_[a-z_]+\b/g) ?? []);
  expect([...metrics].filter(metric => !sources.includes(metric))).toEqual([]);
});
