// Where a listener of ours listens, as the config writes it: `127.0.0.1:13133`, `[::1]:13133`, `localhost:13133`.
import { isIPv4, isIPv6 } from 'node:net';

export interface Address {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
}

/** Nothing when it is not one. A host has to be an address of this machine in numbers: a name may resolve to anything. */
export const addressOf = (text: string): Address | undefined => {
  const [, six, other, digits] = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  const right = six === undefined ? other === 'localhost' || isIPv4(other ?? '') : isIPv6(six);
  return right && port <= 65_535 ? { host: six ?? other!, port } : undefined;
};
