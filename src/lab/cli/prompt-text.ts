/** Prompts as people type them on the command line: in the vocabulary's words, or a problem. */
import { getTask } from '../../tasks';
import { ProblemTextError, parseProblem } from '../../tasks/problem-text';
import type { Task } from '../../tasks/task';
import { UsageError } from './arguments';

/**
 * Tokens of a prompt: words of the vocabulary (`BOS 4 7 L0 + 8 SOL`), or a problem such as `47 + 8 * 3`, which stands
 * for `BOS 4 7 L0 + 8 L1 * 3 SOL` (or `sort 3 1 2` and whatever else `tasks/problem-text.ts` reads). To a model of
 * texts any text is a prompt, and a problem is asked as the task's are.
 * @throws UsageError naming the first place that is wrong, or the first word that is not in the vocabulary.
 */
export function readPrompt(text: string, task: Task): number[] {
  const problem = problemPrompt(text, task);
  if (problem) return within(task.ask ? task.ask(problem) : problem, task);
  if (task.speaks === 'plain text') {
    const ids = task.vocabulary.encode(text);
    if (ids.length === 0) throw new UsageError(['--prompt: expected a text, got none']);
    return ids;
  }
  return within(idsOfWords(text, task), task);
}

function idsOfWords(text: string, { vocabulary }: Task): number[] {
  const words = text.split(/\s+/).filter((word) => word !== '');
  if (words.length === 0) throw new UsageError(['--prompt: expected at least one word, got none']);
  return words.map((word) => {
    try {
      return vocabulary.encode(word)[0];
    } catch {
      throw new UsageError([
        `--prompt: expected a sum such as "47 + 8 * 3" or words of the vocabulary, got the word "${word}"`,
        `the words: ${vocabulary.tokens.join(' ')}`,
      ]);
    }
  });
}

/** Longer ones are none of the task's, and what the policy says to them means nothing; it may be asked all the same. */
function within(ids: number[], { maxPromptLength, speaks }: Task): number[] {
  const most = 4 * maxPromptLength;
  if (speaks !== 'plain text' && ids.length > most)
    throw new UsageError([`--prompt: expected at most ${most} words, got ${ids.length}`]);
  return ids;
}

/**
 * The prompt of a problem, in the task's own tokens whatever the model's are; null for a text with the vocabulary's own
 * words in it, and for one that is no problem where any text is a prompt.
 */
function problemPrompt(text: string, task: Task): number[] | null {
  if (/[A-Z]/.test(text) || text.trim() === '') return null;
  try {
    return parseProblem(text, getTask(task.name)).prompt;
  } catch (error) {
    if (!(error instanceof ProblemTextError)) throw error;
    if (task.speaks === 'plain text') return null;
    throw new UsageError([
      `--prompt: ${error.message}. ${error.remedy}`,
      `or write the vocabulary's own words: ${task.vocabulary.tokens.join(' ')}`,
    ]);
  }
}
