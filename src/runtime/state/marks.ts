// A set of sixteen-byte digests, held in one typed array: 16 to 43 bytes an id, where a Set of strings takes 70 and more.
import { hash } from 'node:crypto';

/** Bytes of a digest. */
export const WIDTH = 16;

const WORDS = WIDTH / 4;
const FULL = 0.75;
/** Slots of an empty set. */
const FIRST = 1024;

/** The digest of an id, as it is kept. By way of a text: that is three times as fast as to have a buffer made each time. */
export const digestOf = (id: string): Buffer => Buffer.from(hash('sha256', id, 'binary').slice(0, WIDTH), 'binary');

/** Open addressing with linear probing; a slot of zeros is empty. */
export class Marks {
  #slots = new Uint32Array(WORDS * FIRST);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has(digest: Uint8Array, at = 0): boolean {
    const words = read(digest, at);
    return this.#find(words) >= 0;
  }

  add(digest: Uint8Array, at = 0): void {
    const words = read(digest, at);
    if (this.#find(words) >= 0) return;
    if (this.#size + 1 > (this.#slots.length / WORDS) * FULL) this.#grow();
    this.#put(words);
    this.#size++;
  }

  /** Takes one out and moves up those that its slot had pushed on. */
  delete(digest: Uint8Array, at = 0): void {
    let hole = this.#find(read(digest, at));
    if (hole < 0) return;
    const slots = this.#slots;
    const mask = slots.length / WORDS - 1;
    this.#size--;
    for (let next = (hole + 1) & mask; !this.#isEmpty(next); next = (next + 1) & mask) {
      const home = slots[next * WORDS]! & mask;
      if (((next - home) & mask) < ((next - hole) & mask)) continue; // it may not move before its home
      slots.copyWithin(hole * WORDS, next * WORDS, (next + 1) * WORDS);
      hole = next;
    }
    slots.fill(0, hole * WORDS, (hole + 1) * WORDS);
  }

  /** The slot that holds these words, or -1. */
  #find(words: Uint32Array): number {
    const slots = this.#slots;
    const mask = slots.length / WORDS - 1;
    for (let slot = words[0]! & mask; !this.#isEmpty(slot); slot = (slot + 1) & mask) {
      const at = slot * WORDS;
      if (
        slots[at] === words[0] &&
        slots[at + 1] === words[1] &&
        slots[at + 2] === words[2] &&
        slots[at + 3] === words[3]
      )
        return slot;
    }
    return -1;
  }

  #put(words: Uint32Array): void {
    const mask = this.#slots.length / WORDS - 1;
    let slot = words[0]! & mask;
    while (!this.#isEmpty(slot)) slot = (slot + 1) & mask;
    this.#slots.set(words, slot * WORDS);
  }

  #isEmpty(slot: number): boolean {
    const at = slot * WORDS;
    return (this.#slots[at]! | this.#slots[at + 1]! | this.#slots[at + 2]! | this.#slots[at + 3]!) === 0;
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Uint32Array(old.length * 2);
    for (let at = 0; at < old.length; at += WORDS) {
      const words = old.subarray(at, at + WORDS);
      if ((words[0]! | words[1]! | words[2]! | words[3]!) !== 0) this.#put(words);
    }
  }
}

/** Bytes of memory that so many ids take. */
export const memoryOf = (ids: number): number => {
  let slots = FIRST;
  while (ids > slots * FULL) slots *= 2;
  return slots * WIDTH;
};

const scratch = new Uint32Array(WORDS);
const scratchBytes = new Uint8Array(scratch.buffer);

const read = (digest: Uint8Array, at: number): Uint32Array => {
  scratchBytes.set(at === 0 && digest.length === WIDTH ? digest : digest.subarray(at, at + WIDTH));
  return scratch;
};
