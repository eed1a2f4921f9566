// What Endor Labs' two logs mean in OCSF 1.8: operations on resources are Entity Management (of users: Account Change),
// logins are Authentication. Where a record does not say what a class needs, it stays Entity Management.
import type { Mapping } from '../../src/index.ts';
import { verbOf } from './ocsf-kinds.ts';
import { LOGOFF, LOGON, login, loginOperation } from './ocsf-login.ts';
import { operation } from './ocsf-operation.ts';
import { LOGINS, reader } from './ocsf-reader.ts';

export const mapping: Mapping = {
  describe: ({ site, tenant, feed }) => ({
    product: {
      name: 'Endor Labs',
      vendor_name: 'Endor Labs',
      feature: { name: feed === LOGINS ? 'Authentication Logs' : 'Audit Logs' },
    },
    provider: 'Endor Labs',
    log: feed,
    format: 'JSON',
    version: 'v1',
    address: `${new URL(site).host}/v1/namespaces/${tenant}/${feed}`,
    tenant: tenant || undefined,
  }),

  read: ({ raw, origin }, { types }) => {
    const read = reader(raw, origin.feed);
    if (read.isLogin) return [login(read)];
    const code = read.spec.peek('operation');
    const verb = verbOf(typeof code === 'string' ? (types?.get(code) ?? code) : undefined);
    if (/LOG_?IN/i.test(verb.word)) return [loginOperation(read, LOGON)];
    if (/LOG_?OUT/i.test(verb.word)) return [loginOperation(read, LOGOFF)];
    return [operation(read, verb, types)];
  },
};
