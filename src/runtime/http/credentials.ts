// What of our own credentials could come back to us, and how an answer is rid of it: what a vendor says is kept, sent on and
// shown, and a credential must be nowhere, even where a vendor's record quotes it.
import type { Answer } from '../../component.ts';
import { isObject } from '../../json.ts';
import type { Json } from '../../model.ts';
import { hider } from '../../secrets.ts';
import type { Headers } from './status.ts';

/** The credential of a request, in every form in which it travels. */
export const secretsOf = (credential: Headers): readonly string[] =>
  Object.values(credential).flatMap(value => {
    const token = value.slice(value.indexOf(' ') + 1);
    if (!/^basic /i.test(value)) return [value, token];
    const pair = Buffer.from(token, 'base64').toString();
    return [value, token, pair, pair.slice(pair.indexOf(':') + 1)];
  });

/** The user and password that an address names, as they stand there and decoded. */
export const passwordsIn = (address: string | undefined): readonly string[] => {
  const { username = '', password = '' } = URL.parse(address ?? '') ?? {};
  return [`${username}:${password}`, password]
    .filter(text => text !== '' && text !== ':')
    .flatMap(text => [text, decoded(text)]);
};

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

/** Every text in what is posted for a token. */
export const textsOf = (json: Json): readonly string[] => {
  if (typeof json === 'string') return [json];
  return Array.isArray(json) || isObject(json) ? Object.values(json).flatMap(textsOf) : [];
};

/** Takes a credential out of answers. A short one could be a word of the vendor's, and digits a number: they stay. @param found called once */
export const answerCleaner = (found: () => void) => {
  let told = false;
  return (answer: Answer, secrets: readonly string[]): Answer => {
    const hide = hider(secrets.filter(secret => /\D/.test(secret)));
    const text = hide(answer.text, NO_WORD);
    const headers = Object.entries(answer.headers).map(([name, value]) => [name, hide(value, NO_WORD)] as const);
    if (text === answer.text && headers.every(([name, value]) => value === answer.headers[name])) return answer;
    if (!told) found();
    told = true;
    return { ...answer, text, headers: Object.fromEntries(headers) };
  };
};

/** Characters of a secret that no vendor says by chance. */
const NO_WORD = 12;
