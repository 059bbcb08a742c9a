/** The diagnostics of predictions, gate and cutoff; as in `findings.ts`, with each threshold above its test. */
import { formatCount, formatPercent } from '../../run/format';
import { wilson } from '../../run/statistics';
import { cutoffSums } from './cutoffs';
import { LATEST, latest, meanOf, type RunSoFar } from './diagnostics-input';
import type { Finding } from './findings';
import { gateConfusion } from './gate';

/** Audited rollouts it takes to say anything, and the share of right ones among them that the interval has to exceed. */
const LEAST_AUDITED = 8;
const MUCH_LOST = 0.1;

export function cutsRightAnswers({ manifest, records }: RunSoFar): Finding | null {
  if (!manifest.masa_cutoff) return null;
  const { tally, figures } = cutoffSums(records);
  if (tally.audited < LEAST_AUDITED) return null;
  if (wilson(tally.auditedCorrect, tally.audited).low <= MUCH_LOST) return null;
  return {
    code: 'cutoff-loses',
    kind: 'problem',
    title: 'The cutoff stops rollouts that would have been right',
    evidence: `Of ${formatCount(tally.audited)} cut rollouts that were let run on, ${formatCount(tally.auditedCorrect)} came out right; that makes about ${formatCount(figures.correctLost)} right answers lost among ${formatCount(tally.cut)} cut.`,
    why: 'Lengths are predicted too short, and a cut rollout counts as wrong.',
    suggestion: `Raise the multiple above ${manifest.masa_cutoff_multiple}, or leave cut rollouts out of the loss (masa_cutoff_score mask).`,
    rollBackTo: null,
  };
}

/** Sampled prompts it takes, and the share of informative ones among what is closed that the interval has to exceed. */
const LEAST_SAMPLED = 8;
const MUCH_TAUGHT = 0.5;

export function gateWrong({ manifest, records }: RunSoFar): Finding | null {
  if (!manifest.masa_gate) return null;
  const { skippedZero, skippedInformative, tally } = gateConfusion(records);
  const sampled = skippedZero + skippedInformative;
  if (sampled < LEAST_SAMPLED || wilson(skippedInformative, sampled).low <= MUCH_TAUGHT) return null;
  return {
    code: 'gate-wrong',
    kind: 'problem',
    title: 'The gate skips prompts that would have taught something',
    evidence: `Of ${formatCount(sampled)} closed prompts that were rolled out all the same, ${formatCount(skippedInformative)} had right and wrong rollouts; ${formatCount(tally.gated)} were skipped.`,
    why: 'The predictions that it goes by are off: agreement among them is not knowledge.',
    suggestion:
      manifest.masa_gate_rule === 'paper'
        ? 'Narrow the band, lower the spread at which predictions agree, or take the calibrated rule, which learns from the audit.'
        : `Raise the threshold above ${manifest.masa_gate_threshold}.`,
    rollBackTo: null,
  };
}

/** Share of the latest steps in which the gate had to be opened for want of prompts. */
const OFTEN_STARVED = 0.5;

export function gateStarves(run: RunSoFar): Finding | null {
  const floors = latest(run, 'masa/gate/floor');
  if (floors.length < LATEST || floors.filter((each) => each > 0).length / floors.length < OFTEN_STARVED)
    return null;
  return {
    code: 'gate-starves',
    kind: 'problem',
    title: 'The gate would skip nearly everything',
    evidence: `In ${floors.filter((each) => each > 0).length} of the latest ${floors.length} steps it left fewer than ${formatCount(run.manifest.masa_gate_min_prompts)} prompts and had to be opened for ${formatCount(floors.reduce((a, b) => a + b, 0))}.`,
    why: 'The policy holds most of these problems for trivial or unsolvable.',
    suggestion: run.manifest.masa_gate_replace
      ? 'Train on problems nearer to what it can just solve.'
      : 'Draw replacements (masa_gate_replace), or train on problems nearer to what it can just solve.',
    rollBackTo: null,
  };
}

/** Share of the predictions that parse below which they are of little use. */
const FEW_PARSE = 0.5;

export function predictionsUnreadable(run: RunSoFar): Finding | null {
  const share = meanOf(latest(run, 'masa/parse_rate'));
  if (share === null || share >= FEW_PARSE) return null;
  return {
    code: 'predictions-unreadable',
    kind: 'problem',
    title: 'Most predictions cannot be read',
    evidence: `${formatPercent(share)} of the meta rollouts of the latest ${LATEST} steps were exactly a prediction.`,
    why: 'What does not parse earns nothing and tells gate and cutoff nothing.',
    suggestion:
      run.manifest.masa_meta === 'train'
        ? `Raise the meta loss weight above ${run.manifest.masa_loss_weight}.`
        : 'Train on the predictions (masa_meta train), or begin from a base model that writes them.',
    rollBackTo: null,
  };
}
