// Where a component was written, by the stack: the line that uses it, for messages; the file that defines it, for reloads.

/** `pipeline.config.ts:12`: the line that called the factory from which this is called. */
export const caller = (): string | undefined => {
  const frames = (new Error().stack ?? '').split('\n').slice(3); // the error itself, this function, the factory
  const [, file, line] = /([^/\\\s(]+):(\d+):\d+\)?$/.exec(frames[0] ?? '') ?? [];
  return file && `${decodeURIComponent(file.split('?', 1)[0]!)}:${line}`; // `?again=2`: loaded again
};

/** URL of the first file that is none of ours. */
export const definer = (): string | undefined =>
  (new Error().stack ?? '').match(/file:\/\/[^\s()]+(?=:\d+:\d+)/g)?.find(url => !url.startsWith(OURS));

const OURS = new URL('.', import.meta.url).href;
