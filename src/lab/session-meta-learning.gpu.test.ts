import { beforeAll, describe, expect, it } from 'vitest';
import { readSafetensors } from '../model/safetensors';
import { begin, type Held, META, of, runWhole, small, sum, TASK, tensors, timeless } from './testing/masa';

/** The files of a checkpoint that `tensors` does not look at. */
const file = (held: Held, name: string, at = -1): Uint8Array | undefined =>
  held.checkpoints.at(at)!.files.find((f) => f.name === name)?.bytes;

/** Digests of the policy's weights and its optimiser's state, which stand first. */
const own = (held: Held, at = -1) => tensors(held, at).slice(0, 2);

const state = (held: Held) => JSON.parse(new TextDecoder().decode(file(held, 'trainer.json')));

const solving = (held: Held) =>
  of(held.events, 'step_metrics').map(({ metrics }) =>
    Object.entries(metrics).filter(
      ([name]) => !/^masa\/|_time$|_per_second$|^num_tokens$|^num_flops$|^decode_steps$/.test(name),
    ),
  );

/** An adapter that learns from the first step on, from few outcomes. */
const ADAPTER = {
  masa_meta: 'observe',
  masa_num_generations: 0,
  meta_adapter: 'lora',
  meta_adapter_rank: 2,
  meta_adapter_from: 0,
  meta_adapter_burst: 2,
  meta_adapter_batch: 6,
  meta_adapter_buffer: 8,
} as const;

describe('a meta adapter', () => {
  let plain: Held;
  let adapted: Held;

  beforeAll(async () => {
    plain = await runWhole({});
    adapted = await runWhole(ADAPTER);
  });

  it('is never seen by solutions, and gives the policy no gradient: both are those of plain GRPO, bit for bit', () => {
    expect(timeless(of(adapted.events, 'prompt_group'))).toEqual(timeless(of(plain.events, 'prompt_group')));
    expect(solving(adapted)).toEqual(solving(plain));
    for (const at of [0, 1, 2]) expect(own(adapted, at)).toEqual(tensors(plain, at));
  });

  it('learns from the outcomes of the step’s prompts, by its schedule', () => {
    const updates = of(adapted.events, 'expert_update');
    expect(updates.map((u) => [u.kind, u.collected, u.buffered, u.updates])).toEqual([
      ['outcomes', 4, 4, 2],
      ['outcomes', 4, 8, 1],
      ['outcomes', 4, 8, 1],
    ]);
    for (const { nll, updates: count } of updates) {
      expect(nll).toHaveLength(count);
      expect(nll.every((value) => value > 0)).toBe(true);
    }
    // The burst draws the same four outcomes twice: the second time they are likelier.
    expect(updates[0].nll[1]).toBeLessThan(updates[0].nll[0]);
    const factors = (at: number) =>
      readSafetensors(file(adapted, 'adapter_model.safetensors', at)!).tensors.get(
        'base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight',
      )!.data;
    expect(factors(0).some((value) => value !== 0)).toBe(true);
    expect(factors(1)).not.toEqual(factors(0));
  });

  it('predicts without a sample: probabilities and a length for each prompt, two tokens each', () => {
    const groups = of(adapted.events, 'meta_group');
    expect(groups).toHaveLength(12);
    for (const group of groups) {
      expect(group.predictions).toEqual([]);
      expect(sum(group.pass_distribution!)).toBeCloseTo(1, 5);
      expect(group.expected_length!).toBeGreaterThan(META.bucketMidpoint(0));
      expect(group.expected_length!).toBeLessThan(META.bucketMidpoint(9));
    }
    const [first] = of(adapted.events, 'step_metrics');
    expect(first.metrics['masa/num_tokens']).toBe(8);
    const solutions = of(adapted.events, 'prompt_group', 0).flatMap((g) => g.rollouts);
    expect(first.metrics.num_tokens).toBe(8 + sum(solutions.map((r) => r.tokens.length)));
    const alignment = of(adapted.events, 'evaluation')[0].alignment!;
    expect(alignment.parse_rate).toBeNull();
    expect(alignment.points.every((p) => p.pass_rate !== null && p.length !== null)).toBe(true);
  });

  it('goes on from a checkpoint bit for bit, and is part of it in PEFT’s form', async () => {
    const config = JSON.parse(new TextDecoder().decode(file(adapted, 'adapter_config.json')));
    expect(config).toMatchObject({ peft_type: 'LORA', r: 2, lora_alpha: 2 });
    const resumed = await begin(small(ADAPTER), adapted.checkpoints[0].files);
    await resumed.session.run();
    await resumed.session.close();
    expect(resumed.session.error).toBeNull();
    expect(tensors(resumed)).toEqual(tensors(adapted));
    expect(state(resumed)).toEqual(state(adapted));
  });

  it('is trained on its rewards apart from the policy where predictions are trained', async () => {
    const rewarded = await runWhole({
      masa_meta: 'train',
      meta_adapter: 'lora',
      meta_adapter_burst: 0,
      meta_adapter_updates: 0,
    });
    expect(timeless(of(rewarded.events, 'prompt_group'))).toEqual(timeless(of(plain.events, 'prompt_group')));
    expect(own(rewarded)).toEqual(tensors(plain));
    expect(of(rewarded.events, 'expert_update')).toEqual([]);
    const moved = readSafetensors(file(rewarded, 'adapter_model.safetensors')!).tensors.get(
      'base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight',
    )!;
    expect(moved.data.some((value) => value !== 0)).toBe(true);
  });
});

