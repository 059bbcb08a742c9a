import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { create, globals } from 'webgpu';
import { readModel, writeModel } from '../model/model-file';
import {
  addTallies,
  cutoffFigures,
  EMPTY_CUTOFF_TALLY,
  EMPTY_GATE_TALLY,
  gateFigures,
} from '../rl/masa/audit';
import { cutoffLimit } from '../rl/masa/cutoff';
import { decideGate } from '../rl/masa/gate';
import { initialCalibrator, learnOutcomes } from '../rl/masa/gate-calibrator';
import type { CheckpointFiles } from '../run/checkpoint';
import { eventSchema, type RunEvent } from '../run/events';
import { type Manifest, type ManifestInput, parseManifest } from '../run/manifest';
import { Stream } from '../run/random';
import { mean, pearson } from '../run/statistics';
import { getTask } from '../tasks';
import { Session } from './session';

Object.assign(globalThis, globals);
// Held for as long as the process lives: Dawn's objects must not outlive the instance they come from.
const instance = create([]);

const CONFIG = readFileSync('public/models/ladder-base/config.json', 'utf8');
const BASE = {
  config: CONFIG,
  weights: new Uint8Array(readFileSync('public/models/ladder-base/model.safetensors')),
};
const TASK = getTask('ladder');
const META = TASK.meta!;
const LONGEST = 40;

const small = (settings: ManifestInput = {}): Manifest =>
  parseManifest({
    prompts_per_step: 4,
    num_generations: 4,
    max_completion_length: LONGEST,
    masa_num_generations: 3,
    eval_problems: 4,
    eval_samples: 2,
    eval_steps: 100,
    checkpoint_steps: 1,
    steps: 3,
    micro_batch_tokens: 512,
    ...settings,
  });

/** Everything at once, with bounds at which the base model is gated, cut, audited and hinted in three small steps. */
const EVERYTHING: ManifestInput = {
  masa_meta: 'train',
  masa_gate: true,
  masa_gate_low: 0.4,
  masa_gate_high: 0.6,
  masa_gate_spread: 0.5,
  masa_gate_min_prompts: 1,
  masa_gate_replace: true,
  masa_gate_tries: 1,
  masa_gate_exploration: 0.2,
  masa_audit_share: 0.5,
  masa_cutoff: true,
  masa_cutoff_multiple: 0.5,
  masa_hint_share: 0.5,
};

interface Held {
  session: Session;
  events: RunEvent[];
  checkpoints: { step: number; files: CheckpointFiles }[];
  onEvent: (event: RunEvent) => void;
}

async function begin(manifest: Manifest, resume?: CheckpointFiles, model = BASE): Promise<Held> {
  const held: Held = { session: null!, events: [], checkpoints: [], onEvent: () => {} };
  held.session = new Session({
    gpu: () => instance,
    readModel: async () => model,
    readCases: async () => [
      {
        name: 'mha-tied-grpo',
        json: JSON.parse(readFileSync('public/reference/mha-tied-grpo.json', 'utf8')),
        bytes: new Uint8Array(readFileSync('public/reference/mha-tied-grpo.safetensors')),
      },
    ],
    keepCheckpoint: async (step, files) => {
      held.checkpoints.push({ step, files });
    },
    onEvent: (event) => {
      held.events.push(event);
      held.onEvent(event);
    },
    onState: () => {},
    onProgress: () => {},
  });
  await held.session.open();
  await held.session.load(manifest, resume);
  return held;
}

async function runWhole(settings: ManifestInput, model = BASE): Promise<Held> {
  const held = await begin(small(settings), undefined, model);
  await held.session.run();
  expect(held.session.error).toBeNull();
  for (const event of held.events) eventSchema.parse(event);
  await held.session.close();
  return held;
}

const of = <T extends RunEvent['type']>(events: readonly RunEvent[], type: T, step?: number) =>
  events.filter(
    (e): e is Extract<RunEvent, { type: T }> =>
      e.type === type && (step === undefined || ('step' in e && e.step === step)),
  );

/** Digests of weights and optimiser state. */
const tensors = (held: Held, at = -1) =>
  held.checkpoints
    .at(at)!
    .files.filter((f) => f.name.endsWith('.safetensors'))
    .map((f) => createHash('sha256').update(f.bytes).digest('hex'));

