/** The manifest's knobs as the settings of MASA's parts, and the state a run with MASA begins with. */
import type { Manifest } from '../../run/manifest';
import type { MasaState } from '../../run/masa-state';
import type { CutoffSettings } from './cutoff';
import type { GateSettings } from './gate';
import { initialCalibrator } from './gate-calibrator';
import type { GatePlanSettings } from './gate-plan';
import { initialClassifier } from './prompt-classifier';
import type { MetaRewardSettings } from './rewards';

/** Steps whose tallies are added up for the figures that one step alone is too small for. */
export const TALLY_WINDOW = 20;

/** Whether a step has anything that plain GRPO has not. */
export const usesMasa = (m: Manifest): boolean => m.masa_meta !== 'off' || m.masa_gate;

/** Whether meta rollouts change the run: those that are only watched are no cost of training. */
export const metaIsUsed = (m: Manifest): boolean =>
  m.masa_meta === 'train' ||
  (m.masa_meta === 'observe' &&
    ((m.masa_gate && m.masa_gate_rule !== 'classifier') || m.masa_cutoff || m.masa_hint_share > 0));

export const metaRewardSettings = (m: Manifest): MetaRewardSettings => ({
  length: m.masa_length_reward,
  lengthTolerance: m.masa_length_tolerance,
  passRate: m.masa_pass_reward,
  notions: m.masa_notion_comparison,
});

export const gateSettings = (m: Manifest): GateSettings => ({
  rule: m.masa_gate_rule,
  low: m.masa_gate_low,
  high: m.masa_gate_high,
  spread: m.masa_gate_spread,
  threshold: m.masa_gate_threshold,
});

export const gatePlanSettings = (m: Manifest): GatePlanSettings => ({
  prompts: m.prompts_per_step,
  minKept: m.masa_gate_min_prompts,
  replace: m.masa_gate_replace,
  replacementTries: m.masa_gate_tries,
  explorationShare: m.masa_gate_exploration,
  auditShare: m.masa_audit_share,
});

export const cutoffSettings = (m: Manifest): CutoffSettings => ({
  statistic: m.masa_cutoff_statistic,
  multiple: m.masa_cutoff_multiple,
  minimum: m.masa_cutoff_minimum,
});

/** @param tableSize rows of the embedding table. */
export function initialMasaState(m: Manifest, tableSize: number): MasaState {
  const rule = m.masa_gate ? m.masa_gate_rule : null;
  return {
    calibrator: rule === 'calibrated' ? initialCalibrator(m.num_generations) : null,
    classifier: rule === 'classifier' ? initialClassifier(tableSize) : null,
    meta_tokens: 0,
    audit_tokens: 0,
    gate_tallies: [],
    cutoff_tallies: [],
  };
}
