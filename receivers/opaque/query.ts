// Whether an export was filtered, as far as its query tells: an auditor must know a selection from the whole.

export type Filtered = 'yes' | 'no' | 'unknown';

/** The names under which the vendor's page can filter; the range of time does not count, every export has one. */
const NAMES = '(?:actor|user|workspace|action|categor(?:y|ies)|status|search|keyword)[a-z_]*';

/** What a filter is compared with that is not set. */
const NOTHING = `["']{2}|\\[\\s*\\]|\\{\\s*\\}|\\(\\s*\\)|null\\b|none\\b|any\\b|all\\b|["'\`](?:all|any|none|[*%])["'\`]|[*%,;}\\n\\r]|$`;

/** Named, compared with something, and that is not nothing: `status = 'failure'`, `actor: ["a"]`, `action IN (…)`. */
const CONDITION = new RegExp(
  `\\b${NAMES}["'\`]?\\s*(?:=|:|~|\\bin\\b|\\blike\\b|\\bilike\\b|\\bis\\b|\\bcontains\\b)(?!=)(?!\\s*(?:${NOTHING}))`,
  'i',
);

const NONE = /\bfilters?["'`]?\s*[:=]?\s*(?:none\b|null\b|\{\s*\}|\[\s*\]|["']{2}|no\b|-)/i;

/**
 * The form of the query is not documented, so this is a guess, and a careful one: `no` only where the text itself says
 * that there is no filter, `yes` where it compares one of the vendor's filters with something, else `unknown`.
 */
export const filtered = (query: string): Filtered => {
  if (CONDITION.test(query)) return 'yes';
  return NONE.test(query) ? 'no' : 'unknown';
};
