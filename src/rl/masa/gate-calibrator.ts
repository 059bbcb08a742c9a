/**
 * Turns an expected pass rate into the probability that the prompt's group has no variance, and learns online how
 * far the policy's expectation can be trusted. Four parameters, updated by one gradient step an outcome.
 *
 * Used by `gate.ts`. The state is plain JSON and goes into checkpoints as it is.
 */

/** P(zero variance) = sigmoid(w . [1, x, x^2, x^4]), x = 2 e - 1, e the expected pass rate. */
export interface CalibratorState {
  version: 1;
  /** [4] */
  weights: [number, number, number, number];
  /** Outcomes learned from. */
  outcomes: number;
}

/** What a rolled-out prompt taught: kept, explored or audited; never what was only predicted. */
export interface GateOutcome {
  expectation: number;
  zeroVariance: boolean;
}

/** Step size of the online updates. From 0.1 to 0.3 the choice makes no difference; at 1 the fit is visibly noisy. */
export const CALIBRATOR_RATE = 0.2;

const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z));
const logit = (p: number): number => Math.log(p / (1 - p));

const features = (expectation: number): [number, number, number, number] => {
  const x = 2 * Math.min(1, Math.max(0, expectation)) - 1;
  return [1, x, x * x, x ** 4];
};

const dot = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, each, i) => sum + each * b[i], 0);

/**
 * The calibrator before it has learned anything: it takes the expectation for the true pass rate p, for which n
 * independent rollouts agree with probability p^n + (1 - p)^n. The even features are fitted to that at p = 0.5, 0.9
 * and 0.98.
 *
 * @param n rollouts in a group, at least 2.
 */
export function initialCalibrator(n: number): CalibratorState {
  if (!(Number.isInteger(n) && n >= 2))
    throw new Error(`initialCalibrator: expected a group of 2 rollouts or more, got ${n}`);
  const agree = (p: number): number => p ** n + (1 - p) ** n;
  // logit P(0.5) is infinite in doubles from n = 1075 on, and meaningless long before.
  const at = (p: number): number => Math.max(-20, logit(agree(p)));
  const bias = at(0.5);
  const [a, b] = [0.8 ** 2, 0.96 ** 2];
  const [rise, riseTop] = [at(0.9) - bias, at(0.98) - bias];
  const determinant = a * b * b - a * a * b;
  return {
    version: 1,
    weights: [
      bias,
      0,
      (rise * b * b - a * a * riseTop) / determinant,
      (a * riseTop - b * rise) / determinant,
    ],
    outcomes: 0,
  };
}

/** P(zero variance), 0-1. */
export function zeroVarianceProbability(state: CalibratorState, expectation: number): number {
  return sigmoid(dot(state.weights, features(expectation)));
}

/**
 * The state after learning from `outcomes` in their order: for each, w <- w - rate (P - y) features, the gradient of
 * its log loss. Gated prompts enter only where they were audited; that leaves them rarer than they are, but not
 * differently labelled at a given expectation, so that the fit stays unbiased there.
 */
export function learnOutcomes(
  state: CalibratorState,
  outcomes: readonly GateOutcome[],
  rate: number = CALIBRATOR_RATE,
): CalibratorState {
  let weights = state.weights;
  for (const { expectation, zeroVariance } of outcomes) {
    const phi = features(expectation);
    const error = sigmoid(dot(weights, phi)) - (zeroVariance ? 1 : 0);
    weights = [
      weights[0] - rate * error * phi[0],
      weights[1] - rate * error * phi[1],
      weights[2] - rate * error * phi[2],
      weights[3] - rate * error * phi[3],
    ];
  }
  return { version: 1, weights, outcomes: state.outcomes + outcomes.length };
}
