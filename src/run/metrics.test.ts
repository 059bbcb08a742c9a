import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { findMetric, formatMetric, METRICS } from './metrics';

const TRL_NAMES = [
  'reward',
  'reward_std',
  'frac_reward_zero_std',
  'entropy',
  'kl',
  'loss',
  'clip_ratio/low_mean',
  'clip_ratio/high_mean',
  'clip_ratio/region_mean',
  'completions/mean_length',
  'completions/min_length',
  'completions/max_length',
  'completions/clipped_ratio',
  'grad_norm',
  'learning_rate',
  'num_tokens',
  'step_time',
];

test('every metric that TRL names is here under TRL’s name', () => {
  for (const name of TRL_NAMES) expect(findMetric(name)?.name).toBe(name);
});

test('names are unique', () => {
  expect(new Set(METRICS.map((metric) => metric.name)).size).toBe(METRICS.length);
});

test('every metric says in one sentence what it is, and has a label and a formula', () => {
  for (const metric of METRICS) {
    expect(metric.label).toMatch(/^[A-Z]/);
    expect(metric.definition).toMatch(/^[A-Z][^.]*(\.\d[^.]*)*\.$/);
    expect(metric.formula).not.toBe('');
  }
});

test('the place where a metric is computed exists', () => {
  const root = fileURLToPath(new URL('../../', import.meta.url));
  for (const metric of METRICS)
    expect([metric.source, existsSync(root + metric.source)]).toEqual([metric.source, true]);
});

test.each([
  ['reward', 0.51234, '0.5123'],
  ['frac_reward_zero_std', 0.4375, '43.8%'],
  ['clip_ratio/region_mean', 0.0001, '0.01%'],
  ['completions/max_length', 80, '80'],
  ['num_tokens', 718_123, '718,123'],
  ['learning_rate', 2e-4, '0.0002'],
  ['step_time', 12.34, '12.3 s'],
  ['tokens_per_second', 1234.5, '1,235 tokens/s'],
  ['masa/unheard_of', 0.25, '0.25'],
  ['kl', undefined, '–'],
  ['step_time', null, '–'],
])('%s = %d is written %s', (name, value, text) => {
  expect(formatMetric(name, value)).toBe(text);
});
