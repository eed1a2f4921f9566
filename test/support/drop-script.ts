// A drop folder as a script of the receiver contract: the vendor's log lies in files, in a folder made for the test, and
// on a disk that is watched.
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { canonical } from '../../src/json.ts';
import type { Json, JsonObject } from '../../src/model.ts';
import { optionsOf } from './conversation.ts';
import { secretsIn } from './conversation-script.ts';
import { type Disk, watchDisk } from './disk.ts';
import { type Module, receiverBench } from './receiver-bench.ts';
import type { Script, Stage, Trouble } from './script.ts';

/** `fixtures/drop.json`. */
export interface Drop {
  /** What it shows, in a sentence. */
  readonly about: string;
  /** What the receiver's clock shows at the start. It moves only when the receiver sleeps, by just that. */
  readonly clock: string;
  /** The receiver's options, with the drop folder as `drop`, and few enough records a batch that there are several. */
  readonly options: JsonObject;
  /** The fixtures that lie in the drop folder, oldest first. */
  readonly drop: readonly string[];
  /** The fixtures that lie beside it, where the config would be: keys. */
  readonly beside?: readonly string[];
  /** The fixture with what the vendor says in each record, one a line: found somewhere in its `raw`. */
  readonly words: string;
  /** How many records have no time that can be read; 0 when absent. */
  readonly timeless?: number;
}

export const dropScript = (file: URL, load: () => Promise<Module>): Script => {
  const fixture = (name: string) => fileURLToPath(new URL(name, file));
  const drop = JSON.parse(readFileSync(file, 'utf8')) as Drop; // its format is checked by playing it
  const { clock, options, beside = [], timeless = 0 } = drop;
  const words = new Set(
    readFileSync(fixture(drop.words), 'utf8')
      .trim()
      .split('\n')
      .map(line => canonical(JSON.parse(line))),
  );

  /** The place of one playing, and what becomes of it. */
  const lay = () => {
    const root = mkdtempSync(join(tmpdir(), 'tributary-drop-'));
    const [config, scratch] = [join(root, 'config'), join(root, 'scratch')];
    const folder = join(config, 'drop');
    for (const path of [config, scratch, folder]) mkdirSync(path);
    for (const name of beside) copyFileSync(fixture(name), join(config, name));
    const put = (name: string) => {
      copyFileSync(fixture(name), join(folder, name));
      const time = new Date(Date.UTC(2026, 0, 1) + drop.drop.indexOf(name) * 1000);
      utimesSync(join(folder, name), time, time);
    };
    drop.drop.forEach(put);
    return { root, config, scratch, folder, put, paths: drop.drop.map(name => join(folder, name)) };
  };

  return {
    clock,
    timeless,
    secrets: [...secretsIn(options), ...beside.flatMap(name => linesOf(readFileSync(fixture(name), 'utf8')))],
    troubles,
    own: ({ raw }) => within(raw).find(part => words.has(canonical(part))),
    open: async () => {
      const place = lay();
      const temporary = process.env.TMPDIR;
      process.env.TMPDIR = place.scratch; // private copies go here
      const asked: number[] = [];
      let mend: { at: number; put(): void } | undefined;
      let restsNeeded = 1;
      let disk: Disk | undefined;
      const pause = () => {
        const { rests, faults } = stage.context;
        if (!mend || rests + 2 * faults.length < mend.at) return;
        mend.put();
        mend = undefined;
        restsNeeded = rests + 3;
      };
      const stage: DropStage = {
        ...receiverBench(await load(), { clock, options: optionsOf(drop), folder: place.config, pause }),
        ...place,
        asked,
        wrong: [],
        finished: () => !mend && stage.context.rests >= restsNeeded,
        before: async () => undefined,
        held: () => [...(disk?.held() ?? []), ...readdirSync(place.scratch).map(name => `${name} is left`)],
        untouched: () => readdirSync(place.folder).map(name => [name, readFileSync(join(place.folder, name), 'hex')]),
        trouble: put => {
          const { rests, faults } = stage.context;
          mend = { at: rests + 2 * faults.length + 2, put };
        },
        end: async () => {
          disk?.release();
          if (temporary === undefined) delete process.env.TMPDIR;
          else process.env.TMPDIR = temporary;
          rmSync(place.root, { recursive: true, force: true });
        },
      };
      disk = watchDisk(place.root, async ({ operation, path }) => {
        const now = stage.context.clock.now();
        stage.touches.push(now);
        if ((operation === 'readdir' || operation === 'opendir') && path === place.folder) asked.push(now);
        await stage.before(stage.touches.length, undefined);
      });
      return stage;
    },
  };
};

interface DropStage extends Stage {
  readonly wrong: string[];
  readonly folder: string;
  readonly root: string;
  /** Of the files in the drop folder. */
  readonly paths: readonly string[];
  put(name: string): void;
  /** Says how to mend what was broken: done at the first fault that is told, or at the second rest from now. */
  trouble(mend: () => void): void;
}

/** What can go wrong with a folder, and comes right again after a while. */
const troubles: Readonly<Record<string, Trouble>> = {
  'the folder is away': {
    silent: true,
    happen: broken(({ folder, root, trouble }) => {
      const away = join(root, 'away');
      renameSync(folder, away);
      trouble(() => renameSync(away, folder));
    }),
  },
  'the files are taken away': {
    silent: true,
    happen: broken(({ paths, trouble }) => {
      const there = paths.filter(path => existsSync(path));
      for (const path of there) renameSync(path, `${path}.away`);
      trouble(() => {
        for (const path of there) renameSync(`${path}.away`, path);
      });
    }),
  },
  'the files are cut short': {
    silent: true,
    happen: broken(({ paths, put, trouble }) => {
      for (const path of paths) truncateSync(path, statSync(path).size >> 1);
      trouble(() => {
        for (const path of paths) put(basename(path));
      });
    }),
  },
  'the disk fails': {
    silent: true,
    happen: broken(({ trouble }) => {
      trouble(() => {});
      return Object.assign(new Error('EIO: i/o error'), { code: 'EIO' });
    }),
  },
};

/** @param happen gives an error where the operation is to fail with it */
function broken(happen: (stage: DropStage) => Error | undefined): Trouble['happen'] {
  return async stage => {
    const drop = stage as DropStage; // these are the troubles of no other kind
    let error: Error | undefined;
    try {
      error = happen(drop);
    } catch (defect) {
      drop.wrong.push(`the trouble itself failed: ${defect}`);
    }
    if (error) throw error;
    return undefined;
  };
}

const within = (json: Json): readonly Json[] =>
  typeof json === 'object' && json !== null ? [json, ...Object.values(json as JsonObject).flatMap(within)] : [json];

/** Lines long enough to be found by chance nowhere else. */
const linesOf = (text: string): readonly string[] => text.split('\n').filter(line => /^[\w+/=]{16,}$/.test(line));
