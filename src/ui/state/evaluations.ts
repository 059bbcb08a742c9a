/** The run view's evaluations: what is kept of each, and a list of them with one more. Pure. */
import type { RunEventOf, Score } from '../../run/events';
import { thin } from './bounds';
import { boundHeldOut, type HeldOutAlignment, heldOutAlignment } from './held-out';

export interface EvaluationPoint {
  step: number;
  numTokens: number;
  suite: string;
  total: Score;
  byTier: Readonly<Record<string, Score>>;
  meanLength: number;
  durationMs: number;
  /** null where no predictions were asked for. */
  alignment: HeldOutAlignment | null;
}

/** In rising order of step; the suite's evaluation at that step and what came after it is replaced. */
export function withEvaluation(
  evaluations: readonly EvaluationPoint[],
  event: RunEventOf<'evaluation'>,
): readonly EvaluationPoint[] {
  const before = evaluations.filter(
    (point) => point.step < event.step || (point.step === event.step && point.suite !== event.suite),
  );
  const point: EvaluationPoint = {
    step: event.step,
    numTokens: event.num_tokens,
    suite: event.suite,
    total: event.total,
    byTier: event.by_tier,
    meanLength: event.mean_length,
    durationMs: event.duration_ms,
    alignment: event.alignment ? heldOutAlignment(event.alignment) : null,
  };
  return boundHeldOut(thin([...before, point]));
}
