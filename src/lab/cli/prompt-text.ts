/** Prompts as people type them on the command line: in the vocabulary's words, or a problem of the ladder. */
import type { Task } from '../../tasks/task';
import { LADDER_VOCABULARY } from '../../tasks/vocabulary';
import { UsageError } from './arguments';

const OPERATION = /\s*([-+*^×−])\s*(\d)/y;

/**
 * Tokens of a prompt: words of the vocabulary (`BOS 4 7 L0 + 8 SOL`), or a sum such as `47 + 8 * 3`, which stands for
 * `BOS 4 7 L0 + 8 L1 * 3 SOL`.
 * @throws UsageError naming the first word that is not in the vocabulary.
 */
export function readPrompt(text: string, task: Task): number[] {
  const { vocabulary, maxPromptLength } = task;
  const sum = sumWords(text);
  if (task.speaks === 'plain text') {
    // Any text is a prompt to a model of texts; a sum is asked as the task's problems are.
    const ids = sum && task.ask ? task.ask(LADDER_VOCABULARY.encode(sum.join(' '))) : vocabulary.encode(text);
    if (ids.length === 0) throw new UsageError(['--prompt: expected a text, got none']);
    return ids;
  }
  const words = sum ?? text.split(/\s+/).filter((word) => word !== '');
  if (words.length === 0) throw new UsageError(['--prompt: expected at least one word, got none']);
  const ids = words.map((word) => {
    try {
      return vocabulary.encode(word)[0];
    } catch {
      throw new UsageError([
        `--prompt: expected a sum such as "47 + 8 * 3" or words of the vocabulary, got the word "${word}"`,
        `the words: ${vocabulary.tokens.join(' ')}`,
      ]);
    }
  });
  // Longer ones are none of the task's, and what the policy says to them means nothing; it may be asked all the same.
  const most = 4 * maxPromptLength;
  if (ids.length > most)
    throw new UsageError([`--prompt: expected at most ${most} words, got ${ids.length}`]);
  return ids;
}

/** The words of a problem of the ladder; null when the text is none. */
function sumWords(text: string): string[] | null {
  const start = /^\s*(\d{1,2})(?=\s*[-+*^×−])/.exec(text);
  if (!start) return null;
  const words = ['BOS', ...start[1].padStart(2, '0')];
  let at = start[0].length;
  for (let step = 0; ; step++) {
    OPERATION.lastIndex = at;
    const match = OPERATION.exec(text);
    if (!match) break;
    const operator = match[1].replace('×', '*').replace('−', '-');
    words.push(`L${step}`, operator, match[2]);
    at = OPERATION.lastIndex;
  }
  return /^\s*(=\s*\??)?\s*$/.test(text.slice(at)) ? [...words, 'SOL'] : null;
}
