// Waiting for what cannot be stopped itself, and stopping to wait all the same.

/** Settles as `work` does, or rejects with the signal's reason as soon as it aborts. Leaves no listener behind. */
export const abortable = async <T>(work: Promise<T>, signal: AbortSignal): Promise<T> => {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([aborted, work]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
};
