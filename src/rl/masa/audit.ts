/**
 * What gate and cutoff got right and what they cost, from rollouts made in spite of them. A share chosen by the seed
 * alone is rolled out outside of the loss; what it shows is scaled up to all that was gated or cut.
 *
 * A tally is a sum of counts: tallies of steps add up (`addTallies`) to the tally of a run. Figures are null where
 * nothing was seen that could tell. Which prompts and rollouts are audited: `gate-plan.ts`, `cutoff.ts`.
 */
import type { GateRole } from './gate-plan';
import type { GateSavingsInput } from './savings';

/** A sum of counts and tokens, by role and by what the group turned out to be. */
export interface GateTally {
  /** Prompts without rollouts in the loss, the audited among them. */
  gated: number;
  /** Closed by the gate and rolled out by chance, audited or explored: an even sample of what it closes. */
  sampledZero: number;
  sampledInformative: number;
  /** Their solution tokens. */
  sampledZeroTokens: number;
  sampledInformativeTokens: number;
  /** Trained on: open, explored or floor. */
  keptZero: number;
  keptInformative: number;
  keptZeroTokens: number;
  keptInformativeTokens: number;
  /** Solution tokens of audited prompts: paid on top. */
  auditTokens: number;
  /** Tokens of meta rollouts, of every candidate. */
  metaTokens: number;
}

export const EMPTY_GATE_TALLY: Readonly<GateTally> = {
  gated: 0,
  sampledZero: 0,
  sampledInformative: 0,
  sampledZeroTokens: 0,
  sampledInformativeTokens: 0,
  keptZero: 0,
  keptInformative: 0,
  keptZeroTokens: 0,
  keptInformativeTokens: 0,
  auditTokens: 0,
  metaTokens: 0,
};

/** What came of a candidate. */
export interface GateEntry {
  role: GateRole;
  /** Meta tokens written for it. */
  metaTokens: number;
  /** Its group; null for a prompt that was gated and not audited. */
  group: { zeroVariance: boolean; tokens: number } | null;
}

/** @throws Error when a candidate that was rolled out has no group, or one that was not has. */
export function tallyGate(entries: readonly GateEntry[]): GateTally {
  const tally = { ...EMPTY_GATE_TALLY };
  for (const { role, metaTokens, group } of entries) {
    tally.metaTokens += metaTokens;
    if (role === 'gated' || role === 'audited') tally.gated++;
    if ((group === null) !== (role === 'gated'))
      throw new Error(
        `tallyGate: expected a group for every role but "gated", got ${group && 'one'} for "${role}"`,
      );
    if (group === null) continue;
    if (role === 'audited') tally.auditTokens += group.tokens;
    const kind = group.zeroVariance ? 'Zero' : 'Informative';
    if (role === 'audited' || role === 'explored') {
      tally[`sampled${kind}`]++;
      tally[`sampled${kind}Tokens`] += group.tokens;
    }
    if (role !== 'audited') {
      tally[`kept${kind}`]++;
      tally[`kept${kind}Tokens`] += group.tokens;
    }
  }
  return tally;
}

/** Field by field. */
export function addTallies<K extends string>(
  a: Readonly<Record<K, number>>,
  b: Readonly<Record<K, number>>,
): Record<K, number> {
  const sum: Record<K, number> = { ...a };
  for (const key of Object.keys(sum) as K[]) sum[key] += b[key];
  return sum;
}

export interface GateFigures {
  gated: number;
  /** Prompts that the precision rests on. */
  sampled: number;
  /** Estimated confusion of gating with having no variance, in prompts. */
  confusion: {
    truePositive: number;
    falsePositive: number;
    falseNegative: number;
    trueNegative: number;
  } | null;
  /** Of what is gated, the share without variance. */
  precision: number | null;
  /** Of what has no variance, the share gated. */
  recall: number | null;
  /** Of what is informative, the share gated. */
  falsePositiveRate: number | null;
  /** Of all candidates, the share without variance. */
  zeroVarianceShare: number | null;
  /** Estimated solution tokens not generated: those of the gated prompts less the audit's. Meta tokens not deducted. */
  tokensSaved: number | null;
  /** The same estimates weighted by tokens, as the arithmetic of `savings.ts` wants them, learning e aside. */
  savings: Omit<GateSavingsInput, 'learningRatio'> | null;
}

/**
 * The sampled prompts' share without variance stands for all gated ones (a ratio estimate); kept prompts are known
 * all of them. A floor prompt counts as kept, which it was, though the gate would have closed it.
 */
