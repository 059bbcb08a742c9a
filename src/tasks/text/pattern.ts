/**
 * Whether a regular expression from a tokenizer's file can be trusted to end: JavaScript's engine goes back over its
 * choices, and a pattern made for it takes longer than anybody waits for a line of text. Refuses what has more ways to
 * fail than tokenizers need: repetition inside repetition, references back, many open repetitions in a row.
 * Not a parser of patterns; used by `tokenizer.ts`.
 */

const LONGEST = 4000;
/** Open repetitions (`*`, `+`, `{2,}`) in a row, with nothing of `|` between them. The field's patterns have two. */
const MOST_REPETITIONS = 3;
/** A repetition of up to this many counts as none: `\p{N}{1,3}`. */
const FEW = 8;

/** What is wrong with the pattern; undefined when nothing is. */
export function checkPattern(pattern: string): string | undefined {
  if (pattern.length > LONGEST)
    return `expected a pattern of at most ${LONGEST} characters, got ${pattern.length}`;
  /** For each open group: repetitions in its present branch, and the most in any branch. */
  const groups: { here: number; most: number }[] = [{ here: 0, most: 0 }];
  /** Repetitions inside of what was read last, were it repeated itself. */
  let inside = 0;
  for (let at = 0; at < pattern.length; ) {
    const top = groups[groups.length - 1];
    const c = pattern[at];
    if (c === '\\') {
      if (/[1-9k]/.test(pattern[at + 1] ?? '')) return 'expected a pattern without references back';
      const name = /^\\[pP]\{[^}]*\}/.exec(pattern.slice(at, at + 60));
      at += name ? name[0].length : 2;
      inside = 0;
    } else if (c === '[') {
      at = endOfClass(pattern, at);
      inside = 0;
    } else if (c === '(') {
      groups.push({ here: 0, most: 0 });
      // What follows `(?` says which kind of group it is, and is no repetition.
      at += /^\((\?(<?[=!]|[a-z-]*:|<\w+>|[a-z-]+\)))?/.exec(pattern.slice(at, at + 60))![0].length;
    } else if (c === ')') {
      if (groups.length > 1) {
        groups.pop();
        inside = Math.max(top.most, top.here);
        groups[groups.length - 1].here += inside;
      }
      at++;
    } else if (c === '|') {
      top.most = Math.max(top.most, top.here);
      top.here = 0;
      inside = 0;
      at++;
    } else {
      const repeated = /^(?:[*+]|\{(\d*),?(\d*)\})[?+]?/.exec(pattern.slice(at, at + 24));
      if (repeated) {
        const [text, low, high] = repeated;
        const bound = text.startsWith('{') ? Number(text.includes(',') ? high || Infinity : low) : Infinity;
        if (bound > FEW) {
          if (inside > 0) return 'expected a pattern without repetition inside of repetition';
          top.here++;
        } else if (inside > 0) top.here += inside * (bound - 1);
        at += text.length;
      } else at++;
      inside = 0;
    }
    if (groups[groups.length - 1].here > MOST_REPETITIONS)
      return `expected a pattern of at most ${MOST_REPETITIONS} open repetitions in a row`;
    if (groups.length > 32) return 'expected a pattern with groups at most 32 deep';
  }
  return undefined;
}

function endOfClass(pattern: string, start: number): number {
  let depth = 0;
  for (let at = start; at < pattern.length; at++) {
    if (pattern[at] === '\\') at++;
    else if (pattern[at] === '[') depth++;
    else if (pattern[at] === ']' && --depth === 0) return at + 1;
  }
  return pattern.length;
}
