// Ways to break rehearsals and what keeps secrets out of everything, and the test that must notice.
import { type Mutation, unit } from './mutations.ts';

const RECORD = 'src/runtime/rehearsal/record.ts';
const PEOPLE = 'src/runtime/rehearsal/people.ts';
const PLAY = 'src/runtime/rehearsal/play.ts';
const CREDENTIALS = 'src/runtime/http/credentials.ts';
const SECRETS = 'src/secrets.ts';

const RECORDING = ['test/unit/rehearsal-record.test.ts'];
const REPLACING = ['test/unit/rehearsal-people.test.ts'];
const HIDING = ['test/unit/secrets.test.ts'];
const FETCHING = ['test/unit/fetch-guards.test.ts'];

export const rehearsalMutations: readonly Mutation[] = [
  unit('record: our secrets stay in it', RECORDING, [RECORD, 'const hidden = hide(text)', 'const hidden = text']),
  unit('record: a cookie is written down', RECORDING, [RECORD, '.filter(([name]) => HEADERS.test(name))', '']),
  unit('record: strangers are all the same', RECORDING, [RECORD, 'strangers.size + 1', '1']),
  unit('record: the user of an address stays', RECORDING, [RECORD, ".replace(USER_OF_ADDRESS, '$1')", '']),
  unit('record: what is asked keeps its secrets', RECORDING, [RECORD, '{ query: clean(query) }', '{ query }']),
  unit('record: a recording is for everybody', RECORDING, ['src/cli/new-file.ts', 'mode: 0o600', 'mode: 0o644']),
  unit('people: each time another one', REPLACING, [PEOPLE, 'if (before !== undefined) return before;', '']),
  unit('people: two become one', REPLACING, [PEOPLE, 'tries < 100', 'tries < 0']),
  unit('people: addresses stay', REPLACING, [PEOPLE, '(isIP(word) === 0 ? word : standIns.address(word))', 'word']),
  unit('people: a plain word is replaced everywhere', REPLACING, [
    PEOPLE,
    'isTelling(text) || mayName(snake(key)) ?',
    'text !== key ?',
  ]),
  unit(
    'replay: any request will do',
    ['test/unit/rehearsal-replay.test.ts'],
    [PLAY, 'if (exchange && fits(exchange)) {', 'if (exchange) {'],
  ),
  unit('secrets: only the longest form is looked for at first', HIDING, [
    SECRETS,
    'innermost(used).some',
    'used.slice(0, 1).some',
  ]),
  unit('secrets: a text may break off within one', HIDING, [
    SECRETS,
    'if (form.startsWith(end.slice(at))) return',
    'if (form === end.slice(at)) return',
  ]),
  unit('secrets: Base64 is overlooked', HIDING, [SECRETS, '    ...inBase64(secret),\n', '']),
  unit('secrets: Base64 is looked for at one place', HIDING, [SECRETS, '[0, 1, 2].flatMap', '[0].flatMap']),
  unit('secrets: escapes are overlooked', HIDING, [SECRETS, '    quoted,\n', '']),
  unit('secrets: percents are overlooked', HIDING, [
    SECRETS,
    '.replace(/%[0-9A-F]{2}/g, code => code.toLowerCase())',
    '',
  ]),
  unit('secrets: what is cut within one stays', HIDING, [SECRETS, 'return longest > 0 ?', 'return longest < 0 ?']),
  unit('canary: a vendor’s answer keeps our credential', FETCHING, [
    CREDENTIALS,
    'const text = hide(answer.text, NO_WORD);',
    'const text = answer.text;',
  ]),
  unit(
    'canary: a password goes without its user',
    ['test/unit/credentials.test.ts'],
    [CREDENTIALS, 'return [value, token, pair, pair.slice', 'return [value, token.slice'],
  ),
  unit('canary: a refusal is quoted with it', FETCHING, [
    'src/runtime/http/status.ts',
    "hide((status < 400 ? target(headers.location) : words(body)) ?? '', told.secrets ?? [])",
    "((status < 400 ? target(headers.location) : words(body)) ?? '')",
  ]),
  unit(
    'canary: the state is for everybody',
    ['test/unit/state.test.ts'],
    ['src/runtime/state/sqlite-open.ts', 'mode: 0o700', 'mode: 0o755'],
  ),
  unit(
    'canary: a copy of the state is for everybody',
    ['test/unit/state-tools.test.ts'],
    ['src/runtime/state/state-copy.ts', 'mode: 0o600', 'mode: 0o644'],
  ),
];
