// Ways to break the status listener, and the tests that must notice.
import { type Mutation, unit } from './mutations.ts';

const LISTENER = 'src/runtime/status-page/listener.ts';
const HOST = 'src/runtime/status-page/host.ts';
const REPORT = ['test/unit/status-report.test.ts'];
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
];
