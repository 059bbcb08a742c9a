import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { groupAdvantages } from '../rl/advantages';
import { overlongShaping } from '../rl/overlong';
import { planSampling } from '../rl/sampling-plan';
import type { CheckpointFiles } from '../run/checkpoint';
import { eventSchema, type RunEvent } from '../run/events';
import { type ManifestInput, parseManifest } from '../run/manifest';
import { getTask } from '../tasks';
import { Session } from './session';
import { QUIET_HOST } from './testing/session-host';

const TASK = getTask('ladder');
const PROMPTS = 4;
const ROUNDS = 3;
const LONGEST = 40;
const BUFFER = 20;

const SMALL: ManifestInput = {
  prompts_per_step: PROMPTS,
  num_generations: 4,
  max_completion_length: LONGEST,
  eval_problems: 2,
  eval_steps: 100,
  checkpoint_steps: 1,
  steps: 3,
  micro_batch_tokens: 512,
};
const DAPO: ManifestInput = {
  ...SMALL,
  dynamic_sampling: true,
  dynamic_sampling_rounds: ROUNDS,
  overlong_buffer: BUFFER,
  overlong_penalty: 0.5,
};

interface Held {
  session: Session;
  events: RunEvent[];
  checkpoints: { step: number; files: CheckpointFiles }[];
  onEvent: (event: RunEvent) => void;
}

async function begin(settings: ManifestInput, resume?: CheckpointFiles): Promise<Held> {
  const held: Held = { session: null!, events: [], checkpoints: [], onEvent: () => {} };
  held.session = new Session({
    ...QUIET_HOST,
    keepCheckpoint: async (step, files) => {
      held.checkpoints.push({ step, files });
    },
    onEvent: (event) => {
      held.events.push(event);
      held.onEvent(event);
    },
  });
  await held.session.open();
  await held.session.load(parseManifest(settings), resume);
  return held;
}

