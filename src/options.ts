// The vocabulary of options: durations, sizes, starting points and secrets, as texts that the compiler checks and as
// schemas that check again at run time.
import { readFile } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { z } from 'zod';
import { Fault } from './fault.ts';

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** A length of time as text: `'30s'`, `'250ms'`, `'14d'`. */
export type Duration = `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`;

/** A size as text: `'256KiB'`, `'2GiB'`. */
export type Bytes = `${number}${'B' | 'KiB' | 'MiB' | 'GiB'}`;

/** Where to begin: `'now'`, a duration back from the first start, or a date (`'2025-01-01T00:00:00Z'`). */
export type Since = 'now' | Duration | `${number}-${string}`;

const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;
const BYTES = /^(\d+(?:\.\d+)?)(B|KiB|MiB|GiB)$/;
/** A day begins at midnight UTC; a time says its zone: the same config must mean the same on every machine. */
const DATE = /^\d{4}-\d{2}-\d{2}(?:T[\d:.]+(?:Z|[+-]\d{2}:\d{2}))?$/;
const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: SECOND,
  m: MINUTE,
  h: HOUR,
  d: DAY,
  B: 1,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
};

const measure = (pattern: RegExp, text: unknown): number | undefined => {
  const [, amount, unit] = (typeof text === 'string' && pattern.exec(text)) || [];
  return amount === undefined || unit === undefined ? undefined : Number(amount) * UNITS[unit]!;
};

/** A duration: text in the config, milliseconds inside. */
export const duration = (bounds: { readonly min?: Duration; readonly max?: Duration } = {}) => {
  const [min, max] = [measure(DURATION, bounds.min ?? '0s')!, measure(DURATION, bounds.max ?? '36500d')!];
  return z
    .custom<Duration>(
      text => {
        const ms = measure(DURATION, text);
        return ms !== undefined && ms >= min && ms <= max;
      },
      `must be a duration like '30s', '5m' or '14d'${within(bounds.min, bounds.max)}`,
    )
    .transform(text => measure(DURATION, text)!)
    .meta({ title: 'duration' });
};

/** A size: text in the config, bytes inside. */
export const bytes = (bounds: { readonly min?: Bytes; readonly max?: Bytes } = {}) => {
  const [min, max] = [measure(BYTES, bounds.min ?? '0B')!, measure(BYTES, bounds.max ?? '8388608GiB')!];
  return z
    .custom<Bytes>(
      text => {
        const size = measure(BYTES, text);
        return size !== undefined && size >= min && size <= max;
      },
      `must be a size like '256KiB' or '128MiB'${within(bounds.min, bounds.max)}`,
    )
    .transform(text => Math.floor(measure(BYTES, text)!))
    .meta({ title: 'size' });
};

const within = (min?: string, max?: string): string =>
  (min === undefined ? '' : `, at least '${min}'`) + (max === undefined ? '' : `, at most '${max}'`);

/** A starting point, resolved against the clock when the receiver is started for the first time. */
export const since = () =>
  z
    .custom<Since>(
      text =>
        text === 'now' ||
        measure(DURATION, text) !== undefined ||
        (typeof text === 'string' && DATE.test(text) && Number.isFinite(Date.parse(text))),
      "must be 'now', a duration like '30d', or a date like '2025-01-01T00:00:00Z'",
    )
    .transform(text => startOf(text))
    .meta({ title: 'since' });

const startOf = (text: Since) => {
  const back = measure(DURATION, text);
  return (now: number): number => (text === 'now' ? now : back === undefined ? Date.parse(text) : now - back);
};

declare const sealed: unique symbol;

/** A reference to a secret. Its value is read when a request is made, and is never held, printed or stored. */
export interface Secret {
  readonly [sealed]: true;
  /** Where it is read from: `env:OPAL_API_KEY`. Two secrets are the same when this is. */
  readonly reference: string;
  /** Throws E_SECRET when the variable is not set, or the file cannot be read. */
  reveal(): Promise<string>;
}

const seal = (reference: string, read: () => Promise<string | undefined>, missing: string): Secret => {
  const shown = `[secret ${reference}]`;
  const reveal = async () => {
    const value = (await read().catch(() => undefined))?.trim();
    if (!value) throw new Fault('E_SECRET', missing);
    return value;
  };
  const parts = {
    reference,
    reveal,
    toString: () => shown,
    toJSON: () => shown,
    [Symbol.for('nodejs.util.inspect.custom')]: () => shown,
  };
  return Object.freeze(parts) as unknown as Secret; // `sealed` exists in the types only, so that no other object passes
};

export const secret = {
  /** The value of an environment variable. */
  env: (name: string): Secret =>
    seal(
      `env:${name}`,
      async () => process.env[name],
      name ? `the environment variable ${name} is not set` : 'secret.env needs the name of a variable',
    ),
  /**
   * The content of a file, without the space around it: how Docker and Kubernetes hand out secrets. The path is absolute;
   * for a file beside the config: `join(import.meta.dirname, 'key')`.
   */
  file: (path: string): Secret =>
    seal(
      `file:${path}`,
      async () => (isAbsolute(path) ? readFile(path, 'utf8') : undefined),
      isAbsolute(path)
        ? `the file ${path} cannot be read, or is empty`
        : `the path of the file ${path} must be absolute: for one beside the config, join(import.meta.dirname, '${path}')`,
    ),
};

export const isSecret = (value: unknown): value is Secret =>
  typeof value === 'object' && value !== null && 'reveal' in value && 'reference' in value;

export const secretOption = () =>
  z
    .custom<Secret>(isSecret, "must be a reference: secret.env('NAME') or secret.file('/path')")
    .meta({ title: 'secret' });

/** Trust and client identity of a TLS connection, as paths of PEM files. */
export const tlsOptions = () =>
  z
    .object({
      ca: z.string().optional().describe('PEM file of the authorities to trust, beside the usual ones.'),
      cert: z.string().optional().describe('PEM file of our certificate, for mutual TLS.'),
      key: z.string().optional().describe('PEM file of its key.'),
    })
    .strict();
