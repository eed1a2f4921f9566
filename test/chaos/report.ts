// What the histories of a run of chaos tell together, as a table and as checks that count.
import { points } from '../../src/point.ts';
import { crimes, type Tally, type Violation } from './check.ts';

/** What a history tells. */
export interface Report {
  readonly seed: number;
  /** How often the program was started. */
  readonly lives: number;
  /** How often it was killed, by place. */
  readonly places: Readonly<Record<string, number>>;
  /** How many events the vendors had. */
  readonly generated: number;
  /** How many dead letters, by place and code. */
  readonly letters: Readonly<Record<string, number>>;
  /** What arrived, by exporter. */
  readonly ends: Readonly<Record<string, Tally>>;
  /** The faults that it met, by who made them and by kind. */
  readonly met: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly violations: readonly Violation[];
  /** Where it is kept for a look, if there were any. */
  readonly folder: string | undefined;
}

type Counts = Readonly<Record<string, number>>;

/** Sums by key. */
const sum = (all: readonly Counts[]): Counts => {
  const total: Record<string, number> = {};
  for (const counts of all) for (const [key, n] of Object.entries(counts)) total[key] = (total[key] ?? 0) + n;
  return total;
};

const MOST = 20; // of the differences that are shown

export const tableOf = (reports: readonly Report[], seconds: number): string => {
  const places = sum(reports.map(r => r.places));
  const kills = Object.values(places).reduce((a, b) => a + b, 0);
  const lives = reports.reduce((n, r) => n + r.lives, 0);
  const generated = reports.reduce((n, r) => n + r.generated, 0);
  const letters = sum(reports.map(r => r.letters));
  const ends = Object.keys(reports[0]?.ends ?? {}).map(name => {
    const of = sum(reports.map(r => ({ ...r.ends[name]! })));
    return [name, of.events, of.repeats, of.bound];
  });
  const makers = Object.keys(reports[0]?.met ?? {});
  const violations = reports.flatMap(r => r.violations.map(v => `  seed ${r.seed}: ${v.crime}: ${v.what}`));
  const kept = reports.flatMap(r => (r.folder === undefined ? [] : [`  seed ${r.seed}: ${r.folder}`]));
  return [
    `histories ${reports.length}, starts ${lives}, kills ${kills}, seconds ${seconds.toFixed(0)}`,
    '',
    ...rows([['killed', 'times'], ...Object.entries(places)]),
    '',
    `the vendors had ${generated} records`,
    ...rows([['arrived at', 'events', 'again', 'at most'], ...ends]),
    '',
    ...rows([['dead', 'letters'], ...Object.entries(letters)]),
    '',
    ...makers.flatMap(maker => [
      ...rows([[`met at ${maker}`, 'times'], ...Object.entries(sum(reports.map(r => r.met[maker]!)))]),
      '',
    ]),
    ...(violations.length === 0
      ? ['no difference']
      : [`${violations.length} differences:`, ...violations.slice(0, MOST), 'kept for a look:', ...kept]),
    '',
  ].join('\n');
};

/** The first column to the left, the others to the right. */
const rows = (cells: readonly (readonly (string | number | undefined)[])[]): readonly string[] =>
  cells.map(([first, ...others]) => `${String(first).padEnd(36)}${others.map(n => String(n).padStart(9)).join('')}`);

/** What can fail: each crime, and each place that was to be visited so often. */
export const checksOf = (reports: readonly Report[], each: number): Readonly<Record<string, boolean>> => {
  const met = new Set(reports.flatMap(r => r.violations.map(v => v.crime)));
  return { ...Object.fromEntries(crimes.map(crime => [`no ${crime}`, !met.has(crime)])), ...visits(reports, each) };
};

/** Whether each place was visited so often. */
export const isEnough = (reports: readonly Report[], each: number): boolean =>
  Object.values(visits(reports, each)).every(fine => fine);

const visits = (reports: readonly Report[], each: number): Readonly<Record<string, boolean>> => {
  if (each === 0) return {};
  const places = sum(reports.map(r => r.places));
  return {
    ...Object.fromEntries(points.map(place => [`${each} kills at "${place}"`, (places[place] ?? 0) >= each])),
    [`${3 * each} kills at random`]: (places['at random'] ?? 0) >= 3 * each,
  };
};
