/** How the cost of a training step grows with the policy's size, rows and their length: fitted exponents. */
import type { Policy } from '../src/model/policy';
import { initialWeights } from '../src/rl/initialise';
import { median, now } from './measure';
import { LOSS, type Ours, trainingPolicy, trainRows } from './ours';
import { OPTIMIZER } from './peers/peer';
import type { ScalingResult } from './report';
import { SIZES } from './shapes';

/** Slope of the least-squares line through the logarithms. */
export function exponent(points: readonly (readonly [number, number])[]): number {
  const logs = points.map(([x, y]) => [Math.log(x), Math.log(y)]);
  const mean = (i: number) => logs.reduce((sum, p) => sum + p[i], 0) / logs.length;
  const [mx, my] = [mean(0), mean(1)];
  const covariance = logs.reduce((sum, [x, y]) => sum + (x - mx) * (y - my), 0);
  return covariance / logs.reduce((sum, [x]) => sum + (x - mx) ** 2, 0);
}

interface Point {
  x: number;
  size: number;
  rows: number;
  length: number;
}

export async function benchScaling(
  ours: Ours,
  quick: boolean,
  note: (text: string) => void,
): Promise<ScalingResult[]> {
  const doubled = (from: number, times: number) => Array.from({ length: times }, (_, i) => from * 2 ** i);
  const series: [string, Point[]][] = [
    ['rows', doubled(8, quick ? 3 : 5).map((x) => ({ x, size: 0, rows: x, length: 65 }))],
    ['row length', doubled(64, quick ? 3 : 6).map((x) => ({ x, size: 0, rows: 2, length: x }))],
    [
      'parameters',
      SIZES.slice(0, quick ? 2 : 3).map((s, size) => ({ x: s.parameters, size, rows: 4, length: 65 })),
    ],
  ];
  const results: ScalingResult[] = [];
  for (const [against, points] of series) {
    const seconds: [number, number][] = [];
    const bytes: [number, number][] = [];
    for (const { x, size, rows, length } of points) {
      const { config } = SIZES[size];
      const tokens = Array.from({ length: rows }, (_, r) =>
        Array.from({ length }, (_, t) => (r * 31 + t * 17) % config.vocab_size),
      );
      const batch = {
        tokens,
        advantages: tokens.map((_, r) => (r % 2 === 0 ? 1 : -1)),
        oldLogps: tokens.map((row) => row.slice(1).map(() => -4)),
      };
      const policy: Policy = await trainingPolicy(ours.gpu, config, batch);
      try {
        policy.parameters.upload(initialWeights(config, 1));
        const times: number[] = [];
        for (let i = 0; i < 4; i++) {
          const start = now();
          await policy.trainStep(trainRows(batch), LOSS, OPTIMIZER);
          times.push(now() - start);
        }
        seconds.push([x, median(times.slice(1))]);
        bytes.push([x, policy.bytesHeld]);
      } finally {
        policy.destroy();
      }
    }
    for (const [of, measured] of [
      ['seconds a step', seconds],
      ['bytes held', bytes],
    ] as const)
      results.push({ of, against, points: measured, exponent: exponent(measured) });
    note(
      `scaling with ${against}: seconds ~ ${results.at(-2)!.exponent.toFixed(2)}, bytes ~ ${results.at(-1)!.exponent.toFixed(2)}`,
    );
  }
  return results;
}
