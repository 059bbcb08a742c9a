/** A whole training step of the same policy on the same batch: forward, GRPO's loss, backward, clipping, AdamW. */
import { trainingFlops } from '../src/model/cost';
import type { NamedTensors } from '../src/model/parameters';
import { initialWeights } from '../src/rl/initialise';
import { interleave, now, ratio } from './measure';
import { type Ours, trainingPolicy, trainRows } from './ours';
import type { Peer, TrainBatch, Trainer } from './peers/peer';
import type { TrainStepResult } from './report';
import { SIZES, type Size } from './shapes';

/** Rows and length: 64 predicted tokens a row, a multiple of everybody's tiles. */
const LENGTH = 65;
/** Rows of a batch: as many as keep a step of the largest policy within minutes on a processor. */
const ROWS: Record<string, number> = { '0.1M': 32, '1M': 16, '10M': 4, '100M': 1 };
export const rowsOf = ({ label }: Size): number => ROWS[label] ?? 4;
/** Steps whose loss and gradient norm are compared before anything is timed; quickly, the first alone. */
const COMPARED = 3;
const TOLERANCE = 1e-3;
/** A library whose step takes longer than this is left out, of this size and of the larger ones. */
const MOST_SECONDS = { quick: 25, full: 120 };

/** What is known of a library's speed from the size before: seconds for each operation of a step. */
type Pace = Map<string, number>;

export async function benchTrainStep(
  ours: Ours,
  peers: readonly Peer[],
  quick: boolean,
  note: (text: string) => void,
  found: (result: TrainStepResult) => void,
): Promise<void> {
  const pace: Pace = new Map();
  for (const size of quick ? SIZES.slice(0, 2) : SIZES) {
    const result = await measure(ours, peers, size, quick, pace, note);
    found(result);
    note(
      `training step, ${size.label}: ${Object.entries(result.seconds)
        .map(([name, seconds]) => `${name} ${(seconds * 1000).toFixed(0)} ms`)
        .join(', ')}; same numbers: ${JSON.stringify(result.difference)}`,
    );
  }
}

async function measure(
  ours: Ours,
  peers: readonly Peer[],
  size: Size,
  quick: boolean,
  pace: Pace,
  note: (text: string) => void,
): Promise<TrainStepResult> {
  const { config, label } = size;
  const rows = rowsOf(size);
  const most = quick ? MOST_SECONDS.quick : MOST_SECONDS.full;
  const result: TrainStepResult = {
    label,
    params: size.parameters,
    rows,
    tokens: rows * LENGTH,
    seconds: {},
    timing: {},
    gflops_ours: 0,
    ours_over_tfjs: null,
    ours_over_jaxjs: null,
    loss_agrees: null,
    agrees: {},
    difference: {},
    left_out: {},
  };
  const leaveOut = (name: string, reason: string) => {
    result.left_out[name] = reason;
    note(`${name} is left out of the training step of ${label}: ${reason}`);
  };
  const flops = flopsOf(size, rows);
  const expectedSeconds = (name: string) => (pace.get(name) ?? 0) * flops;
  const estimate = (name: string) =>
    `expected at most ${most} s a step, got ${expectedSeconds(name).toFixed(0)} s estimated from its speed at the size before`;
  if (expectedSeconds('ours') > most) {
    for (const { name } of [ours, ...peers]) leaveOut(name, estimate(name));
    return result;
  }
  const weights = initialWeights(config, 1);
  const trainers: Trainer[] = [];
  try {
    const batch = await makeBatch(ours, size, weights, rows);
    let expected: Step[] = [];
    for (const library of [ours, ...peers]) {
      const { name } = library;
      if (!library.trainer) continue;
      if (expectedSeconds(name) > most) {
        leaveOut(name, estimate(name));
        continue;
      }
      let trainer: Trainer | null = null;
      try {
        trainer = await library.trainer(config, weights, batch);
        const start = now();
        const steps: Step[] = [];
        for (let i = 0; i < (quick ? 1 : COMPARED) && (i === 0 || now() - start < most); i++)
          steps.push(await trainer.step());
        if (library === ours) expected = steps;
        else {
          result.difference[name] = differenceOf(steps, expected);
          result.agrees[name] = result.difference[name] <= TOLERANCE;
        }
        trainers.push(trainer);
      } catch (error) {
        trainer?.dispose?.();
        leaveOut(name, error instanceof Error ? error.message : String(error));
        // Nothing to compare with.
        if (library === ours) return result;
      }
    }
    const timed = await interleave(trainers, {
      rounds: quick ? 3 : 7,
      seconds: quick ? 0.5 : 1,
      mostUnits: 8,
      mostSeconds: quick ? 45 : 600,
    });
    const mine = timed.get('ours')!;
    for (const [name, { all, ...timing }] of timed) {
      result.seconds[name] = timing.median;
      result.timing[name] = timing;
      pace.set(name, timing.median / flops);
      if (name === 'tfjs') result.ours_over_tfjs = ratio(mine.all, all);
      if (name === 'jax-js') result.ours_over_jaxjs = ratio(mine.all, all);
    }
    const agreed = Object.values(result.agrees);
    result.loss_agrees = agreed.length > 0 ? agreed.every(Boolean) : null;
    result.gflops_ours = flops / mine.median / 1e9;
  } finally {
    for (const trainer of trainers) trainer.dispose?.();
  }
  return result;
}

type Step = Awaited<ReturnType<Trainer['step']>>;

/** The largest relative difference of losses and gradient norms, over the steps that were taken. */
function differenceOf(steps: readonly Step[], expected: readonly Step[]): number {
  return Math.max(
    ...steps.map(({ loss, gradientNorm }, i) =>
      Math.max(
        Math.abs(loss - expected[i].loss) / Math.abs(expected[i].loss),
        Math.abs(gradientNorm - expected[i].gradientNorm) / expected[i].gradientNorm,
      ),
    ),
  );
}

const tokensOf = ({ config }: Size, rows: number) =>
  Array.from({ length: rows }, (_, r) =>
    Array.from({ length: LENGTH }, (_, t) => (r * 31 + t * 17 + ((r * t) % 13)) % config.vocab_size),
  );

function flopsOf(size: Size, rows: number): number {
  const tokens = tokensOf(size, rows);
  const none = tokens.map((row) => row.slice(1).map(() => 0));
  return trainingFlops(size.config, trainRows({ tokens, advantages: tokens.map(() => 1), oldLogps: none }));
}

/** Rows of tokens, advantages of both signs, and old log-probabilities some of which are past the clip bounds. */
export async function makeBatch(
  ours: Ours,
  size: Size,
  weights: NamedTensors,
  rows: number,
): Promise<TrainBatch> {
  const { config } = size;
  const tokens = tokensOf(size, rows);
  const policy = await trainingPolicy(ours.gpu, config, { tokens });
  try {
    policy.parameters.upload(weights);
    const advantages = tokens.map((_, r) => (r % 2 === 0 ? 1 : -0.7));
    const plain = { tokens, advantages, oldLogps: tokens.map((row) => row.slice(1).map(() => 0)) };
    const scored = await policy.score(trainRows(plain));
    // None near a bound, where rounding would decide.
    const noise = [-0.35, -0.1, 0, 0.1, 0.35];
    const oldLogps = scored.map(({ logps }, r) => Array.from(logps, (logp, t) => logp + noise[(r + t) % 5]));
    return { tokens, advantages, oldLogps };
  } finally {
    policy.destroy();
  }
}
