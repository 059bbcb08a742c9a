/**
 * What a step's gate and cutoff are known to have lost: the events of the cutoff and the audit, the sums behind the
 * metrics, and what the gate's learners learn from. Learners are fed after deciding, with groups that were rolled out.
 */
import type { RunEventOf } from '../../run/events';
import type { MasaState } from '../../run/masa-state';
import { type CutoffTally, type GateTally, tallyCutoff, tallyGate } from '../masa/audit';
import { limitFields } from '../masa/cutoff';
import { learnOutcomes } from '../masa/gate-calibrator';
import { learnPrompts } from '../masa/prompt-classifier';
import { TALLY_WINDOW } from '../masa/settings';
import { type Candidate, isKept, type SolutionGroup, type StepContext, tokensOf } from './context';

export interface StepAudit {
  /** null without a gate, null without a cutoff. */
  gate: GateTally | null;
  cutoff: CutoffTally | null;
  /** Tokens generated for the audit alone. */
  tokens: number;
}

const seenTokens = (group: SolutionGroup): number => tokensOf(group.rollouts.map((r) => r.seen));

/** Adds up a step and says so. @param groups of the kept and the audited candidates. */
export function auditStep(
  context: StepContext,
  candidates: readonly Candidate[],
  groups: readonly SolutionGroup[],
): StepAudit {
  const { manifest, emit, step } = context;
  const kept = groups.filter((g) => isKept(g.candidate.role));
  const gate = manifest.masa_gate ? gateAudit(candidates, groups) : null;
  const cutoff = manifest.masa_cutoff ? cutoffAudit(context, kept) : null;
  for (const group of kept) emitCutoff(context, group);
  const tokens = (gate?.tally.auditTokens ?? 0) + (cutoff?.tally.auditedTokensBeyond ?? 0);
  if (gate || cutoff) emit({ type: 'audit', v: 1, step, tokens, gate, cutoff });
  return { gate: gate?.tally ?? null, cutoff: cutoff?.tally ?? null, tokens };
}

function gateAudit(
  candidates: readonly Candidate[],
  groups: readonly SolutionGroup[],
): NonNullable<RunEventOf<'audit'>['gate']> {
  const byCandidate = new Map(groups.map((group) => [group.candidate.index, group]));
  const tally = tallyGate(
    candidates.map(({ index, role, meta }) => {
      const group = byCandidate.get(index);
      return {
        role,
        metaTokens: meta?.tokens ?? 0,
        group: group ? { zeroVariance: group.zeroVariance, tokens: seenTokens(group) } : null,
      };
    }),
  );
  const entries = groups
    .filter((group) => group.candidate.role === 'audited')
    .map(({ candidate, rollouts, zeroVariance }) => ({
      index: candidate.index,
      rewards: rollouts.map((r) => r.reward),
      lengths: rollouts.map((r) => r.seen.tokens.length),
      zero_variance: zeroVariance,
    }));
  return { entries, tally };
}

function cutoffAudit(
  { task }: StepContext,
  kept: readonly SolutionGroup[],
): NonNullable<RunEventOf<'audit'>['cutoff']> {
  const rollouts = kept.flatMap(({ candidate, cutoff, rollouts }) =>
    rollouts.map((r, rollout) => ({
      index: candidate.index,
      rollout,
      limit: cutoff?.limit ?? 0,
      cut: r.cut,
      tokens: r.seen.tokens.length,
      full: r.full && {
        correct: task.verify(candidate.problem, r.full.tokens) === 1,
        tokens: r.full.tokens.length,
      },
    })),
  );
  return {
    entries: rollouts.flatMap(({ index, rollout, limit, full }) =>
      full ? [{ index, rollout, limit, length: full.tokens, correct: full.correct }] : [],
    ),
    tally: tallyCutoff(rollouts),
  };
}

function emitCutoff({ emit, step }: StepContext, { candidate, cutoff, rollouts }: SolutionGroup): void {
  if (!cutoff) return;
  const where = (which: (r: SolutionGroup['rollouts'][number]) => boolean) =>
    rollouts.flatMap((r, i) => (which(r) ? [i] : []));
  emit({
    type: 'cutoff',
    v: 1,
    step,
    index: candidate.index,
    ...limitFields(cutoff),
    lengths: [...cutoff.lengths],
    reason: cutoff.reason,
    cut: where((r) => r.cut),
    audited: where((r) => r.full !== null),
  });
}

/** The state after a step: what the gate's learners make of the groups that were rolled out, and the sums. */
export function nextState(
  state: MasaState,
  candidates: readonly Candidate[],
  groups: readonly SolutionGroup[],
  audit: StepAudit,
): MasaState {
  // In the order of drawing, whichever of them were audited.
  const known = [...groups].sort((a, b) => a.candidate.index - b.candidate.index);
  const recent = <T>(tallies: readonly T[], next: T | null): T[] =>
    next === null ? [...tallies] : [...tallies, next].slice(-TALLY_WINDOW);
  return {
    ...state,
    calibrator:
      state.calibrator &&
      learnOutcomes(
        state.calibrator,
        known.flatMap(({ candidate, zeroVariance }) => {
          const expectation = candidate.decision?.expectation ?? null;
          return expectation === null ? [] : [{ expectation, zeroVariance }];
        }),
      ),
    classifier:
      state.classifier &&
      learnPrompts(
        state.classifier,
        known.map(({ candidate, zeroVariance }) => ({ prompt: candidate.problem.prompt, zeroVariance })),
      ),
    meta_tokens: state.meta_tokens + candidates.reduce((sum, c) => sum + (c.meta?.tokens ?? 0), 0),
    audit_tokens: state.audit_tokens + audit.tokens,
    gate_tallies: recent(state.gate_tallies, audit.gate),
    cutoff_tallies: recent(state.cutoff_tallies, audit.cutoff),
  };
}
