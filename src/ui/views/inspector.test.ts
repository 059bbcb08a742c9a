import { describe, expect, test } from 'vitest';
import type { Inspection } from '../../lab/protocol';
import type { Rollout } from '../../run/events';
import { DEFAULT_MANIFEST, type Manifest } from '../../run/manifest';
import { getTask } from '../../tasks';
import { emptyRecord, type StepRecord } from '../history/step-record';
import { promptGroup } from '../state/run-fixture';
import {
  alternativesAt,
  attentionAt,
  attentionTable,
  clipOf,
  heaviest,
  type InspectedRollout,
  type LossRules,
  rolloutAt,
  sequenceRatio,
  tokenNumbers,
  tokensTable,
} from './inspector';
import { QUANTITIES, valuesOf } from './inspector-quantities';
import { clippedSentence, clipSentence, tokenFormulas, updatesSentence } from './inspector-words';

const TASK = getTask('ladder');
const RULES: LossRules = { epsilon: 0.2, epsilon_high: 0.28, importance_sampling_level: 'token', beta: 0 };

/** A prompt of two tokens, three sampled ones. */
const rollout = (changes: Partial<InspectedRollout> = {}): InspectedRollout => ({
  step: 3,
  kind: 'solution',
  candidate: 1,
  rollout: 0,
  of: 2,
  prompt: [1, 17],
  tokens: [18, 8, 2],
  logps: [-1, -2, -0.5],
  reward: 1,
  advantage: 1.5,
  outcome: 'right',
  outside: null,
  ...changes,
});

/** Of five tokens: log-probabilities now at the four places, two alternatives each, attention that looks evenly. */
const seen = (now: readonly number[]): Inspection => ({
  logps: Float32Array.from(now),
  entropies: Float32Array.of(0.1, 0.2, 0.3, 0.4),
  top: 2,
  topTokens: Uint32Array.of(17, 3, 18, 4, 9, 8, 5, 6),
  topLogps: Float32Array.from([0.7, 0.2, 0.6, 0.3, 0.5, 0.4, 0.8, 0.1].map(Math.log)),
  attention: Float32Array.from({ length: 25 }, (_, i) =>
    i % 5 <= Math.floor(i / 5) ? 1 / (1 + Math.floor(i / 5)) : 0,
  ),
});

describe('the clip', () => {
  // Lower bound 0.8, upper bound 1.28.
  test.each([
    [0.79, -1, 'clipped-low', 0],
    [0.79, 1, 'low-open', 0.79],
    [1.29, 1, 'clipped-high', 0],
    [1.29, -1, 'high-open', -1.29],
    [0.81, -1, 'inside', -0.81],
    [1.27, 1, 'inside', 1.27],
    [2, 0, 'no-advantage', 0],
  ] as const)(
    'of a ratio of %f at an advantage of %f is %s, and the push %f',
    (ratio, advantage, clip, push) => {
      expect(clipOf(ratio, advantage, RULES)).toBe(clip);
      const numbers = tokenNumbers(
        rollout({ advantage, tokens: [18], logps: [-1] }),
        RULES,
        seen([0, Math.log(ratio) - 1]),
      );
      expect(numbers[2].push).toBeCloseTo(push, 6);
      // It is the derivative of min(r A, clip(r) A) by the log-probability, r = exp(log-probability - sampled).
      const gain = (logRatio: number) => {
        const r = Math.exp(logRatio);
        return Math.min(r * advantage, Math.min(Math.max(r, 0.8), 1.28) * advantage);
      };
      const [at, step] = [Math.log(ratio), 1e-5];
      expect((gain(at + step) - gain(at - step)) / (2 * step)).toBeCloseTo(push, 6);
    },
  );

  test('is told in words that name bound, sign and what follows', () => {
    const say = (ratio: number, advantage: number, beta = 0) => {
      const row = rollout({ advantage });
      const [, , token] = tokenNumbers(row, RULES, seen([0, Math.log(ratio) - 1, -2, -0.5]));
      return clipSentence(row, token, { ...RULES, beta });
    };
    expect(say(0.7, -1)).toMatch(
      /^The ratio 0.700 is below 0.8 and the advantage is negative: the lower bound holds.*no gradient flows\.$/,
    );
    expect(say(1.4, 1)).toMatch(
      /^The ratio 1.400 is above 1.28 and the advantage is positive: the upper bound holds/,
    );
    expect(say(1.4, 1, 0.1)).toContain('Only the KL term still pulls on it');
    expect(say(1.4, -1)).toContain('takes the unclipped term, and the gradient flows');
    expect(say(0.7, 1)).toContain('takes the unclipped term, and the gradient flows');
    expect(say(1, 1)).toContain('between 0.8 and 1.28: no bound holds, and the gradient flows');
    expect(say(1, 0)).toContain('The advantage is 0');
    const updates = (num_iterations: number, rollout_dtype: 'float32' | 'float16' = 'float32') =>
      updatesSentence({ num_iterations, rollout_dtype });
    expect(updates(1)).toContain('one update a batch');
    expect(updates(1)).toContain('1 by definition');
    expect(updates(3)).toContain('3 updates a batch');
    expect(updates(1, 'float16')).toContain('one update a batch');
    expect(updates(3, 'float16')).toContain('3 updates a batch');
    expect(updates(3, 'float16')).not.toContain('by definition');
  });
});

