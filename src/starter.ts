// What a component says of its beginnings: the options with which most start.

/** What `tributary init` writes of a component. */
export interface Starter<Options = unknown> {
  /** By its name in the config: the options that serve most. Secrets as references, and what only the user knows made up. */
  readonly components: Readonly<Record<string, Options>>;
  /** What must be there before it can start, secrets apart; for the user, a line each. */
  readonly needs?: readonly string[];
}
