// The running config on the status page: as it was written, and nothing secret in it.
import { expect, test } from 'vitest';
import { z } from 'zod';
import { defineExporter, defineProcessor, defineReceiver } from '../../src/component.ts';
import { type AnyConfig, queued, sqlite } from '../../src/config.ts';
import { secret } from '../../src/options.ts';
import { plan } from '../../src/runtime/plan.ts';
import { settingsOf, shown } from '../../src/runtime/status-page/settings.ts';

const anything = z.any();
const create = () => {
  throw new Error('nothing is created');
};
const receiver = defineReceiver({ type: 'r', options: anything, create });
const processor = defineProcessor({ type: 'p', options: anything, create });
const exporter = defineExporter({ type: 'e', options: anything, create });

test('every component as it was written, secrets by their references, functions as such', () => {
  const config: AnyConfig = {
    receivers: { in: receiver({ token: secret.env('TOKEN'), deep: [{ key: secret.file('/run/key') }], every: '30s' }) },
    processors: { mine: processor({ work: function redact() {}, other: [() => 1] }) },
    exporters: { out: queued(exporter({ proxy: 'http://user:pass@proxy.example/x' }), { limit: '2GiB' }) },
    pipelines: { all: { receivers: ['in'], processors: ['mine'], exporters: ['out'] } },
    engine: { state: sqlite({ path: './state' }), status: false },
  };
  expect(
    settingsOf(
      plan(config, () => ({})),
      config.engine,
    ),
  ).toMatchObject({
    receivers: [
      {
        name: 'in',
        type: 'r',
        where: expect.stringMatching(/status-settings\.test\.ts:\d+/),
        options: { token: '[secret env:TOKEN]', deep: [{ key: '[secret file:/run/key]' }], every: '30s' },
      },
    ],
    processors: [{ options: { work: '[function redact]', other: ['[function]'] } }],
    exporters: [{ options: { proxy: 'http://[hidden]@proxy.example/x' }, queue: { limit: '2GiB' } }],
    pipelines: [{ name: 'all', receivers: ['in'], processors: ['mine'], exporters: ['out'] }],
    engine: { state: 'sqlite({"path":"./state"})', status: false },
  });
});

test('what is no JSON, without end, or long, is shown all the same', () => {
  const endless: Record<string, unknown> = {
    pattern: /a+/g,
    when: new Date(0),
    none: undefined,
    big: 1n,
    far: Infinity,
  };
  endless.self = endless;
  const made = shown(endless);
  expect(made).toMatchObject({ pattern: '/a+/g', big: '1', far: 'Infinity', self: { self: {} } });
  expect(JSON.stringify(made).length).toBeLessThan(2000);
  expect(shown('x'.repeat(10_000))).toHaveLength(501);
  expect(shown(Array.from({ length: 1000 }, () => 1))).toHaveLength(101);
  expect(Object.hasOwn(shown(JSON.parse('{"__proto__":{"a":1}}')) as object, '__proto__')).toBe(true);
});
