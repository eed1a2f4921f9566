// Ways to break the commands that help to begin and to see: they change nothing that is there.
import { type Mutation, unit } from './mutations.ts';

export const guideMutations: readonly Mutation[] = [
  unit(
    'a vendor writes on the terminal of whoever reads the log',
    ['test/unit/log.test.ts'],
    ['src/runtime/log.ts', ".map(printable).join('\\n    ')", ".join('\\n    ')"],
  ),
  unit(
    'init writes over a config',
    ['test/unit/rehearsal-record.test.ts'],
    ['src/cli/new-file.ts', "flag: 'wx'", "flag: 'w'"],
  ),
  unit(
    'explain gives a receiver that did not begin its beginning',
    ['test/program/explain.test.ts'],
    [
      'src/cli/explain.ts',
      'const row = state.positions',
      "(await import('../runtime/state-tools.ts')).changeState(installation.folder, 1, tools => tools.put(name, identity, {}, 0));\n    const row = state.positions",
    ],
  ),
  unit(
    'doctor sends a record that nobody asked for',
    ['test/program/doctor.test.ts'],
    ['src/cli/doctor/doctor.ts', 'const marked = send ?', 'const marked = send || true ?'],
  ),
  unit(
    'doctor takes the state as an engine does',
    ['test/program/doctor.test.ts'],
    [
      'src/cli/doctor/doctor.ts',
      'standings = readStandings(installation.folder);',
      "(await import('../../runtime/sqlite-open.ts')).take(installation.folder).close(); standings = readStandings(installation.folder);",
    ],
  ),
  unit(
    'doctor asks a vendor that asked to be left alone',
    ['test/unit/doctor-vendors.test.ts'],
    ['src/cli/doctor/components.ts', '{ kept: waits }', '{}'],
  ),
  unit(
    'the look at a sink posts',
    ['test/unit/doctor-sinks.test.ts'],
    [
      'exporters/otlp/peer.ts',
      'const request = get(url, { headers,',
      "const request = get(url, { method: 'POST', headers,",
    ],
  ),
  unit(
    'a look is not bounded in time',
    ['test/unit/doctor.test.ts'],
    ['src/cli/doctor/bound.ts', 'Promise.race([late, ', 'Promise.race(['],
  ),
  unit(
    'doctor goes on with the credential of another account',
    ['test/unit/doctor.test.ts'],
    ['src/source/probe.ts', 'owner !== undefined && owner !== ours', 'owner === ours'],
  ),
];
