// Our own log: on standard error, because standard output belongs to the data. JSON lines for machines, plain lines for
// a person at a terminal; one per state change and per fault, never per record.
import { writeSync } from 'node:fs';
import { pino } from 'pino';
import type { Logger } from '../component.ts';
import { printable } from '../printable.ts';

export type LogFormat = 'json' | 'text';

/**
 * @param format text on a terminal and JSON elsewhere, when absent
 * @param write takes each line, in place of standard error
 */
export const createLog = (
  format: LogFormat = process.stderr.isTTY ? 'text' : 'json',
  write: (line: string) => void = toStandardError,
): Logger => {
  const lines = format === 'text' ? { write: (line: string) => write(pretty(line)) } : { write };
  return pino(
    {
      base: null,
      messageKey: 'message',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: label => ({ level: label }) },
    },
    lines,
  );
};

/** A log whose lines all carry these fields. */
export const labelled = (log: Logger, labels: object): Logger => ({
  info: (fields, message) => log.info({ ...labels, ...fields }, message),
  warn: (fields, message) => log.warn({ ...labels, ...fields }, message),
  error: (fields, message) => log.error({ ...labels, ...fields }, message),
});

const toStandardError = (line: string): void => {
  try {
    writeSync(2, line);
  } catch {
    // nobody reads our log; that must not stop the data
  }
};

const pretty = (line: string): string => {
  const { time, level, message, ...fields } = JSON.parse(line) as {
    time: string;
    level: string;
    message: string;
  } & Record<string, unknown>;
  const rest = Object.entries(fields).map(
    ([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  const text = `${time.slice(11, 19)} ${level.padEnd(5)} ${message}${rest.length > 0 ? `  ${rest.join(' ')}` : ''}`;
  return `${text.trimEnd().split('\n').map(printable).join('\n    ')}\n`; // only what begins at the edge is a line of ours
};
