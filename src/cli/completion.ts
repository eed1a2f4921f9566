// `tributary completion SHELL`: a script for the shell, made of the command line's own tree, so that a new command or
// option is completed without an entry here.
import type { Command, Option } from 'commander';
import { print } from './output.ts';

export type Shell = 'bash' | 'zsh' | 'fish';

export const completion = async (shell: Shell, tributary: Command): Promise<void> => {
  await print([scripts[shell](nodesOf(tributary))]);
};

/** A command as a shell sees it. */
interface Node {
  /** `dead ls`; empty for the program itself. */
  readonly path: string;
  readonly commands: readonly Said[];
  readonly options: readonly Flag[];
  /** What its first argument may be. */
  readonly words: Values;
}

interface Said {
  readonly name: string;
  readonly description: string;
}

interface Flag {
  /** `-c`, `--config` */
  readonly names: readonly string[];
  readonly description: string;
  /** What may follow it; absent where nothing does. */
  readonly value?: Values;
}

/** Words to choose from, files, or nothing that a shell could know. */
type Values = readonly string[] | 'files';

const nodesOf = (command: Command, path = ''): readonly Node[] => {
  const help = command.createHelp();
  const below = help.visibleCommands(command).filter(sub => sub.name() !== 'help');
  const node: Node = {
    path,
    commands: below.map(sub => ({ name: sub.name(), description: sub.description() })),
    options: help.visibleOptions(command).map(flagOf),
    words: valuesOf(command.registeredArguments[0]?.argChoices, command.registeredArguments[0]?.name()),
  };
  return [node, ...below.flatMap(sub => nodesOf(sub, `${path} ${sub.name()}`.trim()))];
};

const flagOf = ({ short, long, description, flags, argChoices, required, optional }: Option): Flag => ({
  names: [short, long].filter(name => name !== undefined && name !== null),
  description,
  ...((required || optional) && { value: valuesOf(argChoices, /[<[]([^>\]]+)[>\]]/.exec(flags)?.[1]) }),
});

/** By its name one can tell that an argument is a file: so they are called throughout. */
const valuesOf = (choices: readonly string[] | undefined, name: string | undefined): Values =>
  choices ?? (name !== undefined && /^(file|dir|archive)$/.test(name) ? 'files' : []);

/** Each step from a command to one below it, as the word that is met there: `'dead ls'` leads to `'dead ls'`. */
const stepsOf = (nodes: readonly Node[], render: (from: string, to: string) => string): string =>
  nodes
    .filter(({ path }) => path !== '')
    .map(({ path }) => render(quote(path.includes(' ') ? path : ` ${path}`), quote(path)))
    .join('');

/** Each flag that something follows, behind the command that it is of: `'run/-c'|'run/--config'`. */
const valuedOf = (nodes: readonly Node[], render: (flags: string, value: Values) => string): string =>
  nodes
    .flatMap(({ path, options }) =>
      options.flatMap(({ names, value }) =>
        value === undefined ? [] : [render(names.map(name => quote(`${path}/${name}`)).join('|'), value)],
      ),
    )
    .join('');

// ---- bash ----

const bash = (nodes: readonly Node[]): string => `# tributary, completed in bash: source <(tributary completion bash)
_tributary() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}" at="" i IFS=$'\\n'
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$at \${COMP_WORDS[i]}" in
${stepsOf(nodes, (from, to) => `      ${from}) at=${to} ;;\n`)}    esac
  done
  case "$at/$prev" in
${valuedOf(nodes, (flags, value) => `    ${flags}) ${bashValues(value)}; return ;;\n`)}  esac
  case "$cur" in
    -*)
      case "$at" in
${nodes.map(({ path, options }) => `        ${quote(path)}) ${bashValues(options.flatMap(o => o.names))} ;;\n`).join('')}      esac
      return ;;
  esac
  case "$at" in
${nodes
  .map(
    ({ path, commands, words }) =>
      `    ${quote(path)}) ${bashValues(commands.length > 0 ? commands.map(c => c.name) : words)} ;;\n`,
  )
  .join('')}  esac
}
complete -F _tributary tributary
`;

/** In terms of the bash of a Mac, too, which is old. */
const bashValues = (values: Values): string => {
  if (values === 'files') return 'compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$cur"))';
  return values.length === 0 ? ':' : `COMPREPLY=($(compgen -W $'${values.join('\\n')}' -- "$cur"))`;
};

// ---- zsh ----

const zsh = (nodes: readonly Node[]): string => `#compdef tributary
# tributary, completed in zsh: source <(tributary completion zsh), after compinit
_tributary() {
  local at="" word cur="\${words[CURRENT]}" prev="\${words[CURRENT-1]}"
  local -a found
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "$at $word" in
${stepsOf(nodes, (from, to) => `      ${from}) at=${to} ;;\n`)}    esac
  done
  case "$at/$prev" in
${valuedOf(nodes, (flags, value) => `    ${flags}) ${zshValues(value)}; return ;;\n`)}  esac
  case "$cur" in
    -*)
      case "$at" in
${nodes
  .map(
    ({ path, options }) =>
      `        ${quote(path)}) found=(${options.flatMap(o => o.names.map(name => zshPair(name, o.description))).join(' ')}) ;;\n`,
  )
  .join('')}      esac
      _describe option found; return ;;
  esac
  case "$at" in
${nodes
  .map(({ path, commands, words }) =>
    commands.length > 0
      ? `    ${quote(path)}) found=(${commands.map(c => zshPair(c.name, c.description)).join(' ')}); _describe command found ;;\n`
      : `    ${quote(path)}) ${zshValues(words)} ;;\n`,
  )
  .join('')}  esac
}
compdef _tributary tributary
`;

const zshPair = (name: string, description: string): string => quote(`${name.replaceAll(':', '\\:')}:${description}`);

const zshValues = (values: Values): string => {
  if (values === 'files') return '_files';
  return values.length === 0 ? ':' : `compadd -- ${values.map(quote).join(' ')}`;
};

// ---- fish ----

const fish = (nodes: readonly Node[]): string => `# tributary, completed in fish: tributary completion fish | source
function __tributary_at
  set -l at ''
  set -l words (commandline -opc)
  for word in $words[2..-1]
    switch "$at $word"
${stepsOf(nodes, (from, to) => `      case ${from}\n        set at ${to}\n`)}    end
  end
  test "$at" = "$argv[1]"
end
complete -c tributary -f
${nodes.map(fishNode).join('')}`;

const fishNode = ({ path, commands, options, words }: Node): string => {
  const here = `complete -c tributary -n ${quote(`__tributary_at "${path}"`)}`;
  return [
    ...commands.map(({ name, description }) => `${here} -a ${quote(name)} -d ${quote(description)}`),
    ...options.map(({ names, description, value }) => {
      const flags = names.map(name => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`));
      return [here, ...flags, ...(value ? [fishValues(value, '-r ')] : []), `-d ${quote(description)}`].join(' ');
    }),
    ...(words.length > 0 && commands.length === 0 ? [`${here} ${fishValues(words, '')}`] : []),
  ]
    .map(line => `${line}\n`)
    .join('');
};

const fishValues = (values: Values, required: string): string => {
  if (values === 'files') return `${required}-F`;
  return values.length === 0 ? `${required}-f` : `${required}-f -a ${quote(values.join(' '))}`;
};

/** A word that no shell reads anything into. bash and zsh end a quote to have one inside; fish takes that, too. */
const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

const scripts: Readonly<Record<Shell, (nodes: readonly Node[]) => string>> = { bash, zsh, fish };
