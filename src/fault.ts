// Errors with a code and a kind. What is done about one is decided by its kind alone, in two places: around a pull and
// around an export (`retry.ts`). The table of all codes is `faults.ts`.
import { type Code, faults } from './faults.ts';

/**
 * - transient: may work later. Tried again, for ever.
 * - rejected: this input will fail again. Halved; a single record becomes a dead letter.
 * - denied: we are wrong (credentials, configuration, a defect). Held, said, tried again slowly; data is never dropped.
 */
export type FaultKind = 'transient' | 'rejected' | 'denied';

export interface FaultOptions extends ErrorOptions {
  /** Overrides the kind in the table. */
  readonly kind?: FaultKind;
  /** How long the other side asked us to wait, in ms. Obeyed exactly. */
  readonly retryAfter?: number | undefined;
  /** The other side's status, where it spoke HTTP. */
  readonly status?: number;
}

export class Fault extends Error {
  override readonly name = 'Fault';
  readonly code: Code;
  readonly kind: FaultKind;
  readonly retryAfter: number | undefined;
  readonly status: number | undefined;

  /** @param detail what happened here, in words, without secrets; the table's meaning when absent */
  constructor(code: Code, detail?: string, options: FaultOptions = {}) {
    super(detail ?? faults[code].meaning, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.kind = options.kind ?? faults[code].kind;
    this.retryAfter = options.retryAfter;
    this.status = options.status;
  }

  /** What an operator can do about it. */
  get remedy(): string {
    return faults[this.code].remedy;
  }
}

/** Anything thrown that is not a fault is a defect of ours or of a component. */
export const asFault = (error: unknown): Fault =>
  error instanceof Fault ? error : new Fault('E_DEFECT', describe(error), { cause: error });

/** One line about anything thrown, its causes included. */
export const describe = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : `: ${describe(error.cause)}`;
  const name = error.name === 'Error' || error instanceof Fault ? '' : `${error.name}: `;
  const text = `${name}${error.message}`;
  return cause !== '' && text.includes(cause.slice(2)) ? text : `${text}${cause}`;
};