describe('the numbers of tokens', () => {
  test('are the stream’s where there is no policy, and nothing is made up', () => {
    const numbers = tokenNumbers(rollout(), RULES, null);
    expect(numbers.map(({ sampled }) => sampled)).toEqual([null, null, -1, -2, -0.5]);
    for (const { now, ratio, used, clip, push, entropy } of numbers)
      expect([now, ratio, used, clip, push, entropy]).toEqual(new Array(6).fill(null));
    expect(valuesOf('sampled', numbers, [])).toEqual([null, null, -1, -2, -0.5]);
    expect(tokenFormulas(rollout(), numbers[2], RULES)).toEqual([]);
  });

  test('compare now with when it was sampled; the prompt has a now and no ratio, the first token neither', () => {
    // exp(-0.5 + 1) = 1.649, exp(-2 + 2) = 1, exp(-1 + 0.5) = 0.607
    const numbers = tokenNumbers(rollout(), RULES, seen([-3, -0.5, -2, -1]));
    expect(numbers.map(({ now }) => now)).toEqual([null, -3, -0.5, -2, -1]);
    expect(numbers.map(({ ratio }) => ratio?.toFixed(3))).toEqual([
      undefined,
      undefined,
      '1.649',
      '1.000',
      '0.607',
    ]);
    expect(numbers.map(({ clip }) => clip)).toEqual([null, null, 'clipped-high', 'inside', 'low-open']);
    expect(numbers.map(({ push }) => push)).toEqual([
      null,
      null,
      0,
      1.5,
      expect.closeTo(Math.exp(-0.5) * 1.5, 5),
    ]);
    expect(numbers[4].entropy).toBeCloseTo(0.4, 6);
    expect(clippedSentence(numbers)).toBe('1 of 3 tokens clipped at the upper bound.');
    const [ratio, surrogate] = tokenFormulas(rollout(), numbers[2], RULES);
    expect(ratio.tex).toContain('e^{-0.500 - (-1.000)} = 1.649');
    // min(1.649 x 1.5, 1.28 x 1.5)
    expect(surrogate.tex).toContain('\\min(2.473,\\ 1.920) = 1.920');
  });

  test('take the rollout’s ratio where the loss does, for all of its tokens', () => {
    // Now -0.5, -2, -0.1 against -1, -2, -0.5: a mean log-ratio of (0.5 + 0 + 0.4) / 3 = 0.3.
    const rules: LossRules = { ...RULES, importance_sampling_level: 'sequence' };
    const now = seen([-3, -0.5, -2, -0.1]);
    expect(sequenceRatio(rollout(), now)).toBeCloseTo(Math.exp(0.3), 6);
    const numbers = tokenNumbers(rollout(), rules, now);
    expect(numbers.slice(2).map(({ used }) => used?.toFixed(4))).toEqual(
      new Array(3).fill(Math.exp(0.3).toFixed(4)),
    );
    // 1.35 is above 1.28: all are clipped, the one whose own ratio is 1 too.
    expect(numbers.slice(2).map(({ clip }) => clip)).toEqual(new Array(3).fill('clipped-high'));
    expect(numbers[3].ratio).toBeCloseTo(1, 6);
    expect(clipSentence(rollout(), numbers[3], rules)).toMatch(/^The rollout’s ratio 1.350/);
    expect(tokenFormulas(rollout(), numbers[3], rules).map(({ name }) => name)).toEqual([
      'ratio',
      'sequence-ratio',
      'surrogate',
    ]);
  });

  test('have no clip and no push where the rollout is outside of the loss, and say why', () => {
    const masked = rollout({ outside: 'it was cut' });
    const numbers = tokenNumbers(masked, RULES, seen([0, 0, 0, 0]));
    expect(numbers.every(({ clip, push }) => clip === null && push === null)).toBe(true);
    expect(numbers[2].ratio).toBeCloseTo(Math.E, 6);
    expect(clipSentence(masked, numbers[2], RULES)).toBe('Not in the loss: it was cut.');
    expect(clipSentence(masked, numbers[0], RULES)).toContain('Part of the prompt');
    expect(clippedSentence(numbers)).toBe('');
  });

  test('go to a file in full', () => {
    const { columns, rows } = tokensTable(rollout(), tokenNumbers(rollout(), RULES, null), (id) => `t${id}`);
    expect(rows).toHaveLength(5);
    const cell = (row: number, column: string) => rows[row][columns.indexOf(column)];
    expect([cell(0, 'part'), cell(0, 'advantage'), cell(0, 'text')]).toEqual(['prompt', null, 't1']);
    expect([cell(3, 'part'), cell(3, 'logp_sampled'), cell(3, 'advantage')]).toEqual(['completion', -2, 1.5]);
  });
});

