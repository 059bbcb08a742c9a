import { describe, expect, test } from 'vitest';
import { DEFAULT_MANIFEST } from '../../run/manifest';
import { EMPTY_GATE_TALLY } from '../masa/audit';
import { RECORDED_EVENTS, RecordCollector } from './record';
import { events, record } from './testing';

describe('the record of a run', () => {
  test('costs add up step by step, the audit apart from the tokens of training', () => {
    const { steps } = record({
      settings: { masa_meta: 'train' },
      tokens: [100, 80],
      meta: [10, 20],
      audit: [5, 7],
      milliseconds: [1500, 500],
      flops: [1e9, 2e9],
      accuracy: {},
    });
    expect(steps.map(({ costs }) => costs)).toEqual([
      { steps: 1, tokens: 110, tokens_with_audit: 115, flops: 1e9, decode_steps: 1, seconds: 1.5 },
      // 110 + 80 + 20 = 210; 210 + 5 + 7.
      { steps: 2, tokens: 210, tokens_with_audit: 222, flops: 3e9, decode_steps: 2, seconds: 2 },
    ]);
    expect(steps.map((step) => [step.solution_tokens, step.meta_tokens, step.audit_tokens])).toEqual([
      [100, 10, 5],
      [80, 20, 7],
    ]);
  });

  test('predictions that are only watched cost nothing', () => {
    const { steps } = record({ settings: { masa_meta: 'observe' }, tokens: [100], meta: [10], accuracy: {} });
    expect(steps[0].meta_tokens).toBe(0);
  });

  test('a group whose rewards agree has no variance, and its tokens are counted apart', () => {
    const { steps } = record({ tokens: [100, 60, 40], informative: [2, 1, 0], accuracy: {} });
    expect(steps.map((step) => [step.informative, step.zero_variance_tokens])).toEqual([
      [2, 0],
      [1, 30],
      [0, 40],
    ]);
  });

  test('a masked rollout has no part in that, one that is scored 0 has', () => {
    const masked = (settings: 'mask' | 'zero') => {
      const collector = new RecordCollector();
      for (const event of events({ settings: { masa_cutoff_score: settings }, tokens: [8], accuracy: {} }))
        collector.event(
          event.type === 'prompt_group'
            ? // The rollouts' rewards are 0 and 1: the one that is wrong was cut.
              { ...event, rollouts: event.rollouts.map((r) => (r.reward === 0 ? { ...r, cut: true } : r)) }
            : event,
        );
      return collector.record()!.steps[0].informative;
    };
    expect(masked('mask')).toBe(0);
    expect(masked('zero')).toBe(2);
  });

  test('an evaluation has the costs of the steps before it, its suites side by side', () => {
    const collector = new RecordCollector();
    const first = events({ tokens: [100], accuracy: { 0: 0.1, 1: 0.5 } });
    const other = events({ tokens: [100], accuracy: { 0: 0.2, 1: 0.3 }, suite: 'out-of-domain' });
    for (const [i, event] of first.entries()) {
      collector.event(event);
      if (event.type === 'evaluation') collector.event(other[i]);
    }
    expect(collector.record()!.points.map(({ costs, accuracy }) => [costs.tokens, accuracy])).toEqual([
      [0, { 'in-domain': 0.1, 'out-of-domain': 0.2 }],
      [100, { 'in-domain': 0.5, 'out-of-domain': 0.3 }],
    ]);
  });

  test('what older streams do not measure is null, before the first step as well', () => {
    const { points } = record({ tokens: [100], accuracy: { 0: 0.1, 1: 0.5 } });
    expect(points.map(({ costs }) => [costs.flops, costs.decode_steps, costs.seconds])).toEqual([
      [null, null, 0],
      [null, null, 1],
    ]);
    const measured = record({ tokens: [100], flops: [5], accuracy: { 0: 0.1 } });
    expect(measured.points[0].costs).toMatchObject({ flops: 0, decode_steps: 0 });
  });

  test('tallies are kept as they are, and a run that goes on is no longer ended', () => {
    const run = events({ tokens: [10], gate: [{ gated: 3 }], accuracy: {} });
    const collector = new RecordCollector();
    for (const event of run) collector.event(event);
    expect(collector.record()).toMatchObject({ ending: { reason: 'completed', step: 1 } });
    expect(collector.record()!.steps[0].gate).toEqual({ ...EMPTY_GATE_TALLY, gated: 3 });
    collector.event(run[0]);
    expect(collector.record()!.ending).toBeNull();
  });

  test('a stream without a start is no run, and the record needs no other events than it names', () => {
    expect(new RecordCollector().record()).toBeNull();
    const run = events({ tokens: [10, 20], gate: [{}, {}], accuracy: { 0: 0.1, 2: 0.2 } });
    expect(new Set(run.map(({ type }) => type))).toEqual(RECORDED_EVENTS);
    expect(record({ tokens: [1], accuracy: {} }).manifest).toEqual({
      ...DEFAULT_MANIFEST,
      seed: 1,
      steps: 1,
    });
  });
});
