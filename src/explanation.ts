// What a receiver says of its next step, for a person who asks: `tributary explain`.
import type { Call } from './component.ts';

export interface Explanation {
  /** What is asked next, its credential apart; absent where nothing is, or where no vendor is asked over HTTP. */
  readonly request?: Pick<Call, 'method' | 'url' | 'query' | 'body'> | undefined;
  /** What is done next, in words, a line each. */
  readonly next: readonly string[];
  /** From where, and why. */
  readonly why: readonly string[];
  /** What is stored once that is delivered. */
  readonly after: readonly string[];
}
