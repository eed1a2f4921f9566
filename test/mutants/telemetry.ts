// Ways to break our own telemetry, and the test that must notice.
import { unit } from './mutations.ts';

const TRACE = ['test/unit/trace.test.ts'];
const PUSHED = ['test/unit/telemetry.test.ts'];

export const telemetryMutations = [
  unit('a header of another destination reaches our telemetry', PUSHED, [
    'src/runtime/telemetry/telemetry.ts',
    'const exporters = hidden(() => ({',
    'const exporters = (work => work())(() => ({',
  ]),
  unit('a credential of our telemetry goes over http:', PUSHED, [
    'src/runtime/check.ts',
    'isPrivate(endpoint) || ',
    'endpoint !== "" || ',
  ]),
  unit('a collector that is down is complained of each time', PUSHED, [
    'src/runtime/telemetry/telemetry.ts',
    'if (error && !failing)',
    'if (error)',
  ]),
  unit('words of a vendor are in a trace', TRACE, [
    'src/runtime/telemetry/trace.ts',
    'faulted: (lane, { code, kind }, place) => {',
    'faulted: (lane, { message: code, kind }, place) => {',
  ]),
  unit('a trace grows for ever', TRACE, [
    'src/runtime/telemetry/trace.ts',
    'known.spans < MOST_SPANS',
    'known.spans < 1e9',
  ]),
  unit('what lay in a queue before is linked to new pages', TRACE, [
    'src/runtime/telemetry/trace.ts',
    '[...queued].map(',
    '[].map(',
  ]),
];
