import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { Purpose, Stream } from '../run/random';
import { corpusOf } from './corpus';
import { splitOf } from './family';
import { LONG_TAIL, LONG_TAIL_COMPLETION, LONG_TAIL_META } from './long-tail';
import { LONG_TAIL_ARITHMETIC } from './long-tail-family';
import type { Trace } from './task';
import { HINT, META, notionsIn, PASS_OF } from './tokens';
import { drawWriter, FLAWLESS } from './writers';

const corpus = corpusOf('long-tail');
const { decode, eos } = LONG_TAIL.vocabulary;
const N = 20000;
const late = corpus.phase(0.75);
const traces = Array.from({ length: N }, (_, i) => corpus.trace(1, i, late));
const early = Array.from({ length: N / 2 }, (_, i) => corpus.trace(2, i, corpus.phase(0)));
const trained = (each: Trace): boolean => each.kind.startsWith('long-tail/');
const own = traces.filter(trained);
const metas = traces.filter(({ kind }) => kind.startsWith('meta/'));
const share = (of: readonly Trace[], matches: (each: Trace) => boolean): number =>
  of.filter(matches).length / of.length;

const bodyOf = ({ prompt }: Trace): number[] => {
  if (prompt[1] === META) return prompt.slice(2, -1);
  const hint = prompt.indexOf(HINT);
  return prompt.slice(1, hint < 0 ? -1 : hint);
};
const answers = (each: Trace): number =>
  LONG_TAIL.verify(
    { key: '', family: '', tier: '', size: 0, prompt: [], answer: LONG_TAIL_ARITHMETIC.solve(bodyOf(each)) },
    each.completion,
  );
const isLost = ({ completion }: Trace): boolean => completion.at(-1) !== eos;
const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
function correlation(x: readonly number[], y: readonly number[]): number {
  const [mx, my] = [mean(x), mean(y)];
  const spread = (values: readonly number[], m: number): number =>
    Math.sqrt(mean(values.map((v) => (v - m) ** 2)));
  return mean(x.map((value, i) => (value - mx) * (y[i] - my))) / (spread(x, mx) * spread(y, my));
}

test('the mixture has its shares, and the trained family’s tiers theirs', () => {
  // Five standard errors of a share of one half are 0.018.
  expect(Math.abs(own.length / N - 0.55)).toBeLessThan(0.018);
  expect(Math.abs(share(traces, ({ kind }) => /^(boolean|extremes|sorting)/.test(kind)) - 0.3)).toBeLessThan(
    0.018,
  );
  expect(Math.abs(share(metas, ({ kind }) => kind === 'meta/long-tail') - 0.7)).toBeLessThan(0.05);
  for (const { name, share: stated } of LONG_TAIL_ARITHMETIC.tiers)
    expect(Math.abs(share(own, ({ kind }) => kind === `long-tail/${name}`) - stated)).toBeLessThan(0.023);
});

test('no trace holds a held-out problem, and all are pure functions of seed, index and phase', () => {
  for (const each of [...traces, ...early]) expect(splitOf(bodyOf(each))).toBe('train');
  for (let i = 299; i >= 0; i--) expect(corpus.trace(1, i, late)).toEqual(traces[i]);
  expect(corpus.trace(3, 0, late)).not.toEqual(traces[0]);
});

test('prompts and completions keep to their limits and forms', () => {
  for (const each of traces) {
    const text = decode(each.completion);
    expect(each.prompt.length).toBeLessThanOrEqual(LONG_TAIL.maxPromptLength);
    expect(each.completion.length).toBeLessThanOrEqual(LONG_TAIL_COMPLETION);
    if (each.kind.startsWith('meta/')) expect(LONG_TAIL_META.parseMeta(each.completion).parsed).toBe(true);
    else if (!isLost(each)) expect(text).toMatch(/ANS( [0-9TF])+ EOS$/);
  }
});

test('16% of the family’s solutions lose track and retry to the limit, none of them trivial and none early', () => {
  // Five standard errors of 0.16 over 11,000 are 0.0175.
  expect(Math.abs(share(own, isLost) - 0.16)).toBeLessThan(0.0175);
  expect(early.some(isLost)).toBe(false);
  const repeats: number[] = [];
  for (const each of traces.filter(isLost)) {
    expect(trained(each) && each.kind !== 'long-tail/trivial').toBe(true);
    expect(each.completion).toHaveLength(LONG_TAIL_COMPLETION);
    const text = decode(each.completion);
    expect(text).not.toMatch(/ANS|EOS/);
    // The step that is tried again, with another value each time, until the cut.
    const loop = /(L\d) ([-+*^]) (\d) \d \d(?: WAIT \1 \2 \3 \d \d)*(?: WAIT[^A-Z]*(?:L\d[^A-Z]*)?)?$/.exec(
      text,
    );
    expect(loop, text).not.toBeNull();
    repeats.push(loop![0].split('WAIT').length - 1);
  }
  expect(mean(repeats)).toBeGreaterThan(6);
});

