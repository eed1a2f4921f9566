// Builds the real OpenTelemetry Collector that the end-to-end tests talk to: a small one, of pinned parts, from the Go
// module proxy, kept in `.cache/collector` under a name made of its parts. Run by hand: `npx node scripts/collector.ts`.
import { spawnSync } from 'node:child_process';
import { hash } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const CORE = 'v0.159.0';
const STABLE = 'v1.65.0';

/** What the builder is told: the receiver under test, a file to read back, and what `docs/otlp.md` recommends. */
const manifest = (out: string): string => `
dist: { name: otelcol, output_path: ${JSON.stringify(out)}, version: ${CORE.slice(1)} }
receivers:
  - gomod: go.opentelemetry.io/collector/receiver/otlpreceiver ${CORE}
exporters:
  - gomod: go.opentelemetry.io/collector/exporter/otlphttpexporter ${CORE}
  - gomod: go.opentelemetry.io/collector/exporter/debugexporter ${CORE}
  - gomod: github.com/open-telemetry/opentelemetry-collector-contrib/exporter/fileexporter ${CORE}
extensions:
  - gomod: github.com/open-telemetry/opentelemetry-collector-contrib/extension/healthcheckextension ${CORE}
  - gomod: github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage ${CORE}
providers:
  - gomod: go.opentelemetry.io/collector/confmap/provider/fileprovider ${STABLE}
  - gomod: go.opentelemetry.io/collector/confmap/provider/envprovider ${STABLE}
`;

const root = path.join(import.meta.dirname, '..', '.cache', 'collector');

/** Where the collector of these parts lies, built or not. `OTELCOL` names one that is there already. */
export const collectorPath = (): string =>
  process.env.OTELCOL ?? path.join(root, hash('sha256', manifest('')).slice(0, 12), 'otelcol');

/** Builds it where it is missing, which takes minutes, and says where it lies. Throws where Go is missing or fails. */
export const buildCollector = (): string => {
  const binary = collectorPath();
  if (existsSync(binary)) return binary;
  if (process.env.OTELCOL !== undefined) throw new Error(`OTELCOL names ${binary}, which is not there`);
  if (spawnSync('go', ['version']).status !== 0)
    throw new Error(
      'Go is needed to build the collector: install it (1.25 or newer), or set OTELCOL to a collector with the parts named in scripts/collector.ts',
    );

  const target = path.dirname(binary);
  const work = `${target}.building-${process.pid}`;
  mkdirSync(work, { recursive: true });
  try {
    writeFileSync(path.join(work, 'manifest.yaml'), manifest(work));
    const built = spawnSync(
      'go',
      ['run', `go.opentelemetry.io/collector/cmd/builder@${CORE}`, '--config=manifest.yaml'],
      {
        cwd: work,
        stdio: ['ignore', 'inherit', 'inherit'],
        env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: `${process.env.GOFLAGS ?? ''} -buildvcs=false`.trim() },
      },
    );
    if (built.status !== 0) throw new Error(`the collector could not be built; the builder's words are above`);
    rmSync(target, { recursive: true, force: true });
    renameSync(work, target); // whole or not at all: two that build at once do not meet
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return binary;
};

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) process.stdout.write(`${buildCollector()}\n`);
