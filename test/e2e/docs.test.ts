// The collector's configurations in docs/otlp.md are what a real collector accepts.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { buildCollector } from '../../scripts/collector.ts';

const text = readFileSync(path.join(import.meta.dirname, '..', '..', 'docs', 'otlp.md'), 'utf8');
const configs = [...text.matchAll(/<!-- collector: (.+) -->\n```yaml\n([^`]+)```/g)].map(
  ([, name, yaml]) => [name!, yaml!] as const,
);

let binary = '';
beforeAll(() => {
  binary = buildCollector();
});

test('there are two', () => expect(configs.map(([name]) => name)).toEqual(['queue', 'no queue']));

test.each(configs)('%s', (_, yaml) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'tributary-docs-'));
  try {
    const config = path.join(folder, 'config.yaml');
    writeFileSync(config, yaml.replaceAll('/var/lib/otelcol', folder));
    execFileSync(binary, ['validate', '--config', config], { stdio: 'pipe' });
    writeFileSync(config, yaml.replace('service:', 'service:\n  mistake: true'));
    expect(() => execFileSync(binary, ['validate', '--config', config], { stdio: 'pipe' })).toThrow(/mistake/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
