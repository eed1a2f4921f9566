// Notices that files may have changed: by the folders in which they lie, because editors and Kubernetes replace a file, or a
// link on the way to it, instead of writing into it.
import { type FSWatcher, lstatSync, readlinkSync, watch } from 'node:fs';
import { basename, dirname, join, resolve, sep } from 'node:path';

export interface Watch {
  /** These and no others, from now on. */
  follow(paths: Iterable<string>): void;
  close(): void;
}

/**
 * @param tell called when one of the files may have changed: perhaps several times, perhaps for nothing
 * @param failed called when a folder cannot be watched
 */
export const watchFiles = (tell: () => void, failed: (folder: string, error: unknown) => void): Watch => {
  const watched = new Map<string, { readonly names: ReadonlySet<string>; readonly watcher: FSWatcher }>();
  const forget = (folder: string) => {
    watched.get(folder)?.watcher.close();
    watched.delete(folder);
  };
  return {
    follow: paths => {
      const wanted = Map.groupBy([...paths].flatMap(placesOf), dirname);
      for (const folder of watched.keys()) forget(folder); // one that was replaced has the same name, and is another
      for (const [folder, places] of wanted) {
        const names = new Set(places.map(place => basename(place)));
        try {
          // Other files of the folder may change all the time: the state, or what is exported.
          const watcher = watch(folder, { persistent: false }, (_, name) => {
            if (name === null || names.has(name)) tell();
          });
          watcher.on('error', error => {
            failed(folder, error);
            forget(folder);
          });
          watched.set(folder, { names, watcher });
        } catch (error) {
          failed(folder, error);
        }
      }
    },
    close: () => {
      for (const folder of watched.keys()) forget(folder);
    },
  };
};

/** How many links may follow each other, as in Linux. */
const MOST_LINKS = 40;

/** A file, and every link on the way to it: what has to be watched to know that another file is there. */
export const placesOf = (path: string): readonly string[] => {
  const places: string[] = [];
  let [at, rest] = ['/', resolve(path).split(sep).slice(1)];
  for (let links = 0; rest.length > 0; ) {
    const [name = '', ...after] = rest;
    const here = join(at, name);
    const target = linkAt(here);
    if (target === undefined || ++links > MOST_LINKS) [at, rest] = [here, after];
    else {
      places.push(here);
      [at, rest] = ['/', [...resolve(at, target).split(sep).slice(1), ...after]];
    }
  }
  return [...places, at];
};

const linkAt = (path: string): string | undefined => {
  try {
    return lstatSync(path).isSymbolicLink() ? readlinkSync(path) : undefined;
  } catch {
    return undefined; // it is not there, yet
  }
};
