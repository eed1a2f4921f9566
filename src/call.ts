// How the other side is called over HTTP: a request and its reply, how a credential travels, what a client is told.
import type { Json } from './model.ts';

/** A request, in plain types of our own. */
export interface Call {
  readonly method?: 'GET' | 'POST';
  /** Absolute; must lie on the origin of the client that it is given to. */
  readonly url: string;
  /** Left out where the value is nothing. */
  readonly query?: Readonly<Record<string, string | number | boolean | null | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: Json;
}

/** Its reply, with a status below 300. */
export interface Answer {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** Its `Date` header in ms since the epoch; our own clock where there is none. */
  readonly date: number;
  /** Decompressed, within the limit. */
  readonly text: string;
}

/** Sends a call. Any other status, and any failure, is thrown as a Fault. Never retries. */
export type Fetch = (call: Call, signal: AbortSignal) => Promise<Answer>;

/** How a credential travels. Made by `bearer`, `basic`, `header`, `exchange` in `source/auth.ts`. */
export interface Auth {
  /** The references of its secrets: with the origin, the key under which a vendor counts our requests. */
  readonly credential: string;
  /** The headers that carry it. `send` reaches the same origin, without credential. */
  headers(send: Fetch, now: number, signal: AbortSignal): Promise<Readonly<Record<string, string>>>;
  /** Told of a 401, and of the headers that were refused. True when asking once more, with new ones, makes sense. */
  refused(sent?: Readonly<Record<string, string>>): boolean;
  /** When the credential ends, in ms since the epoch, where it says so. */
  expires?(): number | undefined;
  /** What `expires` tells is renewed by itself. */
  readonly renews?: true;
}

/** Requests a vendor allows: `[{ requests: 600, per: MINUTE }]`. */
export interface Rate {
  readonly requests: number;
  /** ms */
  readonly per: number;
}

export interface HttpSettings {
  /** The one origin that is spoken to; the credential goes nowhere else. */
  readonly origin: string;
  readonly auth?: Auth;
  /** Shared by all clients of the same origin and credential. */
  readonly rates?: readonly Rate[];
  /** ms for headers and body together; 30 s when absent. */
  readonly timeout?: number;
  /** Bytes after decompression; 64 MiB when absent. */
  readonly bodyLimit?: number;
  readonly tls?: TlsSettings | undefined;
  /** URL of a proxy; `HTTPS_PROXY` and `NO_PROXY` of the environment when absent. */
  readonly proxy?: string | undefined;
}

/** Paths of PEM files. */
export interface TlsSettings {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}
