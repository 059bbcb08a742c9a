import { beforeAll, describe, expect, it } from 'vitest';
import {
  addTallies,
  cutoffFigures,
  EMPTY_CUTOFF_TALLY,
  EMPTY_GATE_TALLY,
  gateFigures,
} from '../rl/masa/audit';
import { cutoffLimit } from '../rl/masa/cutoff';
import { decideGate } from '../rl/masa/gate';
import { mean, pearson } from '../run/statistics';
import {
  begin,
  EVERYTHING,
  type Held,
  LONGEST,
  META,
  of,
  runWhole,
  small,
  sum,
  TASK,
  tensors,
  timeless,
} from './testing/masa';

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

  it('announces each limit before the rollouts grow towards it, as the cutoff’s event repeats it', () => {
    for (const step of steps) {
      const cutoffs = of(whole.events, 'cutoff', step);
      const [started] = of(whole.events, 'rollouts_started', step);
      const limits = cutoffs.map(({ limit, cuts, predicted, statistic, multiple, minimum }) => ({
        limit,
        cuts,
        predicted,
        statistic,
        multiple,
        minimum,
      }));
      expect(started.limits).toEqual(limits);
      expect(started.prompts).toHaveLength(limits.length);
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
