import { describe, expect, it } from 'vitest';
import { readModel, writeModel } from '../model/model-file';
import { initialCalibrator, learnOutcomes } from '../rl/masa/gate-calibrator';
import { Stream } from '../run/random';
import { EVERYTHING, of, runWhole, sum } from './testing/masa';
import { BASE } from './testing/session-host';

describe('other settings', () => {
  it('the calibrated gate reads the pass tokens and learns from what was rolled out alone', async () => {
    const held = await runWhole({
      masa_meta: 'observe',
      masa_gate: true,
      masa_gate_rule: 'calibrated',
      masa_gate_threshold: 0.3,
      masa_gate_min_prompts: 2,
      steps: 2,
      eval_samples: 1,
    });
    let calibrator = initialCalibrator(4);
    for (const step of [0, 1]) {
      const decisions = of(held.events, 'gate_decision', step);
      const [audit] = of(held.events, 'audit', step);
      for (const d of decisions) {
        expect(d.calibrator_weights).toEqual(calibrator.weights);
        expect(sum(d.pass_distribution!)).toBeCloseTo(1, 9);
        expect(d.expectation).toBeCloseTo(sum(d.pass_distribution!.map((p, c) => p * c)) / 8, 12);
        expect(d.verdict).toBe(d.zero_variance! > 0.3 ? 'closed' : 'open');
      }
      const groups = of(held.events, 'prompt_group', step);
      const outcomes = decisions.flatMap(({ index, expectation }) => {
        const kept = groups.find((g) => g.candidate === index);
        const audited = audit.gate!.entries.find((e) => e.index === index);
        if (!kept && !audited) return [];
        return [
          { expectation: expectation!, zeroVariance: kept ? kept.reward_std === 0 : audited!.zero_variance },
        ];
      });
      expect(groups.length).toBeGreaterThanOrEqual(2);
      calibrator = learnOutcomes(calibrator, outcomes);
    }
  });

  it('a gate by the classifier needs no predictions, and cut rollouts can be masked', async () => {
    const gated = await runWhole({
      masa_gate: true,
      masa_gate_rule: 'classifier',
      masa_gate_threshold: 0.4,
      masa_gate_min_prompts: 2,
      steps: 2,
      eval_samples: 1,
    });
    expect(of(gated.events, 'meta_group')).toEqual([]);
    // Before it has learned anything the classifier says one half, and the floor keeps two.
    expect(of(gated.events, 'gate_decision', 0).map((d) => d.zero_variance)).toEqual([0.5, 0.5, 0.5, 0.5]);
    const [plan] = of(gated.events, 'gate_plan', 0);
    expect(plan.kept).toEqual([0, 1]);
    expect(plan.reason).toContain('opened for the 2 least likely');
    expect(of(gated.events, 'gate_decision', 1).some((d) => d.zero_variance !== 0.5)).toBe(true);

    const masked = await runWhole({
      masa_meta: 'observe',
      masa_cutoff: true,
      masa_cutoff_multiple: 0.5,
      masa_cutoff_score: 'mask',
      steps: 1,
      eval_samples: 1,
    });
    const groups = of(masked.events, 'prompt_group');
    expect(groups.some((g) => g.rollouts.some((r) => r.cut))).toBe(true);
    groups.forEach((group, index) => {
      const counted = group.rollouts.filter((r) => !r.cut);
      for (const r of group.rollouts) if (r.cut) expect(r.advantage).toBe(0);
      expect(sum(counted.map((r) => r.advantage))).toBeCloseTo(0, 9);
      const { truth } = of(masked.events, 'meta_group').find((m) => m.index === index)!;
      expect(truth?.total ?? 0).toBe(counted.length);
    });
  });

  it('predictions are trained on under a KL term, with several updates a batch and sequence-level ratios', async () => {
    const held = await runWhole({
      masa_meta: 'train',
      beta: 0.02,
      num_iterations: 2,
      importance_sampling_level: 'sequence',
      loss_type: 'grpo',
      scale_rewards: 'batch',
      steps: 1,
      eval_samples: 1,
    });
    const [{ metrics }] = of(held.events, 'step_metrics');
    // What is reported of the solutions is theirs alone: at a ratio of 1 the sampler's rounding is all there is.
    expect(metrics['sampling/logp_difference_max']).toBeLessThan(2e-5);
    expect(metrics.kl).toBeGreaterThan(0);
    expect(Number.isFinite(metrics['masa/loss'])).toBe(true);
    const state = JSON.parse(new TextDecoder().decode(held.checkpoints[0].files[0].bytes));
    expect(state.optimizer_steps).toBe(2);
  });

  it('whatever a policy writes is read: random weights end the run as any others do', async () => {
    const { config, weights } = readModel(BASE.config, BASE.weights);
    const stream = new Stream(1, 99);
    const random = new Map(
      [...weights].map(([name, values]) => [name, values.map(() => stream.normal(0, 0.3))] as const),
    );
    const files = writeModel({ config, weights: random });
    const bytes = files.find((f) => f.name === 'model.safetensors')!.bytes;
    const held = await runWhole(
      { ...EVERYTHING, masa_gate_rule: 'calibrated', masa_cutoff_score: 'mask', steps: 1 },
      { config: BASE.config, weights: Uint8Array.from(bytes) },
    );
    const [{ metrics }] = of(held.events, 'step_metrics');
    expect(metrics['masa/parse_rate']).toBe(0);
    // No marker was written: the distribution was read behind the bare one.
    for (const d of of(held.events, 'gate_decision')) expect(sum(d.pass_distribution!)).toBeCloseTo(1, 9);
  });
});
