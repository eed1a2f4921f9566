// Every code a fault can have, with what it means and what to do. `docs/faults.md` is generated from this table; a code
// that is retired is never used again.
import type { FaultKind } from './fault.ts';

interface Row {
  readonly kind: FaultKind;
  readonly meaning: string;
  readonly remedy: string;
}

const row = (kind: FaultKind, meaning: string, remedy: string): Row => ({ kind, meaning, remedy });

export const faults = {
  // The network, and what a vendor or a sink answers.
  E_NETWORK: row(
    'transient',
    'The other side could not be reached.',
    'Check the address, DNS, proxy and firewall. It is tried again by itself.',
  ),
  E_TIMEOUT: row(
    'transient',
    'The other side did not answer in time.',
    'It is tried again by itself. If it persists, ask for smaller pages.',
  ),
  E_TLS: row(
    'denied',
    'The other side is not trusted: its certificate does not verify.',
    'Set `tls.ca` to the authority that signed it, or mend the certificate.',
  ),
  E_HTTP_REQUEST: row(
    'rejected',
    'The other side refuses this request: it will refuse it again.',
    'Read its words; mend the options that they name.',
  ),
  E_HTTP_DENIED: row(
    'denied',
    'The other side refuses our credential or the address.',
    'Check the credential, its permissions and the base URL. Nothing is lost meanwhile.',
  ),
  E_HTTP_LIMIT: row(
    'transient',
    'The other side asks us to wait.',
    'It is tried again when the other side allows. If it happens often, poll less or ask for a larger quota.',
  ),
  E_HTTP_SERVER: row('transient', 'The other side failed.', 'It is tried again by itself.'),
  E_PAUSED: row(
    'transient',
    'The other side is left alone for now: it failed many times in a row, or asked us to wait.',
    'Nothing: it goes on by itself. If it does not, look at what it last failed with.',
  ),
  E_HTTP_REDIRECT: row(
    'denied',
    'The other side points to another address; the credential is not sent there.',
    'Set the base URL to the address that serves the API itself.',
  ),
  E_BODY_LIMIT: row('denied', 'The answer is larger than the limit.', 'Lower the page size, or raise `bodyLimit`.'),
  E_BODY_BROKEN: row('transient', 'The answer broke off or cannot be decoded.', 'It is tried again by itself.'),
  E_ORIGIN: row(
    'denied',
    'A request would leave the configured origin.',
    'Set the base URL to the origin that the vendor points to, if you trust it.',
  ),
  E_PLAINTEXT: row(
    'denied',
    'The credential would travel unencrypted.',
    'Use `https:` in the base URL. Plain `http:` with a credential is for this machine only, and not through a proxy.',
  ),
  E_SECRET: row(
    'denied',
    'A secret cannot be read.',
    'Set the environment variable, or mend the file that the config names.',
  ),

  E_ENVIRONMENT: row(
    'denied',
    'An environment variable has a value that cannot be used.',
    'Mend or unset the variable that is named.',
  ),

  // What a vendor sends.
  E_PAGE_SYNTAX: row(
    'denied',
    'The answer is not JSON.',
    'Check that the base URL is the API and not a web page or a proxy.',
  ),
  E_PAGE_SHAPE: row(
    'denied',
    'The answer is JSON, but not the page that the API documents.',
    'The vendor may have changed its API: report it. Nothing is lost meanwhile.',
  ),
  E_WALK_STUCK: row(
    'denied',
    'The vendor says there is more, but points to the place we stand at.',
    'Report it to the vendor. Nothing is lost meanwhile.',
  ),
  E_WALK_PAGES: row(
    'denied',
    'One window has more pages than the limit.',
    'Ask for larger pages (`pageSize`). Nothing is lost meanwhile.',
  ),
  E_CURSOR_LOST: row(
    'denied',
    'The vendor refuses the cursor that we kept.',
    "Set `onCursorLost: 'reseed'` to begin again at the last low-water time; what was delivered is dropped by `dedupe`.",
  ),
  E_TENANT: row(
    'denied',
    'The credential belongs to another account or lacks the feed.',
    'Use a token of the configured account that has the feed.',
  ),

  // What lies in a drop folder.
  E_FOLDER: row(
    'denied',
    'The drop folder cannot be read.',
    'Check that `directory` exists and that this process may read it. Nothing is lost meanwhile.',
  ),
  E_FOLDER_FULL: row(
    'denied',
    'More finished files lie in the drop folder than can be remembered.',
    'Move old ones away, or let them be removed: `keep: false`, or `keep` with a duration.',
  ),
  E_KEY: row(
    'denied',
    'A public key cannot be read, or is not of a kind that signs exports.',
    'Give the path of the PEM file with the public key (RSA or EC) that the vendor handed out.',
  ),
  E_ARCHIVE: row(
    'rejected',
    'An export archive is broken, or not what it claims to be.',
    'Export it again. The file was set aside, with the reason beside it; the next ones are read.',
  ),
  E_SIGNATURE: row(
    'rejected',
    'The signature of an export archive does not verify, or is missing.',
    'Treat the archive as tampered with: ask who made it. If the vendor changed its key, add the new one to `publicKey` and put the file back.',
  ),

  // Delivery and state.
  E_ABANDONED: row(
    'transient',
    'A batch was given up before it was committed; it will be read again.',
    'Nothing: this is how a stop looks from inside.',
  ),
  E_PROCESSOR: row(
    'rejected',
    'A processor throws on this record.',
    'Mend the processor. The record is kept as a dead letter.',
  ),
  E_EXPORTER: row(
    'denied',
    'An exporter failed in a way it should not.',
    'Report it. The batch is kept and tried again.',
  ),
  E_SINK_REFUSES_ALL: row(
    'denied',
    'The sink refuses every single record of a batch: the sink is wrong, not the records.',
    'Read its words in the log and mend the sink or the exporter.',
  ),
  E_SINK_PARTIAL: row(
    'rejected',
    'The sink took the batch but refused some of its records, without saying which.',
    'Read its words with `tributary dead ls`; a copy of the batch is kept there.',
  ),
  E_SINK_ANSWER: row(
    'denied',
    'What answers there is not a sink.',
    'Check the endpoint: its host, port and path. Nothing is lost meanwhile.',
  ),
  E_DEAD_LIMIT: row(
    'denied',
    'Too many new dead letters today; the lane holds.',
    'Look at them with `tributary dead ls` and mend the cause.',
  ),
  E_DEAD_FULL: row(
    'denied',
    'There are as many dead letters as are kept; every lane holds, so that none has to go.',
    'Mend the cause and send them again with `tributary dead retry`, or take them away: `tributary dead export`, then `tributary dead drop`.',
  ),
  E_STDOUT_CLOSED: row(
    'denied',
    'Nobody reads our standard output any more.',
    'Start the reader again, or free space where the output goes. The last batch was not committed and is read again.',
  ),
  E_FILE: row(
    'transient',
    'A file cannot be written.',
    'Free space or mend the permissions. It is tried again by itself.',
  ),
  E_FILE_SHORT: row(
    'denied',
    'A file is shorter than what was committed to it: somebody else changed it.',
    'Put the file back, or move it away: a new one is begun.',
  ),
  E_FILE_OWNED: row(
    'transient',
    'Two exporters write to the same files.',
    'Give each exporter a path of its own. Nothing is written until then.',
  ),
  E_QUEUE_FULL: row(
    'transient',
    'The queue in front of an exporter is full; what is read waits.',
    'Mend the sink, or give the queue a larger `limit`. It goes on by itself, and nothing is lost.',
  ),
  E_QUEUE_LEFT: row(
    'transient',
    'Rows are left in a queue: its exporter did not take them in time.',
    'Mend the sink and run again, or send them with `tributary queue drain`. They are kept until then.',
  ),
  E_QUEUE_ROW: row(
    'denied',
    'A row of a queue cannot be read.',
    'The disk or the state is damaged: `tributary queue verify` names every such row. Restore the state from a backup.',
  ),
  E_COMMIT_STALE: row(
    'transient',
    'A delivery was overtaken by another one.',
    'Nothing: it is read again from where the other left off.',
  ),
  E_STATE_FULL: row(
    'transient',
    'The state cannot be written: the disk is full.',
    'Free space. It is tried again by itself, and nothing is lost.',
  ),
  E_STATE_WRITE: row(
    'transient',
    'The state cannot be written.',
    'Mend the disk or its permissions. It is tried again by itself, and nothing is lost.',
  ),
  E_STATE_OPEN: row(
    'denied',
    'The state cannot be opened.',
    'Check that the folder of `engine.state` exists or can be made, and that it is writable.',
  ),
  E_STATE_OWNED: row(
    'denied',
    'Another process runs on this state.',
    'Stop it, or give this one a state folder of its own.',
  ),
  E_STATE_NEWER: row(
    'denied',
    'The state was written by a newer Tributary.',
    'Run that version, or begin with an empty state folder.',
  ),
  E_STATE_CORRUPT: row(
    'denied',
    'The state is damaged.',
    'Restore it from a backup, or begin with an empty state folder: everything that the vendors keep is read again.',
  ),
  E_RENAMED: row(
    'denied',
    'A receiver is new, but its log was read before, under a name that the config no longer has.',
    'Hand the position over with `tributary state adopt OLD NEW`, or give the receiver its old name back.',
  ),
  E_ADOPT: row(
    'rejected',
    'A receiver cannot go on where another name stands.',
    'Name the old name and the new one as the config and `tributary state show` have them; the old one must be gone from the config, and both must read the same log.',
  ),
  E_STATE_COPY: row(
    'denied',
    'A copy of a state cannot be made there, or cannot be used.',
    'Name a file that is not there yet to export to, a copy that was exported to import from; `--force` replaces a state.',
  ),
  E_POSITION: row(
    'denied',
    'The stored position was written by another version of this receiver.',
    'Run that version, or begin again with another state folder.',
  ),
  E_LISTEN: row(
    'denied',
    'A listener of ours cannot listen at the address that the config names.',
    'Stop what listens there, or choose another address or port.',
  ),
  E_CONVERSATION: row(
    'denied',
    'A recorded conversation cannot be played: it is not one, or another request was made than was recorded.',
    'Replay it with the options that it was recorded with, or record it again with `tributary dev record`.',
  ),
  E_DEFECT: row(
    'denied',
    'A defect: something threw that should not have.',
    'Report it with the stack trace in the log.',
  ),
} as const satisfies Record<string, Row>;

export type Code = keyof typeof faults;
