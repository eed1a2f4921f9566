// Why a walk through time asks what it asks next, in words.
import type { WindowAsk, WindowOptions, Windows } from './windows.ts';
import { iso, lasting } from './words.ts';

/** @param ask what it would ask now; nothing where the clock has to go on first */
export const whyOfWindows = (
  { span, settle, overlap, behind, archive = Infinity, keeps = Infinity }: WindowOptions,
  position: Windows,
  ask: WindowAsk | undefined,
  now: number,
): readonly string[] => {
  const { live } = position;
  if (ask === undefined)
    return [
      `it is read up to ${iso(live.from)}, and a window ends ${lasting(settle)} behind the clock: the next one begins after ${iso(live.from + settle)}`,
    ];
  const track = position[ask.track];
  return [
    ...(ask.track === 'sweep'
      ? [
          `the live reading rests at ${iso(live.from)}; each hour is read once more when it is ${lasting(behind)} old, for what appeared late: this is such a sweep`,
        ]
      : liveWords(position, ask, now, { span, settle, overlap })),
    ...(track.cursor !== null ? [`page ${track.pages + 1} of it, where the last page ended`] : []),
    ...(track.slice
      ? [`the vendor gave up on more at once: ${iso(ask.from)} to ${iso(ask.to)} is a part of it that it may manage`]
      : []),
    ...(ask.archive ? [`the archive is asked, because it is older than ${lasting(archive)}`] : []),
    ...(ask.track === 'live' && live.from < now - keeps
      ? [`the vendor keeps ${lasting(keeps)}: what is older may be gone, and is told as a gap`]
      : []),
  ];
};

const liveWords = (
  { live }: Windows,
  ask: WindowAsk,
  now: number,
  { span, settle, overlap }: Pick<WindowOptions, 'span' | 'settle' | 'overlap'>,
): readonly string[] => {
  if (live.to !== null) {
    const begun = live.date === null ? '' : `, begun at ${iso(live.date)} by the vendor's clock`;
    return [`it is in the window from ${iso(live.from)} to ${iso(live.to)}${begun}: that is read to its end first`];
  }
  const end = ask.until ?? ask.to;
  return [
    `a window begins at ${iso(live.from)}: what is older was delivered, or is not asked for; where there was a window before, it reaches ${lasting(overlap)} back into it, for what appeared late`,
    end < now - settle
      ? `it ends after ${lasting(span)}, which is as wide as a window gets`
      : `it ends ${lasting(settle)} behind the clock, so that the vendor has settled`,
  ];
};
