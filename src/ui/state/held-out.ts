/**
 * What the run view keeps of an evaluation's predictions: the figures always, the single problems within a bound.
 * Pure; what is drawn of it is `views/held-out.ts`.
 */
import type { AlignmentFigures } from '../../run/masa-events';

/** A held-out problem that was asked about: what was predicted, and what came of its answers. */
export interface HeldOutProblem {
  /** Its place in the suite, the same in every evaluation. */
  index: number;
  /** Pass rate, 0-1. */
  predicted: number;
  correct: number;
  /** Answers sampled. */
  total: number;
}

export interface HeldOutAlignment {
  /** Pearson's r of predicted and true pass rate, over problems. */
  correlation: number | null;
  /** Mean absolute error of the pass rate, over problems. */
  error: number | null;
  /** Problems whose prediction could be read, all of which count in the figures. */
  rated: number;
  /** Problems of the evaluation. */
  asked: number;
  calibration: AlignmentFigures['calibration'];
  /** Evenly spaced ones where there are very many; null where they were dropped to bound the page's memory. */
  problems: readonly HeldOutProblem[] | null;
}

/** Problems kept of one evaluation: more would be drawn on top of each other. */
export const MOST_PROBLEMS = 512;
/** Problems kept over all evaluations of the run. */
export const MOST_KEPT = 24_000;

export function heldOutAlignment(figures: AlignmentFigures): HeldOutAlignment {
  const problems = figures.points.flatMap(({ pass_rate, true_pass_rate }, index): HeldOutProblem[] =>
    pass_rate === null
      ? []
      : [
          {
            index,
            predicted: pass_rate,
            // The stream has the share; the count behind it is whole.
            correct: Math.round(true_pass_rate * figures.answers),
            total: figures.answers,
          },
        ],
  );
  // By place in the suite, so that every evaluation keeps the same problems.
  const stride = Math.ceil(figures.points.length / MOST_PROBLEMS);
  return {
    correlation: figures.pass_rate_pearson,
    error: figures.pass_rate_mae,
    rated: problems.length,
    asked: figures.points.length,
    calibration: figures.calibration,
    problems: stride <= 1 ? problems : problems.filter(({ index }) => index % stride === 0),
  };
}

interface Evaluated {
  suite: string;
  alignment: HeldOutAlignment | null;
}

/**
 * Drops the problems of every second evaluation of a suite once there are too many over all. The first and the newest
 * keep theirs: what it began with and where it is.
 */
export function boundHeldOut<T extends Evaluated>(evaluations: readonly T[], most = MOST_KEPT): readonly T[] {
  const kept = (each: T) => each.alignment?.problems?.length ?? 0;
  if (evaluations.reduce((sum, each) => sum + kept(each), 0) <= most) return evaluations;
  const dropped = new Set<T>();
  for (const suite of new Set(evaluations.map((each) => each.suite))) {
    const own = evaluations.filter((each) => each.suite === suite && kept(each) > 0);
    own.forEach((each, i) => {
      if (i % 2 === 1 && i < own.length - 1) dropped.add(each);
    });
  }
  return evaluations.map((each) =>
    each.alignment && dropped.has(each)
      ? { ...each, alignment: { ...each.alignment, problems: null } }
      : each,
  );
}
