import { describe, expect, it } from 'vitest';
import type { Dispatch } from '../gpu/profile';
import { COUNTED_KERNELS, kernelCost } from './kernel-cost';
import { summarise } from './kernel-profile';
import { SHADERS } from './shaders';

const dispatch = (
  kernel: string,
  shape: Record<string, number>,
  { constants = {}, count = 1, extent = {} }: Partial<Dispatch & Dispatch['use']> = {},
): Dispatch => ({
  use: { kernel, shape, constants },
  count,
  extent,
  stage: 'update',
  workgroups: 2,
  submission: 'training.micro-batch',
  ms: 0.5,
});

describe('what a kernel costs', () => {
  it('is known of every kernel there is', () => {
    expect([...COUNTED_KERNELS].sort()).toEqual(
      Object.values(SHADERS)
        .map(({ name }) => name)
        .sort(),
    );
  });

  it('is a product of 5 rows, 3 inputs and 7 outputs by hand, whichever way it goes', () => {
    const shape = { inputs: 3, outputs: 7 };
    const of = (kernel: string, constants = {}) =>
      kernelCost(dispatch(kernel, shape, { count: 5, constants }));
    const [x, w, y] = [15, 21, 35];
    expect(of('linear_forward')).toEqual({ flops: 210, bytes: 4 * (x + w + y) });
    expect(of('linear_forward', { RESIDUAL: true })).toEqual({ flops: 210, bytes: 4 * (x + w + 2 * y) });
    expect(of('linear_backward_input')).toEqual({ flops: 210, bytes: 4 * (x + w + y) });
    // Halves are half the bytes.
    expect(of('linear_forward_float16')).toEqual({ flops: 210, bytes: 4 * (x + w / 2 + y) });
    // Added to what is there, or written once a slice.
    expect(of('linear_backward_weight', { SLICES: 1 })).toEqual({ flops: 210, bytes: 4 * (x + y + 2 * w) });
    expect(of('linear_backward_weight', { SLICES: 4 })).toEqual({ flops: 210, bytes: 4 * (x + y + 4 * w) });
  });

  it('of attention goes by the pairs that were attended', () => {
    // H 2, K 1, P 4; two rows of 2 and 3 tokens: 1 + 2 + 1 + 2 + 3 pairs a head, 2 * 4 * 9 = 72 over both heads.
    const shape = { heads: 2, kv_heads: 1, scale: 0.5 };
    const over = { count: 5, constants: { HEAD_DIM: 4 }, extent: { tokens: 5, attended: 9 } };
    const flops = (kernel: string) => kernelCost(dispatch(kernel, shape, over)).flops;
    expect(flops('attention')).toBe(4 * 72);
    expect(flops('attention_backward_query')).toBe(6 * 72);
    expect(flops('attention_backward_key_value')).toBe(8 * 72);
  });

  it('goes by the rows that were live, not by those it was encoded for', () => {
    const shape = { inputs: 2, outputs: 2 };
    expect(kernelCost(dispatch('linear_forward', shape, { count: 9, extent: { live: 3 } })).flops).toBe(24);
    // It looks at every row, and lists those that live.
    expect(kernelCost(dispatch('schedule_rows', {}, { count: 9, extent: { live: 3 } })).bytes).toBe(4 * 47);
  });

  it('is not guessed: no operations of what is not a product, no bytes of what depends on settings', () => {
    expect(kernelCost(dispatch('adamw', { count: 10 }))).toEqual({ flops: null, bytes: 280 });
    expect(kernelCost(dispatch('token_loss', {}))).toEqual({ flops: null, bytes: null });
    expect(() => kernelCost(dispatch('fft', {}))).toThrow('internal: kernel fft: no count of what it costs');
    expect(() => kernelCost(dispatch('swiglu', {}))).toThrow('internal: kernel swiglu: no size width');
  });
});

describe('a summary', () => {
  it('adds up calls of one kernel, shape and phase, and keeps others apart', () => {
    const a = dispatch('swiglu', { width: 2 }, { count: 3 });
    const b = dispatch('swiglu', { width: 5 });
    const { kernels } = summarise(
      { dispatches: [a, b, a, { ...a, stage: 'rollout' }], resolutionMs: 0.25 },
      true,
    );
    expect(
      kernels.map(({ stage, shape, calls, workgroups, ms, bytes, flops }) => ({
        stage,
        shape,
        calls,
        workgroups,
        ms,
        bytes,
        flops,
      })),
    ).toEqual([
      { stage: 'update', shape: { width: 2 }, calls: 2, workgroups: 4, ms: 1, bytes: 144, flops: null },
      { stage: 'update', shape: { width: 5 }, calls: 1, workgroups: 2, ms: 0.5, bytes: 60, flops: null },
      { stage: 'rollout', shape: { width: 2 }, calls: 1, workgroups: 2, ms: 0.5, bytes: 72, flops: null },
    ]);
  });

  it('says of no kernel how long it took where one call was not timed', () => {
    const a = dispatch('swiglu', { width: 2 });
    expect(summarise({ dispatches: [a, { ...a, ms: null }], resolutionMs: null }, false)).toMatchObject({
      timed: false,
      kernels: [{ calls: 2, ms: null }],
    });
  });
});
