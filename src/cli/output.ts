// Standard output belongs to the data. A reader that has seen enough (`| head -1`) closes it: that is no error.
import { describe } from '../fault.ts';
import { Stop } from './session.ts';

export { printable } from '../printable.ts';

/** Writes each text when the one before it was taken. False when nobody reads any more. */
export const print = async (texts: Iterable<string>): Promise<boolean> => {
  const { stdout } = process;
  stdout.on('error', ignore);
  try {
    for (const text of texts) {
      const error = await new Promise<Error | null | undefined>(done => stdout.write(text, done));
      if (!error) continue;
      if ((error as NodeJS.ErrnoException).code === 'EPIPE') return false;
      throw new Stop(`standard output cannot be written: ${describe(error)}`);
    }
    return true;
  } finally {
    setImmediate(() => stdout.off('error', ignore)); // the stream emits what its callback was told already
  }
};

const ignore = () => {};
