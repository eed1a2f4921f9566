// What an error of SQLite means to the operator. Primary result codes: https://sqlite.org/rescode.html
import { Fault } from '../../fault.ts';
import { VERSION } from './tables.ts';

const ERROR = 1; // of the statement: what it names is not there
const BUSY = 5;
const CORRUPT = 11;
const FULL = 13;
const NOT_A_DATABASE = 26;

const codeOf = (error: unknown): number | undefined => {
  const code = (error as { errcode?: unknown }).errcode;
  return typeof code === 'number' ? code & 0xff : undefined;
};

/** Whether another connection holds the lock. */
export const isBusy = (error: unknown): boolean => codeOf(error) === BUSY;

/** The fault that an error of SQLite is; anything else as it came. */
export const asStateFault = (
  error: unknown,
  folder: string,
  other: 'E_STATE_WRITE' | 'E_STATE_OPEN' | 'E_STATE_CORRUPT' = 'E_STATE_WRITE',
): unknown => {
  const code = codeOf(error);
  if (code === undefined) return error;
  const { message } = error as Error;
  if (code === FULL)
    return new Fault('E_STATE_FULL', `no room for the state in ${folder}: ${message}`, { cause: error });
  if (code === CORRUPT || code === NOT_A_DATABASE || (code === ERROR && other === 'E_STATE_CORRUPT'))
    return new Fault('E_STATE_CORRUPT', `the state in ${folder} is damaged: ${message}`, { cause: error });
  return other === 'E_STATE_WRITE'
    ? new Fault(other, `the state in ${folder} cannot be written: ${message}`, { cause: error })
    : new Fault('E_STATE_OPEN', `the state in ${folder} cannot be opened: ${message}`, { cause: error });
};

/** The fault of a state that knows more than we do. */
export const newer = (folder: string, version: number): Fault =>
  new Fault('E_STATE_NEWER', `the state in ${folder} has version ${version}; this Tributary knows ${VERSION}`);