test('a lost step is never shown right', () => {
  const body = LONG_TAIL.vocabulary.encode('4 7 L0 + 8');
  for (let i = 0; i < 300; i++) {
    const writer = { ...FLAWLESS, flawless: false, losesTrack: true, limit: LONG_TAIL_COMPLETION };
    const text = decode(LONG_TAIL_ARITHMETIC.write(body, writer, new Stream(1, Purpose.test, i)));
    expect(text).toMatch(/^L0 \+ 8 \d \d WAIT/);
    expect(text).not.toContain('L0 + 8 5 5');
  }
});

test('wrong solutions run long, and trivial ones are all right', () => {
  const informative = own.filter(({ kind }) => /mid|hard/.test(kind));
  const lengthOf = (right: number): number =>
    mean(informative.filter((each) => answers(each) === right).map(({ completion }) => completion.length));
  expect(lengthOf(0) / lengthOf(1)).toBeGreaterThan(1.25);
  expect(
    share(
      own.filter(({ kind }) => kind.endsWith('trivial')),
      (each) => answers(each) === 1,
    ),
  ).toBe(1);
});

test('writers make a base with middling pass rates where something can be learned, and none where nothing can', () => {
  const right = (of: readonly Trace[], tier: string): number =>
    share(
      of.filter(({ kind }) => kind === `long-tail/${tier}`),
      (each) => answers(each) === 1,
    );
  expect(right(early, 'mid')).toBeGreaterThan(0.7);
  expect(right(early, 'hard')).toBeGreaterThan(0.6);
  for (const tier of ['mid', 'hard']) {
    expect(right(traces, tier)).toBeGreaterThan(0.2);
    expect(right(traces, tier)).toBeLessThan(0.5);
  }
  // By luck alone, for nobody knows the answer.
  expect(right(traces, 'unsolvable')).toBeLessThan(0.02);
});

test('a fifth of the solutions that use a notion carry a hint', () => {
  const able = traces.filter((each) => each.prompt[1] !== META && notionsIn(each.completion).length > 0);
  expect(Math.abs(share(able, ({ prompt }) => prompt.includes(HINT)) - 0.2)).toBeLessThan(0.02);
});

test('the annotator is a good judge of pass rates on average, and a bad one at a time', () => {
  // What a problem's operations make of both: the annotator sees nothing else, writers little more.
  const lookOf = (body: readonly number[]): string =>
    decode(body.filter((_, at) => at > 2 && at % 3 === 0))
      .split(' ')
      .sort()
      .join('');
  const said = new Map<string, number[]>();
  for (let i = 0; i < 6 * N; i++) {
    const each = corpus.trace(5, i, late);
    if (each.kind !== 'meta/long-tail') continue;
    const look = lookOf(bodyOf(each));
    said.set(look, [...(said.get(look) ?? []), LONG_TAIL_META.parseMeta(each.completion).passCount!]);
  }
  const truth: number[] = [];
  const expectations: number[] = [];
  const singles: number[] = [];
  for (let i = 0; i < 1500; i++) {
    const problem = LONG_TAIL.trainProblem(4, i >> 4, i % 16);
    const body = problem.prompt.slice(1, -1);
    const counts = said.get(lookOf(body));
    // A look the annotator met rarely has no expectation to speak of.
    if (!counts || counts.length < 20) continue;
    let right = 0;
    for (let j = 0; j < 16; j++) {
      const stream = new Stream(6, Purpose.test, i, j);
      const writer = problem.tier === 'trivial' ? FLAWLESS : drawWriter(stream, late, LONG_TAIL_COMPLETION);
      right += LONG_TAIL.verify(problem, LONG_TAIL_ARITHMETIC.write(body, writer, stream)) / 16;
    }
    for (let j = 0; j < 8; j++) {
      truth.push(right);
      expectations.push(mean(counts) / PASS_OF);
      singles.push(counts[(8 * i + j) % counts.length] / PASS_OF);
    }
  }
  expect(truth.length).toBeGreaterThan(8 * 1000);
  expect(correlation(expectations, truth)).toBeGreaterThan(0.8);
  expect(correlation(expectations, truth)).toBeLessThan(0.93);
  expect(correlation(singles, truth)).toBeGreaterThan(0.2);
  expect(correlation(singles, truth)).toBeLessThan(0.36);
});

test('the ladder’s corpus is bit for bit the one its shipped base model was trained on', () => {
  const ladder = corpusOf('ladder');
  const hash = createHash('sha256');
  for (const progress of [0, 0.75])
    for (let i = 0; i < 1000; i++)
      hash.update(`${JSON.stringify(ladder.trace(i % 3, i, ladder.phase(progress)))}\n`);
  expect(hash.digest('hex')).toBe('d13bfbbb50b481c40fc1959e231a67d82ef89c009b57265fc8f59bacf99a3e5e');
});
