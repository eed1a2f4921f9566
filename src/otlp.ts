// What is said of an OTLP destination, wherever it is spoken to: its address, its headers, and what must not reach it.
import { z } from 'zod';
import { type Secret, secretOption } from './options.ts';

/** An http or https address without a credential in it. */
export const addressOption = () =>
  z
    .url({ protocol: /^https?$/, error: 'must be an http or https address' })
    .refine(text => !/^https?:\/\/[^/]*@/i.test(text), 'must not hold a credential: use `headers`');

/** Headers that carry a credential by custom: their values may not stand in a config. */
const CREDENTIAL = /^(proxy-)?authorization$|^cookie$|token|secret|password|api-?key/i;

/** Headers by name: plain texts, or secrets where they carry a credential. */
export const headersOption = () =>
  z
    .record(
      z.string().regex(/^[!#$%&'*+.^_`|~\w-]+$/, 'must be the name of a header'),
      z.union([z.string(), secretOption()]),
    )
    .superRefine((given, context) => {
      for (const [name, value] of Object.entries(given))
        if (typeof value === 'string' && CREDENTIAL.test(name))
          context.addIssue({ code: 'custom', path: [name], message: PLAIN });
    });

const PLAIN = "must not be in plain text: secret.env('NAME') or secret.file('/path')";

/** A plain text, or something that is looked up whenever a request is made. */
export type HeaderValue = string | Pick<Secret, 'reveal'>;

export type HeaderList = readonly (readonly [name: string, value: HeaderValue])[];

/** The headers of a request. Secrets are looked up each time, so that a new one needs no restart; `told` learns them. */
export const revealHeaders = async (
  headers: HeaderList,
  told: (secret: string) => void = () => {},
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

/** The standard variables of OTLP, which OpenTelemetry's exporters read by themselves, whatever they were told. */
export const OTLP_VARIABLES = 'OTEL_EXPORTER_OTLP_';

/**
 * Runs `work` while no variable of OTLP is set: a header that is meant for one destination must not reach another's.
 * Nothing else runs meanwhile: `work` is synchronous.
 */
export const hidden = <T>(work: () => T): T => {
  const set = Object.entries(process.env).filter(([name]) => name.startsWith(OTLP_VARIABLES));
  for (const [name] of set) delete process.env[name];
  try {
    return work();
  } finally {
    for (const [name, value] of set) process.env[name] = value;
  }
};
