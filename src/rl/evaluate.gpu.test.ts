import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTestGpu } from '../gpu/testing';
import { readModel } from '../model/model-file';
import { Policy } from '../model/policy';
import { LADDER } from '../tasks/ladder';
import type { BenchmarkScore } from './benchmark-scores';
import { type BenchmarkSettings, evaluateBenchmarks } from './evaluate';

const SMALL: BenchmarkSettings = {
  names: ['and-or', 'running-sums'],
  problems: 4,
  samples: 3,
  max_completion_length: 40,
  temperature: 1,
  seed: 5,
};

describe('benchmark sets, answered by the shipped base model', () => {
  let policy: Policy;

  beforeAll(async () => {
    const { config, weights } = readModel(
      readFileSync('public/models/ladder-base/config.json', 'utf8'),
      new Uint8Array(readFileSync('public/models/ladder-base/model.safetensors')),
    );
    policy = await Policy.create(await openTestGpu(), config, {
      tokens: 256,
      rows: 1,
      batchRows: 1,
      decodeRows: 12,
      cacheLength: LADDER.maxPromptLength + SMALL.max_completion_length,
      newTokens: SMALL.max_completion_length,
      trained: false,
      reference: false,
    });
    policy.parameters.upload(weights);
  });

  afterAll(() => policy?.destroy());

  test('come out in the order of the table, with a score each and their averages', async () => {
    const started: string[] = [];
    const scored: BenchmarkScore[] = [];
    const report = await evaluateBenchmarks(policy, LADDER, SMALL, {
      started: ({ name }, place, of) => started.push(`${name} ${place + 1}/${of}`),
      scored: (score) => scored.push(score),
    });
    expect(started).toEqual(['and-or 1/2', 'running-sums 2/2']);
    expect(report.sets).toEqual(scored);
    for (const score of scored) {
      expect(score).toMatchObject({ problems: 4, samples: 3, domain: 'out-of-domain' });
      expect(score.mean.samples).toBe(12);
      expect(score.pass.map(({ k }) => k)).toEqual([1, 3]);
      expect(score.pass[0].value).toBeCloseTo(score.mean.accuracy, 12);
      expect(score.pass[1].value).toBeGreaterThanOrEqual(score.pass[0].value);
    }
    expect(report.averages.map(({ over }) => over)).toEqual(['out-of-domain', 'logic', 'science']);
  });

  test('are answered the same whichever others are asked for, and differently with another seed', async () => {
    const both = await evaluateBenchmarks(policy, LADDER, SMALL);
    const alone = await evaluateBenchmarks(policy, LADDER, { ...SMALL, names: ['running-sums'] });
    expect(alone.sets).toEqual(both.sets.slice(1));
    const other = await evaluateBenchmarks(policy, LADDER, { ...SMALL, seed: 6 });
    expect(other.sets.map((set) => set.mean_length)).not.toEqual(both.sets.map((set) => set.mean_length));
  });

  test('a k beyond the samples, or an unknown set, is refused before anything is answered', async () => {
    const started: string[] = [];
    const progress = { started: () => started.push('one') };
    await expect(evaluateBenchmarks(policy, LADDER, { ...SMALL, passAt: [1, 8] }, progress)).rejects.toThrow(
      'every k of pass@k from 1 to the 3 samples, got 8',
    );
    await expect(
      evaluateBenchmarks(policy, LADDER, { ...SMALL, names: ['AIME24'] }, progress),
    ).rejects.toThrow('got "AIME24"');
    expect(started).toEqual([]);
  });
});
