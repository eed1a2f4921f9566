// Options and environment, settled into one answer: where to send, how, and with what. The environment serves only an
// exporter that names no endpoint, so that a header meant for one sink cannot reach another's.
import { Fault, type HeaderList, isPrivate, SECOND, type TlsSettings } from '../../src/index.ts';
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

export interface Settings {
  readonly url: string;
  readonly headers: HeaderList;
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