/** Every prediction that parses is an expert where something was solved, so that three small steps have some. */
const EXPERTS = {
  masa_meta: 'train',
  masa_experts: true,
  masa_expert_min_notion: 0,
  masa_expert_from: 0,
  masa_expert_burst: 2,
  masa_expert_every: 2,
  masa_expert_updates: 1,
  masa_expert_batch: 6,
} as const;

describe('expert trajectories', () => {
  let cloned: Held;

  beforeAll(async () => {
    cloned = await runWhole(EXPERTS);
  });

  it('are predictions rewritten to the truth of their prompt', () => {
    const experts = of(cloned.events, 'expert_update').flatMap((u) =>
      u.examples.map((each) => ({ ...each, step: u.step })),
    );
    expect(experts.length).toBeGreaterThan(0);
    for (const { step, index, from, to } of experts) {
      const group = of(cloned.events, 'meta_group', step).find((m) => m.index === index)!;
      expect(group.predictions.map((p) => p.tokens)).toContainEqual(from);
      const { correct, total, lengths } = group.truth!;
      const said = META.parseMeta(to);
      expect(said.passCount).toBe(META.passCountOf(correct, total));
      expect(said.length).toEqual(META.lengthOf(sum(lengths) / lengths.length));
      expect(said.notions).toEqual(META.parseMeta(from).notions);
      expect(to.at(-1)).toBe(TASK.vocabulary.eos);
    }
  });

  it('are cloned by their schedule, with moments of their own', () => {
    const updates = of(cloned.events, 'expert_update');
    const first = updates.findIndex((u) => u.updates > 0);
    expect(updates[first].updates).toBe(2);
    expect(updates[first].nll[1]).toBeLessThan(updates[first].nll[0]);
    for (const u of updates.slice(first + 1)) expect(u.updates).toBe(u.step % 2 === 0 ? 1 : 0);
    expect(state(cloned).experts_optimizer_steps).toBe(sum(updates.map((u) => u.updates)));
    expect(state(cloned).optimizer_steps).toBeLessThanOrEqual(3);
    const [, policy, experts] = tensors(cloned);
    expect(experts).not.toBe(policy);
  });

  it('change the run they are cloned into, and go on from a checkpoint bit for bit', async () => {
    const without = await runWhole({ masa_meta: 'train' });
    expect(tensors(cloned)).not.toEqual(tensors(without));
    const resumed = await begin(small(EXPERTS), cloned.checkpoints[0].files);
    await resumed.session.run();
    await resumed.session.close();
    expect(tensors(resumed)).toEqual(tensors(cloned));
    expect(state(resumed)).toEqual(state(cloned));
  });

  it('leave every block but the last alone when they are told to', async () => {
    // One step of two that have the same update on solutions: what differs is what the cloning touched.
    const weights = (held: Held) => readSafetensors(file(held, 'model.safetensors', 0)!).tensors;
    const [none, last] = [
      await runWhole({ masa_meta: 'train', steps: 1 }),
      await runWhole({ ...EXPERTS, masa_expert_blocks: 'last', steps: 1 }),
    ];
    expect(of(last.events, 'expert_update')[0].updates).toBe(2);
    const [before, after] = [weights(none), weights(last)];
    const changed = [...before.keys()].filter(
      (name) => JSON.stringify(before.get(name)) !== JSON.stringify(after.get(name)),
    );
    expect(changed.length).toBeGreaterThan(0);
    expect(changed.every((name) => name.startsWith('model.layers.2.'))).toBe(true);
  });

  it('stay nearer to the solutions they were with a KL anchor', async () => {
    const strong = { ...EXPERTS, masa_expert_burst: 6, masa_expert_learning_rate: 3e-3, steps: 1 };
    const weak = await runWhole({ ...strong, masa_expert_kl: 1e-6 });
    const held = await runWhole({ ...strong, masa_expert_kl: 3 });
    const kl = (run: Held) => of(run.events, 'expert_update')[0].kl!;
    expect(kl(weak)).toBeGreaterThan(0);
    expect(kl(held)).toBeLessThan(kl(weak));
  });
});
