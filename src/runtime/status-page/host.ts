// Against DNS rebinding: a site may let its name point to this machine, and its script would then read what we serve as if
// it were the site's own. The browser says under which name it asks, and such a site always has a name.
import { isIPv4, isIPv6 } from 'node:net';

/** Whether a `Host` header is an address in numbers or `localhost`, with any port: the near end of a tunnel has another. */
export const isPlainHost = (host: string | undefined): boolean => {
  const [, six, other] = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::\d{1,5})?$/.exec(host ?? '') ?? [];
  return six === undefined ? other?.toLowerCase() === 'localhost' || isIPv4(other ?? '') : isIPv6(six);
};
