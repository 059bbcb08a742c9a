/** Scores of a suite's answers for people: mean@k with its interval, and pass@k. Used by `eval` and `pretrain`. */
import { type AnsweredProblem, answerScore, byTier } from '../../rl/evaluate';
import { formatCount, formatPercent, formatPercentInterval } from '../../run/format';
import { mean, score } from '../../run/statistics';

/** A set of problems, each answered k times. */
export interface TierScore {
  problems: number;
  /** Right answers of all answers, mean@k. */
  accuracy: number;
  /** Wilson 95% interval of `accuracy` over all answers: what other answers to these same problems would give. */
  accuracy_interval: [low: number, high: number];
  correct: number;
  answers: number;
  /** Problems with at least one right answer among their k, and its Wilson 95% interval. */
  pass_at_k: number;
  pass_at_k_interval: [low: number, high: number];
}

export interface SuiteScore extends TierScore {
  suite: string;
  /** Mean tokens of an answer. */
  mean_length: number;
  /** Share of answers that ran into the length limit. */
  truncated_ratio: number;
  /** Keyed `family/tier`. */
  by_tier: Record<string, TierScore>;
}

export function suiteScore(suite: string, answered: readonly AnsweredProblem[]): SuiteScore {
  const lengths = answered.flatMap((a) => a.lengths);
  return {
    suite,
    ...tierScore(answered),
    mean_length: mean(lengths),
    truncated_ratio: answered.reduce((sum, a) => sum + a.truncated, 0) / lengths.length,
    by_tier: Object.fromEntries([...byTier(answered)].map(([tier, each]) => [tier, tierScore(each)])),
  };
}

function tierScore(answered: readonly AnsweredProblem[]): TierScore {
  const all = answerScore(answered);
  const passed = score(answered.filter((a) => a.correct > 0).length, answered.length);
  return {
    problems: answered.length,
    accuracy: all.accuracy,
    accuracy_interval: [all.low, all.high],
    correct: all.correct,
    answers: all.samples,
    pass_at_k: passed.accuracy,
    pass_at_k_interval: [passed.low, passed.high],
  };
}

/** The score in lines: the suite, then each tier. */
export function describeSuite(result: SuiteScore): string {
  const rows = [[result.suite, result] as const, ...Object.entries(result.by_tier)];
  const width = Math.max(...rows.map(([name]) => name.length));
  const lines = rows.map(([name, tier], i) => {
    const k = tier.answers / tier.problems;
    const passed =
      k > 1
        ? `  pass@${k} ${formatPercent(tier.pass_at_k)} [${formatPercentInterval(...tier.pass_at_k_interval)}]`
        : '';
    return `${i === 0 ? '' : '  '}${name.padEnd(width + (i === 0 ? 2 : 0))}  ${formatPercent(tier.accuracy)} [${formatPercentInterval(...tier.accuracy_interval)}] of ${formatCount(tier.answers)}${passed}`;
  });
  return `${lines.join('\n')}\n`;
}
