import { describe, expect, test } from 'vitest';
import { ManifestError } from './manifest';
import { PRETRAIN_KNOBS, parsePretrainManifest, parsePretrainText } from './pretrain-manifest';

function issuesOf(work: () => unknown): Record<string, string> {
  try {
    work();
  } catch (error) {
    if (error instanceof ManifestError)
      return Object.fromEntries(error.issues.map(({ key, message }) => [key, message]));
    throw error;
  }
  return {};
}

test('an empty manifest is that of the shipped model, and every setting has a help text', () => {
  const manifest = parsePretrainManifest({});
  expect(manifest).toMatchObject({ hidden_size: 64, num_hidden_layers: 3, batch_size: 96, steps: 2400 });
  const keys = Object.keys(manifest).filter((key) => key !== 'manifest_version');
  expect(PRETRAIN_KNOBS.map((k) => k.key)).toEqual(keys);
  for (const knob of PRETRAIN_KNOBS)
    expect(parsePretrainText(knob.key, String(knob.default))).toBe(knob.default);
});

test('every wrong key is named with what it takes', () => {
  expect(
    issuesOf(() =>
      parsePretrainManifest({ steps: 0, hiddenSize: 3, tie_word_embeddings: 1, learning_rate: 0, extra: 1 }),
    ),
  ).toEqual({
    steps: 'expected a whole number from 1 to 1000000, got 0',
    hiddenSize: 'unknown key; did you mean hidden_size?',
    tie_word_embeddings: 'expected true or false, got 1',
    learning_rate: 'expected a number above 0 and at most 1, got 0',
    extra: 'unknown key',
  });
  expect(issuesOf(() => parsePretrainManifest([]))).toEqual({
    '(manifest)': 'expected an object of settings, got []',
  });
});

test('sizes that do not go together are named', () => {
  expect(issuesOf(() => parsePretrainManifest({ hidden_size: 66, num_key_value_heads: 3 }))).toEqual({
    num_key_value_heads: 'expected a divisor of num_attention_heads (4), got 3',
    hidden_size: 'expected a multiple of twice num_attention_heads (8), for heads of even width, got 66',
  });
});

describe('a setting as text', () => {
  test.each([
    ['steps', '12', 12],
    ['learning_rate', '1e-3', 1e-3],
    ['tie_word_embeddings', 'false', false],
    ['name', 'base', 'base'],
  ] as const)('%s=%s', (key, text, value) => {
    expect(parsePretrainText(key, text)).toBe(value);
  });

  test.each([
    ['steps', 'many'],
    ['steps', ''],
    ['tie_word_embeddings', 'yes'],
    ['Steps', '3'],
  ])('%s=%s is refused', (key, text) => {
    expect(() => parsePretrainText(key, text)).toThrow(ManifestError);
  });
});

test('a base model is named after its task where it has no name of its own', () => {
  expect(parsePretrainManifest({}).name).toBe('ladder-base');
  expect(parsePretrainManifest({ task: 'long-tail' }).name).toBe('long-tail-base');
  expect(parsePretrainManifest({ task: 'long-tail', name: 'mine' }).name).toBe('mine');
  expect(issuesOf(() => parsePretrainManifest({ task: 'chess' }))).toEqual({
    task: 'expected one of ladder, long-tail, got "chess"',
  });
});
