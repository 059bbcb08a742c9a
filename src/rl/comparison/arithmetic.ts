/**
 * Why an arm paid or did not: the speed-up that the arithmetic of the gate gives for what was measured (zero-variance
 * share, gate, cutoff, overhead, learning per informative prompt), up to a target accuracy, beside the measured one.
 * The formula is `masa/savings.ts`; here its inputs are read off two runs of one seed. Used by `compare.ts`.
 *
 * A cutoff that spares a share c of the solution tokens divides what is spent by 1 / (1 - c). Overhead m is measured
 * against solution tokens after the cut, so that the speed-up with both is gateSavings(...).speedup / (1 - c).
 */
import { addTallies, cutoffFigures, EMPTY_CUTOFF_TALLY, EMPTY_GATE_TALLY, gateFigures } from '../masa/audit';
import { gateSavings } from '../masa/savings';
import type { Arithmetic, ArithmeticPair } from './comparison';
import { type CurvePoint, cumulativeAt, curveOf, firstCrossing } from './curve';
import type { RunRecord, StepRecord } from './record';
import { bySeed, ratioSpreadOf, spreadOf } from './spread';

/** Tallies of the gate over steps; null without a gate. */
export function gateTallyOf(steps: readonly StepRecord[]): ReturnType<typeof addTallies<GateKey>> | null {
  const tallies = steps.flatMap(({ gate }) => (gate ? [gate] : []));
  return tallies.length === 0 ? null : tallies.reduce((a, b) => addTallies(a, b), EMPTY_GATE_TALLY);
}
type GateKey = keyof typeof EMPTY_GATE_TALLY;

/** Tallies of the cutoff over steps; null without a cutoff. */
export function cutoffTallyOf(steps: readonly StepRecord[]): ReturnType<typeof addTallies<CutoffKey>> | null {
  const tallies = steps.flatMap(({ cutoff }) => (cutoff ? [cutoff] : []));
  return tallies.length === 0 ? null : tallies.reduce((a, b) => addTallies(a, b), EMPTY_CUTOFF_TALLY);
}
type CutoffKey = keyof typeof EMPTY_CUTOFF_TALLY;

/** Of a gate's tally: solution tokens there would have been without it; null where the audit saw nothing. */
export function tokensWithoutGate(tally: NonNullable<ReturnType<typeof gateTallyOf>>): number | null {
  const { tokensSaved } = gateFigures(tally);
  if (tokensSaved === null) return null;
  return tally.keptZeroTokens + tally.keptInformativeTokens + tokensSaved + tally.auditTokens;
}

const sum = (steps: readonly StepRecord[], of: (step: StepRecord) => number): number =>
  steps.reduce((total, step) => total + of(step), 0);

/**
 * Both runs up to `target`. @returns what is in the way as a text where something is.
 */
