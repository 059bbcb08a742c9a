import { expect, test } from 'vitest';
import { partsBefore } from './shader-parts';

test('a shader file names in its head what is put before it, in order', () => {
  const code = `// Draws. See \`other.wgsl\`.
// Before it: \`first.wgsl\` (its bindings, \`low\` and so on),
// \`second_one.wgsl\`. Grid: as in \`third.wgsl\`.

// Before it: \`fourth.wgsl\`.
fn draw() {}
`;
  expect(partsBefore(code)).toEqual(['first', 'second_one']);
});

test('a file that says nothing of it stands by itself', () => {
  expect(partsBefore('// A sum.\nfn sum() {}\n')).toEqual([]);
  expect(partsBefore('')).toEqual([]);
});
