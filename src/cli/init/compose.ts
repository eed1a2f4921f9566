// The text of a first config, composed of what the chosen components say of their beginnings. Pure.
import { z } from 'zod';
import { isSecret } from '../../options.ts';
import type { Starter } from '../../starter.ts';
import type { Component } from '../folders.ts';

export interface Chosen {
  readonly receivers: readonly Component<'receiver'>[];
  readonly exporter: Component<'exporter'>;
}

/** What else there is to do: a secret to set, a thing to be there. */
export interface Step {
  readonly of: string;
  readonly todo: string;
}

export const compose = ({ receivers, exporter }: Chosen): string => {
  const taken = new Set<string>();
  const sources = receivers.map(component => ({
    component,
    parts: partsOf(component).map(([name, options]) => [free(name, component, taken), options] as const),
  }));
  const names = sources.flatMap(({ parts }) => parts.map(([name]) => name));
  const sinks = partsOf(exporter);
  const body = [
    'export default defineConfig({',
    "  // Each begins with all that its vendor still keeps; in most, `since: 'now'` or `since: '7d'` reads less of the past.",
    '  receivers: {',
    sources.map(({ component, parts }) => blockOf(component, parts)).join('\n'),
    '  },',
    '',
    '  processors: {',
    '    dedupe: dedupe(), // receivers read again on purpose, so that nothing late is missed: each event passes once',
    "    normalize: normalize(), // OCSF 1.8.0; the vendor's own words travel in `raw_data`",
    '  },',
    '',
    '  exporters: {',
    blockOf(exporter, sinks),
    '  },',
    '',
    '  pipelines: {',
    '    audit: {',
    `      receivers: ${listOf(names, 6)},`,
    "      processors: ['dedupe', 'normalize'],",
    `      exporters: ${listOf(
      sinks.map(([name]) => name),
      6,
    )},`,
    '    },',
    '  },',
    '',
    '  // State (what was read and delivered) is in `.tributary/` beside this file: keep it, and keep it to one process.',
    '});',
    '',
  ].join('\n');
  return [
    '// What runs here, begun by `tributary init`: edit it freely. `tributary check` says everything that is wrong with it.',
    ...(body.includes('secret.')
      ? [
          '// Secrets are named here and read when a request is made; `secret.file(path)` reads one from a file. How to get each of',
          '// them: receivers/VENDOR/README.md, "Set-up at the vendor".',
        ]
      : []),
    `import { defineConfig${body.includes('secret.') ? ', secret' : ''} } from 'tributary';`,
    importOf('exporters', exporter),
    "import { dedupe } from 'tributary/processors/dedupe';",
    "import { normalize } from 'tributary/processors/normalize';",
    ...receivers.map(component => importOf('receivers', component)),
    '',
    body,
  ].join('\n');
};

/** In the order of the config, secrets first; each once. */
export const stepsOf = ({ receivers, exporter }: Chosen): readonly Step[] => {
  const all = [...receivers, exporter];
  const secrets = new Map(
    all.flatMap(component =>
      partsOf(component).flatMap(([, options]) =>
        Object.entries(options).flatMap(([option, value]): [string, Step][] =>
          isSecret(value)
            ? [
                [
                  value.reference,
                  { of: component.folder, todo: `${settingOf(value.reference)}: ${meaning(component, option)}` },
                ],
              ]
            : [],
        ),
      ),
    ),
  );
  const needs = all.flatMap(({ folder, spec }) => (spec.starter?.needs ?? []).map(todo => ({ of: folder, todo })));
  return [...secrets.values(), ...needs];
};

type Parts = readonly (readonly [name: string, options: Readonly<Record<string, unknown>>])[];

/** Throws where a component says nothing of its beginnings. */
const partsOf = ({ folder, spec }: Component<'receiver'> | Component<'exporter'>): Parts => {
  // Each is what the component's own schema takes: the compiler saw to it.
  const { components } = (spec.starter ?? { components: {} }) as Starter<Readonly<Record<string, unknown>>>;
  if (Object.keys(components).length === 0)
    throw new Error(`${folder} does not say how it begins: its definition has no \`starter\``);
  return Object.entries(components);
};

/** Two vendors may like the same name: the second bears its vendor's, too. */
const free = (name: string, { factory }: Component<'receiver'>, taken: Set<string>): string => {
  const found = taken.has(name) ? `${factory}-${name}` : name;
  taken.add(found);
  return found;
};

const importOf = (kind: string, { folder, factory }: Pick<Component<'receiver'>, 'folder' | 'factory'>): string =>
  `import { ${factory} } from 'tributary/${kind}/${folder}';`;

/** The parts of one component. What an option means is said at the first that has it. */
const blockOf = (component: Component<'receiver'> | Component<'exporter'>, parts: Parts): string => {
  const said = new Set<string>();
  const lines = parts.flatMap(([name, options]) => {
    const inner = Object.entries(options).flatMap(([option, value]) => {
      const words = said.has(option) ? '' : meaning(component, option);
      said.add(option);
      return [...wrapped(words).map(line => `      // ${line}`), `      ${keyOf(option)}: ${literal(value)},`];
    });
    const call = `    ${keyOf(name)}: ${component.factory}(`;
    return inner.length === 0 ? [`${call}),`] : [`${call}{`, ...inner, '    }),'];
  });
  const kind = component.spec.kind === 'receiver' ? 'receivers' : 'exporters';
  return [`    // Every option: ${kind}/${component.folder}/README.md`, ...lines].join('\n');
};

/** What an option means, by the schema: its first sentence, and what there is to choose from. */
const meaning = ({ spec }: Component<'receiver'> | Component<'exporter'>, option: string): string => {
  const schema = spec.schema instanceof z.ZodObject ? (spec.schema.shape[option] as z.ZodType | undefined) : undefined;
  const first = schema?.description?.split(/(?<=\.)\s/)[0] ?? '';
  const choices = schema instanceof z.ZodEnum ? ` ${schema.options.map(literal).join(', ')}.` : '';
  return `${first}${choices}`;
};

const settingOf = (reference: string): string => {
  const [, kind, name] = /^(env|file):(.*)$/.exec(reference) ?? [];
  return kind === 'file' ? `put the secret into the file ${name}` : `set the variable ${name}`;
};

/** A value as it stands in TypeScript. */
const literal = (value: unknown): string => {
  if (isSecret(value)) {
    const [, kind = '', name = ''] = /^(\w+):(.*)$/.exec(value.reference) ?? [];
    return `secret.${kind}(${literal(name)})`;
  }
  if (typeof value === 'string')
    return `'${JSON.stringify(value).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  return `{ ${Object.entries(value)
    .map(([key, inner]) => `${keyOf(key)}: ${literal(inner)}`)
    .join(', ')} }`;
};

const keyOf = (name: string): string => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : literal(name));

const WIDTH = 120;

/** A list in one line, or with an item a line where that would be too long. */
const listOf = (names: readonly string[], indent: number): string => {
  const line = `[${names.map(literal).join(', ')}]`;
  const pad = ' '.repeat(indent);
  return line.length + indent + 12 <= WIDTH
    ? line
    : `[\n${names.map(name => `${pad}  ${literal(name)},\n`).join('')}${pad}]`;
};

/** Words in lines that fit beside `      // `. */
const wrapped = (text: string): readonly string[] => {
  const lines: string[] = [];
  for (const word of text.split(' ').filter(Boolean)) {
    const last = lines.at(-1);
    if (last === undefined || last.length + word.length + 10 > WIDTH) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
};
