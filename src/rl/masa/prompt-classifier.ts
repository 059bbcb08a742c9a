/**
 * A gate's control: logistic regression on the look of a prompt, outside of the policy, learning online which prompts
 * have groups without variance. If it gates as well as the policy's own predictions, these show no self-knowledge.
 *
 * Features of a prompt of T tokens from a table of V rows: which tokens occur [V], how often [V], and T as one of
 * `LENGTHS` classes. No order, no arithmetic. The state is plain JSON and goes into checkpoints as it is.
 */
import type { GateOutcome } from './gate-calibrator';

/** Prompts of this many tokens or more are one class. */
const LENGTHS = 64;
/** Counts are divided by this, to be of the size of the other features. */
const COUNT_SCALE = 4;
/** AdaGrad's step size (Duchi, Hazan, Singer 2011): rare features keep learning while common ones settle. */
const RATE = 0.3;

export interface PromptClassifierState {
  version: 1;
  /** [2 V + LENGTHS] */
  weights: number[];
  /** [2 V + LENGTHS] sums of squared gradients. */
  squares: number[];
  /** Outcomes learned from. */
  outcomes: number;
}

export interface PromptOutcome extends Pick<GateOutcome, 'zeroVariance'> {
  prompt: readonly number[];
}

/** @param tableSize V, rows of the embedding table. */
export function initialClassifier(tableSize: number): PromptClassifierState {
  const size = 2 * tableSize + LENGTHS;
  return { version: 1, weights: new Array(size).fill(0), squares: new Array(size).fill(0), outcomes: 0 };
}

/** The features that are not 0: [place, value]. Tokens outside of the table are passed over. */
function features(prompt: readonly number[], tableSize: number): [number, number][] {
  const counts = new Map<number, number>();
  for (const token of prompt)
    if (Number.isInteger(token) && token >= 0 && token < tableSize)
      counts.set(token, (counts.get(token) ?? 0) + 1);
  return [
    ...[...counts].flatMap(([token, count]): [number, number][] => [
      [token, 1],
      [tableSize + token, count / COUNT_SCALE],
    ]),
    [2 * tableSize + Math.min(LENGTHS - 1, prompt.length), 1],
  ];
}

const tableSizeOf = (state: Readonly<PromptClassifierState>): number => (state.weights.length - LENGTHS) / 2;

/** P(zero variance) of a prompt's group, 0-1; one half before anything was learned. */
export function classifyPrompt(state: Readonly<PromptClassifierState>, prompt: readonly number[]): number {
  const z = features(prompt, tableSizeOf(state)).reduce(
    (sum, [at, value]) => sum + state.weights[at] * value,
    0,
  );
  return 1 / (1 + Math.exp(-z));
}

/** The state after one AdaGrad step on the log loss of each outcome, in their order. */
export function learnPrompts(
  state: Readonly<PromptClassifierState>,
  outcomes: readonly PromptOutcome[],
): PromptClassifierState {
  const next: PromptClassifierState = {
    version: 1,
    weights: [...state.weights],
    squares: [...state.squares],
    outcomes: state.outcomes + outcomes.length,
  };
  for (const { prompt, zeroVariance } of outcomes) {
    const error = classifyPrompt(next, prompt) - (zeroVariance ? 1 : 0);
    for (const [at, value] of features(prompt, tableSizeOf(next))) {
      const gradient = error * value;
      next.squares[at] += gradient * gradient;
      if (gradient !== 0) next.weights[at] -= (RATE * gradient) / Math.sqrt(next.squares[at]);
    }
  }
  return next;
}
