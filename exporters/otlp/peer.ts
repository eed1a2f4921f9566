// What speaks at an address, when it is not what was expected: TLS or not, HTTP/2 alone (gRPC) or HTTP/1.1. Each question
// is one connection that sends nothing of ours.
import type { Agent, IncomingMessage } from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import tls from 'node:tls';
import { http, SECOND } from '../../src/index.ts';

export interface Answered {
  readonly status: number;
  /** Of its content. */
  readonly type: string;
}

/** How long one question may take; ms. */
const PATIENCE = 5 * SECOND;

/** What a GET is answered there; rejects with what Node says. Nothing is posted. */
export const look = (
  url: string,
  headers: Readonly<Record<string, string>>,
  agent: Agent | undefined,
  signal: AbortSignal,
): Promise<Answered> =>
  new Promise((done, fail) => {
    const { get } = url.startsWith('https:') ? https : http;
    const cut = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)]);
    const request = get(url, { headers, ...(agent && { agent }), signal: cut }, (answer: IncomingMessage) => {
      answer.resume();
      done({ status: answer.statusCode ?? 0, type: answer.headers['content-type'] ?? '' });
    });
    request.once('error', fail);
  });

/** Whether TLS is spoken there, by whomever. */
export const speaksTls = ({ hostname, port }: URL, signal: AbortSignal): Promise<boolean> =>
  settled(signal, (done, cut) => {
    // Nobody is trusted with anything: the question is only whether this is TLS at all.
    const socket = tls.connect({
      host: bare(hostname),
      port: Number(port || 80),
      rejectUnauthorized: false,
      ALPNProtocols: ['http/1.1'],
    });
    socket.once('secureConnect', () => done(true)).once('error', () => done(false));
    cut(() => socket.destroy());
  });

/** Whether HTTP/2 is spoken there without asking, as gRPC does. */
export const speaksHttp2 = ({ origin }: URL, signal: AbortSignal): Promise<boolean> =>
  settled(signal, (done, cut) => {
    const session = http2.connect(origin, { rejectUnauthorized: false });
    session
      .once('remoteSettings', () => done(true))
      .once('error', () => done(false))
      .once('close', () => done(false));
    cut(() => session.destroy());
  });

/** The first answer, or no after a while; whatever was opened is closed. */
const settled = async (
  signal: AbortSignal,
  ask: (done: (answer: boolean) => void, cut: (close: () => void) => void) => void,
): Promise<boolean> => {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  let close = () => {};
  const late = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)]);
  const giveUp = () => resolve(false);
  late.addEventListener('abort', giveUp, { once: true });
  ask(resolve, closing => {
    close = closing;
  });
  try {
    return await promise;
  } finally {
    late.removeEventListener('abort', giveUp);
    close();
  }
};

const bare = (hostname: string): string => hostname.replace(/^\[|\]$/g, '');
