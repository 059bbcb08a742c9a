/**
 * How cost grows: seconds and bytes of a training step against parameters, rows and their length, and of an RL step
 * against the size of a group and the prompts of a batch. Each with a fitted exponent.
 */
import type { LlamaConfig } from '../src/model/config';
import { initialWeights } from '../src/rl/initialise';
import type { BenchContext } from './context';
import { median, now } from './measure';
import { LOSS, type Ours, trainingPolicy, trainRows } from './ours';
import { OPTIMIZER } from './peers/peer';
import type { ScalingResult } from './report';
import { openTrainer, proceed, type ReadModel } from './rl-step';
import { SIZES } from './shapes';

/** Slope of the least-squares line through the logarithms. */
export function exponent(points: readonly (readonly [number, number])[]): number {
  const logs = points.map(([x, y]) => [Math.log(x), Math.log(y)]);
  const mean = (i: number) => logs.reduce((sum, p) => sum + p[i], 0) / logs.length;
  const [mx, my] = [mean(0), mean(1)];
  const covariance = logs.reduce((sum, [x, y]) => sum + (x - mx) * (y - my), 0);
  return covariance / logs.reduce((sum, [x]) => sum + (x - mx) ** 2, 0);
}

interface Cost {
  seconds: number;
  bytes: number;
}

interface Series {
  work: ScalingResult['work'];
  against: string;
  sizes: readonly number[];
  measure(size: number): Promise<Cost>;
}

/** Steps of each size: the first warms up, the median of the others counts. */
const STEPS = 4;

export async function benchScaling(
  ours: Ours,
  { quick, note, readModel: read }: Pick<BenchContext, 'quick' | 'note' | 'readModel'>,
  before: readonly ScalingResult[],
  found: (result: ScalingResult) => void,
): Promise<void> {
  for (const { work, against, sizes, measure } of series(ours, read, quick)) {
    if (before.some((each) => each.work === work && each.against === against)) continue;
    const costs: { size: number; cost: Cost }[] = [];
    for (const size of sizes) {
      const cost = await measure(size);
      costs.push({ size, cost });
      note(`${work}, ${against} ${size}: ${(cost.seconds * 1000).toFixed(0)} ms`);
    }
    const exponents = (['seconds', 'bytes'] as const).map((of) => {
      const points = costs.map(({ size, cost }): [number, number] => [size, cost[of]]);
      const fitted = exponent(points);
      found({ of, work, against, points, exponent: fitted });
      return `${of} ~ ${fitted.toFixed(2)}`;
    });
    note(`${work} against ${against}: ${exponents.join(', ')}`);
  }
}

function series(ours: Ours, read: ReadModel, quick: boolean): Series[] {
  const doubled = (from: number, times: number) => Array.from({ length: times }, (_, i) => from * 2 ** i);
  const training = (against: string, sizes: readonly number[], measure: Series['measure']): Series => ({
    work: 'training step',
    against,
    sizes,
    measure,
  });
  const rl = (against: string, sizes: readonly number[], settings: (size: number) => object): Series => ({
    work: 'RL step',
    against,
    sizes,
    measure: (size) => rlStep(ours, read, settings(size)),
  });
  const smallest = SIZES[0].config;
  return [
    training(
      'parameters',
      SIZES.slice(0, quick ? 2 : 3).map(({ parameters }) => parameters),
      (parameters) => {
        const { config } = SIZES.find((each) => each.parameters === parameters)!;
        return trainingStep(ours, config, 4, 65);
      },
    ),
    training('row length', doubled(64, quick ? 3 : 6), (length) => trainingStep(ours, smallest, 2, length)),
    training('rows', doubled(8, quick ? 3 : 5), (rows) => trainingStep(ours, smallest, rows, 65)),
    rl('group size', doubled(4, quick ? 3 : 4), (size) => ({ prompts_per_step: 4, num_generations: size })),
    rl('prompts of a batch', doubled(2, quick ? 3 : 4), (size) => ({
      prompts_per_step: size,
      num_generations: 8,
    })),
  ];
}

async function trainingStep(ours: Ours, config: LlamaConfig, rows: number, length: number): Promise<Cost> {
  const tokens = Array.from({ length: rows }, (_, r) =>
    Array.from({ length }, (_, t) => (r * 31 + t * 17) % config.vocab_size),
  );
  const batch = {
    tokens,
    advantages: tokens.map((_, r) => (r % 2 === 0 ? 1 : -1)),
    oldLogps: tokens.map((row) => row.slice(1).map(() => -4)),
  };
  const policy = await trainingPolicy(ours.gpu, config, batch);
  try {
    policy.parameters.upload(initialWeights(config, 1));
    const seconds = await timedSteps(() => policy.trainStep(trainRows(batch), LOSS, OPTIMIZER));
    return { seconds, bytes: policy.bytesHeld };
  } finally {
    policy.destroy();
  }
}

async function rlStep(ours: Ours, read: ReadModel, settings: object): Promise<Cost> {
  const trainer = await openTrainer(ours.gpu, read, {
    seed: 1,
    max_completion_length: 48,
    micro_batch_tokens: 512,
    learning_rate: 1e-9,
    // As few as there may be: they would hold memory of their own.
    eval_problems: 1,
    ...settings,
  });
  try {
    const seconds = await timedSteps(() => trainer.takeStep(proceed));
    return { seconds, bytes: trainer.policy.bytesHeld };
  } finally {
    trainer.destroy();
  }
}

async function timedSteps(step: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < STEPS; i++) {
    const start = now();
    await step();
    times.push(now() - start);
  }
  return median(times.slice(1));
}
