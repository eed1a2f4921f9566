// What 1Password's records mean in OCSF. Three feeds, three files; the origin of a record tells which.
import { type Draft, Fields, type Mapping, type ReadOptions } from '../../src/index.ts';
import { readAudit } from './ocsf-audit.ts';
import { table } from './ocsf-parts.ts';
import { readSignIn } from './ocsf-signin.ts';
import { readItemUsage } from './ocsf-usage.ts';

interface Feed {
  readonly name: string;
  /** @param types what the user says of words that have no row */
  read(record: Fields, types: ReadOptions['types']): Draft;
}

const FEEDS = table<Feed>({
  auditevents: { name: 'Audit Events', read: readAudit },
  signinattempts: { name: 'Sign-in Attempts', read: readSignIn },
  itemusages: { name: 'Item Usages', read: readItemUsage },
});

/** The feed of an origin: `auditevents`, or `v1/auditevents`. */
const split = (feed: string): { readonly version: string; readonly log: string } => {
  const at = feed.indexOf('/');
  return at < 0 ? { version: 'v2', log: feed } : { version: feed.slice(0, at), log: feed.slice(at + 1) };
};

export const mapping: Mapping = {
  describe: origin => {
    const { version, log } = split(origin.feed);
    return {
      product: { name: '1Password', vendor_name: '1Password', feature: { name: FEEDS[log]?.name ?? log } },
      provider: '1Password',
      log,
      format: 'JSON',
      version,
      address: `${new URL(origin.site).host}/api/${version}/${log}`,
      tenant: origin.tenant || undefined,
    };
  },
  read: (record, { types }) => [
    (FEEDS[split(record.origin.feed).log] ?? FEEDS.auditevents!).read(new Fields(record.raw), types),
  ],
};
