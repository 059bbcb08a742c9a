/** Prompts as people type them on the command line: in the vocabulary's words, or a problem. */
import { LADDER } from '../../tasks/ladder';
import { ProblemTextError, parseProblem } from '../../tasks/problem-text';
import type { Task } from '../../tasks/task';
import { UsageError } from './arguments';

/**
 * Tokens of a prompt: words of the vocabulary (`BOS 4 7 L0 + 8 SOL`), or a sum such as `47 + 8 * 3`, which stands for
 * `BOS 4 7 L0 + 8 L1 * 3 SOL` (or `sort 3 1 2` and whatever else `tasks/problem-text.ts` reads).
 * @throws UsageError naming the first place that is wrong, or the first word that is not in the vocabulary.
 */
export function readPrompt(text: string, task: Task): number[] {
  const { vocabulary, maxPromptLength } = task;
  if (task.speaks === 'plain text') {
    // Any text is a prompt to a model of texts; a problem is asked as the task's are.
    const problem = task.ask && problemPrompt(text);
    const ids = problem ? task.ask!(problem) : vocabulary.encode(text);
    if (ids.length === 0) throw new UsageError(['--prompt: expected a text, got none']);
    return ids;
  }
  const words = problemWords(text, task) ?? text.split(/\s+/).filter((word) => word !== '');
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

/** The words of a problem that is written without any of the vocabulary's own words; null where there are such. */
function problemWords(text: string, task: Task): string[] | null {
  if (/[A-Z]/.test(text) || text.trim() === '') return null;
  try {
    return task.vocabulary.decode(parseProblem(text, task).prompt).split(' ');
  } catch (error) {
    if (!(error instanceof ProblemTextError)) throw error;
    throw new UsageError([
      `--prompt: ${error.message}. ${error.remedy}`,
      `or write the vocabulary's own words: ${task.vocabulary.tokens.join(' ')}`,
    ]);
  }
}

/** The prompt of a problem of the ladder in its own vocabulary; null for any other text. */
function problemPrompt(text: string): number[] | null {
  try {
    return parseProblem(text, LADDER).prompt;
  } catch (error) {
    if (!(error instanceof ProblemTextError)) throw error;
    return null;
  }
}
