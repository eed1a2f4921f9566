// Standard input as a whole: what a person has at hand, a file or a page, and not a stream without an end.
import { Stop } from './session.ts';

/** In bytes. */
const LARGEST = 256 * 2 ** 20;

/** All of standard input as UTF-8. Throws a Stop when it is too large, or not UTF-8. */
export const readInput = async (): Promise<string> => {
  if (process.stdin.isTTY) process.stderr.write('Reading from the terminal; Ctrl-D ends it.\n');
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of process.stdin) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > LARGEST)
      throw new Stop(
        `standard input has more than ${LARGEST / 2 ** 20} MiB: take it in parts, as with split -l 100000`,
      );
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    throw new Stop('standard input is not UTF-8: convert it first, as with iconv -t UTF-8');
  }
};
