import { expect, test } from 'vitest';
import { type ManifestInput, parseManifest } from './manifest';

test('both are off unless asked for', () => {
  expect(parseManifest({})).toMatchObject({ dynamic_sampling: false, overlong_buffer: 0 });
});

test('dynamic sampling goes with predictions, watched or trained, and with shaping', () => {
  const together: ManifestInput = { dynamic_sampling: true, overlong_buffer: 80, masa_meta: 'train' };
  expect(parseManifest(together)).toMatchObject(together);
  expect(parseManifest({ ...together, masa_meta: 'observe' }).dynamic_sampling).toBe(true);
});

test.each<[ManifestInput, RegExp]>([
  [
    { masa_gate: true, masa_gate_rule: 'classifier' },
    /^manifest: dynamic_sampling: expected false with masa_gate, since one chooses prompts before/,
  ],
  [
    { masa_meta: 'train', masa_cutoff: true },
    /^manifest: dynamic_sampling: expected false with masa_cutoff, since the prompts drawn in place/,
  ],
  [
    { masa_meta: 'train', masa_hint_share: 0.5 },
    /^manifest: dynamic_sampling: expected false with masa_hint_share above 0, .*, got true$/,
  ],
])('dynamic sampling is refused beside %j, with the reason', (settings, message) => {
  expect(() => parseManifest({ ...settings, dynamic_sampling: true })).toThrow(message);
});

test('a buffer longer than the longest rollout is refused', () => {
  expect(() => parseManifest({ max_completion_length: 40, overlong_buffer: 41 })).toThrow(
    'overlong_buffer: expected at most max_completion_length (40), got 41',
  );
});
