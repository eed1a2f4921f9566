// Values as OTLP can carry them. Only what would make a collector refuse the whole request is changed, and the vendor's
// own words stay in `raw_data`: one strange record must not cost its neighbors.
import type { AnyValue } from '@opentelemetry/api-logs';
import { textOfAny } from '../../src/index.ts';

/**
 * The value, itself where nothing has to change:
 * - a number that is not finite, or an integer beyond 2^53, becomes text;
 * - half a surrogate pair becomes U+FFFD;
 * - what lies deeper than 30 levels becomes JSON text;
 * - what is not JSON at all is read as `JSON.stringify` would.
 */
export const carry = (value: unknown, depth = 0): AnyValue => {
  switch (typeof value) {
    case 'string':
      return value.isWellFormed() ? value : value.toWellFormed();
    case 'number':
      return Number.isSafeInteger(value) || (Number.isFinite(value) && !Number.isInteger(value))
        ? value
        : String(value);
    case 'boolean':
      return value;
    case 'bigint':
      return String(value);
    case 'object':
      return value === null ? null : carryObject(value, depth);
    default:
      return null; // undefined, a function, a symbol
  }
};

// A parser of protobuf in Java, C++ or Python gives up at 100 nested messages, and one level of a map is three of them.
const DEPTH = 30;

const carryObject = (value: object, depth: number): AnyValue => {
  if ('toJSON' in value && typeof value.toJSON === 'function') return carry(value.toJSON(), depth);
  if (depth >= DEPTH) return jsonText(value);
  if (Array.isArray(value)) {
    const items = value.map(item => carry(item, depth + 1));
    return items.every((item, i) => item === value[i]) ? value : items;
  }
  const entries = Object.entries(value).filter(([, held]) => held !== undefined);
  const carried = entries.map(([key, held]) => [key.toWellFormed(), carry(held, depth + 1)] as const);
  const same = carried.every(([key, held], i) => key === entries[i]![0] && held === entries[i]![1]);
  // `fromEntries` and not assignment: a vendor may have a field named `__proto__`.
  return same && carried.length === Object.keys(value).length ? (value as AnyValue) : Object.fromEntries(carried);
};

const jsonText = (value: object): string => {
  try {
    return textOfAny(value).toWellFormed();
  } catch {
    return '[cyclic]'; // no vendor can send that, but a function of the user's can make it
  }
};

/** What a value adds to a request before compression, in bytes, about: enough to keep a request within its limit. */
export const weigh = (value: AnyValue, cost: Cost): number => {
  if (typeof value === 'string') return cost.value + Buffer.byteLength(value);
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return cost.value + 8;
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + weigh(item, cost), cost.value);
  let sum = cost.value;
  for (const [key, held] of Object.entries(value)) sum += cost.key + Buffer.byteLength(key) + weigh(held, cost);
  return sum;
};

/** What the encoding wraps around each value and each key, in bytes. */
export interface Cost {
  readonly value: number;
  readonly key: number;
}

export const COSTS = {
  'http/protobuf': { value: 4, key: 6 },
  'http/json': { value: 19, key: 20 }, // {"stringValue":""} and {"key":"","value":},
} as const satisfies Record<string, Cost>;