function pairOf(
  seed: number,
  baseline: RunRecord,
  arm: RunRecord,
  suite: string,
  target: number,
): ArithmeticPair | string {
  const place = (run: RunRecord): { curve: CurvePoint[]; costs: ReturnType<typeof firstCrossing> } => {
    const curve = curveOf(run, suite);
    return { curve, costs: firstCrossing(curve, target) };
  };
  const [from, to] = [place(baseline).costs, place(arm).costs];
  if (!from || !to) return `${from ? 'the arm' : 'the baseline'} never reached the target`;
  if (!from.steps || !to.steps) return 'the target was reached before the first step';
  // Shares are over the steps begun by then, counts up to the very place.
  const begun = (run: RunRecord, steps: number) => run.steps.filter(({ step }) => step < steps);
  const before = begun(baseline, from.steps);
  const steps = begun(arm, to.steps);
  const baselineTokens = sum(before, (step) => step.solution_tokens);
  const informative = (run: RunRecord, until: number) =>
    cumulativeAt(run.steps, until, (step) => step.informative);
  const learned = informative(arm, to.steps);
  if (baselineTokens === 0 || learned === 0) return 'no informative prompt was trained on';
  if (!from.tokens_with_audit || !to.tokens_with_audit) return 'tokens were not measured';

  const gate = gateTallyOf(steps);
  const figures = gate && gateFigures(gate).savings;
  const uncut = gate ? tokensWithoutGate(gate) : sum(steps, (step) => step.solution_tokens);
  if ((gate && !figures) || !uncut) return 'the gate closed and no closed prompt was rolled out to check it';
  const cutoff = cutoffTallyOf(steps);
  const c = cutoff ? cutoffFigures(cutoff).tokensSavedShare : 0;
  if (c === null) return 'rollouts were cut and none was let run on to check';
  const measures = {
    z: sum(before, (step) => step.zero_variance_tokens) / baselineTokens,
    r: figures?.recall ?? 0,
    f: figures?.falsePositiveRate ?? 0,
    m: sum(steps, (step) => step.meta_tokens + step.audit_tokens) / uncut,
    c,
    e: informative(baseline, from.steps) / learned,
  };
  const input = {
    zeroVarianceShare: measures.z,
    recall: measures.r,
    falsePositiveRate: measures.f,
    overhead: measures.m,
    learningRatio: measures.e,
  };
  const savings = gateSavings(input);
  const { speedup: atEqualLearning } = gateSavings({ ...input, learningRatio: 1 });
  return {
    seed,
    ...measures,
    savings,
    predicted: savings.speedup / (1 - c),
    predicted_at_equal_learning: atEqualLearning / (1 - c),
    break_even_e: savings.breakEvenLearningRatio === null ? null : savings.breakEvenLearningRatio * (1 - c),
    measured: from.tokens_with_audit / to.tokens_with_audit,
  };
}

/**
 * @param baseline by seed
 * @param target accuracy that is `share` of the baseline's final one
 */
export function arithmeticOf(
  baseline: ReadonlyMap<number, RunRecord>,
  arm: ReadonlyMap<number, RunRecord>,
  suite: string,
  share: number,
  target: number,
): Arithmetic {
  const shared = [...arm.keys()].filter((seed) => baseline.has(seed)).sort((a, b) => a - b);
  const pairs: ArithmeticPair[] = [];
  const reasons: string[] = [];
  for (const seed of shared) {
    const pair = pairOf(seed, baseline.get(seed)!, arm.get(seed)!, suite, target);
    if (typeof pair === 'string') reasons.push(`seed ${seed}: ${pair}`);
    else pairs.push(pair);
  }
  const known = new Map(pairs.map((pair) => [pair.seed, pair]));
  const spread = (of: (pair: ArithmeticPair) => number | null) => spreadOf(bySeed(known, of));
  // A factor without end or of nothing has no mean.
  const ratios = (of: (pair: ArithmeticPair) => number) =>
    ratioSpreadOf(
      bySeed(known, (pair) => {
        const value = of(pair);
        return value > 0 && Number.isFinite(value) ? value : null;
      }),
    );
  return {
    target: share,
    pairs,
    of_pairs: shared.length,
    z: spread(({ z }) => z),
    r: spread(({ r }) => r),
    f: spread(({ f }) => f),
    m: spread(({ m }) => m),
    c: spread(({ c }) => c),
    e: ratios(({ e }) => e),
    ceiling: ratios(({ savings }) => savings.ceiling),
    predicted: ratios(({ predicted }) => predicted),
    predicted_at_equal_learning: ratios((pair) => pair.predicted_at_equal_learning),
    break_even_e: spread((pair) => pair.break_even_e),
    measured: ratios(({ measured }) => measured),
    lost: {
      recall: ratios(({ savings }) => savings.lost.recall),
      falsePositives: ratios(({ savings }) => savings.lost.falsePositives),
      overhead: ratios(({ savings }) => savings.lost.overhead),
      learning: ratios(({ savings }) => savings.lost.learning),
      cutoff: ratios(({ c }) => 1 / (1 - c)),
      unexplained: ratios(({ measured, predicted }) => measured / predicted),
    },
    reason: shared.length === 0 ? 'no seed has a run of both' : reasons.join('; '),
  };
}
