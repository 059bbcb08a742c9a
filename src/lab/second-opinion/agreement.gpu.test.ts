import * as ort from 'onnxruntime-web';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { shippedPolicy } from '../../export/testing';
import { openTestGpu } from '../../gpu/testing';
import { initialAdapter } from '../../model/adapter-layout';
import { mergeAdapter } from '../../model/adapter-merge';
import { Policy } from '../../model/policy';
import { generator } from '../../model/reference/testing';
import { FULL } from '../../model/testing-adapter';
import { answerSuite, evaluationResult } from '../../rl/evaluate';
import { predict, readExpectations } from '../../rl/step/predict';
import { Purpose } from '../../run/random';
import { LADDER } from '../../tasks/ladder';
import { OrtPolicy } from './ort-policy';

ort.env.wasm.numThreads = 1;

const SUITE = LADDER.suites[0];
const META = LADDER.meta!;
const SETTINGS = {
  problems: 48,
  samples: 2,
  max_completion_length: LADDER.maxCompletionLength,
  temperature: 1,
  seed: 3,
};

/** Share of the answers that may differ: a token is tipped where the uniform number is within rounding of a bound. */
const MAY_DIFFER = 0.02;

describe('the device and ONNX Runtime, on the same problems with the same random numbers', () => {
  let device: Policy;
  let second: OrtPolicy;

  beforeAll(async () => {
    const { config, weights } = shippedPolicy();
    const tensors = initialAdapter(config, FULL, generator(4));
    const random = generator(5);
    // An adapter at its start changes nothing: this one has learned something, if nonsense.
    for (const values of tensors.values())
      for (let i = 0; i < values.length; i++) values[i] += 0.02 * random();
    device = await Policy.create(await openTestGpu(), config, {
      tokens: 2048,
      rows: 64,
      batchRows: 1,
      decodeRows: 96,
      cacheLength: LADDER.maxPromptLength + LADDER.maxCompletionLength,
      newTokens: LADDER.maxCompletionLength,
      trained: false,
      reference: false,
      adapter: FULL,
    });
    device.parameters.upload(weights);
    device.adapter!.parameters.upload(tensors);
    second = await OrtPolicy.create(
      ort,
      { config, weights, adapted: mergeAdapter(config, weights, { spec: FULL, tensors }) },
      'wasm',
    );
  });

  afterAll(async () => {
    device?.destroy();
    await second?.release();
  });

  test('give the same answers to held-out problems, token for token but for a tipped one', async () => {
    const [ours, theirs] = [
      await answerSuite(device, LADDER, SUITE, SETTINGS),
      await answerSuite(second, LADDER, SUITE, SETTINGS),
    ];
    const texts = (answered: typeof ours) =>
      answered.flatMap(({ answers }) => answers.map((a) => a.tokens.join(' ')));
    const [a, b] = [texts(ours), texts(theirs)];
    const apart = a.filter((text, i) => text !== b[i]).length;
    expect(a.length).toBe(SETTINGS.problems * SETTINGS.samples);
    expect(apart).toBeLessThanOrEqual(MAY_DIFFER * a.length);
    const [x, y] = [evaluationResult(SUITE, ours), evaluationResult(SUITE, theirs)];
    expect(Math.abs(x.total.correct - y.total.correct)).toBeLessThanOrEqual(apart);
    expect(new Set(a).size).toBeGreaterThan(SETTINGS.problems / 2);
  });

  test('give the same greedy answers', async () => {
    const greedy = { ...SETTINGS, temperature: 0, samples: 1 };
    const [ours, theirs] = [
      await answerSuite(device, LADDER, SUITE, greedy),
      await answerSuite(second, LADDER, SUITE, greedy),
    ];
    expect(theirs.map(({ answers }) => answers[0].tokens)).toEqual(
      ours.map(({ answers }) => answers[0].tokens),
    );
  });

  test('predict and expect the same, through the policy and through its adapter', async () => {
    const asked = [0, 1, 2, 3].map((index) => ({ index, problem: SUITE.problem(0, index) }));
    const sampling = { temperature: 1, top_k: 0, top_p: 1, endOfSequence: LADDER.vocabulary.eos };
    const key = { seed: 1, purpose: Purpose.heldOutMeta, step: 0 };
    for (const through of ['policy', 'adapter'] as const) {
      const read = async (policy: Policy | OrtPolicy) => {
        const rolled = await predict(policy, META, asked, 3, sampling, key, through);
        const bare = await predict(policy, META, asked, 0, sampling, key, through);
        return { rolled, expected: await readExpectations(policy, META, bare, through) };
      };
      const [ours, theirs] = [await read(device), await read(second)];
      const texts = ({ rolled }: typeof ours) =>
        rolled.flatMap((r) => r.completions.map((c) => c.tokens.join(' ')));
      const apart = texts(ours).filter((text, i) => text !== texts(theirs)[i]).length;
      expect(apart).toBeLessThanOrEqual(1);
      ours.expected.forEach(({ passDistribution, expectedLength }, p) => {
        passDistribution!.forEach((share, count) => {
          expect(theirs.expected[p].passDistribution![count]).toBeCloseTo(share, 4);
        });
        expect(theirs.expected[p].expectedLength).toBeCloseTo(expectedLength!, 2);
      });
    }
  });
});
