/** The manifest's knobs as the settings of MASA's parts, and the state a run with MASA begins with. */
import type { AdapterSpec, AdapterTarget } from '../../model/adapter-layout';
import type { Through } from '../../model/policy';
import type { Manifest } from '../../run/manifest';
import type { MasaState } from '../../run/masa-state';
import type { CutoffSettings } from './cutoff';
import { type ExpertScheduleSettings, INITIAL_EXPERT_SCHEDULE } from './expert-schedule';
import { EMPTY_EXPERTS, type ExpertSettings } from './experts';
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
    ((m.masa_gate && m.masa_gate_rule !== 'classifier') ||
      m.masa_cutoff ||
      m.masa_hint_share > 0 ||
      m.meta_adapter !== 'none'));

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

/** Which weights meta rows go through, to be predicted and to be trained on. */
export const metaThrough = (m: Manifest): Through => (m.meta_adapter === 'none' ? 'policy' : 'adapter');

const ATTENTION: readonly AdapterTarget[] = ['q_proj', 'k_proj', 'v_proj', 'o_proj'];
const MLP: readonly AdapterTarget[] = ['gate_proj', 'up_proj', 'down_proj'];
const TARGETS = { attention: ATTENTION, mlp: MLP, all: [...ATTENTION, ...MLP] };

/** The meta adapter; undefined without one. Its update is not scaled: alpha is the rank. */
export function adapterSpec(m: Manifest): AdapterSpec | undefined {
  if (m.meta_adapter === 'none') return undefined;
  const rank = m.meta_adapter_rank;
  return { rank, alpha: rank, targets: TARGETS[m.meta_adapter_targets], norms: true };
}

/** Whether the adapter learns from outcomes, and not from rewards alone. */
export const learnsOutcomes = (m: Manifest): boolean =>
  m.meta_adapter !== 'none' && (m.meta_adapter_updates > 0 || m.meta_adapter_burst > 0);

export const expertSettings = (m: Manifest): ExpertSettings => ({
  minNotion: m.masa_expert_min_notion,
  perPrompt: m.masa_expert_per_prompt,
});

export const expertSchedule = (m: Manifest): ExpertScheduleSettings => ({
  from: m.masa_expert_from,
  burst: m.masa_expert_burst,
  trigger: m.masa_expert_trigger,
  every: m.masa_expert_every,
  updates: m.masa_expert_updates,
  brierRise: m.masa_expert_brier_rise,
  brierSmoothing: m.masa_expert_brier_smoothing,
});

export const outcomeSchedule = (m: Manifest): ExpertScheduleSettings => ({
  from: m.meta_adapter_from,
  burst: m.meta_adapter_burst,
  trigger: 'steps',
  every: 1,
  updates: m.meta_adapter_updates,
  brierRise: 0,
  brierSmoothing: 0,
});

/** @param tableSize rows of the embedding table. */
export function initialMasaState(m: Manifest, tableSize: number): MasaState {
  const rule = m.masa_gate ? m.masa_gate_rule : null;
  return {
    calibrator: rule === 'calibrated' ? initialCalibrator(m.num_generations) : null,
    classifier: rule === 'classifier' ? initialClassifier(tableSize) : null,
    experts: m.masa_experts ? firstLearned() : null,
    outcomes: learnsOutcomes(m) ? firstLearned() : null,
    meta_tokens: 0,
    audit_tokens: 0,
    gate_tallies: [],
    cutoff_tallies: [],
  };
}

const firstLearned = (): NonNullable<MasaState['experts']> => ({
  buffer: { ...EMPTY_EXPERTS, examples: [] },
  schedule: { ...INITIAL_EXPERT_SCHEDULE },
});
