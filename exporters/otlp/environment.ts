// The standard variables of OTLP. Components may not read the environment, but these are a contract with operators, and
// the stock exporter reads them by itself, whatever it was told: so they are read here, and hidden from it.
import path from 'node:path';
import { getStringFromEnv, parseKeyPairsIntoRecord } from '@opentelemetry/core';
import { Fault, OTLP_VARIABLES, type Secret, type TlsSettings } from '../../src/index.ts';

export type Protocol = 'http/protobuf' | 'http/json';
export type Compression = 'gzip' | 'none';

/** What the standard variables say; nothing where they are not set. */
export interface Environment {
  readonly url: string | undefined;
  /** Their values are secrets, whatever their names. */
  readonly headers: readonly (readonly [name: string, value: Pick<Secret, 'reveal'>])[];
  readonly protocol: Protocol | undefined;
  readonly compression: Compression | undefined;
  /** ms */
  readonly timeout: number | undefined;
  /** Absolute paths. */
  readonly tls: TlsSettings;
}

/** For an `otlp()` that has an endpoint of its own: the variables are meant for another one. */
export const NOTHING: Environment = {
  url: undefined,
  headers: [],
  protocol: undefined,
  compression: undefined,
  timeout: undefined,
  tls: {},
};

/**
 * Reads `OTEL_EXPORTER_OTLP_*` and their `_LOGS_` forms, which go first. Throws E_ENVIRONMENT where one has a value that
 * cannot be used. https://opentelemetry.io/docs/specs/otel/protocol/exporter/
 */
export const fromEnvironment = (): Environment => ({
  url: logsUrl() ?? baseUrl(),
  headers: Object.entries({ ...headers('HEADERS'), ...headers('LOGS_HEADERS') }).map(
    ([name, value]) => [name, { reveal: async () => value }] as const,
  ),
  protocol: oneOf('PROTOCOL', ['http/protobuf', 'http/json']),
  compression: oneOf('COMPRESSION', ['gzip', 'none']),
  timeout: milliseconds(),
  tls: { ca: file('CERTIFICATE'), cert: file('CLIENT_CERTIFICATE'), key: file('CLIENT_KEY') },
});

const PREFIX = OTLP_VARIABLES;

const headers = (name: string) => parseKeyPairsIntoRecord(getStringFromEnv(PREFIX + name));

const variable = (name: string) => {
  const key = [`${PREFIX}LOGS_${name}`, PREFIX + name].find(key => getStringFromEnv(key) !== undefined);
  return key === undefined ? undefined : { key, value: getStringFromEnv(key)!.trim() };
};

/** The address of the logs is taken as it is; the common one is a base. */
const logsUrl = (): string | undefined => {
  const text = getStringFromEnv(`${PREFIX}LOGS_ENDPOINT`)?.trim();
  return text === undefined ? undefined : urlOf(`${PREFIX}LOGS_ENDPOINT`, text).href;
};

const baseUrl = (): string | undefined => {
  const text = getStringFromEnv(`${PREFIX}ENDPOINT`)?.trim();
  return text === undefined ? undefined : logsAt(urlOf(`${PREFIX}ENDPOINT`, text));
};

/** Where a base address takes logs: `/v1/logs` below it, unless it says so itself. */
export const logsAt = (base: URL): string => {
  const url = new URL(base);
  const folder = url.pathname.replace(/\/+$/, '');
  url.pathname = folder.endsWith('/v1/logs') ? folder : `${folder}/v1/logs`;
  return url.href;
};

const urlOf = (key: string, text: string): URL => {
  const url = URL.parse(text);
  if (url && /^https?:$/.test(url.protocol) && !url.username && !url.password) return url;
  throw new Fault('E_ENVIRONMENT', `${key} must be an http or https address without credentials in it`);
};

const oneOf = <T extends string>(name: string, known: readonly T[]): T | undefined => {
  const found = variable(name);
  if (!found) return undefined;
  const value = known.find(choice => choice === found.value);
  if (value) return value;
  throw new Fault(
    'E_ENVIRONMENT',
    `${found.key} is ${JSON.stringify(found.value)}; it can be ${known.join(' or ')} here`,
  );
};

const milliseconds = (): number | undefined => {
  const found = variable('TIMEOUT');
  if (!found) return undefined;
  const value = Number(found.value);
  if (value > 0 && value <= 0x7fffffff) return value;
  throw new Fault(
    'E_ENVIRONMENT',
    `${found.key} is ${JSON.stringify(found.value)}; it must be a number of milliseconds`,
  );
};

const file = (name: string): string | undefined => {
  const found = variable(name);
  return found && path.resolve(found.value);
};

/** The proxy that the environment names, as Node's agents take it. Not `HTTP_PROXY`: plain text stays on this machine. */
export const proxyOfEnvironment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => /^(https|no)_proxy$/i.test(name)));
