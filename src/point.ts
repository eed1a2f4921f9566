// Named places at which the tests end the process, or make it fail. In production nobody listens.

/** All of them, about in the order in which a batch meets them. */
export const points = [
  'before export',
  'file: before append',
  'file: in append',
  'file: after append',
  'after export',
  'before commit',
  'in commit',
  'queue: after enqueue',
  'after writes',
  'after commit',
  'file: before finish',
  'file: in rename',
  'file: after finish',
  'queue: after read',
  'queue: before delete',
  'queue: after delete',
  'queue: after sending',
] as const;

export type Point = (typeof points)[number];

let listener: ((point: Point) => void) | undefined;

/** Says where the program is. */
export const point = (name: Point): void => listener?.(name);

/** For tests only: what the listener throws, the place throws. */
export const listen = (next: typeof listener): void => {
  listener = next;
};
