// What doctor found at one place, and how faults and the network's own words become such findings.
import type { Diagnosis } from '../../component.ts';
import { asFault, describe, type Fault } from '../../fault.ts';

export interface Finding extends Diagnosis {
  /** `receivers.opal`, `exporters.collector`, `config`, `state` */
  readonly place: string;
}

export const at =
  (place: string) =>
  (diagnosis: Diagnosis): Finding => ({ place, ...diagnosis });

export const ok = (what: string): Diagnosis => ({ severity: 'ok', what });
export const warning = (what: string, remedy: string): Diagnosis => ({ severity: 'warning', what, remedy });
export const problem = (what: string, remedy: string): Diagnosis => ({ severity: 'problem', what, remedy });

/** What a failed look is. To be asked to wait is no failure: it was understood who asked. */
export const diagnosisOf = (error: unknown): Diagnosis => {
  const fault = asFault(error);
  const what = `${describe(fault)} [${fault.code}]`;
  if (fault.code === 'E_HTTP_LIMIT' || fault.code === 'E_PAUSED') return warning(what, fault.remedy);
  return problem(what, remedyOf(fault));
};

const remedyOf = (fault: Fault): string =>
  REACH.find(({ words }) => /^E_(NETWORK|TIMEOUT|TLS)$/.test(fault.code) && words.test(describe(fault)))?.remedy ??
  fault.remedy;

/** How far a connection came, by the words of Node and its libraries; what comes first counts. */
const REACH: readonly { readonly words: RegExp; readonly remedy: string }[] = [
  {
    words: /proxy/i,
    remedy:
      'The proxy does not let this through: see `proxy` or HTTPS_PROXY, and what it allows; NO_PROXY goes around it.',
  },
  {
    words: /ENOTFOUND|EAI_AGAIN|EAI_FAIL/,
    remedy: 'DNS does not know the name: check its spelling in the config, and the name server of this machine.',
  },
  { words: /ECONNREFUSED/, remedy: 'Nobody listens there: check host and port, and whether the other side runs.' },
  {
    words: /EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|UND_ERR_CONNECT_TIMEOUT|Connect Timeout/i,
    remedy: 'There is no way there: check firewall and routes, and whether a proxy is needed (`proxy`, HTTPS_PROXY).',
  },
  {
    words: /CERT_HAS_EXPIRED|CERT_NOT_YET_VALID/,
    remedy: 'Its certificate is out of date, or the clock of this machine is wrong.',
  },
  {
    words: /ALTNAME|HOSTNAME_MISMATCH/,
    remedy: 'Its certificate is for another name: use the name that the certificate has.',
  },
  {
    words: /WRONG_VERSION_NUMBER|EPROTO|packet length too long/i,
    remedy: 'It does not speak TLS at that port: use http:// on this machine, or the port that does.',
  },
  {
    words: /SELF_SIGNED|UNABLE_TO_|DEPTH_ZERO/,
    remedy: 'Its certificate is of an authority that is not known here: set `tls.ca` to that authority.',
  },
];
