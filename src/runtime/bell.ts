// Wakes those who wait for something to happen, so that nobody has to look again and again.

export interface Bell {
  /** Resolves at the next ring. To be asked for before looking: a ring in between is not missed. */
  next(): Promise<void>;
  ring(): void;
}

export const createBell = (): Bell => {
  let turn = Promise.withResolvers<void>();
  return {
    next: () => turn.promise,
    ring: () => {
      turn.resolve();
      turn = Promise.withResolvers<void>();
    },
  };
};
