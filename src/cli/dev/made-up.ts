// Secrets that are none: where a conversation is replayed nobody is asked, so the real ones are not even read.
import { isObject } from '../../json.ts';
import type { Json, JsonObject } from '../../model.ts';
import { isSecret, type Secret, secret } from '../../options.ts';
import { HIDDEN } from '../../secrets.ts';

/** A reference to a secret whose value is no secret; it travels as real ones do. */
export const madeUp = (value: string): Secret => {
  const name = `TRIBUTARY_MADE_UP_${Buffer.from(value).toString('hex').toUpperCase()}`;
  process.env[name] = value;
  return secret.env(name);
};

/** Options as a conversation has them, for the receiver's factory: `{ "secret": "…" }` is a secret of this value. */
export const optionsOf = ({ options }: { readonly options: JsonObject }): unknown => withSecrets(options);

const withSecrets = (json: Json): unknown => {
  if (Array.isArray(json)) return json.map(withSecrets);
  if (!isObject(json) || Object.getPrototypeOf(json) === null) return json; // a number that is kept as it was written
  if (typeof json.secret === 'string' && Object.keys(json).length === 1) return madeUp(json.secret);
  return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, withSecrets(value)]));
};

/** The same options with a made-up secret for each real one. */
export const withoutSecrets = (options: unknown): unknown => {
  if (isSecret(options)) return madeUp(HIDDEN);
  if (Array.isArray(options)) return options.map(withoutSecrets);
  if (typeof options !== 'object' || options === null || Object.getPrototypeOf(options) !== Object.prototype)
    return options;
  return Object.fromEntries(Object.entries(options).map(([key, value]) => [key, withoutSecrets(value)]));
};
