// Who may write to which files. Files outlive exporters: after a reload a new one may want to append while the old one is
// still inside its last write. So the locks are shared by all exporters of the process.
import { Fault } from '../../src/index.ts';

export interface Locks {
  /** Waits until nobody holds `key`; what is returned lets it go, once. Rejects when the signal aborts before. */
  hold(key: string, signal: AbortSignal): Promise<() => void>;
  /**
   * Says that the files of `path` belong to the exporter `name`; what is returned gives them back.
   * Throws E_FILE_OWNED when they belong to one with another name: each would remove the other's unfinished files.
   */
  claim(path: string, name: string): () => void;
}

export const createLocks = (): Locks => {
  const queues = new Map<string, Promise<void>>();
  const owners = new Map<string, { readonly name: string; readonly count: number }>();
  return {
    hold: async (key, signal) => {
      const before = queues.get(key) ?? Promise.resolve();
      const { promise: own, resolve: release } = Promise.withResolvers<void>();
      queues.set(
        key,
        before.then(() => own),
      );
      try {
        await unlessAborted(before, signal);
      } catch (error) {
        release();
        throw error;
      }
      return release;
    },
    claim: (path, name) => {
      const owner = owners.get(path) ?? { name, count: 0 };
      if (owner.name !== name)
        throw new Fault('E_FILE_OWNED', `the exporters ${owner.name} and ${name} both write to ${path}`);
      owners.set(path, { name, count: owner.count + 1 });
      return () => {
        const count = (owners.get(path)?.count ?? 1) - 1;
        if (count === 0) owners.delete(path);
        else owners.set(path, { name, count });
      };
    },
  };
};

/** The outcome of `work`, or the reason of the abort as soon as there is one. The work itself goes on. */
export const unlessAborted = async <T>(work: Promise<T>, signal: AbortSignal): Promise<T> => {
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
};
