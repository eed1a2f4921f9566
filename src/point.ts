// Named places at which the tests end the process, or make it fail. In production nobody listens.

export type Point =
  | 'before export'
  | 'after export'
  | 'before commit'
  | 'in commit'
  | 'after writes'
  | 'after commit'
  | 'queue: before delete'
  | 'queue: after delete'
  | 'file: before append'
  | 'file: in append'
  | 'file: after append'
  | 'file: before finish'
  | 'file: after finish';

let listener: ((point: Point) => void) | undefined;

/** Says where the program is. */
export const point = (name: Point): void => listener?.(name);

/** For tests only: what the listener throws, the place throws. */
export const listen = (next: typeof listener): void => {
  listener = next;
};
