/** A whole training step of the same policy on the same batch: forward, GRPO's loss, backward, clipping, AdamW. */
import { trainingFlops } from '../src/model/cost';
import type { NamedTensors } from '../src/model/parameters';
import { initialWeights } from '../src/rl/initialise';
import { interleave, ratio, type Timing } from './measure';
import { type Ours, trainingPolicy, trainRows } from './ours';
import type { Peer, TrainBatch, Trainer } from './peers/peer';
import type { TrainStepResult } from './report';
import { SIZES, type Size } from './shapes';

/** Rows and length: 64 predicted tokens a row, a multiple of everybody's tiles. */
const LENGTH = 65;
/** Steps whose loss and gradient norm are compared before anything is timed; quickly, the first alone. */
const COMPARED = 3;
const TOLERANCE = 1e-3;

export async function benchTrainStep(
  ours: Ours,
  peers: readonly Peer[],
  quick: boolean,
  note: (text: string) => void,
  unavailable: Record<string, string>,
): Promise<TrainStepResult[]> {
  const results: TrainStepResult[] = [];
  for (const size of quick ? SIZES.slice(0, 2) : SIZES) {
    // As many rows as keep a step of the largest within minutes on a processor.
    const rows = { '0.1M': 32, '1M': 16, '10M': 4, '100M': 1 }[size.label] ?? 4;
    results.push(await measure(ours, peers, size, rows, quick, note, unavailable));
  }
  return results;
}

async function measure(
  ours: Ours,
  peers: readonly Peer[],
  size: Size,
  rows: number,
  quick: boolean,
  note: (text: string) => void,
  unavailable: Record<string, string>,
): Promise<TrainStepResult> {
  const { config, label } = size;
  const weights = initialWeights(config, 1);
  const batch = await makeBatch(ours, size, weights, rows);
  const trainers: Trainer[] = [];
  const agrees: Record<string, boolean> = {};
  const difference: Record<string, number> = {};
  let expected: { loss: number; gradientNorm: number }[] = [];
  for (const library of [ours, ...peers]) {
    if (!library.trainer) continue;
    try {
      const trainer = await library.trainer(config, weights, batch);
      const steps = [];
      for (let i = 0; i < (quick ? 1 : COMPARED); i++) steps.push(await trainer.step());
      if (library === ours) expected = steps;
      else {
        const off = Math.max(
          ...steps.map(({ loss, gradientNorm }, i) =>
            Math.max(
              Math.abs(loss - expected[i].loss) / Math.abs(expected[i].loss),
              Math.abs(gradientNorm - expected[i].gradientNorm) / expected[i].gradientNorm,
            ),
          ),
        );
        agrees[library.name] = off <= TOLERANCE;
        difference[library.name] = off;
      }
      trainers.push(trainer);
    } catch (error) {
      if (library === ours) throw error;
      unavailable[`${library.name}, training step of ${label}`] =
        error instanceof Error ? error.message : String(error);
      note(
        `${library.name}, training step of ${label} cannot run here: ${error instanceof Error ? error.message : error}`,
      );
    }
  }
  const timed = await interleave(trainers, {
    rounds: quick ? 3 : 7,
    seconds: quick ? 0.5 : 1,
    mostUnits: 8,
    mostSeconds: quick ? 45 : 600,
  });
  for (const trainer of trainers) trainer.dispose?.();
  const seconds: Record<string, Timing> = {};
  for (const [name, { all: _, ...timing }] of timed) seconds[name] = timing;
  const mine = timed.get('ours')!;
  const over = (name: string) => {
    const theirs = timed.get(name);
    return theirs ? ratio(mine.all, theirs.all) : null;
  };
  const result: TrainStepResult = {
    label,
    params: size.parameters,
    rows,
    tokens: rows * LENGTH,
    seconds,
    gflops_ours: trainingFlops(config, trainRows(batch)) / mine.median / 1e9,
    ours_over_tfjs: over('tfjs'),
    ours_over_jaxjs: over('jax-js'),
    loss_agrees: agrees,
    difference,
  };
  note(
    `training step, ${label}: ${Object.entries(seconds)
      .map(([name, { median }]) => `${name} ${(median * 1000).toFixed(0)} ms`)
      .join(', ')}; same numbers: ${JSON.stringify(difference)}`,
  );
  return result;
}

/** Rows of tokens, advantages of both signs, and old log-probabilities some of which are past the clip bounds. */
async function makeBatch(
  ours: Ours,
  { config }: Size,
  weights: NamedTensors,
  rows: number,
): Promise<TrainBatch> {
  const tokens = Array.from({ length: rows }, (_, r) =>
    Array.from({ length: LENGTH }, (_, t) => (r * 31 + t * 17 + ((r * t) % 13)) % config.vocab_size),
  );
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
