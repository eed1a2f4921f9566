// What to ask a person at a terminal who did not say it: which vendors, and where to.
import { createInterface } from 'node:readline/promises';
import { Stop } from '../session.ts';

/** Asks one question and gives the answer; throws a Stop when there is nobody to answer. */
export type Ask = (question: string) => Promise<string>;

/** Asks until the answer reads. @param read throws with what is wrong with it */
export const until = async <T>(ask: Ask, question: string, read: (answer: string) => T): Promise<T> => {
  for (let said = ''; ; ) {
    const answer = await ask(`${said}${question}`);
    try {
      return read(answer);
    } catch (error) {
      if (!(error instanceof Stop)) throw error;
      said = `${error.message}\n`;
    }
  }
};

/** A person at a terminal. Questions go to standard error: standard output is for data. */
export const terminal = () => {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const gone = new Promise<never>((_, fail) =>
    lines.once('close', () => fail(new Stop('nothing was written: nothing was chosen', 2))),
  );
  gone.catch(() => {}); // also when nobody asks any more
  return {
    ask: (question: string) => Promise.race([lines.question(question), gone]),
    close: () => lines.close(),
  };
};
