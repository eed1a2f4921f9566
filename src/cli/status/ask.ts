// Asks a running tributary through its status listener. The config says where that is; `--at` says it otherwise.
import type { IncomingMessage } from 'node:http';
import { dirname, resolve } from 'node:path';
import type { AnyConfig } from '../../config.ts';
import { describe } from '../../fault.ts';
import { http } from '../../node-http.ts';
import { loadConfig } from '../../runtime/load.ts';
import { STATUS_ADDRESS } from '../../runtime/status-page/address.ts';
import type { Report } from '../../runtime/status-page/report.ts';
import { addressOf } from '../../runtime/telemetry/address.ts';
import { Stop, stateFolder, stateOf } from '../session.ts';

export interface AtFlags {
  readonly config: string;
  /** `127.0.0.1:8686` */
  readonly at?: string;
}

/** Where the status is served, and of which state it must be, if that is known. */
export interface Target {
  readonly address: string;
  readonly state?: string;
}

/** Throws a Stop where nothing is served. */
export const targetOf = async ({ config: file, at }: AtFlags): Promise<Target> => {
  if (at !== undefined) {
    if (!addressOf(at)) throw new Stop(`--at must be an address and a port like '${STATUS_ADDRESS}'`, 2);
    return { address: at };
  }
  await stateOf(file); // says so if the file is no config
  const config = (await loadConfig(file)) as AnyConfig;
  const { status = STATUS_ADDRESS } = config.engine ?? {};
  if (status === false) throw new Stop(`${file} switches the status off: engine: { status: false }`);
  return { address: status, state: stateFolder(config, dirname(resolve(file))) };
};

/** What the running tributary says of itself. Throws a Stop if it does not run, or is another one. */
export const askStatus = async (target: Target): Promise<Report> => {
  const report = (await askJson(target, '/api/status')) as Report; // what this program serves
  if (target.state !== undefined && report.program?.state !== target.state)
    throw new Stop(
      `what listens on ${target.address} runs on another state, ${report.program?.state}\n  Give each its own engine: { status: 'ADDRESS:PORT' }, or name the address with --at.`,
    );
  return report;
};

const askJson = async (target: Target, path: string): Promise<unknown> => {
  const answer = await open(target, path);
  let text = '';
  for await (const chunk of answer.setEncoding('utf8')) text += chunk;
  try {
    return JSON.parse(text);
  } catch {
    throw new Stop(`what listens on ${target.address} is not tributary: its answer is no JSON`);
  }
};

/** An answer whose body is to be read. */
export const open = ({ address }: Target, path: string, signal?: AbortSignal): Promise<IncomingMessage> =>
  new Promise((done, fail) => {
    const request = http.get(`http://${address}${path}`, { agent: false, ...(signal && { signal }) }, answer => {
      if (answer.statusCode === 200) return done(answer);
      answer.resume();
      fail(
        new Stop(`${address} answers ${answer.statusCode}: ${ANSWERS[answer.statusCode ?? 0] ?? 'is it tributary?'}`),
      );
    });
    request.once('error', error => fail(signal?.aborted ? error : new Stop(unreachable(address, error))));
    request.setTimeout(TIMEOUT, () => request.destroy(new Error(`no answer within ${TIMEOUT / 1000} s`)));
  });

/** Longer than the stream of events is ever silent; ms. */
const TIMEOUT = 40_000;

const ANSWERS: Readonly<Record<number, string>> = {
  404: 'is it tributary, and of this version?',
  500: 'it cannot tell its status; its log says why',
  503: 'so many read the events that there is no room for one more',
};

const unreachable = (address: string, error: Error): string =>
  `nothing is served on ${address}: ${describe(error)}\n  Is tributary running with this config? engine: { status } says where it listens; --at names another address.`;
