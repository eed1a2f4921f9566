// Ways to break the OTLP exporter, and the test that must notice.
import type { Mutation } from './mutations.ts';

const otlp = (name: string, test: string, file: string, find: string, put: string): Mutation => ({
  name: `otlp: ${name}`,
  tests: [`test/unit/otlp-${test}.test.ts`],
  changes: [{ file: `exporters/otlp/${file}.ts`, find, put }],
});

export const otlpMutations: readonly Mutation[] = [
  otlp(
    'the stock exporter tries again by itself after a status',
    'answers',
    'attempt',
    "if (RETRIED.has(response.statusCode ?? 0)) response.headers['retry-after'] = NEVER;",
    '',
  ),
  otlp(
    'the stock exporter tries again by itself after an error',
    'answers',
    'attempt',
    "if (error.code !== undefined) Object.defineProperty(error, 'code', { value: undefined });",
    '',
  ),
  otlp('half an answer counts', 'answers', 'outcome', 'if (!complete) throw', 'if (status < 0) throw'),
  otlp('a web page counts', 'answers', 'outcome', 'if (/^text\\/html/i.test(type))', 'if (status < 0)'),
  otlp('401 makes dead letters', 'handle', 'outcome', 'new Set([400, 413, 422])', 'new Set([400, 401, 413, 422])'),
  otlp("our clock for the sink's", 'answers', 'outcome', 'Number.isFinite(sinkNow) ? sinkNow : now', 'now'),
  otlp('a secret is quoted', 'options', 'outcome', 'hide(text, secrets).slice(0, WORDS)', 'text.slice(0, WORDS)'),
  {
    name: 'otlp: the environment reaches every exporter',
    tests: ['test/unit/otlp-environment.test.ts'],
    changes: [{ file: 'src/otlp.ts', find: 'for (const [name] of set) delete process.env[name];', put: '' }],
  },
  otlp(
    'huge integers stay numbers',
    'wire',
    'any-value',
    'Number.isSafeInteger(value) ||',
    'Number.isInteger(value) ||',
  ),
  otlp('no deadline', 'answers', 'index', 'AbortSignal.timeout(settings.timeout)', 'signal'),
  otlp('what was answered is sent again', 'handle', 'index', 'records.filter(record => !taken.has(record))', 'records'),
];
