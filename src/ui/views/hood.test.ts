import { describe, expect, test } from 'vitest';
import { EXAMPLE_EVENTS } from '../../run/example-events';
import {
  addUp,
  fileOf,
  gigaPerSecond,
  kernelRows,
  kernelTable,
  type Profile,
  type ProfiledKernel,
  phaseRows,
  profileAt,
  sortRows,
} from './hood';

const kernel = (name: string, changes: Partial<ProfiledKernel> = {}): ProfiledKernel => ({
  phase: 'rollout',
  kernel: name,
  shape: {},
  constants: {},
  calls: 2,
  workgroups: 8,
  device_ms: 1,
  flops: 4e6,
  bytes: 2e6,
  ...changes,
});
const profile = (kernels: ProfiledKernel[], step = 0): Profile => ({
  type: 'kernel_profile',
  v: 1,
  step,
  timed: true,
  resolution_ms: 0.1,
  kernels,
});

test('a kernel over halves stands in the file of the one over weights as they are trained', () => {
  expect(fileOf('linear_forward_vec4_float16')).toBe('linear_forward_vec4');
  for (const own of ['linear_forward_vec4', 'pack_float16', 'embedding_float16'])
    expect(fileOf(own)).toBe(own);
});

describe('kernels', () => {
  const kernels = [
    kernel('b', { shape: { width: 1 } }),
    kernel('b', { shape: { width: 2 }, device_ms: 3 }),
    kernel('a', { phase: 'update', device_ms: 4, flops: null, bytes: null }),
  ];

  test('are added up over shapes and phases, and share the time among them', () => {
    expect(kernelRows(kernels)).toEqual([
      { kernel: 'b', calls: 4, workgroups: 16, ms: 4, flops: 8e6, bytes: 4e6, share: 0.5 },
      { kernel: 'a', calls: 2, workgroups: 8, ms: 4, flops: null, bytes: null, share: 0.5 },
    ]);
    expect(kernelRows(kernels, 'update')).toMatchObject([{ kernel: 'a', share: 1 }]);
  });

  test('have rates by their own time: 8 million operations in 4 ms are 2 GFLOP/s', () => {
    const [b, a] = kernelRows(kernels);
    expect(gigaPerSecond(b.flops, b.ms)).toBe(2);
    expect(gigaPerSecond(b.bytes, b.ms)).toBe(1);
    expect(gigaPerSecond(a.flops, a.ms)).toBeNull();
    // Faster than the clock can see is not infinitely fast.
    expect(gigaPerSecond(1, 0)).toBeNull();
  });

  test('without timestamps have no time and no share, rather than none', () => {
    const untimed = kernels.map((each) => ({ ...each, device_ms: null }));
    expect(kernelRows(untimed)).toMatchObject([
      { ms: null, share: null },
      { ms: null, share: null },
    ]);
  });

  test('are sorted by any column both ways, what is not known last', () => {
    const rows = kernelRows([
      kernel('c', { device_ms: 9, flops: null }),
      kernel('a', { device_ms: 1 }),
      kernel('b', { device_ms: 2, calls: 7 }),
    ]);
    const names = (...by: [Parameters<typeof sortRows>[1], boolean?]) =>
      sortRows(rows, ...by)
        .map((row) => row.kernel)
        .join('');
    expect([names('time'), names('time', true)]).toEqual(['cba', 'abc']);
    expect([names('gflops'), names('gflops', true)]).toEqual(['abc', 'bac']);
    expect([names('kernel'), names('kernel', true)]).toEqual(['abc', 'cba']);
    expect(names('calls')).toBe('bac');
  });

  test('are a table of all digits', () => {
    expect(kernelTable(profile([kernels[1]], 7)).rows).toEqual([
      [7, 'rollout', 'b', 'width 2', '', 2, 8, 3, 4e6, 2e6],
    ]);
  });
});

test('phases stand in the order of a step, with the time by the clock where it is known', () => {
  const event = profile([kernel('a', { phase: 'update' }), kernel('b'), kernel('c')]);
  expect(phaseRows(event, { rollout: 12 })).toMatchObject([
    { phase: 'rollout', ms: 2, calls: 4, wallMs: 12 },
    { phase: 'update', ms: 1, calls: 2, wallMs: null },
  ]);
});

test('the profile on screen is the newest up to the step that is held', () => {
  const [two, five] = [profile([], 2), profile([], 5)];
  expect(profileAt([two, five], null)).toBe(five);
  expect(profileAt([two, five], 4)).toBe(two);
  expect(profileAt([two, five], 1)).toBeNull();
});

test('figures of the example stream add up', () => {
  const event = EXAMPLE_EVENTS.find((each): each is Profile => each.type === 'kernel_profile')!;
  expect(addUp(event.kernels)).toMatchObject({ calls: 4, workgroups: 2291, ms: 1, flops: null });
});
