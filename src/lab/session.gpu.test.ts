import { beforeAll, describe, expect, it } from 'vitest';
import type { CheckpointFiles } from '../run/checkpoint';
import { eventSchema, type RunEvent } from '../run/events';
import { type Manifest, type ManifestInput, parseManifest } from '../run/manifest';
import { mean, standardDeviation } from '../run/statistics';
import { getTask } from '../tasks';
import { Session, type SessionHost } from './session';
import { QUIET_HOST, selfTestCase } from './testing/session-host';

/** Small enough for a second a step on a software adapter, large enough for groups with and without variance. */
const small = (settings: ManifestInput = {}): Manifest =>
  parseManifest({
    prompts_per_step: 6,
    num_generations: 6,
    max_completion_length: 40,
    eval_problems: 8,
    eval_steps: 2,
    checkpoint_steps: 2,
    steps: 3,
    micro_batch_tokens: 512,
    ...settings,
  });

interface Held {
  session: Session;
  events: RunEvent[];
  states: string[];
  checkpoints: { step: number; files: CheckpointFiles }[];
  /** Called with each event as it comes. */
  onEvent: (event: RunEvent) => void;
}

function hold(overrides: Partial<SessionHost> = {}): Held {
  const held: Held = { session: null!, events: [], states: [], checkpoints: [], onEvent: () => {} };
  held.session = new Session({
    ...QUIET_HOST,
    keepCheckpoint: async (step, files) => {
      held.checkpoints.push({ step, files });
    },
    onEvent: (event) => {
      held.events.push(event);
      held.onEvent(event);
    },
    onState: (state) => held.states.push(state),
    ...overrides,
  });
  return held;
}

async function open(overrides: Partial<SessionHost> = {}): Promise<Held> {
  const held = hold(overrides);
  await held.session.open();
  return held;
}

/** The stream without what the clock decides, and without the live events whose number depends on pauses. */
function timeless(events: readonly RunEvent[]): unknown[] {
  return events
    .filter((e) => ['prompt_group', 'step_metrics', 'evaluation'].includes(e.type))
    .map((e) => {
      const copy = JSON.parse(JSON.stringify(e));
      delete copy.phases_ms;
      delete copy.step_ms;
      delete copy.duration_ms;
      if (copy.metrics) {
        delete copy.metrics.step_time;
        delete copy.metrics.tokens_per_second;
      }
      return copy;
    });
}

const of = <T extends RunEvent['type']>(events: readonly RunEvent[], type: T) =>
  events.filter((e): e is Extract<RunEvent, { type: T }> => e.type === type);

