// 1Password names countries by name ("France") in some fields and by code in others; OCSF wants ISO 3166-1 alpha-2.

/** Names in use that are not the ones of the Unicode CLDR. */
const OTHERWISE: Readonly<Record<string, string>> = {
  'bosnia and herzegovina': 'BA',
  burma: 'MM',
  'cape verde': 'CV',
  congo: 'CG',
  'czech republic': 'CZ',
  'democratic republic of the congo': 'CD',
  'east timor': 'TL',
  'great britain': 'GB',
  'hong kong': 'HK',
  'ivory coast': 'CI',
  "lao people's democratic republic": 'LA',
  macao: 'MO',
  macau: 'MO',
  macedonia: 'MK',
  myanmar: 'MM',
  palestine: 'PS',
  'republic of korea': 'KR',
  'russian federation': 'RU',
  swaziland: 'SZ',
  'the netherlands': 'NL',
  turkey: 'TR',
  uk: 'GB',
  'united states of america': 'US',
  usa: 'US',
  'viet nam': 'VN',
};

/** The alpha-2 code of a country; the text itself where it is none that we know. */
export const countryCode = (text: string): string => {
  if (text.length === 2) return text.toUpperCase() === 'UK' ? 'GB' : text.toUpperCase();
  names ??= namesOfCodes();
  return names.get(text) ?? names.get(plain(text)) ?? text;
};

/** Made at first use: it takes milliseconds, and many feeds carry codes only. */
let names: ReadonlyMap<string, string> | undefined;

const namesOfCodes = (): ReadonlyMap<string, string> => {
  const display = new Intl.DisplayNames('en', { type: 'region', fallback: 'none' });
  const letters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'];
  const codes = letters.flatMap(first => letters.map(second => first + second)).filter(isCurrent);
  const known = codes.flatMap(code => {
    const name = display.of(code);
    return name === undefined ? [] : [[name, code] as const, [plain(name), code] as const];
  });
  return new Map([...known, ...Object.entries(OTHERWISE)]);
};

/** Withdrawn codes (`BU`, `UK`) name their successor. */
const isCurrent = (code: string): boolean => Intl.getCanonicalLocales(`und-${code}`)[0] === `und-${code}`;

const plain = (name: string): string => name.toLowerCase().replaceAll('’', "'");
