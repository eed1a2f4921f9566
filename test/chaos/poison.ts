// Which records are trouble by nature, decided by their ids, so that the program and its judge agree.

const share = (id: string, salt: number, one: number): boolean =>
  [...id].reduce((sum, sign) => (sum * 31 + (sign.codePointAt(0) ?? 0)) % 65_521, salt) % one === 0;

/** The pipeline throws on it: one in 150. */
export const isPoisoned = (id: string): boolean => share(id, 1, 150);

/** This sink refuses it for good, with whatever it came together: one in 400. */
export const isSour = (sink: string, id: string): boolean => share(id, 1 + sink.length, 400);
