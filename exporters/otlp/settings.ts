// Options and environment, settled into one answer: where to send, how, and with what. The environment serves only an
// exporter that names no endpoint, so that a header meant for one sink cannot reach another's.
import { Fault, SECOND, type Secret, type TlsSettings } from '../../src/index.ts';
import { proxyAt } from './connection.ts';
import {
  type Compression,
  fromEnvironment,
  logsAt,
  NOTHING,
  type Protocol,
  proxyOfEnvironment,
} from './environment.ts';
import type { Options } from './options.ts';

/** A plain text, or something that is looked up whenever a request is made. */
export type HeaderValue = string | Pick<Secret, 'reveal'>;

export interface Settings {
  readonly url: string;
  readonly headers: readonly (readonly [name: string, value: HeaderValue])[];
  readonly protocol: Protocol;
  readonly compression: Compression;
  /** ms */
  readonly timeout: number;
  readonly tls: TlsSettings;
  /** Variables as in `HTTPS_PROXY`, `NO_PROXY`. */
  readonly proxy: NodeJS.ProcessEnv;
}

/** Throws E_ENVIRONMENT, and E_PLAINTEXT where a credential would leave this machine unencrypted. */
export const settle = (given: Options): Settings => {
  const environment = given.endpoint === undefined ? fromEnvironment() : NOTHING;
  const url = given.endpoint === undefined ? environment.url : logsAt(new URL(given.endpoint));
  const settings: Settings = {
    url: url ?? 'http://127.0.0.1:4318/v1/logs',
    headers: [...environment.headers, ...Object.entries(given.headers ?? {})],
    protocol: given.protocol ?? environment.protocol ?? 'http/protobuf',
    compression: given.compression ?? environment.compression ?? 'gzip',
    timeout: given.timeout ?? environment.timeout ?? 30 * SECOND,
    tls: { ...environment.tls, ...given.tls },
    proxy: given.proxy === undefined ? proxyOfEnvironment() : proxyAt(given.proxy),
  };
  if (settings.headers.some(([, value]) => typeof value !== 'string') && !isPrivate(settings.url, given.proxy))
    throw new Fault(
      'E_PLAINTEXT',
      `the credential is not sent to ${new URL(settings.url).origin}, because http: does not encrypt it`,
    );
  return settings;
};

const isPrivate = (url: string, proxy: string | undefined): boolean => {
  const { protocol, hostname } = new URL(url);
  return protocol === 'https:' || (proxy === undefined && /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname));
};

/** The headers of a request. Secrets are looked up each time, so that a new one needs no restart; `told` learns them. */
export const reveal = async (
  headers: Settings['headers'],
  told: (secret: string) => void,
): Promise<Record<string, string>> => {
  const revealed = headers.map(async ([name, value]) => {
    if (typeof value === 'string') return [name, value] as const;
    const text = await value.reveal();
    told(text);
    told(text.replace(/^[A-Za-z]+\s+/, '')); // `Bearer x` may come back as `x`
    return [name, text] as const;
  });
  return Object.fromEntries(await Promise.all(revealed));
};