/** The recorded events of steps, without what the clock decides. */
function timeless(events: readonly RunEvent[]): unknown[] {
  const live = ['run_started', 'phase', 'rollouts_started', 'rollouts_grown', 'checkpoint', 'finished'];
  return events
    .filter((e) => !live.includes(e.type))
    .map((e) => {
      const { phases_ms: _p, step_ms: _s, duration_ms: _d, ...rest } = JSON.parse(JSON.stringify(e));
      if (rest.metrics) {
        delete rest.metrics.step_time;
        delete rest.metrics.tokens_per_second;
      }
      return rest;
    });
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

describe('a run with all of MASA', () => {
  let whole: Held;
  let steps: number[];

  beforeAll(async () => {
    whole = await runWhole(EVERYTHING);
    steps = of(whole.events, 'step_metrics').map((e) => e.step);
  });

  it('gates, cuts, audits, replaces and hints, so that there is something to look at', () => {
    expect(steps).toEqual([0, 1, 2]);
    const roles = of(whole.events, 'gate_decision').map((d) => d.role);
    for (const role of ['open', 'gated', 'audited'] as const) expect(roles).toContain(role);
    expect(of(whole.events, 'gate_plan').some((p) => p.tries > 0)).toBe(true);
    expect(of(whole.events, 'cutoff').some((c) => c.cut.length > 0)).toBe(true);
    expect(of(whole.events, 'cutoff').some((c) => c.audited.length > 0)).toBe(true);
    expect(of(whole.events, 'prompt_group').some((g) => g.rollouts.some((r) => r.hint))).toBe(true);
  });

  it('trains on no gated prompt: groups are the plan’s kept candidates, and no other prediction has an advantage', () => {
    for (const step of steps) {
      const [plan] = of(whole.events, 'gate_plan', step);
      const groups = of(whole.events, 'prompt_group', step);
      expect(groups.map((g) => g.candidate)).toEqual(plan.kept);
      for (const group of groups)
        expect(group.prompt).toEqual(TASK.trainProblem(0, step, group.candidate!).prompt);
      for (const meta of of(whole.events, 'meta_group', step)) {
        if (plan.kept.includes(meta.index)) continue;
        expect(meta.predictions.every((p) => p.advantage === 0)).toBe(true);
        // A prompt without a true group has no reward at all.
        expect(meta.truth === null).toBe(!plan.audited.includes(meta.index));
        if (meta.truth === null) expect(meta.predictions.every((p) => p.reward === null)).toBe(true);
      }
      expect([...plan.kept, ...plan.gated].sort((a, b) => a - b)).toEqual(
        of(whole.events, 'gate_decision', step).map((d) => d.index),
      );
    }
  });

  it('lets no rollout grow beyond its limit, as far as reward and loss see it', () => {
    for (const cutoff of of(whole.events, 'cutoff')) {
      const group = of(whole.events, 'prompt_group', cutoff.step).find((g) => g.candidate === cutoff.index)!;
      group.rollouts.forEach((r, i) => {
        expect(r.tokens.length).toBeLessThanOrEqual(cutoff.limit);
        expect(r.logps).toHaveLength(r.tokens.length);
        expect(r.cut ?? false).toBe(cutoff.cut.includes(i));
        if (!r.cut) return;
        expect([r.tokens.length, r.reward, r.truncated]).toEqual([cutoff.limit, 0, true]);
      });
      const settings = {
        statistic: cutoff.statistic,
        multiple: cutoff.multiple,
        minimum: cutoff.minimum,
      };
      expect(cutoffLimit(cutoff.lengths, settings, LONGEST)).toMatchObject({
        limit: cutoff.limit,
        cuts: cutoff.cuts,
        predicted: cutoff.predicted,
        reason: cutoff.reason,
      });
    }
  });

  it('says enough to take every decision again', () => {
    for (const d of of(whole.events, 'gate_decision')) {
      const again = decideGate(
        { passRates: d.pass_rates, passDistribution: d.pass_distribution, classifier: null },
        { rule: d.rule, low: d.low, high: d.high, spread: d.spread_limit, threshold: d.threshold },
      );
      expect(again).toMatchObject({
        verdict: d.verdict,
        reason: d.reason,
        score: d.score,
        mean: d.mean,
        spread: d.spread,
      });
      const meta = of(whole.events, 'meta_group', d.step).find((m) => m.index === d.index)!;
      expect(meta.predictions.map((p) => p.pass_rate)).toEqual(d.pass_rates);
      expect(meta.predictions.map((p) => META.parseMeta(p.tokens).passRate)).toEqual(d.pass_rates);
    }
  });

  it('rewards predictions by the truth in the stream, and its prediction metrics follow from that', () => {
    for (const step of steps) {
      const metas = of(whole.events, 'meta_group', step);
      const judged = metas.filter((m) => m.truth !== null);
      for (const { truth, predictions } of judged)
        for (const p of predictions) {
          const { correct, total, lengths, notion_counts } = truth!;
          const d = p.pass_rate === null ? 0 : 0.01 ** Math.abs(p.pass_rate - correct / total);
          const within =
            p.length !== null &&
            correct > 0 &&
            p.length.low <= Math.max(...lengths) &&
            (p.length.high ?? Number.POSITIVE_INFINITY) >= Math.min(...lengths);
          const holds = (p.counted ?? []).filter((notion) => {
            const counts = notion_counts.find((c) => c.notion === notion);
            return counts !== undefined && counts.correct > counts.incorrect;
          });
          expect(p.reward_difficulty).toBeCloseTo(d, 12);
          expect(p.reward_length).toBe(within ? 1 : 0);
          expect(p.reward_notion).toBeCloseTo(p.counted?.length ? holds.length / p.counted.length : 0, 12);
          expect(p.reward).toBeCloseTo((p.reward_length! + p.reward_difficulty! + p.reward_notion!) / 3, 12);
        }
      const { metrics } = of(whole.events, 'step_metrics', step)[0];
      const rewarded = judged.flatMap((m) => m.predictions);
      expect(metrics['masa/reward']).toBeCloseTo(mean(rewarded.map((p) => p.reward!)), 12);
      expect(metrics['masa/parse_rate']).toBeCloseTo(
        mean(metas.flatMap((m) => m.predictions.map((p) => (p.parsed ? 1 : 0)))),
        12,
      );
      const rated = judged.flatMap((m) => {
        const said = m.predictions.flatMap((p) => p.pass_rate ?? []);
        return said.length ? [[mean(said), m.truth!.correct / m.truth!.total]] : [];
      });
      const r = pearson(
        rated.map(([said]) => said),
        rated.map(([, truth]) => truth),
      );
      if (r === null) expect(metrics).not.toHaveProperty('masa/pass_rate_pearson');
      else expect(metrics['masa/pass_rate_pearson']).toBeCloseTo(r, 12);
      expect(metrics['masa/pass_rate_mae']).toBeCloseTo(mean(rated.map(([a, b]) => Math.abs(a - b))), 12);
    }
  });

  it('counts solutions, predictions and audit apart, and gate and cutoff figures follow from the tallies', () => {
    let solutions = 0;
    let predicted = 0;
    let audited = 0;
    let gate = { ...EMPTY_GATE_TALLY };
    let cutoff = { ...EMPTY_CUTOFF_TALLY };
    for (const step of steps) {
      const groups = of(whole.events, 'prompt_group', step);
      const [audit] = of(whole.events, 'audit', step);
      solutions += sum(groups.flatMap((g) => g.rollouts.map((r) => r.tokens.length)));
      predicted += sum(
        of(whole.events, 'meta_group', step).flatMap((m) => m.predictions.map((p) => p.tokens.length)),
      );
      const extra =
        sum(audit.gate!.entries.flatMap((e) => e.lengths)) +
        sum(audit.cutoff!.entries.map((e) => e.length - e.limit));
      expect(audit.tokens).toBe(extra);
      audited += extra;
      gate = addTallies(gate, audit.gate!.tally);
      cutoff = addTallies(cutoff, audit.cutoff!.tally);
      const { metrics } = of(whole.events, 'step_metrics', step)[0];
      expect(metrics.num_tokens).toBe(solutions + predicted);
      expect(metrics['masa/num_tokens']).toBe(predicted);
      expect(metrics['masa/audit/tokens']).toBe(audited);
      const figures = gateFigures(gate);
      expect(metrics['masa/gate/precision'] ?? null).toBe(figures.precision);
      expect(metrics['masa/gate/recall'] ?? null).toBe(figures.recall);
      expect(metrics['masa/gate/gated']).toBe(of(whole.events, 'gate_plan', step)[0].gated.length);
      expect(metrics['masa/cutoff/cut']).toBe(
        sum(groups.map((g) => g.rollouts.filter((r) => r.cut).length)) / (groups.length * 4),
      );
      expect(metrics['masa/cutoff/precision'] ?? null).toBe(cutoffFigures(cutoff).precision);
    }
    expect(of(whole.events, 'evaluation').at(-1)).toMatchObject({
      num_tokens: solutions + predicted,
      meta_tokens: predicted,
      audit_tokens: audited,
    });
  });

  it('measures predictions on held-out problems too, and changes nothing by it', () => {
    for (const { alignment, total } of of(whole.events, 'evaluation')) {
      expect(alignment).toMatchObject({ predictions: 3, answers: 2 });
      expect(alignment!.points).toHaveLength(4);
      expect(mean(alignment!.points.map((p) => p.true_pass_rate))).toBeCloseTo(total.accuracy, 12);
      expect(sum(alignment!.calibration.map((bin) => bin.count))).toBe(
        alignment!.points.filter((p) => p.pass_rate !== null).length,
      );
    }
  });

  it('goes on bit for bit from a checkpoint, stopped in mid-step', async () => {
    const held = await begin(small(EVERYTHING));
    held.onEvent = (event) => {
      if (event.type === 'rollouts_grown' && event.step === 2) void held.session.stop();
    };
    await held.session.run();
    while (of(held.events, 'finished').length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    const again = await begin(small(EVERYTHING), held.checkpoints.at(-1)!.files);
    expect(again.session.step).toBe(2);
    await again.session.run();
    expect(again.session.error).toBeNull();
    const rest = whole.events.filter(
      (e) => 'step' in e && (e.type === 'evaluation' ? e.step > 2 : e.step >= 2),
    );
    expect(timeless(again.events)).toEqual(timeless(rest));
    await again.session.close();
    expect(tensors(again)).toEqual(tensors(whole));
    const state = (h: Held) =>
      JSON.parse(new TextDecoder().decode(h.checkpoints.at(-1)!.files[0].bytes)).masa;
    expect(state(again)).toEqual(state(whole));
    expect(state(whole).gate_tallies).toHaveLength(3);
  });
});

describe('plain GRPO', () => {
  let plain: Held;

  beforeAll(async () => {
    plain = await runWhole({});
  });

  it('says nothing of MASA', () => {
    for (const { metrics } of of(plain.events, 'step_metrics'))
      expect(Object.keys(metrics).filter((name) => name.startsWith('masa/'))).toEqual([]);
    for (const type of ['meta_group', 'gate_decision', 'gate_plan', 'cutoff', 'audit'] as const)
      expect(of(plain.events, type)).toEqual([]);
    for (const event of of(plain.events, 'evaluation')) expect(event).not.toHaveProperty('alignment');
    expect(JSON.parse(new TextDecoder().decode(plain.checkpoints[0].files[0].bytes))).not.toHaveProperty(
      'masa',
    );
  });

  it('is the same run, bit for bit, when its predictions are watched', async () => {
    const watched = await runWhole({ masa_meta: 'observe' });
    expect(tensors(watched)).toEqual(tensors(plain));
    expect(timeless(of(watched.events, 'prompt_group'))).toEqual(timeless(of(plain.events, 'prompt_group')));
    const solving = (held: Held) =>
      of(held.events, 'step_metrics').map(({ metrics }) =>
        Object.entries(metrics).filter(([name]) => !/^masa\/|_time$|_per_second$/.test(name)),
      );
    expect(solving(watched)).toEqual(solving(plain));
    expect(of(watched.events, 'meta_group')).toHaveLength(12);
    for (const { predictions } of of(watched.events, 'meta_group'))
      expect(predictions.every((p) => p.advantage === 0 && p.reward !== null)).toBe(true);
    expect(of(watched.events, 'evaluation')[0].alignment).toBeDefined();
  });

  it('is another run once they are trained on, with the same rollouts in its first step', async () => {
    const trained = await runWhole({ masa_meta: 'train', steps: 1 });
    expect(timeless(of(trained.events, 'prompt_group', 0))).toEqual(
      timeless(of(plain.events, 'prompt_group', 0)),
    );
    expect(tensors(trained, 0)).not.toEqual(tensors(plain, 0));
    const [{ metrics }] = of(trained.events, 'step_metrics');
    const rows = of(trained.events, 'meta_group').flatMap((m) => m.predictions);
    // Every ratio is 1, so that the loss is minus the mean advantage of its own tokens, times the weight.
    const tokens = sum(rows.map((p) => p.tokens.length));
    const loss = (-0.2 * sum(rows.map((p) => p.advantage * p.tokens.length))) / tokens;
    expect(metrics['masa/loss']).toBeCloseTo(loss, 6);
    const [{ metrics: before }] = of(plain.events, 'step_metrics');
    expect(metrics.loss).toBeCloseTo(before.loss, 6);
  });
});

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
      { config: CONFIG, weights: Uint8Array.from(bytes) },
    );
    const [{ metrics }] = of(held.events, 'step_metrics');
    expect(metrics['masa/parse_rate']).toBe(0);
    // No marker was written: the distribution was read behind the bare one.
    for (const d of of(held.events, 'gate_decision')) expect(sum(d.pass_distribution!)).toBeCloseTo(1, 9);
  });
});