describe('alternatives and attention', () => {
  const now = seen([Math.log(0.7), Math.log(0.6), Math.log(0.4), Math.log(0.05)]);

  test('hold the token that stands there, among the likeliest or after them, and what is left for others', () => {
    const among = alternativesAt(3, 8, now);
    expect(among.list.map(({ token, isChosen, rank }) => [token, isChosen, rank])).toEqual([
      [9, false, 1],
      [8, true, 2],
    ]);
    expect(among.rest).toBeCloseTo(0.1, 6);
    const after = alternativesAt(4, 2, now);
    expect(after.list.map(({ token, rank }) => [token, rank])).toEqual([
      [5, 1],
      [6, 2],
      [2, null],
    ]);
    expect(after.list[2].probability).toBeCloseTo(0.05, 6);
    expect(after.rest).toBeCloseTo(0.05, 6);
    expect(alternativesAt(0, 1, now)).toEqual({ list: [], rest: 0 });
  });

  test('are of the place where the token was predicted: the weights over the tokens before it add up to 1', () => {
    expect([...attentionAt(0, 5, now)]).toEqual([]);
    expect([...attentionAt(1, 5, now)]).toEqual([1]);
    expect([...attentionAt(4, 5, now)]).toEqual([0.25, 0.25, 0.25, 0.25]);
    expect(heaviest([0.1, 0.6, 0.3], 2)).toEqual([
      { position: 1, weight: 0.6 },
      { position: 2, weight: 0.3 },
    ]);
    const { rows } = attentionTable(5, now, 1, 2);
    expect(rows).toHaveLength(1 + 2 + 3 + 4);
    expect(rows.at(-1)).toEqual([1, 2, 4, 3, 0.25]);
    const numbers = tokenNumbers(rollout(), RULES, now);
    expect(valuesOf('attention', numbers, attentionAt(2, 5, now))).toEqual([0.5, 0.5, null, null, null]);
  });

  test('and all quantities have amounts inside of their fixed scales', () => {
    for (const { key, amount, diverging, legend } of Object.values(QUANTITIES)) {
      for (const value of key === 'ratio' ? [0.01, 0.5, 1, 50] : [-50, -1, 0, 0.5, 1, 50]) {
        const shade = amount(value);
        expect(shade).toBeGreaterThanOrEqual(diverging ? -1 : 0);
        expect(shade).toBeLessThanOrEqual(1);
      }
      expect(legend.at(-1)?.amount).toBe(1);
    }
    expect(QUANTITIES.ratio.amount(1)).toBe(0);
    expect(QUANTITIES.ratio.amount(1.2)).toBeCloseTo(-QUANTITIES.ratio.amount(1 / 1.2), 12);
  });
});

