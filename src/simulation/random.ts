// Chance that repeats: equal seeds give equal events, so that a simulation can be checked against what it had. People,
// names and addresses are made up, from the ranges that are reserved for examples (RFC 2606, RFC 5737, RFC 3849).
import { hash } from 'node:crypto';

export interface Random {
  /** From 0, included, to 1, excluded. */
  next(): number;
  /** A whole number; both ends included. */
  between(min: number, max: number): number;
  /** True for this share of the calls, 0 to 1. */
  chance(share: number): boolean;
  /** One of a list that is not empty. */
  pick<T>(list: readonly T[]): T;
  /** RFC 9562, version 4. */
  uuid(): string;
  /** So many lower-case hexadecimal digits. */
  hex(length: number): string;
  /** So many characters of RFC 4648's base32 alphabet, upper case. */
  base32(length: number): string;
  /** A documentation address, now and then of IPv6. */
  ip(): string;
}

export interface Person {
  readonly name: string;
  readonly email: string;
  readonly ip: string;
}

/**
 * A generator of its own for each seed and path: `random(seed, 'opal', index)` gives event `index` the same dice whoever
 * else threw before.
 */
export const random = (seed: number, ...path: readonly (string | number)[]): Random => {
  const text = hash('sha1', [seed, ...path].join('/'));
  const next = sfc32(text);
  const between = (min: number, max: number) => min + Math.floor(next() * (max - min + 1));
  const pick = <T>(list: readonly T[]): T => list[between(0, list.length - 1)]!; // never past its end
  const letters = (alphabet: string, length: number) => {
    let letters = '';
    while (letters.length < length) letters += alphabet[between(0, alphabet.length - 1)];
    return letters;
  };
  const hex = (length: number) => {
    let digits = '';
    while (digits.length < length) digits += between(0, 0xffffffff).toString(16).padStart(8, '0');
    return digits.slice(0, length);
  };
  return {
    next,
    between,
    pick,
    hex,
    chance: share => next() < share,
    uuid: () => {
      const digits = hex(30);
      const variant = pick(['8', '9', 'a', 'b']);
      return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-4${digits.slice(12, 15)}-${variant}${digits.slice(15, 18)}-${digits.slice(18, 30)}`;
    },
    base32: length => letters('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', length),
    ip: () =>
      next() < 0.1
        ? `2001:db8::${between(1, 0xffff).toString(16)}`
        : `${pick(['192.0.2', '198.51.100', '203.0.113'])}.${between(1, 254)}`,
  };
};

/** So many people, no two with the same e-mail address. */
export const people = (dice: Random, count: number): readonly Person[] =>
  Array.from({ length: count }, (_, i) => {
    const [first, last] = [dice.pick(FIRST), dice.pick(LAST)];
    const login = `${first}.${last}${i === 0 ? '' : i + 1}`.toLowerCase();
    return { name: `${first} ${last}`, email: `${plain(login)}@example.com`, ip: dice.ip() };
  });

/** Letters that an e-mail address has in every system. */
const plain = (text: string): string => text.normalize('NFD').replace(/[^a-z0-9.]/g, '');

// Not all of them ASCII: names are where encodings break.
const FIRST = [
  'Ada',
  'Amara',
  'Björn',
  'Chidi',
  'Chloé',
  'Dmitri',
  'Elif',
  'Hana',
  'Ines',
  'Jonas',
  'Kofi',
  'Lena',
  'Mateo',
  'Nadia',
  'Omar',
  'Priya',
  'Quentin',
  'Rosa',
  'Søren',
  'Tariq',
  'Uma',
  'Wei',
  'Yara',
  'Zoë',
];
const LAST = [
  'Abara',
  'Bergström',
  'Castillo',
  'Dubois',
  'Eriksen',
  'Ferrari',
  'García',
  'Haddad',
  'Ivanova',
  'Jansen',
  'Kowalska',
  'Lindqvist',
  'Mbeki',
  'Novák',
  'Okafor',
  'Petrov',
  'Quist',
  'Rossi',
  'Schäfer',
  'Tanaka',
  'Ueda',
  'Vargas',
  'Weiß',
  'Yilmaz',
];

/** Chris Doty-Humphrey's small fast counter: 32 bits a step, seeded with a digest. */
const sfc32 = (digest: string): (() => number) => {
  let [a, b, c, count] = [0, 8, 16, 24].map(at => Number.parseInt(digest.slice(at, at + 8), 16) | 0) as [
    number,
    number,
    number,
    number,
  ]; // four of four
  return () => {
    const sum = (((a + b) | 0) + count) | 0;
    count = (count + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 2 ** 32;
  };
};
