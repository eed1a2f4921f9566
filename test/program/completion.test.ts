// `tributary completion`: each shell really sources what is printed, and completes by it. A shell that is not installed
// here is left out, and said to be.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tributary } from '../support/program.ts';

type Shell = 'bash' | 'zsh' | 'fish';

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-completion-'));
  writeFileSync(join(folder, 'my config.ts'), '');
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { code, stdout } = await tributary(['completion', shell]).ended;
    expect(code).toBe(0);
    writeFileSync(join(folder, shell), stdout);
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const isThere = (shell: Shell): boolean => spawnSync(shell, ['-c', 'exit 0']).status === 0;

const quoted = (words: readonly string[]): string => words.map(word => `'${word}'`).join(' ');

/** Each sources the script and asks it for what the last word could become. */
const asks: Readonly<Record<Shell, (words: readonly string[]) => readonly string[]>> = {
  bash: words => [
    '--norc',
    '-c',
    `source ./bash; COMP_WORDS=(${quoted(words)}); COMP_CWORD=${words.length - 1}; _tributary; printf '%s\\n' "\${COMPREPLY[@]}"`,
  ],
  // The parts of zsh's completion system that it calls, which there is only at a terminal.
  zsh: words => [
    '-fc',
    `compdef() { :; }; compadd() { shift; print -l -- "$@"; }; _files() { print -l -- *; }
     _describe() { print -l -- "\${(@)found%%:*}"; }
     source ./zsh; words=(${quoted(words)}); CURRENT=${words.length}; _tributary`,
  ],
  fish: words => ['--no-config', '-c', `source ./fish; complete -C '${words.join(' ')}'`],
};

/** In bash and fish only those that begin like the last word; zsh is given all, and chooses itself. */
const complete = (shell: Shell, words: readonly string[]): readonly string[] => {
  const { stdout, stderr } = spawnSync(shell, asks[shell](words), { cwd: folder, encoding: 'utf8' });
  expect(stderr).toBe('');
  const begun = words.at(-1)!;
  return stdout
    .split('\n')
    .map(line => line.split('\t')[0]!)
    .filter(word => word !== '' && word.startsWith(begun))
    .toSorted();
};

for (const shell of ['bash', 'zsh', 'fish'] as const)
  describe.skipIf(!isThere(shell))(shell, () => {
    test.each<[readonly string[], readonly string[]]>([
      [
        ['tributary', 'de'],
        ['dead', 'demo', 'dev'],
      ],
      [
        ['tributary', 'dead', ''],
        ['drop', 'export', 'ls', 'retry', 'show'],
      ],
      [
        ['tributary', 'dead', 'ls', '--c'],
        ['--code', '--config'],
      ],
      [
        ['tributary', 'run', '--log', ''],
        ['json', 'text'],
      ],
      [['tributary', 'run', '-c', 'my'], ['my config.ts']],
      [['tributary', 'verify', 'my'], ['my config.ts']],
      [
        ['tributary', 'completion', ''],
        ['bash', 'fish', 'zsh'],
      ],
      [['tributary', '--v'], ['--version']],
      [['tributary', 'once', '--patience', ''], []],
      [['tributary', 'init', '--to', 'st'], ['stdout']],
    ])('%j', (words, found) => {
      expect(complete(shell, words)).toEqual(found);
    });
  });

test('bash completes every command of the program', async () => {
  const { stdout } = await tributary(['--help']).ended;
  const commands = [...(stdout.split('\nCommands:\n')[1] ?? '').matchAll(/^ {2}([a-z][\w-]*)/gm)].map(
    ([, name]) => name,
  );
  expect(complete('bash', ['tributary', ''])).toEqual(commands.filter(name => name !== 'help').toSorted());
});

test('another shell is wrong usage', async () => {
  const { code, stderr } = await tributary(['completion', 'tcsh']).ended;
  expect(stderr).toContain('Allowed choices are bash, zsh, fish');
  expect(code).toBe(2);
});