export function gateFigures(tally: Readonly<GateTally>): GateFigures {
  const sampled = tally.sampledZero + tally.sampledInformative;
  const perSample = (count: number): number => (tally.gated === 0 ? 0 : (tally.gated * count) / sampled);
  const known = tally.gated === 0 || sampled > 0;
  const zero = perSample(tally.sampledZero);
  const informative = perSample(tally.sampledInformative);
  const zeroTokens = perSample(tally.sampledZeroTokens);
  const informativeTokens = perSample(tally.sampledInformativeTokens);
  const all = tally.gated + tally.keptZero + tally.keptInformative;
  const allTokens = zeroTokens + informativeTokens + tally.keptZeroTokens + tally.keptInformativeTokens;
  return {
    gated: tally.gated,
    sampled,
    confusion: known
      ? {
          truePositive: zero,
          falsePositive: informative,
          falseNegative: tally.keptZero,
          trueNegative: tally.keptInformative,
        }
      : null,
    precision: share(tally.sampledZero, sampled),
    recall: known ? share(zero, zero + tally.keptZero) : null,
    falsePositiveRate: known ? share(informative, informative + tally.keptInformative) : null,
    zeroVarianceShare: known ? share(zero + tally.keptZero, all) : null,
    tokensSaved: known ? zeroTokens + informativeTokens - tally.auditTokens : null,
    savings:
      known && allTokens > 0
        ? {
            zeroVarianceShare: (zeroTokens + tally.keptZeroTokens) / allTokens,
            recall: share(zeroTokens, zeroTokens + tally.keptZeroTokens) ?? 0,
            falsePositiveRate: share(informativeTokens, informativeTokens + tally.keptInformativeTokens) ?? 0,
            overhead: (tally.metaTokens + tally.auditTokens) / allTokens,
          }
        : null,
  };
}

export interface CutoffTally {
  /** Solution rollouts in the loss or masked from it. */
  rollouts: number;
  /** Of them, cut. */
  cut: number;
  /** Of the cut, let run on for the audit. */
  audited: number;
  /** Of the audited, correct in the end. */
  auditedCorrect: number;
  /** Tokens the audited ones wrote beyond their limits: what each cut saves, and what the audit costs. */
  auditedTokensBeyond: number;
  /** Tokens of all rollouts up to their limits. */
  tokens: number;
}

export const EMPTY_CUTOFF_TALLY: Readonly<CutoffTally> = {
  rollouts: 0,
  cut: 0,
  audited: 0,
  auditedCorrect: 0,
  auditedTokensBeyond: 0,
  tokens: 0,
};

/** What came of a rollout under a cutoff. */
export interface CutoffEntry {
  cut: boolean;
  /** Tokens up to the limit. */
  tokens: number;
  /** What it came to without its limit; null unless it was audited. */
  full: { correct: boolean; tokens: number } | null;
}

export function tallyCutoff(entries: readonly CutoffEntry[]): CutoffTally {
  const tally = { ...EMPTY_CUTOFF_TALLY };
  for (const { cut, tokens, full } of entries) {
    tally.rollouts++;
    tally.tokens += tokens;
    if (!cut) continue;
    tally.cut++;
    if (full === null) continue;
    tally.audited++;
    if (full.correct) tally.auditedCorrect++;
    tally.auditedTokensBeyond += full.tokens - tokens;
  }
  return tally;
}

export interface CutoffFigures {
  /** Share of the rollouts that was cut. */
  cut: number | null;
  /** Of what was cut, the share that would not have been correct. */
  precision: number | null;
  /** Estimated tokens not generated: those beyond the limits of the cut rollouts that did not run on. */
  tokensSaved: number | null;
  /** The same as a share of the tokens that would have been generated. */
  tokensSavedShare: number | null;
  /** Estimated correct answers among all cut rollouts. */
  correctLost: number | null;
}

export function cutoffFigures(tally: Readonly<CutoffTally>): CutoffFigures {
  const perCut = (sum: number, cuts: number): number | null =>
    cuts === 0 ? 0 : tally.audited === 0 ? null : (cuts * sum) / tally.audited;
  const saved = perCut(tally.auditedTokensBeyond, tally.cut - tally.audited);
  const uncut = perCut(tally.auditedTokensBeyond, tally.cut);
  return {
    cut: share(tally.cut, tally.rollouts),
    precision: share(tally.audited - tally.auditedCorrect, tally.audited),
    tokensSaved: saved,
    tokensSavedShare: saved === null || uncut === null ? null : share(saved, tally.tokens + uncut),
    correctLost: perCut(tally.auditedCorrect, tally.cut),
  };
}

/** Mean squared error of probabilities against what happened (Brier 1950); null without any. Lower is better. */
export function brierScore(points: readonly { probability: number; outcome: boolean }[]): number | null {
  if (points.length === 0) return null;
  return (
    points.reduce((sum, { probability, outcome }) => sum + (probability - (outcome ? 1 : 0)) ** 2, 0) /
    points.length
  );
}

const share = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole);
