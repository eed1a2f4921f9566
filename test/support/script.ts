// What a vendor's fixtures are to the receiver contract, whatever kind they are of: a script that can be played again and
// again. Which kinds a folder has is seen from the names of its files, so that a new vendor needs no line here.
import { existsSync, readdirSync } from 'node:fs';
import type { Answer } from '../../src/component.ts';
import type { AuditRecord, Json } from '../../src/model.ts';
import { conversationScript } from './conversation-script.ts';
import { dropScript } from './drop-script.ts';
import type { Module, ReceiverBench } from './receiver-bench.ts';

export interface Script {
  /** What the clock shows at the start, ISO. */
  readonly clock: string;
  /** How many of its records have no time of the vendor's that can be read. */
  readonly timeless: number;
  /** What must be said nowhere. */
  readonly secrets: readonly string[];
  /** What can go wrong, each at every touch in turn. */
  readonly troubles: Readonly<Record<string, Trouble>>;
  /** The vendor's own words in a record, as they stand in the fixtures; nothing where they do not. */
  own(record: AuditRecord): Json | undefined;
  /** Sets the scene anew. The stage is the caller's to end. */
  open(how?: Playing): Promise<Stage>;
}

export interface Playing {
  /** The receiver will be disturbed: it may come at other times, and ask again. */
  readonly disturbed?: boolean;
  /** When all is said, the vendor goes on having nothing. */
  readonly quiet?: boolean;
}

/** One playing of a script. What the receiver does at the vendor is a touch: a request, an operation on the disk. */
export interface Stage extends ReceiverBench {
  /** When the vendor was asked for news: by a request, by a look into the folder. */
  readonly asked: readonly number[];
  /** What the receiver did that is not in the script, in words. */
  readonly wrong: readonly string[];
  /** Whether the receiver has read all that there is, and says so. */
  finished(): boolean;
  /** What is awaited ahead of each touch, with its number from 1 on; an answer, where it gives one, is the vendor's. */
  before(nth: number, signal: AbortSignal | undefined): Promise<Answer | undefined>;
  /** What the receiver holds of the vendor at this moment, in words. */
  held(): readonly string[];
  /** What no receiver may change, as one value. */
  untouched(): unknown;
  end(): Promise<void>;
}

export interface Trouble {
  /** How long it is to be waited out, ms; when absent, as the receiver says. */
  readonly wait?: number;
  /** Nobody need notice it: the receiver may have no use just now for what is gone. */
  readonly silent?: boolean;
  happen(stage: Stage): Promise<Answer | undefined>;
}

const KINDS = { 'conversation.json': conversationScript, 'drop.json': dropScript };

/** Of a folder with fixtures: each script, and what it reads as in OCSF (`NAME.drop.json`, `NAME.expected.ndjson`). */
export interface Found {
  readonly of: string;
  readonly expected: URL;
  load(): Promise<Module>;
  read(): Script;
}

/** @param folder of a vendor, relative to the root: `receivers/opal` */
export const scriptsOf = (folder: string, root: URL): readonly Found[] => {
  const fixtures = new URL(`${folder}/fixtures/`, root);
  const names = existsSync(fixtures) ? readdirSync(fixtures) : [];
  const load = () => import(new URL(`${folder}/index.ts`, root).href) as Promise<Module>;
  return Object.entries(KINDS).flatMap(([ending, script]) =>
    names
      .filter(name => name === ending || name.endsWith(`.${ending}`))
      .map(name => {
        const prefix = name.slice(0, -ending.length);
        const [at, expected] = [new URL(name, fixtures), new URL(`${prefix}expected.ndjson`, fixtures)];
        return { of: `${folder} ${prefix}`.trim(), expected, load, read: () => script(at, load) };
      }),
  );
};
