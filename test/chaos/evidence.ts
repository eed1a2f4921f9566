// What a history of chaos leaves behind: what the vendors had, what was found at each end, and how each life went. Data
// only, so that the checker can be held to histories that are made up.

/** An event as it was found at an end. */
export interface Found {
  /** Of the vendor. */
  readonly id: string;
  /** As the end knows it: `metadata.uid` in a file, `log.record.uid` at a sink. */
  readonly uid: string;
}

/** A line of a file. */
export interface Line extends Found {
  /** `archive/opal-000001.ndjson.gz:12` */
  readonly at: string;
}

/** A request, as its sink saw it. */
export interface Sent {
  /** In which life of the program it was made. */
  readonly life: number;
  readonly events: readonly Found[];
  /**
   * `taken`: and the answer said so. `unheard`: taken, and the answer was not given, broke off, or came too late to be
   * sure. `refused`: for good. `failed`: not taken, to be tried again.
   */
  readonly fate: 'taken' | 'unheard' | 'refused' | 'failed';
  /** Of a request that was taken in part: the uids of those that were not. */
  readonly dropped?: readonly string[];
}

/** A dead letter. */
export interface Letter {
  /** `exporter/NAME`, or `pipeline/NAME/PROCESSOR` */
  readonly place: string;
  readonly id: string;
  readonly part: number;
  /** The sink did not say which of the batch it refused: every one of it is kept. */
  readonly partial: boolean;
}

export interface Evidence {
  /** What the vendors had: the receiver that reads it, by id. */
  readonly generated: ReadonlyMap<string, string>;
  /** The ids that the pipeline cannot process. */
  readonly poisoned: ReadonlySet<string>;
  /** By the exporter's name. */
  readonly files: Readonly<Record<string, readonly Line[]>>;
  /** By the exporter's name, in the order of their arrival. */
  readonly sinks: Readonly<Record<string, SinkEvidence>>;
  readonly letters: readonly Letter[];
  /** The lives that were killed; all others ended in order. */
  readonly killed: ReadonlySet<number>;
  /** What was found wrong before any counting: an event that is not valid, a program that ended by itself. */
  readonly faults: readonly string[];
}

export interface SinkEvidence {
  readonly sent: readonly Sent[];
  /** It is behind a queue, which has one batch in flight; without, each receiver has one. */
  readonly queued: boolean;
}
