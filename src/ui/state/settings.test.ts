import { describe, expect, test } from 'vitest';
import { DEFAULT_MANIFEST, KNOBS, type ManifestKey } from '../../run/manifest';
import { presetManifest } from '../../run/presets';
import {
  applyPreset,
  changedKeys,
  hasInvalid,
  presetOf,
  resetKnob,
  settingsFromAddress,
  settingsOf,
  stepped,
  typeKnob,
} from './settings';

const knob = (key: ManifestKey) => KNOBS.find((each) => each.key === key)!;
const start = settingsOf(DEFAULT_MANIFEST);

test('a valid value is taken over as a number, not as text', () => {
  const settings = typeKnob(start, knob('learning_rate'), '1e-3');
  expect(settings.draft.learning_rate).toBe(0.001);
  expect(hasInvalid(settings)).toBe(false);
});

test('a value out of bounds stays in its field, says what was expected, and leaves the manifest valid', () => {
  const settings = typeKnob(start, knob('num_generations'), '1');
  expect(settings.draft.num_generations).toBe(DEFAULT_MANIFEST.num_generations);
  expect(settings.invalid.num_generations).toEqual({
    text: '1',
    message: 'Expected a whole number from 2 to 256, got 1.',
  });
});

test.each(['', 'abc', '2.5', '1e999'])('"%s" is no number of rollouts', (text) => {
  expect(hasInvalid(typeKnob(start, knob('num_generations'), text))).toBe(true);
});

test('a rule between two settings is told at the field that broke it', () => {
  const settings = typeKnob(start, knob('warmup_steps'), '100');
  expect(settings.invalid.warmup_steps?.message).toContain('100');
  expect(hasInvalid(typeKnob(settings, knob('warmup_steps'), '10'))).toBe(false);
});

test('a reset puts the default back and clears what was wrong', () => {
  const wrong = typeKnob(start, knob('temperature'), '-1');
  expect(resetKnob(wrong, knob('temperature'))).toEqual(start);
});

test('a preset keeps the seed and the name, and is recognised again', () => {
  const own = typeKnob(typeKnob(start, knob('seed'), '7'), knob('name'), 'mine');
  const settings = applyPreset(own, 'quick');
  expect(settings.draft).toEqual({ ...presetManifest('quick'), seed: 7, name: 'mine' });
  expect(presetOf(settings.draft)?.name).toBe('quick');
  expect(presetOf(typeKnob(settings, knob('epsilon'), '0.5').draft)).toBeNull();
});

test('what differs from the run on screen is listed, but for the name', () => {
  const settings = typeKnob(typeKnob(start, knob('name'), 'mine'), knob('seed'), '3');
  expect(changedKeys(settings, DEFAULT_MANIFEST)).toEqual(['seed']);
});

test('every default can be typed back into its own field', () => {
  for (const each of KNOBS)
    expect(hasInvalid(typeKnob(start, each, String(each.default))), each.key).toBe(false);
});

describe('the arrow keys', () => {
  test('go by the step of the setting and stop at its bounds', () => {
    expect(stepped(knob('temperature'), 1, 1)).toBe(1.05);
    expect(stepped(knob('num_generations'), 2, -1)).toBe(2);
    expect(stepped(knob('top_p'), 0.99, 10)).toBe(1);
  });

  test('go 1, 2, 5, 10 on a logarithmic one and never reach zero', () => {
    const rate = knob('learning_rate');
    expect(stepped(rate, 2e-4, 1)).toBe(5e-4);
    expect(stepped(rate, 5e-4, 1)).toBe(1e-3);
    expect(stepped(rate, 1e-3, -1)).toBe(5e-4);
    expect(stepped(rate, 1, 1)).toBe(1);
    let value = 1;
    for (let i = 0; i < 40; i++) value = stepped(rate, value, -1);
    expect(value).toBeGreaterThan(0);
  });

  test('come back to the default from what is no number', () => {
    expect(stepped(knob('steps'), Number.NaN, 1)).toBe(DEFAULT_MANIFEST.steps);
  });
});

test('a visitor without settings in the address gets the first look, a link what it says', () => {
  const visitor = settingsFromAddress('?replay=recordings/x.jsonl', ['replay']);
  expect(presetOf(visitor.draft)?.name).toBe('first-look');
  expect(settingsFromAddress('', []).linkIssues).toEqual([]);
  // The seed alone is the defaults with that seed, as links to plain GRPO are written.
  const link = settingsFromAddress('?v=1&seed=3', []);
  expect(presetOf(link.draft)?.name).toBe('grpo');
  expect(link.draft.seed).toBe(3);
  expect(settingsFromAddress('?steps=none', []).linkIssues).toHaveLength(1);
});
