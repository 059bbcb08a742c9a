/**
 * The form of `comparison.json`: what arms trained on the same seeds came to, beside one of them, the baseline.
 * `compare.ts` fills it in, `tables.ts` lays it out. Types alone.
 *
 * Shares and accuracies are from 0 to 1. A `Spread` is a figure over seeds with every value behind it; null where
 * nothing was measured. Costs and their axes are those of `record.ts`. A changed meaning is a new version.
 */
import type { BenchmarkReport } from '../benchmark-scores';
import type { GateSavings } from '../masa/savings';
import type { Axis, Costs } from './record';
import type { Spread } from './spread';

export const COMPARISON_VERSION = 1;

export interface Comparison {
  version: typeof COMPARISON_VERSION;
  /** The suite whose accuracy is compared. */
  suite: string;
  baseline: string;
  /** Asked for; which of them an arm has is in its `runs`. */
  seeds: number[];
  /** The mean of the baseline's last accuracies: what the targets are shares of. */
  reference_accuracy: number | null;
  /** The largest cost that every run has reached. */
  common: { tokens: number | null; steps: number | null };
  arms: ArmComparison[];
  claims: Claim[];
  /** What a reader has to know of these figures: runs that are missing, arms evaluated differently, few seeds. */
  notes: string[];
}

export interface ArmComparison {
  name: string;
  /** What the arm changes of the defaults, the seed aside. */
  settings: Record<string, unknown>;
  runs: ArmRun[];
  /** Seeds without a finished run, and why. */
  missing: { seed: number; why: string }[];
  /** By suite. */
  final: Record<string, FinalAccuracy>;
  at_equal_tokens: AtBudget[];
  at_equal_steps: AtBudget[];
  targets: TargetComparison[];
  alignment: Alignment | null;
  /** null without a gate, null without a cutoff. Over the whole run. */
  gate: GateSummary | null;
  cutoff: CutoffSummary | null;
  /** null for the baseline. */
  arithmetic: Arithmetic | null;
  /** null where no run was evaluated on the benchmark sets. */
  benchmarks: BenchmarkGain[] | null;
}

export interface ArmRun {
  seed: number;
  adapter: string;
  /** At its end. */
  costs: Costs;
  /** At its end, by suite. */
  accuracy: Record<string, number>;
}

export interface FinalAccuracy {
  start: Spread | null;
  end: Spread | null;
  change: Spread | null;
  /** Of the ends, against the baseline, paired by seed; null for the baseline. */
  difference: Spread | null;
}

/** Accuracy where every run has cost the same, between evaluations by linear interpolation. */
export interface AtBudget {
  /** Of the common budget. */
  share: number;
  budget: number;
  accuracy: Spread | null;
  /** Against the baseline, paired by seed; null for the baseline. */
  difference: Spread | null;
}

/** What it took to reach a share of the baseline's final accuracy. */
export interface TargetComparison {
  share: number;
  accuracy: number;
  /** Runs that reached it, of those there are. */
  reached: number;
  of: number;
  /** Of the runs that reached it. */
  costs: Record<Axis, Spread | null>;
  /**
   * What the ratios are over: seeds in which this arm and the baseline reached it, and not before the first step, of
   * those both have.
   */
  pairs: number;
  of_pairs: number;
  /** The baseline's cost over the arm's, so above 1 the arm is cheaper; null for the baseline. */
  ratios: Record<Axis, Spread | null> | null;
}

export interface Alignment {
  /** Held-out problems at the last evaluation, or the run's own prompts over its last steps. */
  source: 'evaluation' | 'training';
  pass_rate_pearson: Spread | null;
  pass_rate_mae: Spread | null;
  length_pearson: Spread | null;
  parse_rate: Spread | null;
  /** Of `pass_rate_pearson`, against the baseline's, where both are from the same source. */
  difference: Spread | null;
}

export interface GateSummary {
  precision: Spread | null;
  recall: Spread | null;
  false_positive_rate: Spread | null;
  /** Estimated solution tokens not generated, the audit's deducted, and as a share of those without a gate. */
  tokens_saved: Spread | null;
  tokens_saved_share: Spread | null;
}

export interface CutoffSummary {
  cut: Spread | null;
  precision: Spread | null;
  tokens_saved: Spread | null;
  tokens_saved_share: Spread | null;
  /** Estimated correct answers among the cut rollouts. */
  correct_lost: Spread | null;
}

/** What the arithmetic of the gate allows, up to a target, beside what was measured. */
export interface Arithmetic {
  /** Share of the baseline's final accuracy. */
  target: number;
  /** A pair for each seed in which both reached it and everything was measured. */
  pairs: ArithmeticPair[];
  of_pairs: number;
  z: Spread | null;
  r: Spread | null;
  f: Spread | null;
  m: Spread | null;
  c: Spread | null;
  e: Spread | null;
  ceiling: Spread | null;
  predicted: Spread | null;
  /** The same if e were 1. */
  predicted_at_equal_learning: Spread | null;
  break_even_e: Spread | null;
  measured: Spread | null;
  /** Factors on the way from the ceiling to the prediction, and from there to what was measured. */
  lost: Record<keyof GateSavings['lost'] | 'cutoff' | 'unexplained', Spread | null>;
  /** Why there is nothing to say, or less than for every pair; empty otherwise. */
  reason: string;
}

export interface ArithmeticPair {
  seed: number;
  /** Token share of the baseline's prompts without variance. */
  z: number;
  /** The gate's recall and false-positive rate by tokens; 0 without a gate. */
  r: number;
  f: number;
  /** Tokens of predictions and audit over solution tokens. */
  m: number;
  /** Share of the solution tokens that the cutoff spares. */
  c: number;
  /** Informative prompts the baseline trained on to get there over those of the arm. */
  e: number;
  savings: GateSavings;
  /** With the cutoff's part. */
  predicted: number;
  predicted_at_equal_learning: number;
  break_even_e: number | null;
  /** Baseline's tokens over the arm's, the audit's counted as `m` counts them. */
  measured: number;
}

export interface BenchmarkGain {
  over: BenchmarkReport['averages'][number]['over'];
  /** Sets in the mean, of those there are. */
  sets: number;
  of: number;
  /** The base model's mean@k; null where it was not evaluated. */
  base: number | null;
  end: Spread | null;
  gain: Spread | null;
  /** Of the ends, against the baseline, paired by seed; null for the baseline. */
  difference: Spread | null;
}

export const VERDICTS = ['reproduced', 'not shown', 'contradicted', 'not measured'] as const;
export type Verdict = (typeof VERDICTS)[number];

/** A claim of the paper (arXiv 2510.03259), held against an arm. */
export interface Claim {
  arm: string;
  claim: string;
  verdict: Verdict;
  /** The figures the verdict rests on, in words. */
  evidence: string;
}
