// Reads a vendor's record field by field and remembers what was taken: the rest is `unmapped`, so that a mapping cannot
// lose a field by forgetting it.
import { isEmpty, isObject, put } from '../json.ts';
import type { Json, JsonObject } from '../model.ts';

/** A vendor's object. A field counts as taken only when it has the type that was asked for. */
export class Fields {
  readonly #source: JsonObject;
  readonly #taken: string[] = []; // a mapping takes a dozen: quicker to search than a set is to make
  #inner: Map<string, Fields> | undefined; // most objects have none

  /** What is no object has one field, `raw`: so it is unmapped, and not lost. */
  constructor(json: Json | undefined) {
    this.#source = isObject(json) ? json : json === undefined || json === null ? {} : { raw: json };
  }

  /** A text that is not empty. */
  text(key: string): string | undefined {
    const value = this.#own(key);
    return typeof value === 'string' && value !== '' ? this.#take(key, value) : undefined;
  }

  number(key: string): number | undefined {
    const value = this.#own(key);
    return typeof value === 'number' ? this.#take(key, value) : undefined;
  }

  boolean(key: string): boolean | undefined {
    const value = this.#own(key);
    return typeof value === 'boolean' ? this.#take(key, value) : undefined;
  }

  /** An object of its own fields; empty where there is none. What is not taken from it stays unmapped at its path. */
  object(key: string): Fields {
    const known = this.#inner?.get(key);
    if (known) return known;
    const value = this.#own(key);
    if (!isObject(value)) return new Fields(undefined);
    const fields = new Fields(value);
    this.#inner ??= new Map();
    this.#inner.set(key, fields);
    return fields;
  }

  /** A list, taken as a whole. */
  list(key: string): readonly Json[] {
    const value = this.#own(key);
    return Array.isArray(value) ? this.#take(key, value) : [];
  }

  /** Looks without taking. */
  peek(key: string): Json | undefined {
    return this.#own(key);
  }

  /** Gives a field back: it could not be mapped after all. */
  leave(key: string): void {
    while (this.#taken.includes(key)) this.#taken.splice(this.#taken.indexOf(key), 1);
  }

  /** Whether the record has this field, whatever it is. */
  has(key: string): boolean {
    return Object.hasOwn(this.#source, key);
  }

  /** What nobody took, at its own path; nulls left out. */
  rest(): JsonObject {
    const left: Record<string, Json> = {};
    for (const key in this.#source) {
      const value = this.#source[key]!;
      if (value === null || this.#taken.includes(key)) continue;
      const inner = this.#inner?.get(key);
      const kept = inner ? inner.rest() : value;
      if (inner && isEmpty(kept) && !isEmpty(value)) continue;
      put(left, key, kept);
    }
    return left;
  }

  #own(key: string): Json | undefined {
    return Object.hasOwn(this.#source, key) ? this.#source[key] : undefined;
  }

  #take<T>(key: string, value: T): T {
    this.#taken.push(key);
    return value;
  }
}
