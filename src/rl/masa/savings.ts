/**
 * The arithmetic of the gate: what a gate can save at most, what one of measured quality should save, and what the
 * difference was lost to. Plain numbers; used by comparisons and reports to stand beside a measured speed-up.
 */

export interface GateSavingsInput {
  /** z: token share of the prompts whose groups have no variance, 0-1. */
  zeroVarianceShare: number;
  /** r: of those tokens, the share the gate spares. */
  recall: number;
  /** f: of the other prompts' tokens, the share the gate spares by mistake. */
  falsePositiveRate: number;
  /** m: tokens of meta rollouts and audit over the solution tokens of a run without a gate. */
  overhead: number;
  /**
   * e: informative prompts plain GRPO needs over those this arm needs to the same accuracy. Below 1 each informative
   * prompt teaches less than it does without the meta side.
   */
  learningRatio: number;
}

export interface GateSavings {
  /** e (1 - f) / (m + 1 - r z - f (1 - z)): how many times fewer tokens to the same accuracy. */
  speedup: number;
  /** (r - f) z - m - (1 - e)(1 - f): the gate pays when it is above 0. */
  margin: number;
  pays: boolean;
  /** The e at which it begins to pay, all else as given; null when f = 1. */
  breakEvenLearningRatio: number | null;
  /** 1 / (1 - z): a perfect gate for nothing. Infinite when z = 1. */
  ceiling: number;
  /**
   * The way from the ceiling down, as factors; their product times the ceiling is the speed-up. The
   * factors depend on the order, which is that of the fields.
   */
  lost: {
    /** Zero-variance prompts the gate let through. */
    recall: number;
    /** Informative prompts it closed; 1 when r = 1, where each costs as much learning as tokens. */
    falsePositives: number;
    /** Meta rollouts and audit. */
    overhead: number;
    /** Learning per informative prompt. */
    learning: number;
  };
}

/**
 * Of one unit of solution tokens without a gate, 1 - z are informative. With it, r z and f (1 - z) are spared and m
 * is added; the informative prompts left are (1 - f)(1 - z), each worth e.
 *
 * @throws Error when a share is not from 0 to 1, or the other two are negative.
 */
export function gateSavings(input: GateSavingsInput): GateSavings {
  const { zeroVarianceShare: z, recall: r, falsePositiveRate: f, overhead: m, learningRatio: e } = input;
  for (const [name, value] of Object.entries({ zeroVarianceShare: z, recall: r, falsePositiveRate: f }))
    if (!(value >= 0 && value <= 1))
      throw new Error(`gateSavings: ${name}: expected a share from 0 to 1, got ${value}`);
  for (const [name, value] of Object.entries({ overhead: m, learningRatio: e }))
    if (!(value >= 0)) throw new Error(`gateSavings: ${name}: expected 0 or more, got ${value}`);
  const speedup = speedupOf(z, r, f, m, e);
  const ceiling = speedupOf(z, 1, 0, 0, 1);
  const steps = [
    ceiling,
    speedupOf(z, r, 0, 0, 1),
    speedupOf(z, r, f, 0, 1),
    speedupOf(z, r, f, m, 1),
    speedup,
  ];
  const margin = (r - f) * z - m - (1 - e) * (1 - f);
  return {
    speedup,
    margin,
    pays: margin > 0,
    breakEvenLearningRatio: f === 1 ? null : 1 - ((r - f) * z - m) / (1 - f),
    ceiling,
    lost: {
      recall: ratio(steps[1], steps[0]),
      falsePositives: ratio(steps[2], steps[1]),
      overhead: ratio(steps[3], steps[2]),
      learning: ratio(steps[4], steps[3]),
    },
  };
}

function speedupOf(z: number, r: number, f: number, m: number, e: number): number {
  const learned = e * (1 - f);
  const spent = m + 1 - r * z - f * (1 - z);
  // Nothing learned for nothing spent is no speed-up.
  return learned === 0 ? 0 : learned / Math.max(0, spent);
}

/** Of two speed-ups; where both are infinite or both 0 nothing was lost between them. */
const ratio = (after: number, before: number): number => (after === before ? 1 : after / before);
