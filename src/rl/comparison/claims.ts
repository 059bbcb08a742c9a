/**
 * The paper's claims held against the arms: what reproduced, what did not, what went the other way. A claim counts as
 * reproduced when the 95% interval over seeds lies wholly on its side of no effect, as contradicted when it lies wholly
 * on the other, and as not shown in between, without an interval, or when not every pair of runs can be compared.
 *
 * Claims are those of arXiv 2510.03259; they are about arms that use predictions, so other arms have none.
 */
import { metaIsUsed } from '../masa/settings';
import type { ArmComparison, Claim, Comparison, TargetComparison, Verdict } from './comparison';
import type { ComparedArm } from './input';
import type { Axis } from './record';
import type { Spread } from './spread';
import { change, figure, NOT_MEASURED, percent, points, times } from './words';

/** The paper's speed-up to GRPO's accuracy. */
export const PAPER_SPEEDUP = 1.28;

/** An accuracy this much lower still counts as "not lost": one percentage point. */
export const ACCURACY_MARGIN = 0.01;

/** @param nothing the value that stands for no effect */
export function verdictOf(spread: Spread | null | undefined, nothing: number): Verdict {
  if (!spread) return 'not measured';
  if (!spread.interval) return 'not shown';
  const [low, high] = spread.interval;
  return low > nothing ? 'reproduced' : high < nothing ? 'contradicted' : 'not shown';
}

export function claimsOf(
  comparison: Pick<Comparison, 'baseline' | 'suite' | 'arms'>,
  compared: readonly ComparedArm[],
): Claim[] {
  return comparison.arms.flatMap((arm) => {
    const [run] = compared.find(({ name }) => name === arm.name)?.runs ?? [];
    if (arm.name === comparison.baseline || !run || !metaIsUsed(run.manifest)) return [];
    return [
      speed(arm, comparison.baseline),
      alignment(arm, comparison.baseline),
      accuracy(arm, comparison.suite),
      outOfDomain(arm),
      ...(arm.gate || arm.cutoff ? [saving(arm)] : []),
    ];
  });
}

const OTHER_AXES: readonly [Axis, string][] = [
  ['flops', 'FLOPs'],
  ['decode_steps', 'decoding steps'],
  ['seconds', 'seconds'],
  ['steps', 'steps'],
];

function speed(arm: ArmComparison, baseline: string): Claim {
  const target = arm.targets.find(({ share }) => share === 1);
  const claim = `needs fewer tokens to ${baseline}’s final accuracy (paper: ${PAPER_SPEEDUP}x faster)`;
  if (!target) return { arm: arm.name, claim, verdict: 'not measured', evidence: NOT_MEASURED };
  const spread = target.ratios?.tokens;
  const others = OTHER_AXES.map(([axis, word]) => `${word} ${times(target.ratios?.[axis])}`).join(', ');
  const within = spread?.interval
    ? `; the paper’s ${PAPER_SPEEDUP} lies ${contains(spread.interval, PAPER_SPEEDUP) ? 'inside' : 'outside'} the interval`
    : '';
  return {
    arm: arm.name,
    claim,
    // Ratios of the pairs that got there say nothing of those that did not.
    verdict: allPairs(target) ? verdictOf(spread, 1) : 'not shown',
    evidence: `${target.reached} of ${target.of} runs reached it, ${target.pairs} of ${target.of_pairs} pairs; ${baseline}’s cost over the arm’s: tokens ${times(spread)}${within}; ${others}`,
  };
}

const allPairs = ({ pairs, of_pairs }: TargetComparison): boolean => pairs > 0 && pairs === of_pairs;

const contains = ([low, high]: [number, number], value: number): boolean => low <= value && value <= high;

function alignment(arm: ArmComparison, baseline: string): Claim {
  const own = arm.alignment;
  const where =
    own?.source === 'training' ? 'on the prompts of the last steps' : 'on held-out problems at the end';
  return {
    arm: arm.name,
    claim: `predicts its own pass rates better than ${baseline} does`,
    verdict: verdictOf(own?.difference, 0),
    evidence: !own
      ? NOT_MEASURED
      : `r ${figure(own.pass_rate_pearson)} ${where}; ${
          own.difference
            ? `difference ${change(own.difference)}`
            : `${baseline} was not asked for predictions (masa_meta=observe would)`
        }`,
  };
}

function accuracy(arm: ArmComparison, suite: string): Claim {
  const benchmark = arm.benchmarks?.find(({ over }) => over === 'in-domain');
  const own = arm.final[suite]?.difference;
  return {
    arm: arm.name,
    claim: 'is more accurate in domain at the end',
    verdict: verdictOf(own, 0),
    evidence: `${suite}: ${points(own)} points${benchmark ? `; in-domain benchmark sets: ${points(benchmark.difference)}` : ''}`,
  };
}

function outOfDomain(arm: ArmComparison): Claim {
  const benchmark = arm.benchmarks?.find(({ over }) => over === 'out-of-domain');
  const suite = arm.final['out-of-domain']?.difference;
  const [name, own] = benchmark?.difference
    ? (['out-of-domain benchmark sets', benchmark.difference] as const)
    : (['suite out-of-domain', suite] as const);
  return {
    arm: arm.name,
    claim: 'is more accurate out of domain at the end',
    verdict: verdictOf(own, 0),
    evidence: own ? `${name}: ${points(own)} points` : NOT_MEASURED,
  };
}

/** Both have to hold: something is spared, and accuracy after as many steps is not lower by more than the margin. */
function saving(arm: ArmComparison): Claim {
  const margin = `${100 * ACCURACY_MARGIN} point`;
  const held = arm.at_equal_steps.at(-1)?.difference;
  const parts = [arm.gate, arm.cutoff].flatMap((part) => (part ? [part.tokens_saved_share] : []));
  const verdicts = [...parts.map((part) => verdictOf(part, 0)), notWorse(held)];
  const verdict =
    (['contradicted', 'not measured', 'not shown'] as const).find((each) => verdicts.includes(each)) ??
    'reproduced';
  const names = [...(arm.gate ? ['gate'] : []), ...(arm.cutoff ? ['cutoff'] : [])];
  return {
    arm: arm.name,
    claim: `${names.join(' and ')} ${names.length > 1 ? 'save' : 'saves'} tokens without losing accuracy (by more than ${margin})`,
    verdict,
    evidence: `${names.map((name, i) => `${name} ${parts[i] ? `spared ${percent(parts[i])}% of the solution tokens` : NOT_MEASURED}`).join(', ')}; accuracy after as many steps ${points(held)} points`,
  };
}

function notWorse(held: Spread | null | undefined): Verdict {
  if (!held) return 'not measured';
  if (!held.interval) return 'not shown';
  const [low, high] = held.interval;
  return low > -ACCURACY_MARGIN ? 'reproduced' : high < 0 ? 'contradicted' : 'not shown';
}
