/**
 * How a task speaks to a model of another vocabulary. A model whose tokenizer knows every word of the task as a token
 * of its own is spoken to in those words, token by token: our own exports, opened again, are what they were. Any other
 * is asked in plain words, and its answer is read from the text it writes.
 *
 * `spokenTask` makes a `Task` like any other of it, so that whoever trains or evaluates knows nothing of this.
 */
import type { Problem, Task, Vocabulary } from '../task';
import { NO_END, withoutEnds } from './recorded';
import { type TextTokenizer, TokenizerError } from './tokenizer';
import { answerInWords, isAnswer, question, statedAnswer } from './wording';

interface Speech {
  vocabulary: Vocabulary;
  /** Prompt and answer of a problem, in tokens of the model. */
  put(problem: Problem): Pick<Problem, 'prompt' | 'answer'>;
  /** A prompt in the task's own tokens. */
  ask(prompt: readonly number[]): number[];
  /** `problem` is one that `put` has put. */
  verify(problem: Problem, completion: readonly number[]): number;
  maxPromptLength: number;
  maxCompletionLength: number;
}

/** Working an answer out in plain words takes about so many times the tokens of the task's own words. */
const WORDINESS = 2;

/**
 * The task as the model with this tokenizer is to be asked it; `base` itself where the tokens are the same.
 * @throws TokenizerError when the tokenizer cannot say what the task has to say.
 */
export function spokenTask(base: Task, tokenizer: TextTokenizer): Task {
  const words = wordIds(base.vocabulary, tokenizer);
  if (words && isItself(words, base.vocabulary, tokenizer)) return base;
  const speech = words ? speakInWords(base, tokenizer, words) : speakPlainly(base, tokenizer);
  const spoken = (problem: Problem): Problem => ({ ...problem, ...speech.put(problem) });
  const { meta: _, ...rest } = base;
  return {
    ...rest,
    vocabulary: speech.vocabulary,
    trainProblem: (seed, step, index) => spoken(base.trainProblem(seed, step, index)),
    suites: base.suites.map((suite) => ({
      ...suite,
      problem: (seed, index) => spoken(suite.problem(seed, index)),
    })),
    benchmarks: base.benchmarks.map((set) => {
      const { name, label, group, domain, describes, analogue, size } = set;
      return {
        // Without the base model's score: it is of another model.
        ...{ name, label, group, domain, describes, analogue, size },
        get randomGuess() {
          return set.randomGuess;
        },
        problem: (index) => spoken(set.problem(index)),
      };
    }),
    verify: speech.verify,
    maxPromptLength: speech.maxPromptLength,
    maxCompletionLength: speech.maxCompletionLength,
    // Predictions are of notions, lengths and counts that the task has tokens of its own for.
    speaks: words ? 'its own words' : 'plain text',
    ask: speech.ask,
  };
}

/** The id of each word of the task's vocabulary; null unless all are one token each, no two the same. */
function wordIds(vocabulary: Vocabulary, tokenizer: TextTokenizer): number[] | null {
  const ids: number[] = [];
  for (const word of vocabulary.tokens) {
    const id = tokenizer.idOf(word);
    if (id === null || id >= tokenizer.size) return null;
    ids.push(id);
  }
  return new Set(ids).size === ids.length ? ids : null;
}

const isItself = (
  ids: readonly number[],
  { tableSize, eos }: Vocabulary,
  tokenizer: TextTokenizer,
): boolean =>
  tokenizer.size === tableSize &&
  ids.every((id, place) => id === place) &&
  (tokenizer.ends.length === 0 || (tokenizer.ends.length === 1 && tokenizer.ends[0] === eos));

function speakInWords(base: Task, tokenizer: TextTokenizer, ids: readonly number[]): Speech {
  const own = base.vocabulary;
  const places = new Map(ids.map((id, place) => [id, place]));
  const there = (tokens: readonly number[]) => tokens.map((token) => ids[token]);
  // What is no word of the task is put beyond its table, where nothing is right.
  const back = (tokens: readonly number[]) => tokens.map((id) => places.get(id) ?? own.tableSize + id);
  const tokens = Array.from(
    { length: tokenizer.size },
    (_, id) => own.tokens[places.get(id) ?? -1] ?? `?${id}`,
  );
  return {
    vocabulary: {
      tokens,
      tableSize: tokenizer.size,
      pad: ids[own.pad],
      bos: ids[own.bos],
      eos: ids[own.eos],
      encode: (text) => there(own.encode(text)),
      decode: (list) => list.map((id) => tokens[id] ?? `?${id}`).join(' '),
      readable: (list, after) => own.readable(back(list), after && back(after)),
    },
    ask: there,
    put: ({ prompt, answer }) => ({ prompt: there(prompt), answer: there(answer) }),
    verify: (problem, completion) =>
      base.verify({ ...problem, answer: back(problem.answer) }, back(completion)),
    maxPromptLength: base.maxPromptLength,
    maxCompletionLength: base.maxCompletionLength,
  };
}

