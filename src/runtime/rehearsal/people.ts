// Puts made-up people in the place of real ones: names, mail addresses, IP addresses and ids. The shape stays (an address is
// still one, a name still has two words), and the same person is the same made-up one wherever it appears.
import { randomInt } from 'node:crypto';
import { isIP } from 'node:net';
import type { Json } from '../../model.ts';
import { fieldsOf, mapTexts } from './texts.ts';

/** What puts made-up people into any part of a conversation. @param whole everything in which one may be named */
export const madeUpPeople = (whole: readonly Json[]): (<T extends Json>(part: T) => T) => {
  const standIns = createStandIns();
  const named = new Map<string, string>(); // names and ids, each with its stand-in
  for (const json of whole)
    for (const text of whoIn(json)) if (!named.has(text) && !PATTERNS.test(text)) named.set(text, standIns.alike(text));

  const anywhere = anyOf([...named.keys()].filter(isTelling));
  const replace = (text: string, key = ''): string => {
    const own = isTelling(text) || mayName(snake(key)) ? named.get(text) : undefined;
    if (own !== undefined) return own;
    const [, claim = '', claimed = ''] = CLAIM.exec(text) ?? [];
    if (CLAIMED.test(claim) && named.has(claimed)) return `${claim}=${named.get(claimed)}`;
    const patterned = ADDRESSES.reduce(
      (rest, form) => rest.replace(form, word => (isIP(word) === 0 ? word : standIns.address(word))),
      text.replace(MAIL, mail => standIns.mail(mail)),
    );
    return anywhere ? patterned.replace(anywhere, word => named.get(word) ?? word) : patterned;
  };
  return part => mapTexts(part, replace, true);
};

/** Whether it can be nothing but this person. `Admin` may be a word like any other: it is replaced only where names stand. */
const isTelling = (text: string): boolean => text.length >= 10 || (text.length >= 4 && /[\d\s]/.test(text));