describe('a rollout of a step’s record', () => {
  const group = promptGroup(3, 0, [
    { tokens: [18, 8, 2], reward: 1 },
    { tokens: [18, 9], reward: 0, truncated: true },
  ]);
  const record = (change: Partial<Rollout> = {}): StepRecord => ({
    ...emptyRecord(3),
    groups: [{ ...group, candidate: 4, rollouts: group.rollouts.map((each) => ({ ...each, ...change })) }],
  });
  const find = (from: StepRecord, number: number, manifest: Partial<Manifest> = {}) =>
    rolloutAt(
      from,
      { kind: 'solution', candidate: 4, rollout: number },
      { ...DEFAULT_MANIFEST, ...manifest },
      TASK,
    );

  test('is found by candidate and number', () => {
    expect(find(record(), 0)).toMatchObject({
      step: 3,
      of: 2,
      prompt: group.prompt,
      outcome: 'right',
      outside: null,
    });
    expect(find(record(), 1)).toMatchObject({ outcome: 'cut off', outside: null });
    expect(find(record(), 2)).toBeNull();
    expect(find(emptyRecord(3), 0)).toBeNull();
  });

  test('is outside of the loss where the run masks what ran into the limit, or what was cut', () => {
    expect(find(record(), 1, { mask_truncated_completions: true })?.outside).toContain(
      'mask_truncated_completions',
    );
    expect(find(record({ cut: true }), 1, { masa_cutoff_score: 'mask' })?.outside).toContain(
      'masa_cutoff_score',
    );
    // A cut that is scored counts, whatever is done with other long ones: as in rl/step/update.ts.
    expect(
      find(record({ cut: true }), 1, { masa_cutoff_score: 'zero', mask_truncated_completions: true })
        ?.outside,
    ).toBeNull();
  });

  test('has the prompt that it saw, with its hint', () => {
    const problem = TASK.trainProblem(1, 0, 0);
    const [notion] = TASK.vocabulary.encode('CARRY');
    const hinted: StepRecord = {
      ...emptyRecord(0),
      groups: [
        {
          ...group,
          step: 0,
          prompt: problem.prompt,
          problem: { family: problem.family, tier: problem.tier, size: problem.size, answer: problem.answer },
          rollouts: group.rollouts.map((each) => ({ ...each, hint: [notion], hint_source: 0 })),
        },
      ],
    };
    const found = rolloutAt(hinted, { kind: 'solution', candidate: 0, rollout: 0 }, DEFAULT_MANIFEST, TASK);
    expect(found?.prompt).toEqual(TASK.meta?.hintPrompt(problem, { notions: [notion] }));
    expect(found?.prompt.length).toBe(problem.prompt.length + 2);
  });
});
