import { expect, test } from 'vitest';
import { DEFAULT_MANIFEST, manifestDifference, parseManifest } from './manifest';
import { PRESETS, presetManifest } from './presets';

test.each(PRESETS.map((p) => [p.name, p] as const))(
  'the preset %s is a manifest, and says what it is',
  (name, preset) => {
    expect(presetManifest(name)).toEqual(parseManifest(preset.settings));
    expect(preset.label).not.toBe('');
    expect(preset.summary).toMatch(/\.$/);
  },
);

test('a preset lists nothing that is the default anyway', () => {
  for (const { name, settings } of PRESETS)
    expect(manifestDifference(presetManifest(name))).toEqual(settings);
});

test('names are unique and can be typed after --preset', () => {
  const names = PRESETS.map((p) => p.name);
  expect(new Set(names).size).toBe(names.length);
  for (const name of names) expect(name).toMatch(/^[a-z][a-z0-9-]*$/);
});

test('grpo is the default run', () => {
  expect(presetManifest('grpo')).toEqual(DEFAULT_MANIFEST);
});

test('an unknown name is refused with the names there are', () => {
  expect(() => presetManifest('gpro')).toThrow(/^preset: expected one of grpo, .*, got "gpro"$/);
});
