// `docs/faults.md` from the table of faults, the options table of each component's README from its schema, and the code
// that a page shows from the file that is run: what the program does and what a person reads cannot drift apart.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import type { Spec } from '../src/component.ts';
import type { FaultKind } from '../src/fault.ts';
import { faults } from '../src/faults.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../src/options.ts';

const ROOT = join(import.meta.dirname, '..');
const KINDS = ['receivers', 'processors', 'exporters', 'examples'];
const [BEGIN, END] = ['<!-- options -->', '<!-- /options -->'];

/** Each generated file as it should be, by its path from the root. */
export const generatedDocs = async (): Promise<ReadonlyMap<string, string>> =>
  new Map([
    ['docs/faults.md', faultsPage()],
    ['docs/add-a-vendor.md', shown('docs/add-a-vendor.md')],
    ...(await readmes()),
  ]);

export const generateDocs = async (): Promise<void> => {
  for (const [path, text] of await generatedDocs()) writeFileSync(join(ROOT, path), text);
};

/** The folders of components, from the root: `receivers/opal`. */
export const componentFolders = (): readonly string[] =>
  KINDS.flatMap(kind =>
    readdirSync(join(ROOT, kind))
      .filter(name => existsSync(join(ROOT, kind, name, 'index.ts')))
      .map(name => `${kind}/${name}`)
      .sort(),
  );

// ---- Faults ----

const KIND_TEXT: Readonly<Record<FaultKind, string>> = {
  transient: 'May work later. Tried again by itself, for ever: at growing intervals, or when the other side allows.',
  rejected:
    'This input will fail again. At a sink, the batch is halved until the record at fault is found, which is kept as a dead letter; at a vendor, the receiver holds; a dropped file is set aside.',
  denied:
    'We are wrong: a credential, an option, a defect. Everything stops before it, says so once, and looks again every five minutes. No record is dropped.',
};

const faultsPage = (): string => {
  const kinds = Object.entries(KIND_TEXT).map(([kind, text]) => `| **${kind}** | ${text} |`);
  const sections = Object.entries(faults).map(
    ([code, { kind, meaning, remedy }]) => `## ${code}\n\n${meaning} (${kind})\n\n${remedy}\n`,
  );
  return [
    '# Faults\n',
    'Every error that Tributary knows of has a code and a kind. The kind alone decides what is done about it:\n',
    `| kind | what is done |\n|---|---|\n${kinds.join('\n')}\n`,
    'Below is each code: what it means, and what you can do.\n',
    'Generated from [`src/faults.ts`](../src/faults.ts) by `npm run generate`.\n',
    ...sections,
  ].join('\n');
};

// ---- Code ----

/** A page with the files that it shows as they are now: between `<!-- file PATH -->` and `<!-- /file -->`. */
const shown = (page: string): string =>
  readFileSync(join(ROOT, page), 'utf8').replaceAll(
    /(<!-- file (\S+) -->\n)[\s\S]*?(<!-- \/file -->)/g,
    (_, begin: string, path: string, end: string) =>
      `${begin}\`\`\`ts\n// ${path}\n${readFileSync(join(ROOT, path), 'utf8')}\`\`\`\n${end}`,
  );

// ---- Options ----

const readmes = async (): Promise<readonly (readonly [string, string])[]> => {
  const pages = await Promise.all(
    componentFolders().map(async folder => {
      const path = `${folder}/README.md`;
      if (!existsSync(join(ROOT, path))) return [];
      const text = readFileSync(join(ROOT, path), 'utf8');
      const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
      if (begin < 0 || end < begin) return []; // `apply` takes a function, and no options
      const table = optionsText(await schemaOf(folder), folder);
      return [[path, `${text.slice(0, begin + BEGIN.length)}\n${table}\n${text.slice(end)}`] as const];
    }),
  );
  return pages.flat();
};

/** An example imports `tributary` as a user does: here it means the sources. */
registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'tributary'
      ? next(pathToFileURL(join(ROOT, 'src/index.ts')).href, context)
      : next(specifier, context),
});

/** By convention the factory bears the folder's name, in camel case; and a spec is inert, whatever its options. */
const schemaOf = async (folder: string): Promise<z.ZodObject> => {
  const module = (await import(join(ROOT, folder, 'index.ts'))) as Record<string, (options: unknown) => Spec>;
  const name = folder.split('/')[1]!.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
  const schema = module[name]?.({}).schema;
  if (schema instanceof z.ZodObject) return schema;
  throw new Error(`${folder}/index.ts must export ${name}, with options that are an object`);
};

/** The table of a schema's options, in Markdown. */
export const optionsText = (schema: z.ZodObject, folder: string): string => {
  const rows = rowsOf(schema, '', folder);
  if (rows.length === 0) return 'None.';
  const lines = rows.map(cells => `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`);
  const types = rows.map(([, type]) => type).join(' ');
  const legend = LEGEND.filter(([word]) => new RegExp(`\\b${word}\\b`).test(types)).map(([, text]) => text);
  return [
    '| option | type | default | meaning |',
    '|---|---|---|---|',
    ...lines,
    ...(legend.length > 0 ? ['', legend.join(' ')] : []),
  ].join('\n');
};

const LEGEND = [
  ['duration', "A duration is a text like `'250ms'`, `'30s'`, `'5m'`, `'12h'` or `'14d'`."],
  ['size', "A size is a text like `'256KiB'`, `'64MiB'` or `'2GiB'`."],
  ['secret', "A secret is named, and never held: `secret.env('NAME')` or `secret.file('/path')`."],
] as const;

type Row = readonly [option: string, type: string, standard: string, meaning: string];

