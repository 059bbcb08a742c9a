/** A whole training step of the same policy on the same batch: forward, GRPO's loss, backward, clipping, AdamW. */
import { trainingFlops } from '../src/model/cost';
import type { NamedTensors } from '../src/model/parameters';
import { initialWeights } from '../src/rl/initialise';
import type { BenchContext } from './context';
import { type Effort, interleave, median, now, Pace, ratio, timingOf } from './measure';
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
const MOST_SECONDS = { quick: 25, full: 60 };
/** A step that takes longer than this is as slow warm as the first time. */
const LONG_SECONDS = 10;
/** A policy of more parameters than this has its libraries come one by one. */
const MOST_TOGETHER = 3e7;
/**
 * Values that a library's process holds for each parameter while it trains: weights, gradient, AdamW's moments, and
 * what it makes on the way. Measured at 100 million parameters, where little else counts.
 */
const VALUES_HELD: Record<string, number> = { ours: 6, 'jax-js': 10, tfjs: 22 };

export async function benchTrainStep(
  ours: Ours,
  peers: readonly Peer[],
  { quick, note, freeMemory }: Pick<BenchContext, 'quick' | 'note' | 'freeMemory'>,
  before: readonly TrainStepResult[],
  found: (result: TrainStepResult) => void,
): Promise<void> {
  const pace = new Pace(quick ? MOST_SECONDS.quick : MOST_SECONDS.full);
  for (const size of quick ? SIZES.slice(0, 2) : SIZES) {
    const flops = flopsOf(size, rowsOf(size));
    const result =
      before.find(({ label }) => label === size.label) ??
      (await measure(ours, peers, size, { quick, note, freeMemory, pace }));
    for (const [name, seconds] of Object.entries(result.seconds)) pace.learn(name, flops, seconds);
    if (before.includes(result)) continue;
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
  given: Pick<BenchContext, 'quick' | 'note' | 'freeMemory'> & { pace: Pace },
): Promise<TrainStepResult> {
  const { config, label, parameters } = size;
  const { quick, note } = given;
  const rows = rowsOf(size);
  const flops = flopsOf(size, rows);
  const oneByOne = parameters > MOST_TOGETHER;
  const result: TrainStepResult = {
    label,
    params: parameters,
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
    ...(oneByOne ? { one_by_one: true } : {}),
  };
  const leaveOut = (name: string, reason: string) => {
    result.left_out[name] = reason;
    note(`${name} is left out of the training step of ${label}: ${reason}`);
  };
  const whyNot = (name: string) =>
    given.pace.tooLong(name, flops, 'a step') ?? tooLarge(name, parameters, given.freeMemory());
  const reason = whyNot('ours');
  if (reason) {
    leaveOut('ours', reason);
    for (const { name } of peers) leaveOut(name, 'ours, which it would be compared with, is left out');
    return result;
  }
  note(`training step, ${label}: weights and batch ...`);
  const weights = initialWeights(config, 1);
  const batch = await makeBatch(ours, size, weights, rows);
  const effort: Effort = quick
    ? { rounds: 5, seconds: 0.5, mostUnits: 8, mostSeconds: 90 }
    : { rounds: 7, seconds: 1, mostUnits: 8, mostSeconds: oneByOne ? 20 : 60 };
  const rounds = new Map<string, readonly number[]>();
  const time = async (candidates: readonly Trainer[]) => {
    for (const [name, { all }] of await interleave(candidates, effort)) rounds.set(name, all);
  };
  const trainers: Trainer[] = [];
  let expected: Step[] = [];
  try {
    for (const library of [ours, ...peers]) {
      const { name } = library;
      if (!library.trainer) continue;
      const reason = library === ours ? null : whyNot(name);
      if (reason) {
        leaveOut(name, reason);
        continue;
      }
      let trainer: Trainer | null = null;
      try {
        trainer = await library.trainer(config, weights, batch);
        const { steps, seconds } = await compared(trainer, quick ? 1 : COMPARED, effort.mostSeconds);
        note(
          `training step, ${label}: ${name}, compared steps of ${seconds.map((s) => s.toFixed(1)).join(', ')} s`,
        );
        if (library === ours) expected = steps;
        else {
          result.difference[name] = differenceOf(steps, expected);
          result.agrees[name] = result.difference[name] <= TOLERANCE;
        }
        trainer.known = warmSeconds(seconds);
        trainers.push(trainer);
        if (!oneByOne) continue;
        // What takes that long was timed by being compared.
        if (seconds.length > 1 && seconds[1] > effort.mostSeconds / 2) rounds.set(name, seconds.slice(1));
        else await time([trainer]);
      } catch (error) {
        if (trainer && !trainers.includes(trainer)) trainers.push(trainer);
        leaveOut(name, error instanceof Error ? error.message : String(error));
        // Nothing to compare with.
        if (library === ours) return result;
      } finally {
        if (oneByOne) {
          for (const each of trainers.splice(0)) each.dispose?.();
          await library.release?.();
        }
      }
    }
    if (!oneByOne) await time(trainers.filter(({ name }) => !result.left_out[name]));
  } finally {
    for (const trainer of trainers) trainer.dispose?.();
    for (const library of [ours, ...peers]) await library.release?.();
  }
  record(result, rounds, flops);
  return result;
}

function record(result: TrainStepResult, rounds: ReadonlyMap<string, readonly number[]>, flops: number) {
  const mine = rounds.get('ours')!;
  for (const [name, all] of rounds) {
    result.timing[name] = timingOf(all);
    result.seconds[name] = result.timing[name].median;
  }
  const over = (name: string) => {
    const theirs = rounds.get(name);
    if (!theirs) return null;
    return result.one_by_one ? median(theirs) / median(mine) : ratio(mine, theirs);
  };
  result.ours_over_tfjs = over('tfjs');
  result.ours_over_jaxjs = over('jax-js');
  const agreed = Object.values(result.agrees);
  result.loss_agrees = agreed.length > 0 ? agreed.every(Boolean) : null;
  result.gflops_ours = flops / result.seconds.ours / 1e9;
}

/** Why a policy of so many parameters is not trained here by that library; null where it is, or nothing is known. */
export function tooLarge(library: string, parameters: number, free: number | null): string | null {
  const needed = 4 * (VALUES_HELD[library] ?? 0) * parameters;
  if (free === null || needed <= free) return null;
  const gigabytes = (bytes: number) => (bytes / 1e9).toFixed(1);
  return `expected ${gigabytes(needed)} GB of free memory, got ${gigabytes(free)} GB`;
}

/**
 * What a step takes once it is warm, by those that were compared; undefined where that is not known. The first compiles
 * and allocates, later ones are as good as a warm-up; but of a step that takes long, compiling is the smallest part.
 */
function warmSeconds([first, ...later]: readonly number[]): number | undefined {
  if (later.length > 0) return Math.min(...later);
  return first > LONG_SECONDS ? first : undefined;
}

/** The first steps with their seconds: at least one, and no further one once they have taken as long as that. */
async function compared(
  trainer: Trainer,
  count: number,
  most: number,
): Promise<{ steps: Step[]; seconds: number[] }> {
  const steps: Step[] = [];
  const seconds: number[] = [];
  const begin = now();
  while (steps.length < count && (steps.length === 0 || now() - begin < 3 * most)) {
    const start = now();
    steps.push(await trainer.step());
    seconds.push(now() - start);
  }
  return { steps, seconds };
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