/** How models of the field mark the turns of a conversation, told by the tokens they have for it. */
const CHATS = [
  {
    end: '<|im_end|>',
    tokens: ['<|im_start|>'],
    ask: (text: string) => `<|im_start|>user\n${text}<|im_end|>\n<|im_start|>assistant\n`,
  },
  {
    end: '<|eot_id|>',
    tokens: ['<|start_header_id|>', '<|end_header_id|>'],
    ask: (text: string) =>
      `<|start_header_id|>user<|end_header_id|>\n\n${text}<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n`,
  },
] as const;

function speakPlainly(base: Task, tokenizer: TextTokenizer): Speech {
  const chat = tokenizer.chats
    ? CHATS.find(({ end, tokens }) => [end, ...tokens].every((name) => tokenizer.idOf(name) !== null))
    : undefined;
  const turn = chat ? tokenizer.idOf(chat.end) : null;
  const ends = [...new Set([...tokenizer.ends, ...(turn === null ? [] : [turn])])];
  if (ends.length > MOST_ENDS)
    throw new TokenizerError(`expected at most ${MOST_ENDS} tokens that end a text, got ${ends.length}`);
  const ask = chat?.ask ?? ((text: string) => `${text}\n`);
  const asked = (prompt: readonly number[]) => tokenizer.encode(ask(question(prompt)), true);
  const put: Speech['put'] = ({ prompt, answer }) => ({
    prompt: asked(prompt),
    answer: tokenizer.encode(answerInWords(answer), false),
  });
  const longest = longestPrompt(base, (problem) => put(problem).prompt.length);
  const checked: Speech['put'] = (problem) => {
    const said = put(problem);
    if (said.prompt.length === 0 || said.prompt.length > longest)
      throw new TokenizerError(
        `expected prompts of 1 to ${longest} tokens, as those that were tried have, got ${said.prompt.length} for "${problem.key}"`,
      );
    return said;
  };
  return {
    vocabulary: textVocabulary(tokenizer, ends),
    ask: asked,
    put: checked,
    verify: ({ answer }, completion) => {
      const written = ends.includes(completion[completion.length - 1]) ? completion.slice(0, -1) : completion;
      const right = tokenizer.decode(answer, false);
      return isAnswer(statedAnswer(tokenizer.decode(written, false)), right) ? 1 : 0;
    },
    maxPromptLength: longest,
    maxCompletionLength: WORDINESS * base.maxCompletionLength,
  };
}

/** As many ends as a sampler looks for. */
export const MOST_ENDS = 4;

function textVocabulary(tokenizer: TextTokenizer, ends: readonly number[]): Vocabulary {
  const eos = ends[0] ?? NO_END;
  let tokens: string[] | undefined;
  return {
    get tokens() {
      tokens ??= Array.from({ length: tokenizer.size }, (_, id) => tokenizer.textOf(id));
      return tokens;
    },
    tableSize: tokenizer.size,
    pad: tokenizer.pad ?? (eos === NO_END ? 0 : eos),
    bos: tokenizer.bos ?? 0,
    eos,
    ends,
    encode: (text) => tokenizer.encode(text, true),
    decode: (ids) => tokenizer.decode(ids, true),
    readable: (ids) => tokenizer.decode(withoutEnds(ids, ends), true),
  };
}

/** Problems of each kind whose prompts are measured. */
const TRIED = 96;
/** Digits and signs differ from problem to problem, and with them how they are cut into tokens. */
const MARGIN = 1.25;

/** Room for the longest prompt of the task, from the longest problems of every set. */
function longestPrompt(base: Task, length: (problem: Problem) => number): number {
  const problems = [
    ...Array.from({ length: 4 * TRIED }, (_, i) => base.trainProblem(0, 0, i)),
    ...base.suites.flatMap((suite) => Array.from({ length: 4 * TRIED }, (_, i) => suite.problem(0, i))),
    ...base.benchmarks.flatMap((set) => Array.from({ length: set.size }, (_, i) => set.problem(i))),
  ];
  const tried = [...new Set(problems.map(({ family }) => family))].flatMap((family) =>
    problems
      .filter((problem) => problem.family === family)
      .sort((a, b) => b.prompt.length - a.prompt.length)
      .slice(0, TRIED),
  );
  return Math.ceil(MARGIN * Math.max(...tried.map(length)));
}