describe('a session', () => {
  let whole: Held;

  beforeAll(async () => {
    whole = await open();
    await whole.session.load(small());
    await whole.session.run();
    expect(whole.session.error).toBeNull();
  });

  it('runs to its end, and every event is of the schema', () => {
    expect(whole.states.at(-1)).toBe('finished');
    for (const event of whole.events) eventSchema.parse(event);
    expect(of(whole.events, 'step_metrics').map((e) => e.step)).toEqual([0, 1, 2]);
    expect(of(whole.events, 'evaluation').map((e) => e.step)).toEqual([0, 2, 3]);
    expect(whole.checkpoints.map((c) => c.step)).toEqual([2, 3]);
    expect(of(whole.events, 'finished')[0]).toMatchObject({
      reason: 'completed',
      step: 3,
      last_checkpoint: 3,
    });
  });

  it('judges rollouts by the verifier, and its metrics follow from its groups', () => {
    const task = getTask('ladder');
    for (const metrics of of(whole.events, 'step_metrics')) {
      const groups = of(whole.events, 'prompt_group').filter((g) => g.step === metrics.step);
      expect(groups).toHaveLength(6);
      groups.forEach((group, i) => {
        const problem = task.trainProblem(0, metrics.step, i);
        expect(group.prompt).toEqual(problem.prompt);
        for (const r of group.rollouts) {
          expect(r.reward).toBe(task.verify(problem, r.tokens));
          expect(r.logps).toHaveLength(r.tokens.length);
          expect(r.tokens.length).toBeLessThanOrEqual(40);
          expect(r.truncated).toBe(r.tokens.at(-1) !== task.vocabulary.eos);
          const deviation = standardDeviation(group.rollouts.map((x) => x.reward));
          const expected = deviation === 0 ? 0 : (r.reward - group.reward_mean) / (deviation + 1e-6);
          expect(r.advantage).toBeCloseTo(expected, 9);
        }
      });
      const rollouts = groups.flatMap((g) => g.rollouts);
      const m = metrics.metrics;
      expect(m.reward).toBeCloseTo(mean(rollouts.map((r) => r.reward)), 9);
      expect(m['completions/mean_length']).toBeCloseTo(mean(rollouts.map((r) => r.tokens.length)), 9);
      expect(m.frac_reward_zero_std).toBeCloseTo(groups.filter((g) => g.reward_std === 0).length / 6, 9);
      // One update on the batch: the ratio is exactly 1, so nothing is clipped.
      expect(m['clip_ratio/region_mean']).toBe(0);
      expect(m['sampling/logp_difference_max']).toBeLessThan(2e-5);
      // The loss is -sum of A over tokens / tokens, since every ratio is 1.
      const tokens = rollouts.reduce((s, r) => s + r.tokens.length, 0);
      const loss = -rollouts.reduce((s, r) => s + r.advantage * r.tokens.length, 0) / tokens;
      expect(m.loss).toBeCloseTo(loss, 5);
    }
  });

  it('is the same run bit for bit when paused in mid-step, stepped and run on', async () => {
    const held = await open();
    await held.session.load(small());
    let grown = 0;
    held.onEvent = (event) => {
      if (event.type === 'rollouts_grown' && ++grown === 3) held.session.pause();
    };
    const done = held.session.run();
    await until(() => held.states.at(-1) === 'paused');
    expect(of(held.events, 'step_metrics')).toHaveLength(0);
    void held.session.takeStep();
    await until(() => held.states.at(-1) === 'paused' && of(held.events, 'step_metrics').length === 1);
    void held.session.run();
    await done;
    expect(held.states.at(-1)).toBe('finished');
    expect(timeless(held.events)).toEqual(timeless(whole.events));
  });

  it('goes from phase to phase, at rest before the work of each, and is the same run', async () => {
    const held = await open();
    await held.session.load(small());
    let presses = 0;
    const next = async () => {
      void held.session.takePhase();
      await until(() => held.states.at(-1) === 'paused');
      presses++;
    };
    const reached: (string | undefined)[] = [];
    for (let i = 0; i < 6; i++) {
      await next();
      const last = held.events.at(-1);
      reached.push(last?.type === 'phase' ? last.phase : last?.type);
    }
    // The last press finished the step, where the run rests as after a step.
    expect(reached).toEqual(['rollout', 'reward', 'advantage', 'evaluate', 'update', 'step_metrics']);
    expect(held.session.step).toBe(1);
    // At rest before `advantage`, the rollouts were judged, and nothing said yet of their groups.
    const types = held.events.map((e) => (e.type === 'phase' ? e.phase : e.type));
    const judged = of(held.events, 'rollouts_judged')[0];
    const groups = of(held.events, 'prompt_group');
    expect(types.indexOf('rollouts_judged')).toBe(types.indexOf('reward') + 1);
    expect(types.indexOf('prompt_group')).toBe(types.indexOf('advantage') + 1);
    expect(judged.rewards).toEqual(groups.flatMap((g) => g.rollouts.map((r) => r.reward)));
    expect(judged.truncated).toEqual(groups.flatMap((g) => g.rollouts.map((r) => r.truncated)));
    await held.session.run();
    expect(presses).toBe(6);
    expect(timeless(held.events)).toEqual(timeless(whole.events));
  });

  it('goes on bit for bit from a checkpoint, stopped in mid-step', async () => {
    const held = await open();
    await held.session.load(small());
    held.onEvent = (event) => {
      if (event.type === 'rollouts_grown' && event.step === 1) void held.session.stop();
    };
    await held.session.run();
    await until(() => held.states.at(-1) === 'finished');
    expect(of(held.events, 'finished')[0]).toMatchObject({ reason: 'stopped', step: 1, last_checkpoint: 1 });
    const again = await open();
    await again.session.load(small(), held.checkpoints.at(-1)!.files);
    expect(again.session.step).toBe(1);
    await again.session.run();
    const kept = held.events.filter((e) => 'step' in e && (e.type === 'evaluation' || e.step < 1));
    expect(timeless([...kept, ...again.events])).toEqual(timeless(whole.events));
    const [a, b] = [whole, again].map(
      (h) => h.checkpoints.at(-1)!.files.find((f) => f.name === 'model.safetensors')!,
    );
    expect(Buffer.from(a.bytes).equals(Buffer.from(b.bytes))).toBe(true);
  });

  it('survives a lost device: stops with its last checkpoint, recovers, and goes on identically', async () => {
    const held = await open();
    await held.session.load(small());
    held.onEvent = (event) => {
      if (event.type === 'rollouts_grown' && event.step === 2) held.session.loseDevice();
    };
    await held.session.run();
    expect(held.session.error).toMatchObject({ code: 'device-lost' });
    expect(of(held.events, 'finished')[0]).toMatchObject({ reason: 'failed', last_checkpoint: 2 });
    held.onEvent = () => {};
    held.events.length = 0;
    await held.session.recover();
    expect(held.session.step).toBe(2);
    await held.session.run();
    expect(held.session.error).toBeNull();
    const rest = whole.events.filter(
      (e) => 'step' in e && (e.type === 'evaluation' ? e.step > 2 : e.step >= 2),
    );
    expect(timeless(held.events)).toEqual(timeless(rest));
  });

  it('refuses a step in which something is not finite, names what, and keeps the last good weights', async () => {
    const held = await open();
    await held.session.load(small({ steps: 60 }), await poisoned(whole));
    await held.session.run();
    expect(held.session.error).toMatchObject({ code: 'non-finite' });
    expect(held.session.error!.message).toMatch(
      /step 2: .* not finite.*not applied.*checkpoint is that of step 2/,
    );
    expect(of(held.events, 'finished').at(-1)).toMatchObject({
      reason: 'failed',
      step: 2,
      last_checkpoint: 2,
    });
  });

  it('trains with a KL term, several updates a batch and sequence-level ratios', async () => {
    const held = await open();
    await held.session.load(
      small({
        beta: 0.05,
        num_iterations: 2,
        importance_sampling_level: 'sequence',
        steps: 2,
        learning_rate: 3e-4,
        // So narrow that the first update already leaves it.
        epsilon: 1e-4,
        epsilon_high: 1e-4,
      }),
    );
    await held.session.run();
    expect(held.session.error).toBeNull();
    const [first, second] = of(held.events, 'step_metrics').map((e) => e.metrics);
    // At the first update the policy is its own reference; the second sees the first's step.
    expect(first.kl).toBeGreaterThan(0);
    expect(second.kl).toBeGreaterThan(first.kl);
    expect(second['clip_ratio/region_mean']).toBeGreaterThan(0);
  });

  it('refuses what does not fit the adapter, with numbers and what to lower', async () => {
    const held = await open();
    await expect(
      held.session.load(
        small({ micro_batch_tokens: 1_048_576 * 1, max_completion_length: 2000, eval_problems: 4 }),
      ),
    ).rejects.toThrow(/memory: buffer .*expected at most .* MiB.*got .* MiB/);
    expect(held.session.error).toMatchObject({ code: 'memory-plan' });
    expect(held.session.error!.remedy).toMatch(/micro_batch_tokens/);
    await held.session.load(small());
    expect(held.states.at(-1)).toBe('ready');
  });

  it('says what is missing without WebGPU and without an adapter', async () => {
    const none = hold({ gpu: () => undefined });
    await expect(none.session.open()).rejects.toThrow('no WebGPU');
    expect(none.session.error).toMatchObject({ code: 'no-webgpu' });
    const empty = hold({ gpu: () => ({ requestAdapter: async () => null }) as unknown as GPU });
    await expect(empty.session.open()).rejects.toThrow('no adapter');
    expect(empty.session.error).toMatchObject({ code: 'no-adapter' });
    expect(empty.states.at(-1)).toBe('unavailable');
  });

  it('does not train on an adapter that fails the self-test', async () => {
    const held = await open({
      readCases: async () => {
        const tested = selfTestCase();
        tested.json.expected.losses.grpo += 0.01;
        return [{ ...tested, name: 'shifted' }];
      },
    });
    expect(held.states.at(-1)).toBe('unavailable');
    expect(held.session.error).toMatchObject({ code: 'self-test' });
    expect(held.session.error!.message).toContain('losses/grpo');
    await expect(held.session.load(small())).rejects.toThrow('computes wrong numbers');
  });
});

/** The checkpoint of step 2 with a norm weight so large that the logits overflow. */
async function poisoned(held: Held): Promise<CheckpointFiles> {
  const { readSnapshot, snapshotFiles } = await import('../rl/checkpoint-files');
  const { snapshot, config, state } = await readSnapshot(held.checkpoints[0].files);
  const weights = new Map(snapshot.weights);
  weights.set('model.norm.weight', new Float32Array(config.hidden_size).fill(3e38));
  return snapshotFiles({ ...snapshot, weights }, state.manifest, config);
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}
