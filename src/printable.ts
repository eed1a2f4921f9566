// A text from elsewhere, as a terminal may show it: one rule for everything that is printed.

/** With whatever would move a terminal's cursor, or turn its direction, written out. */
export const printable = (text: string): string =>
  text.replace(/[\p{C}\u2028\u2029]/gu, char => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`);
