// The path of an exporter's files: `{receiver}`, `{day}`, `{seq}`, ... Written in one direction to name a new file, read in
// the other to find the files that are ours. Nothing that does not match is ever touched.
import { join, resolve, sep } from 'node:path';
import type { Disk } from './disk.ts';

/** What the placeholders stand for. */
export interface Place {
  readonly receiver: string;
  readonly type: string;
  readonly feed: string;
}

/**
 * `newborn`: its first batch is not committed yet. `part`: being written. `unknown`: set aside, because the state does
 * not know it.
 */
export type Stage = 'newborn' | 'part' | 'finished' | 'unknown';

/** A file of ours, as found. */
export interface Found {
  readonly path: string;
  readonly seq: number;
  readonly stage: Stage;
}

const PLACEHOLDER = /\{([^{}]*)\}/g;
const KNOWN = ['receiver', 'type', 'feed', 'day', 'seq'];

/** Everything that is wrong with a path, in words; none if it will do. */
export const problemsOf = (path: string): readonly string[] => {
  const names = [...path.matchAll(PLACEHOLDER)].map(([, name = '']) => name);
  const times = (wanted: string) => names.filter(name => name === wanted).length;
  const segments = path.split('/');
  return [
    ...names
      .filter(name => !KNOWN.includes(name))
      .map(name => `has {${name}}, but knows only ${KNOWN.map(k => `{${k}}`).join(', ')}`),
    ...['receiver', 'seq'].filter(name => times(name) !== 1).map(name => `must contain {${name}} once`),
    ...(times('seq') === 1 && !segments.at(-1)!.includes('{seq}') ? ['must have {seq} in the name of the file'] : []),
    ...(/\}\{|[\w%]\{seq\}|\{seq\}[\w%]/.test(path)
      ? ['must have a sign like - between placeholders, and on either side of {seq}']
      : []),
    ...['type', 'feed']
      .filter(name => segments.some(segment => segment.includes(`{${name}}`) && segment !== `{${name}}`))
      .map(name => `must have {${name}} as a folder of its own: /{${name}}/`),
    ...(/\.(part|unknown)$/.test(path)
      ? ['must not end in .part or .unknown: that is what unfinished files are called']
      : []),
  ];
};

/** The path of the file that begins on this day (ms since the epoch, UTC). */
export const pathOf = (pattern: string, place: Place, seq: number, now: number): string => {
  const values: Readonly<Record<string, string>> = {
    ...safe(place),
    day: new Date(now).toISOString().slice(0, 10),
    seq: String(seq).padStart(6, '0'),
  };
  return pattern.replace(PLACEHOLDER, (_, name: string) => values[name]!);
};

/** Every file of this receiver that the pattern could have named, by number. Looks only into folders that match. */
export const find = async (disk: Disk, folder: string, pattern: string, place: Place): Promise<readonly Found[]> => {
  const [fixed, ...open] = split(resolve(folder, pattern));
  const names = open.map((segment, i) => matcher(segment, place, i === open.length - 1));
  const walk = async (base: string, [name, ...deeper]: readonly RegExp[]): Promise<readonly Found[]> => {
    const matches = (await disk.list(base)).map(entry => name!.exec(entry)).filter(match => match !== null);
    if (deeper.length > 0) return (await Promise.all(matches.map(match => walk(join(base, match[0]), deeper)))).flat();
    return matches.flatMap(({ 0: entry, groups }) => {
      const stage = STAGES[`${groups?.dot ?? ''}${groups?.ending ?? ''}`];
      return stage ? [{ path: join(base, entry), seq: Number(groups?.seq), stage }] : [];
    });
  };
  return (await walk(fixed!, names)).toSorted((a, b) => a.seq - b.seq);
};

const STAGES: Readonly<Record<string, Stage>> = {
  '..part': 'newborn',
  '.part': 'part',
  '': 'finished',
  '.part.unknown': 'unknown',
};

/** The folder without placeholders, then each segment from the first that has one. */
const split = (path: string): readonly string[] => {
  const segments = path.split(sep);
  const first = segments.findIndex(segment => segment.includes('{'));
  return [segments.slice(0, first).join(sep) || sep, ...segments.slice(first)];
};

const matcher = (segment: string, place: Place, last: boolean): RegExp => {
  const values: Readonly<Record<string, string>> = {
    receiver: literal(safe(place).receiver),
    type: literal(safe(place).type),
    feed: literal(safe(place).feed),
    day: '\\d{4}-\\d{2}-\\d{2}',
    seq: '(?<seq>\\d{6,})',
  };
  const source = segment
    .split(PLACEHOLDER)
    .map((text, i) => (i % 2 === 1 ? values[text] : literal(text)))
    .join('');
  return new RegExp(last ? `^(?<dot>\\.?)${source}(?<ending>(?:\\.part(?:\\.unknown)?)?)$` : `^${source}$`);
};

const literal = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|-]/g, '\\$&');

const safe = ({ receiver, type, feed }: Place): Place => ({
  receiver: segmentOf(receiver),
  type: segmentOf(type),
  feed: segmentOf(feed),
});

/** Any name as a part of a file name that leads nowhere else; different names stay different. */
const segmentOf = (name: string): string =>
  name === ''
    ? '_'
    : encodeURIComponent(name.toWellFormed())
        .replace(/[!~*'()]/g, hex)
        .replace(/^\.+/, dots => [...dots].map(hex).join(''));

const hex = (sign: string): string => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`;
