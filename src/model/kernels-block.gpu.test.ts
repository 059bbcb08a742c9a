import { describe, expect, it } from 'vitest';
import { flatGrid } from '../gpu/kernel';
import { openTestGpu } from '../gpu/testing';
import { rmsNorm, rmsNormBackward } from './reference/rms-norm';
import { rope, ropeBackward } from './reference/rope';
import { swiglu, swigluBackward } from './reference/swiglu';
import { generator } from './reference/testing';
import { SHADERS } from './shaders';
import { angleTable, expectClose, POISON, random32, runKernel } from './testing';
import { f32, perTile, vectorOf } from './workspace';

const EPSILON = 1e-5;

/** [rows, width] -> the rows named, packed. */
const take = (x: Float64Array, rows: Uint32Array, width: number) =>
  Float64Array.from(
    { length: rows.length * width },
    (_, i) => x[rows[Math.floor(i / width)] * width + (i % width)],
  );

describe('the RMSNorm kernels', () => {
  for (const [tokens, width, taken, start] of [
    [1, 1, 0, 0],
    [5, 3, 0, 0],
    [64, 13, 0, 0],
    [65, 7, 0, 0],
    // Gathered: `taken` rows, from entry `start` of the list on.
    [9, 5, 1, 0],
    [70, 6, 33, 7],
    [131, 9, 65, 2],
    // Four values at a time: fewer than eight of them, and more.
    [67, 12, 0, 0],
    [19, 100, 5, 3],
  ])
    it(`norm ${taken ? `${taken} gathered of ` : ''}${tokens} rows of ${width}, and go back`, async () => {
      const gpu = await openTestGpu();
      const random = generator(tokens * 100 + width);
      const gathered = taken > 0;
      const count = gathered ? taken : tokens;
      const all = Uint32Array.from({ length: tokens }, (_, t) => t).filter((t) => !gathered || t % 2 === 1);
      const rows = gathered ? Uint32Array.from([...all, ...all].slice(0, start + count)) : new Uint32Array(0);
      const used = gathered ? rows.slice(start) : all;
      // A row of zeros is normed by epsilon alone.
      const x = random32(random, tokens * width);
      x.f32.fill(0, 0, width);
      x.f64.fill(0, 0, width);
      const weight = random32(random, width, 0.5, 1);
      const dy = random32(random, count * width);
      const before = random32(random, tokens * width);
      const uniforms = { extent: [count, start], shape: [width, f32(EPSILON)] };
      const source = take(x.f64, used, width);
      const VECTOR = vectorOf(width);

      const norm = (SHARE: number) =>
        runKernel(gpu, SHADERS.rmsNorm, {
          constants: { GATHER: gathered, SHARE, VECTOR },
          uniforms,
          inputs: { rows, x: x.f32, weight: weight.f32 },
          outputs: { y: count * width, inverse: count },
          grid: flatGrid(count * SHARE),
        });
      const forward = await norm(1);
      expectClose(forward.y, rmsNorm(source, weight.f64, EPSILON), 'y');
      expect(await norm(8)).toEqual(forward);

      const want = rmsNormBackward(dy.f64, source, weight.f64, EPSILON);
      const back = (SHARE: number, RECOMPUTE: boolean) =>
        runKernel(gpu, SHADERS.rmsNormBackward, {
          constants: { SCATTER: gathered, RECOMPUTE, SHARE, VECTOR },
          uniforms,
          inputs: { rows, x: x.f32, weight: weight.f32, inverse: forward.inverse, dy: dy.f32 },
          outputs: { dx: before.f32, y: count * width },
          grid: flatGrid(count * SHARE),
        });
      const backward = await back(1, true);
      expect(backward.y).toEqual(forward.y);
      expect(await back(8, true)).toEqual(backward);
      const without = await back(1, false);
      expect(without.dx).toEqual(backward.dx);
      expect(without.y.every((value) => value === POISON)).toBe(true);
      const added = before.f64.slice();
      used.forEach((t, r) => {
        for (let d = 0; d < width; d++) added[t * width + d] += want.dX[r * width + d];
      });
      // Where x is 0 its gradient is dy weight / sqrt(epsilon), some hundreds.
      expectClose(backward.dx, added, 'dx', { absolute: 2e-5 });

      for (const slices of [1, 16]) {
        const parted = await runKernel(gpu, SHADERS.rmsNormBackwardWeight, {
          constants: { GATHER: gathered, SLICES: slices, VECTOR },
          uniforms,
          inputs: { rows, x: x.f32, inverse: forward.inverse, dy: dy.f32 },
          outputs: { slices: slices * width },
          grid: [Math.ceil(width / VECTOR / 8), Math.ceil(slices / 8), 1],
        });
        const total = new Float64Array(width);
        parted.slices.forEach((value, i) => {
          total[i % width] += value;
        });
        expectClose(total, want.dWeight, `dweight in ${slices} slices`, { absolute: 2e-5 });
      }
    });
});

