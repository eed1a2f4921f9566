// What is found out about one thing by looking at it: for `tributary doctor`.

export interface Diagnosis {
  /** Fine; works, but will not for ever or not for all; does not work. */
  readonly severity: 'ok' | 'warning' | 'problem';
  /** In words, without secrets. */
  readonly what: string;
  /** What to do about it; absent where nothing is. */
  readonly remedy?: string;
}
