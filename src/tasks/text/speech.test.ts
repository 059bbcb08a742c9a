import { describe, expect, it } from 'vitest';
import { LADDER } from '../ladder';
import { endsOf } from '../task';
import { recordedTask, spokenVocabulary } from './recorded';
import { spokenTask } from './speech';
import { byteLevelTokenizer, filesOf, SPECIAL } from './testing';
import { readTokenizer } from './tokenizer';
import { answerInWords, question } from './wording';

const own = LADDER.vocabulary;
const words = (order: (id: number) => number) => {
  const vocab = Object.fromEntries(
    Array.from({ length: own.tableSize }, (_, id) => [own.decode([id]), order(id)]),
  );
  return filesOf(
    {
      version: '1.0',
      added_tokens: [],
      normalizer: null,
      pre_tokenizer: { type: 'WhitespaceSplit' },
      post_processor: null,
      decoder: null,
      model: { type: 'WordLevel', vocab, unk_token: '[UNK]' },
    },
    { eos_token: 'EOS' },
  );
};

describe('a model that knows the task’s words', () => {
  it('is spoken to as the task is where its tokens are the same', async () => {
    const tokenizer = await readTokenizer(
      words((id) => id),
      own.tableSize,
      [],
    );
    expect(spokenTask(LADDER, tokenizer)).toBe(LADDER);
  });

  it('gets every prompt, and is judged, through its own ids where they are others', async () => {
    const moved = (id: number) => (id * 7 + 3) % own.tableSize;
    const task = spokenTask(LADDER, await readTokenizer(words(moved), own.tableSize + 5, [moved(own.eos)]));
    expect(task.speaks).toBe('its own words');
    expect(task.vocabulary.eos).toBe(moved(own.eos));
    for (const suite of LADDER.suites) {
      const there = task.suites.find(({ name }) => name === suite.name)!;
      for (let i = 0; i < 40; i++) {
        const [ours, theirs] = [suite.problem(1, i), there.problem(1, i)];
        expect(theirs.prompt).toEqual(ours.prompt.map(moved));
        expect(task.vocabulary.readable(theirs.prompt)).toBe(own.readable(ours.prompt));
        const right = [...own.encode('ANS'), ...ours.answer, own.eos];
        expect(task.verify(theirs, right.map(moved))).toBe(1);
        expect(task.verify(theirs, right)).toBe(0);
        expect(task.verify(theirs, [...right.map(moved), own.tableSize + 2])).toBe(0);
      }
    }
    expect(task.vocabulary.encode('BOS 4')).toEqual(own.encode('BOS 4').map(moved));
    expect(task.vocabulary.decode([moved(own.bos), own.tableSize + 1])).toBe(`BOS ?${own.tableSize + 1}`);
    expect('meta' in task).toBe(false);
  });
});

const { value, vocabularySize: size } = byteLevelTokenizer();
const [S, END, START, TURN] = SPECIAL.map((_, i) => size - SPECIAL.length + i);
const tokenizer = await readTokenizer(filesOf(value), size, [END]);
const task = spokenTask(LADDER, tokenizer);
const text = (said: string) => tokenizer.encode(said, false);

describe('a model of texts', () => {
  it('is asked in plain words, behind the token that its texts begin with', () => {
    const [ours, theirs] = [LADDER.trainProblem(1, 0, 0), task.trainProblem(1, 0, 0)];
    expect(theirs).toMatchObject({ key: ours.key, family: ours.family, tier: ours.tier, size: ours.size });
    expect(theirs.prompt[0]).toBe(S);
    expect(task.vocabulary.readable(theirs.prompt)).toBe(`<s>${question(ours.prompt)}\n`);
    expect(task.vocabulary.readable(theirs.answer)).toBe(answerInWords(ours.answer));
    expect(task.ask?.(ours.prompt)).toEqual(theirs.prompt);
  });

  it('is right when its text ends in the answer, with its end token or at its limit', () => {
    for (const set of [...task.suites.map((s) => s.problem(0, 3)), task.benchmarks[3].problem(7)]) {
      const right = tokenizer.decode(set.answer, false);
      expect(task.verify(set, [...text(`So: 1.\nAnswer: ${right}`), END])).toBe(1);
      expect(task.verify(set, text(`answer is ${right}.`))).toBe(1);
      expect(task.verify(set, text(`Answer: ${right} 9`))).toBe(0);
      expect(task.verify(set, [END])).toBe(0);
      expect(task.verify(set, [])).toBe(0);
      expect(task.verify(set, [size - 1, 300, 0xffffffff])).toBe(0);
    }
  });

  it('has room for every prompt of every set, and hardly more', () => {
    const lengths = [
      ...task.benchmarks.flatMap((set) => Array.from({ length: set.size }, (_, i) => set.problem(i))),
      ...Array.from({ length: 500 }, (_, i) => task.trainProblem(9, i, 0)),
    ].map(({ prompt }) => prompt.length);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(task.maxPromptLength);
    expect(task.maxPromptLength).toBeLessThan(1.5 * Math.max(...lengths));
  });

  it('that was made for conversations is asked in one, and stops where its turn ends', async () => {
    const config = { bos_token: '<s>', eos_token: '</s>', chat_template: '{{ messages }}' };
    const chatting = spokenTask(LADDER, await readTokenizer(filesOf(value, config), size, []));
    const { prompt } = chatting.trainProblem(1, 0, 0);
    expect([prompt[0], prompt[1]]).toEqual([S, START]);
    expect(chatting.vocabulary.readable(prompt)).toMatch(
      /^<s><\|im_start\|>user\n\d\d, then [\s\S]* the result\.\n<\|im_start\|>assistant\n$/,
    );
    expect(endsOf(chatting.vocabulary)).toEqual([END, TURN]);
  });

  it('is told in a recorded run without its tokenizer', () => {
    const spoken = spokenVocabulary(task)!;
    expect(spoken.tokens).toHaveLength(size);
    const read = recordedTask(LADDER, spoken);
    const { prompt } = task.trainProblem(1, 0, 0);
    expect(read.vocabulary.readable(prompt)).toBe(task.vocabulary.readable(prompt));
    expect(read.vocabulary.readable([...text('Answer: 5'), END])).toBe('Answer: 5');
    expect(read.vocabulary.readable([END])).toBe('</s>');
    // A character of three tokens: each by its byte, together by what they make.
    expect(text('☃').map((id) => spoken.tokens[id])).toEqual(['<0xE2>', '<0x98>', '<0x83>']);
    expect(read.vocabulary.readable(text('a ☃!'))).toBe('a ☃!');
    expect(read.vocabulary.readable(text('☃').slice(0, 2))).toBe('<0xE2><0x98>');
    expect(read.vocabulary.readable([size + 1])).toBe(`?${size + 1}`);
    expect(spokenVocabulary(LADDER)).toBeNull();
  });
});