async function runWhole(settings: ManifestInput): Promise<Held> {
  const held = await begin(settings);
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

const tensors = (held: Held) =>
  held.checkpoints
    .at(-1)!
    .files.filter((f) => f.name.endsWith('.safetensors'))
    .map((f) => createHash('sha256').update(f.bytes).digest('hex'));

const tokensOf = (groups: readonly { rollouts: readonly { tokens: readonly number[] }[] }[]): number =>
  groups.flatMap((group) => group.rollouts).reduce((sum, r) => sum + r.tokens.length, 0);

/** The recorded events from a step on, without what the clock decides. */
const timeless = (events: readonly RunEvent[], from: number) =>
  events
    .filter((e) => ['prompt_group', 'sampling_plan', 'step_metrics', 'warning'].includes(e.type))
    .filter((e) => 'step' in e && e.step >= from)
    .map((e) => {
      const { phases_ms: _p, step_ms: _s, ...rest } = JSON.parse(JSON.stringify(e));
      if (rest.metrics) {
        delete rest.metrics.step_time;
        delete rest.metrics.tokens_per_second;
      }
      return rest;
    });

describe('dynamic sampling', () => {
  let whole: Held;
  let steps: number[];

  beforeAll(async () => {
    whole = await runWhole(DAPO);
    steps = of(whole.events, 'step_metrics').map((e) => e.step);
  });

  it('throws groups away and draws others, so that there is something to look at', () => {
    expect(steps).toEqual([0, 1, 2]);
    const plans = of(whole.events, 'sampling_plan');
    expect(plans).toHaveLength(3);
    expect(plans.some((plan) => plan.drawn.length > 1)).toBe(true);
    expect(plans.some((plan) => plan.discarded.length > 0 && plan.kept.length > 0)).toBe(true);
  });

  it('trains on groups alone in which the verifier’s rewards differ, and its plan follows from the stream', () => {
    for (const step of steps) {
      const groups = of(whole.events, 'prompt_group', step);
      const inOrder = [...groups].sort((a, b) => a.candidate! - b.candidate!);
      const [plan] = of(whole.events, 'sampling_plan', step);
      const { type: _t, v: _v, step: _s, ...said } = plan;
      const informative = inOrder.map((group) => group.reward_std > 0);
      expect(planSampling(informative, { prompts: PROMPTS, rounds: ROUNDS })).toEqual({
        done: true,
        ...said,
      });
      expect(informative.some(Boolean)).toBe(true);

      const kept = groups.filter((group) => !group.discarded);
      expect(kept.map((group) => group.candidate)).toEqual(plan.kept);
      expect(groups.map((group) => group.index)).toEqual(groups.map((_, i) => i));
      for (const group of groups) {
        expect(group.discarded ?? false).toBe(group.reward_std === 0);
        if (group.discarded) expect(group.rollouts.every((r) => r.advantage === 0)).toBe(true);
        expect(group.prompt).toEqual(TASK.trainProblem(0, step, group.candidate!).prompt);
      }
    }
  });

  it('counts every token it generated, thrown away or not', () => {
    let total = 0;
    for (const step of steps) {
      const groups = of(whole.events, 'prompt_group', step);
      const discarded = groups.filter((group) => group.discarded);
      const [plan] = of(whole.events, 'sampling_plan', step);
      total += tokensOf(groups);
      expect(of(whole.events, 'step_metrics', step)[0].metrics).toMatchObject({
        num_tokens: total,
        'sampling/rounds': plan.drawn.length,
        'sampling/discarded': discarded.length,
        'sampling/discarded_tokens': tokensOf(discarded),
        'sampling/frac_reward_zero_std': discarded.length / groups.length,
        frac_reward_zero_std: 0,
      });
    }
    expect(of(whole.events, 'evaluation').at(-1)?.num_tokens).toBe(total);
  });

  it('shapes advantages by length, and leaves the rewards to the verifier', () => {
    for (const step of steps) {
      const kept = of(whole.events, 'prompt_group', step).filter((group) => !group.discarded);
      for (const group of kept)
        for (const r of group.rollouts) {
          expect([0, 1]).toContain(r.reward);
          const settings = { longest: LONGEST, buffer: BUFFER, penalty: 0.5 };
          expect(r.shaping).toBeCloseTo(overlongShaping(r.tokens.length, settings), 12);
        }
      const shaped = kept.map((group) => group.rollouts.map((r) => r.reward + r.shaping!));
      expect(kept.map((group) => group.rollouts.map((r) => r.advantage))).toEqual(
        groupAdvantages(shaped, 'group'),
      );
    }
    const shaping = of(whole.events, 'prompt_group').flatMap((g) => g.rollouts.map((r) => r.shaping!));
    expect(Math.min(...shaping)).toBe(-0.5);
  });

  it('shows each round as it grows, and last the batch that is trained on', () => {
    for (const step of steps) {
      const [plan] = of(whole.events, 'sampling_plan', step);
      const shown = of(whole.events, 'rollouts_started', step).map((e) => e.prompts.length);
      expect(shown).toEqual(plan.drawn.length > 1 ? [...plan.drawn, plan.kept.length] : plan.drawn);
    }
  });

  it('goes on bit for bit from a checkpoint, stopped in mid-step', async () => {
    const held = await begin(DAPO);
    held.onEvent = (event) => {
      if (event.type === 'rollouts_grown' && event.step === 1) void held.session.stop();
    };
    await held.session.run();
    while (of(held.events, 'finished').length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    const again = await begin(DAPO, held.checkpoints.at(-1)!.files);
    expect(again.session.step).toBe(1);
    await again.session.run();
    expect(again.session.error).toBeNull();
    await again.session.close();
    expect(timeless(again.events, 1)).toEqual(timeless(whole.events, 1));
    expect(tensors(again)).toEqual(tensors(whole));
  });
});

describe('without either', () => {
  it('a first step has the same rollouts in its first batch, and nothing of DAPO in its stream', async () => {
    const plain = await runWhole({ ...SMALL, steps: 1 });
    const sampled = await runWhole({ ...DAPO, steps: 1 });
    const texts = (held: Held) =>
      of(held.events, 'prompt_group')
        .sort((a, b) => (a.candidate ?? a.index) - (b.candidate ?? b.index))
        .slice(0, PROMPTS)
        .map((group) => group.rollouts.map((r) => [r.tokens, r.reward]));
    expect(texts(sampled)).toEqual(texts(plain));
    expect(of(plain.events, 'sampling_plan')).toEqual([]);
    for (const group of of(plain.events, 'prompt_group')) {
      for (const key of ['discarded', 'candidate']) expect(group).not.toHaveProperty(key);
      for (const r of group.rollouts) expect(r).not.toHaveProperty('shaping');
    }
    const [{ metrics }] = of(plain.events, 'step_metrics');
    expect(
      Object.keys(metrics).filter((name) => /^(overlong\/|sampling\/(?!logp_difference))/.test(name)),
    ).toEqual([]);
  });
});
