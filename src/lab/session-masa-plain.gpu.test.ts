import { beforeAll, describe, expect, it } from 'vitest';
import { parseLlamaConfig } from '../model/config';
import { decodingCost, forwardFlops } from '../model/cost';
import { type Held, of, runWhole, sum, tensors, timeless } from './testing/masa';
import { BASE } from './testing/session-host';

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

  it('counts what it costs as the stream alone would have it', () => {
    const config = parseLlamaConfig(JSON.parse(BASE.config));
    let [flops, steps] = [0, 0];
    for (const { step, metrics } of of(plain.events, 'step_metrics')) {
      const rollouts = of(plain.events, 'prompt_group', step).flatMap(({ prompt, rollouts }) =>
        rollouts.map((r) => ({ ...r, prompt })),
      );
      const lengths = rollouts.map((r) => r.tokens.length);
      flops += decodingCost(
        config,
        rollouts.map((r) => r.prompt),
        lengths,
      ).flops;
      steps += Math.max(...lengths);
      // What has no advantage has no gradient, and is not computed.
      for (const { prompt, tokens, advantage } of rollouts)
        if (advantage !== 0) flops += 3 * forwardFlops(config, prompt.length + tokens.length, tokens.length);
      expect(metrics.decode_steps).toBe(steps);
      expect(metrics.num_flops / flops).toBeCloseTo(1, 9);
    }
    const last = of(plain.events, 'evaluation').at(-1)!;
    expect([last.num_flops! / flops, last.decode_steps]).toEqual([expect.closeTo(1, 9), steps]);
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
