/** Words of a shell's command line, whatever is in them. Used by the job scripts that `emit` writes. */

/** One word: as it stands where no shell could read anything into it, else in single quotes. */
export function shellWord(text: string): string {
  if (/^[\w@%+:,./-][\w@%+=:,./-]*$/.test(text)) return text;
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

export const shellWords = (words: readonly string[]): string => words.map(shellWord).join(' ');

/** Whether a text has characters that a line of a script cannot hold. */
export const hasControls = (text: string): boolean =>
  [...text].some((character) => character < ' ' || character === '\x7f');
