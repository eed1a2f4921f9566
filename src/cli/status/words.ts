// Numbers and tables as a terminal shows them.

/** Seconds as a person says them: `12 s`, `3 min`, `2 h 5 min`, `3 d 4 h`. */
export const span = (seconds: number): string => {
  const whole = Math.round(seconds);
  if (whole < 60) return `${seconds < 1 && seconds > 0 ? '<1' : whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min`;
  const [size, inner, unit, part] = whole < 86_400 ? [3600, 60, 'h', 'min'] : [86_400, 3600, 'd', 'h'];
  const rest = Math.floor((whole % size) / inner);
  return `${Math.floor(whole / size)} ${unit}${rest > 0 ? ` ${rest} ${part}` : ''}`;
};

/** How long ago something was, by the clock of the one who says it. */
export const ago = (time: string, now: string): string =>
  `${span(Math.max(0, Date.parse(now) - Date.parse(time)) / 1000)} ago`;

export const bytes = (number: number): string => {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, number)) / 10));
  const value = number / 2 ** (10 * power);
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[power]}`;
};

export const many = (number: number): string => number.toLocaleString('en-US');

/** Columns, each as wide as its widest cell; those named in `right` are set to the right. */
export const table = (rows: readonly (readonly string[])[], right: readonly number[] = []): readonly string[] => {
  const widths = rows[0]?.map((_, i) => Math.max(...rows.map(row => row[i]?.length ?? 0))) ?? [];
  const cell = (text: string, i: number) => (right.includes(i) ? text.padStart(widths[i]!) : text.padEnd(widths[i]!));
  return rows.map(row => row.map(cell).join('  ').trimEnd());
};