/** Any of these words, longest first, not within another word. */
const anyOf = (words: readonly string[]): RegExp | undefined => {
  if (words.length === 0) return undefined;
  const escaped = words
    .toSorted((a, b) => b.length - a.length)
    .map(word => word.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'));
  return new RegExp(`(?<![\\p{L}\\p{N}])(?:${escaped.join('|')})(?![\\p{L}\\p{N}])`, 'gu');
};

const MAIL = /(?<![\p{L}\p{N}._%+'-])[\p{L}\p{N}._%+'-]{1,64}@(?:[\p{L}\p{N}-]+\.)+\p{L}{2,}/gu;
/** IPv6, and IPv4 with or without a port. What looks like one is asked whether it is. */
const ADDRESSES = [
  /(?<![\w.:])[\da-fA-F]*:[\da-fA-F:]+(?:\.\d{1,3}){0,3}(?![\w:]|\.\w)/g,
  /(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?!\w|\.\w)/g,
];
/** Found by what it looks like, wherever it stands. */
const PATTERNS = /^\S+@\S+\.\S+$|^\d{1,3}(\.\d{1,3}){3}$|^[\da-fA-F]*:[\da-fA-F:]+$/;

// ---- Where people are named: by the names of fields, since vendors do not agree on anything else ----

const PERSON =
  'actor|user|person|member|owner|author|creator|inviter|invitee|employee|admin|administrator|requester|requestor|approver|reviewer|principal|assignee|manager|subscriber|aux|sender|recipient|identity';
/** `actor`, `targetUser`, `invited_users`, `actor_details`. */
const PERSON_FIELD = new RegExp(`(?:^|_)(?:${PERSON})s?(?:_(?:details|data|profile))?$`);
/** `user_name`, `actor_uuid`, `ownerId`, and names that only people have. */
const OF_PERSON = new RegExp(
  `(?:^|_)(?:${PERSON})_(?:id|uid|uuid|guid|key|name|full_name|display_name|login|handle)$|^(?:first|last|given|family|full|middle|nick|user|display)_?name$|^(?:login|nickname)$`,
);
/** In an object that is a person. */
const OWN =
  /^(?:id|uid|uuid|guid|key|name|full_name|display_name|first_name|last_name|given_name|family_name|login|handle)$/;

/** What a token claims of its user, as Endor Labs logs it: `ID=…`, `name=…`. */
const CLAIM = /^(\w{2,30})=(.+)$/s;
const CLAIMED = /^(?:id|sub|name|(?:first|last|given|family)_?name|user|username|login)$/i;

/** Every name and id of a person, as far as the names of fields tell. */
const whoIn = (json: Json): readonly string[] => {
  const found: string[] = [];
  const claim = (text: string): void => {
    const [, name = '', value = ''] = CLAIM.exec(text) ?? [];
    if (CLAIMED.test(name)) found.push(value);
  };
  const look = (value: Json, person: boolean): void => {
    if (Array.isArray(value))
      for (const item of value) {
        if (typeof item === 'string') claim(item);
        else look(item, person);
      }
    const fields = fieldsOf(value);
    // Whatever has a mail address of its own is a person, or near enough.
    const isPerson =
      person ||
      fields.some(
        ([key, inner]) => /^e?_?mail(_address)?$/.test(snake(key)) && typeof inner === 'string' && inner !== '',
      );
    for (const [key, inner] of fields) {
      const name = snake(key);
      const tells = OF_PERSON.test(name) || (isPerson && OWN.test(name)) || PERSON_FIELD.test(name);
      if (typeof inner === 'string') {
        if (tells && inner.trim() !== '') found.push(inner);
        claim(inner);
      } else look(inner, PERSON_FIELD.test(name));
    }
  };
  look(json, false);
  return found;
};

const mayName = (field: string): boolean => OF_PERSON.test(field) || OWN.test(field) || PERSON_FIELD.test(field);

const snake = (key: string): string =>
  key
    .replace(/([a-z\d])([A-Z])/g, '$1_$2')
    .replace(/[\s.-]+/g, '_')
    .toLowerCase();

// ---- Who stands in ----

const createStandIns = () => {
  const known = new Map<string, string>();
  const taken = new Set<string>();
  const remember = (real: string, make: () => string): string => {
    const before = known.get(real);
    if (before !== undefined) return before;
    let made = make();
    for (let tries = 0; taken.has(made) && tries < 100; tries++) made = make();
    known.set(real, made);
    taken.add(made);
    return made;
  };
  const alike = (text: string) => remember(text, () => shaped(text));
  const mail = (text: string) => {
    const [local = '', domain = ''] = text.toLowerCase().split('@');
    return remember(`${local}@${domain}`, () => `${shaped(local)}@${alike(domain.replace(/\.[^.]+$/, ''))}.example`);
  };
  let addresses = 0;
  const address = (text: string) =>
    LOCAL.test(text)
      ? text
      : remember(text.toLowerCase(), () =>
          isIP(text) === 4 ? ipv4(addresses++) : `2001:db8::${(++addresses).toString(16)}`,
        );
  return { alike, mail, address };
};

/** Says nothing of anybody: this machine, no machine. */
const LOCAL = /^(127\.|0\.0\.0\.0$|::1?$)/;

/** From the ranges for documentation (RFC 5737), then from the one for benchmarks (RFC 2544). */
const ipv4 = (n: number): string => {
  const last = (n % 254) + 1;
  const block = Math.floor(n / 254);
  const documented = ['192.0.2', '198.51.100', '203.0.113'][block];
  return `${documented ?? `198.${18 + (Math.floor((block - 3) / 256) % 2)}.${(block - 3) % 256}`}.${last}`;
};

const pick = (characters: string): string => characters[randomInt(characters.length)]!;

/** Letters for letters, digits for digits, hex for the hex of a UUID; all else stays. */
const shaped = (text: string): string => {
  const isUuid = /^[\da-f]{8}-([\da-f]{4}-){3}[\da-f]{12}$/i.test(text);
  const isBase32 = /^[A-Z2-7]{16,}$/.test(text);
  return [...text]
    .map((char, i) => {
      if (isUuid)
        return i === 14 || i === 19 || char === '-'
          ? char
          : pick(/[A-F]/.test(text) ? '0123456789ABCDEF' : '0123456789abcdef');
      if (/\d/.test(char)) return pick(isBase32 ? '234567' : '0123456789');
      if (/\p{Lu}/u.test(char)) return pick('ABCDEFGHIJKLMNOPQRSTUVWXYZ');
      return /\p{L}/u.test(char) ? pick('abcdefghijklmnopqrstuvwxyz') : char;
    })
    .join('');
};
