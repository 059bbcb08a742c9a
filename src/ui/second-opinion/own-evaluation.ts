/**
 * The evaluation of its own that belongs beside one by ONNX Runtime: of the same policy where the run has one, else the
 * nearest before. Pure; knows no React.
 */
import type { Score } from '../../run/events';
import type { Manifest } from '../../run/manifest';
import type { EvaluationPoint } from '../state/run-view';
import type { Evaluation } from './state';

export interface OwnEvaluation {
  /** Optimiser steps before it. */
  step: number;
  total: Score;
  /** Empty where only the total is known. */
  byTier: Readonly<Record<string, Score>>;
  meanLength: number | null;
}

/** What the page knows of evaluations that the trainer made. */
export interface Known {
  /** Settings of the run on screen, and its evaluations. */
  manifest: Manifest | null;
  evaluations: readonly EvaluationPoint[];
  /** Those that came with a shipped policy, by its name. */
  shipped: Readonly<Record<string, readonly OwnEvaluation[]>>;
}

const same = (a: Manifest, b: Manifest | null): boolean => JSON.stringify(a) === JSON.stringify(b);

/** @returns null where the run never evaluated itself on that suite up to there, or nothing is known of it. */
export function ownEvaluation({ source, policy, settings }: Evaluation, known: Known): OwnEvaluation | null {
  if (source.kind === 'shipped')
    return (
      (known.shipped[`${source.shipped.name} ${settings.suite}`] ?? []).findLast(
        ({ step }) => step <= policy.step,
      ) ?? null
    );
  const manifest = source.kind === 'run' ? source.manifest : source.run.manifest;
  if (same(manifest, known.manifest)) {
    const found = known.evaluations.findLast(
      ({ suite, step }) => suite === settings.suite && step <= policy.step,
    );
    return found ?? null;
  }
  const accuracy = source.kind === 'kept' ? source.run.accuracy : null;
  if (!accuracy || accuracy.suite !== settings.suite || accuracy.step > policy.step) return null;
  const { correct, samples, accuracy: share, low, high, step } = accuracy;
  return { step, total: { correct, samples, accuracy: share, low, high }, byTier: {}, meanLength: null };
}

/** Whether the two answered the same problems with the same random numbers, so that they differ by rounding alone. */
export const isPaired = ({ policy, settings }: Evaluation, own: OwnEvaluation): boolean =>
  own.step === policy.step &&
  settings.temperature === 1 &&
  own.total.samples === settings.problems * settings.samples;