/** One row an option; those of an object follow it. */
const rowsOf = (schema: z.ZodObject, prefix: string, folder: string): readonly Row[] =>
  Object.entries(schema.shape).flatMap(([key, option]): Row[] => {
    const { inner, meaning, standard, isOptional } = unwrap(option as z.ZodType);
    const name = `${prefix}${key}`;
    if (!meaning) throw new Error(`${folder}: the option ${name} has no description`);
    const empty = typeof standard === 'object' && Object.keys(standard ?? {}).length === 0 && !Array.isArray(standard);
    const said = empty ? 'see below' : standard === undefined ? 'none' : `\`${literal(inner, standard)}\``;
    const shown = isOptional ? said : 'required';
    const below = membersOf(inner).find(member => member instanceof z.ZodObject);
    return [
      [`\`${name}\``, typeOf(inner), shown, meaning],
      ...(below && !titleOf(below) ? rowsOf(below, `${name}.`, folder) : []),
    ];
  });

/** An option without its wrappings, and what they say. */
const unwrap = (
  option: z.ZodType,
): {
  readonly inner: z.ZodType;
  readonly meaning: string | undefined;
  readonly standard: unknown;
  readonly isOptional: boolean;
} => {
  const wrapped =
    option instanceof z.ZodDefault ||
    option instanceof z.ZodPrefault ||
    option instanceof z.ZodOptional ||
    option instanceof z.ZodNullable;
  if (!wrapped) return { inner: option, meaning: option.description, standard: undefined, isOptional: false };
  const within = unwrap(option.unwrap() as z.ZodType);
  const standard = 'defaultValue' in option.def ? option.def.defaultValue : within.standard;
  return { inner: within.inner, meaning: option.description ?? within.meaning, standard, isOptional: true };
};

const membersOf = (schema: z.ZodType): readonly z.ZodType[] =>
  schema instanceof z.ZodUnion ? schema.options.map(member => unwrap(member as z.ZodType).inner) : [schema];

const titleOf = (schema: z.ZodType): string | undefined => schema.meta()?.title;

/** A type in a few words, as a person would say it. */
const typeOf = (schema: z.ZodType): string => {
  const title = titleOf(schema);
  if (title !== undefined) return title === 'since' ? "`'now'`, duration or date" : title;
  if (schema instanceof z.ZodUnion) return either(membersOf(schema).map(typeOf));
  if (schema instanceof z.ZodEnum) return either(schema.options.map(code));
  if (schema instanceof z.ZodLiteral) return either([...schema.values].map(code));
  if (schema instanceof z.ZodBoolean) return '`true` or `false`';
  if (schema instanceof z.ZodNumber) return rangeOf(schema);
  if (schema instanceof z.ZodArray) return `list of: ${typeOf(unwrap(schema.element as z.ZodType).inner)}`;
  if (schema instanceof z.ZodRecord) return `by name: ${typeOf(unwrap(schema.valueType as z.ZodType).inner)}`;
  if (schema instanceof z.ZodObject) return `\`{ ${Object.keys(schema.shape).join(', ')} }\``;
  if (schema instanceof z.ZodURL) return 'URL';
  if (schema instanceof z.ZodUUID) return 'UUID';
  if (schema instanceof z.ZodString) return 'text';
  throw new Error(`an option is of a type that has no words: ${schema.type}; give its schema a title`);
};

const either = (types: readonly string[]): string =>
  types.length < 2 ? types.join('') : `${types.slice(0, -1).join(', ')} or ${types.at(-1)}`;

const code = (value: unknown): string => `\`${typeof value === 'string' ? `'${value}'` : String(value)}\``;

const rangeOf = ({ minValue, maxValue }: z.ZodNumber): string => {
  const [min, max] = [minValue, maxValue].map(bound =>
    bound === null || Math.abs(bound) >= Number.MAX_SAFE_INTEGER ? undefined : bound.toLocaleString('en'),
  );
  if (min !== undefined && max !== undefined) return `${min} to ${max}`;
  if (min !== undefined) return `number, at least ${min}`;
  return max === undefined ? 'number' : `number, at most ${max}`;
};

/** A default as the user would write it: what a schema made of a text is made a text again. */
const literal = (schema: z.ZodType, value: unknown): string => {
  const member = membersOf(schema).find(one => (typeof value === 'object') === one instanceof z.ZodObject) ?? schema;
  const title = membersOf(schema).map(titleOf).find(Boolean);
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value === 'number' && title === 'duration') return measured(value, DURATIONS);
  if (typeof value === 'number' && title === 'size') return measured(value, SIZES);
  if (typeof value === 'function') return measured(-(value as (now: number) => number)(0), DURATIONS); // of `since`
  if (typeof value !== 'object' || value === null) return String(value);
  if (Array.isArray(value)) return `[${value.map(item => literal(schema, item)).join(', ')}]`;
  const shape = member instanceof z.ZodObject ? member.shape : {};
  const parts = Object.entries(value).map(([key, item]) => {
    const { inner } = unwrap((shape[key] ?? z.unknown()) as z.ZodType);
    return `${key}: ${literal(inner, item)}`;
  });
  return `{ ${parts.join(', ')} }`;
};

type Units = readonly (readonly [unit: string, size: number])[];
const DURATIONS: Units = [
  ['d', DAY],
  ['h', HOUR],
  ['m', MINUTE],
  ['s', SECOND],
  ['ms', 1],
];
const SIZES: Units = [
  ['GiB', 2 ** 30],
  ['MiB', 2 ** 20],
  ['KiB', 2 ** 10],
  ['B', 1],
];

/** In the largest unit that it is a whole number of. */
const measured = (amount: number, units: Units): string => {
  const [unit, size] = units.find(([, size]) => amount % size === 0)!; // the last one divides everything
  return `'${amount / size}${unit}'`;
};

if (import.meta.main) await generateDocs();
