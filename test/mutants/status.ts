// Ways to break the status listener, and the tests that must notice.
import { type Mutation, unit } from './mutations.ts';

const LISTENER = 'src/runtime/status-page/listener.ts';
const HOST = 'src/runtime/status-page/host.ts';
const REPORT = ['test/unit/status-report.test.ts'];
const TAIL = 'src/runtime/status-page/tail.ts';
const TAILS = ['test/unit/status-tail.test.ts'];
const PAGE = ['--config', 'test/page/vitest.config.ts'];
const SETTINGS = ['test/unit/status-settings.test.ts'];

export const statusMutations: readonly Mutation[] = [
  unit('a foreign Host is answered', REPORT, [LISTENER, 'isPlainHost(headers.host) ? undefined : 421', 'undefined']),
  unit('a Host only has to begin as an address', REPORT, [HOST, '(?::\\d{1,5})?$/', '(?::\\d{1,5})?/']),
  unit('an option is shown whatever it is', SETTINGS, [
    'src/runtime/status-page/settings.ts',
    'if (isSecret(value)) return',
    'if (isSecret(value) && depth > 9) return',
  ]),
  unit('the charts never forget', REPORT, ['src/runtime/status-page/ring.ts', 'slot?.number === wanted', 'slot']),
  unit(
    'the tail waits for its readers',
    TAILS,
    [TAIL, 'bell.ring();', 'bell.ring(); (globalThis as { end?: number }).end = readers > 0 ? end : 0;'],
    [TAIL, 'at = from + passed.length;', 'at = from + passed.length; (globalThis as { at?: number }).at = at;'],
    [
      'src/runtime/runner.ts',
      'watch.delivered(name, delivery);',
      'watch.delivered(name, delivery); const seen = globalThis as { at?: number; end?: number }; while ((seen.at ?? 0) < (seen.end ?? 0)) await new Promise(setImmediate);',
    ],
  ),
  unit('the tail keeps all that its readers have not read', TAILS, [
    TAIL,
    'kept = [...kept, ...records.slice(-most).map(record => ({ receiver, record }))].slice(-most);',
    'kept = [...kept, ...records.slice(-most).map(record => ({ receiver, record }))].slice(-(readers > 0 ? 1e6 : most));',
  ]),
  unit('a reader that does not read fills the memory', TAILS, [
    'src/runtime/status-page/stream.ts',
    "!response.write(texts.join(''))",
    "!response.write(texts.join('')) && texts.length < 0",
  ]),
  unit(
    "a vendor's words become markup",
    PAGE,
    [
      'src/runtime/status-page/browser/tail.js',
      "el('span', { class: 'words' }, wordsOf(event)),",
      "Object.assign(el('span', { class: 'words' }), { innerHTML: wordsOf(event) }),",
    ],
    [
      'src/runtime/status-page/document.ts',
      '      "require-trusted-types-for \'script\'", // no text can become markup\n',
      '',
    ],
  ),
];