describe('the SwiGLU kernels', () => {
  for (const [tokens, width] of [
    [1, 1],
    [3, 21],
    [7, 9],
    [5, 13],
    [33, 31],
    [35, 44],
  ])
    it(`gate ${tokens} tokens of ${width}, and go back`, async () => {
      const gpu = await openTestGpu();
      const random = generator(tokens + width);
      const gateUp = random32(random, tokens * 2 * width, 6);
      // Far out on both sides: no overflow may show.
      gateUp.f32[0] = gateUp.f64[0] = -120;
      if (width > 1) gateUp.f32[1] = gateUp.f64[1] = 120;
      const dout = random32(random, tokens * width);
      const half = (which: 0 | 1) =>
        Float64Array.from(
          { length: tokens * width },
          (_, i) => gateUp.f64[(Math.floor(i / width) * 2 + which) * width + (i % width)],
        );
      const [gate, up] = [half(0), half(1)];
      const VECTOR = vectorOf(width);
      const uniforms = { extent: [tokens, 0], shape: [width] };
      const common = { constants: { VECTOR }, uniforms, grid: perTile(width / VECTOR)(tokens) };
      const forward = await runKernel(gpu, SHADERS.swiglu, {
        ...common,
        inputs: { gate_up: gateUp.f32 },
        outputs: { out: tokens * width },
      });
      expectClose(forward.out, swiglu(gate, up), 'out');
      const backward = await runKernel(gpu, SHADERS.swigluBackward, {
        ...common,
        inputs: { gate_up: gateUp.f32, dout: dout.f32 },
        outputs: { dgate_up: tokens * 2 * width, out: tokens * width },
      });
      // The gradient of the down projection's weight takes this for what the forward pass went on with.
      expect(backward.out).toEqual(forward.out);
      const { dGate, dUp } = swigluBackward(dout.f64, gate, up);
      const want = gateUp.f64.map((_, i) => {
        const [token, column] = [Math.floor(i / (2 * width)), i % (2 * width)];
        return column < width ? dGate[token * width + column] : dUp[token * width + column - width];
      });
      expectClose(backward.dgate_up, want, 'dgate_up', { absolute: 1e-5 });
    });
});

describe('the RoPE kernel', () => {
  for (const [tokens, heads, keyHeads, head, theta] of [
    [1, 1, 1, 2, 10000],
    [31, 1, 1, 6, 10000],
    [33, 3, 1, 10, 500],
    [13, 4, 2, 8, 10000],
    [65, 1, 1, 2, 100],
  ])
    it(`turns ${heads} + ${keyHeads} heads of ${head} of ${tokens} tokens, and back`, async () => {
      const gpu = await openTestGpu();
      const random = generator(tokens * head);
      const rotated = heads + keyHeads;
      const VECTOR = vectorOf(head / 2);
      const stride = (rotated + keyHeads) * head;
      const qkv = random32(random, tokens * stride);
      // Positions repeat and are not in order, as in packed rows.
      const positions = Uint32Array.from({ length: tokens }, (_, t) => (t * 7) % 40);
      const angles = angleTable(40, head, theta);
      const turned = Float64Array.from(
        { length: tokens * rotated * head },
        (_, i) => qkv.f64[Math.floor(i / (rotated * head)) * stride + (i % (rotated * head))],
      );
      for (const reverse of [false, true]) {
        const got = await runKernel(gpu, SHADERS.rope, {
          constants: { REVERSE: reverse, HEAD_DIM: head, VECTOR },
          uniforms: { extent: [tokens, 0], shape: [rotated, stride] },
          inputs: { positions, angles },
          outputs: { qkv: qkv.f32 },
          grid: perTile((rotated * head) / 2 / VECTOR)(tokens),
        });
        const want = (reverse ? ropeBackward : rope)(turned, positions, rotated, head, theta);
        // Values are left as they are.
        const whole = qkv.f64.map((value, i) => {
          const [token, column] = [Math.floor(i / stride), i % stride];
          return column < rotated * head ? want[token * rotated * head + column] : value;
        });
        expectClose(got.qkv, whole, `qkv, reverse ${reverse}`);
      }
    });
});
