/**
 * The phase `rollout`: the solutions of every candidate that is kept or audited, each with the hint and the limit
 * that its prompt's predictions give it. A row stops at its limit inside the running decode.
 *
 * A rollout's random numbers depend on the number of its candidate, never on which others were gated.
 */
import type { Decoded, DecodeRow } from '../../model/decoder';
import { Purpose } from '../../run/random';
import { type CutoffLimit, cutoffLimit, limitFields, rolloutLimits } from '../masa/cutoff';
import { planHints } from '../masa/hints';
import { cutoffSettings } from '../masa/settings';
import { NonFiniteError } from '../non-finite';
import { decodeInPasses } from '../rollouts';
import { type Candidate, isKept, type StepContext, samplingSettings } from './context';

/** A row to be decoded, and where its hint is from. */
interface PlannedRow {
  row: DecodeRow;
  hintSource: number | null;
}

/** A candidate's rollouts as they were decoded. */
export interface Solved {
  candidate: Candidate;
  /** null without a cutoff. */
  cutoff: CutoffLimit | null;
  /** [G] */
  rollouts: (PlannedRow & { decoded: Decoded })[];
}

/** @returns the kept candidates in their order, then the audited ones. */
export async function solve(context: StepContext, candidates: readonly Candidate[]): Promise<Solved[]> {
  const { policy, manifest, task, step, control } = context;
  const kept = candidates.filter((c) => isKept(c.role));
  const chosen = [...kept, ...candidates.filter((c) => c.role === 'audited')];
  const planned = chosen.map((candidate) => plan(context, candidate));
  const G = manifest.num_generations;
  announceRollouts(
    context,
    planned.slice(0, kept.length).map(({ cutoff }, c) => ({ candidate: kept[c], cutoff })),
  );
  const shown = kept.length * G;
  const decoded = await decodeInPasses(
    policy,
    planned.flatMap(({ rows }) => rows.map(({ row }) => row)),
    samplingSettings(manifest, task),
    { seed: manifest.seed, purpose: Purpose.rollout, step },
    async (tokens, finished) => {
      context.emit({
        type: 'rollouts_grown',
        v: 1,
        step,
        tokens: tokens.slice(0, shown),
        finished: finished.slice(0, shown),
      });
      await control.proceed();
    },
  );
  // A policy whose logits are not numbers still writes tokens, and may never earn a gradient to be caught by.
  if (decoded.some((r) => !r.logps.every(Number.isFinite)))
    throw new NonFiniteError(step, 'the logits of its rollouts are not finite');
  return chosen.map((candidate, c) => ({
    candidate,
    cutoff: planned[c].cutoff,
    rollouts: planned[c].rows.map((row, g) => ({ ...row, decoded: decoded[c * G + g] })),
  }));
}

/** Says which groups are about to grow, and to which limits: whoever watches sees a limit before it is met. */
export function announceRollouts(
  { emit, manifest, step }: Pick<StepContext, 'emit' | 'manifest' | 'step'>,
  groups: readonly Pick<Solved, 'candidate' | 'cutoff'>[],
): void {
  const limits = groups.flatMap(({ cutoff }) => (cutoff ? [limitFields(cutoff)] : []));
  emit({
    type: 'rollouts_started',
    v: 1,
    step,
    prompts: groups.map(({ candidate }) => candidate.problem.prompt),
    num_generations: manifest.num_generations,
    ...(manifest.masa_cutoff && { limits }),
  });
}

function plan(
  { manifest, task, step }: StepContext,
  candidate: Candidate,
): { cutoff: CutoffLimit | null; rows: PlannedRow[] } {
  const { index, problem, meta, role } = candidate;
  const generations = manifest.num_generations;
  const place = { seed: manifest.seed, step, firstRollout: index * generations, generations };
  const longest = manifest.max_completion_length;
  const predictions = meta?.predictions ?? [];
  const hints =
    manifest.masa_hint_share > 0 && task.meta
      ? planHints(task.meta, problem, predictions, place, manifest.masa_hint_share)
      : null;
  const cutoff = manifest.masa_cutoff
    ? cutoffLimit(
        meta?.expectedLength != null
          ? [meta.expectedLength]
          : predictions.map((p) => p.length?.midpoint ?? null),
        cutoffSettings(manifest),
        longest,
      )
    : null;
  // The gate's audit shows what a prompt would have been like, cutoff included; its rollouts are none to audit again.
  const limits =
    cutoff && rolloutLimits(cutoff, place, longest, isKept(role) ? manifest.masa_audit_share : 0);
  const rows = Array.from({ length: generations }, (_, g) => ({
    row: {
      prompt: hints ? hints[g].prompt : problem.prompt,
      id: place.firstRollout + g,
      limit: limits ? limits[g].limit : longest,
    },
    hintSource: hints ? hints[g].source : null,
  }));
  return { cutoff, rows };
}
