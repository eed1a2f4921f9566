// A secret in every form in which it can come back to us: as it is, escaped, or in Base64, alone or within something else.
// What others say (an answer, a sink's refusal, a vendor's record) passes here before anything keeps it.

/** Stands where a secret stood. */
export const HIDDEN = '[secret]';

/** Takes secrets out of a text, in every form. @param shortest characters of a form that is looked for */
export type Hide = (text: string, shortest?: number) => string;

/** Shorter ones would only blacken the words around them. */
const SHORTEST = 4;

/** What takes these secrets out of texts. The forms are made once. */
export const hider = (secrets: readonly string[]): Hide => {
  const forms = [...new Set(secrets.flatMap(formsOf))].sort((a, b) => b.length - a.length);
  return (text, shortest = SHORTEST) => {
    const used = forms.filter(form => form.length >= shortest);
    const found = innermost(used).some(form => text.includes(form));
    return withoutBeginning(found ? used.reduce((rest, form) => rest.replaceAll(form, HIDDEN), text) : text, used);
  };
};

/** Those that have no other in them: where none of these is, none of all is. Most texts are pages without a secret. */
const innermost = (forms: readonly string[]): readonly string[] =>
  forms.filter(form => !forms.some(other => other !== form && form.includes(other)));

/** A text that was cut may end within a secret. */
const withoutBeginning = (text: string, forms: readonly string[]): string => {
  const longest = Math.max(0, ...forms.map(form => beginningAtEnd(text, form)));
  return longest > 0 ? `${text.slice(0, -longest)}${HIDDEN}` : text;
};

/** How many of a form's first characters a text ends with; none where they are too few to tell. */
const beginningAtEnd = (text: string, form: string): number => {
  const end = text.slice(1 - form.length);
  const first = form.slice(0, BEGINNING);
  for (let at = end.indexOf(first); at >= 0; at = end.indexOf(first, at + 1))
    if (form.startsWith(end.slice(at))) return end.length - at;
  return 0;
};

const BEGINNING = 8;

/** Takes secrets out of a text. */
export const hide = (text: string, secrets: readonly string[]): string => hider(secrets)(text);

/** Every form of a secret that others are known to echo. */
const formsOf = (secret: string): readonly string[] => {
  if (secret.length < SHORTEST) return [];
  const quoted = inner(secret);
  return [
    secret,
    secret.toLowerCase(), // as the host of an address
    encodeURIComponent(secret),
    encodeURIComponent(secret).replace(/%[0-9A-F]{2}/g, code => code.toLowerCase()),
    encodeURIComponent(secret).replaceAll('%20', '+'),
    quoted,
    inner(quoted), // JSON in JSON
    quoted.replaceAll('/', '\\/'),
    quoted.replace(/[&<>]/g, char => `\\u00${char.charCodeAt(0).toString(16)}`),
    ...inBase64(secret),
  ];
};

const inner = (text: string): string => JSON.stringify(text).slice(1, -1);

/**
 * Base64 of something that has the secret in it: it may begin at any of three places of a group of three bytes. The
 * characters that also depend on what stands around it are left out.
 */
const inBase64 = (secret: string): readonly string[] =>
  [0, 1, 2].flatMap(before => {
    const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(secret)]);
    const whole = bytes.toString('base64').slice([0, 2, 3][before], Math.floor((bytes.length * 8) / 6));
    return whole.length < 8 ? [] : [whole, whole.replaceAll('+', '-').replaceAll('/', '_')];
  });
