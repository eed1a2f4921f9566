// Whether a credential may travel: one rule for vendors, sinks and our own telemetry.

/** Whether nobody between us and an address can read what is sent there: it is encrypted, or goes to this machine itself. */
export const isPrivate = (url: string, proxy?: string): boolean => {
  const { protocol, hostname } = new URL(url);
  return protocol === 'https:' || (proxy === undefined && LOOPBACK.test(hostname));
};

const LOOPBACK = /^(localhost|.+\.localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;
