/** A step that is profiled on demand: what the stream says of it, and that it says nothing else. */
import { describe, expect, it } from 'vitest';
import { eventSchema, type RunEvent, type RunEventOf } from '../run/events';
import { parseManifest } from '../run/manifest';
import { Session } from './session';
import { QUIET_HOST } from './testing/session-host';

const MANIFEST = parseManifest({
  prompts_per_step: 4,
  num_generations: 4,
  max_completion_length: 24,
  eval_problems: 4,
  eval_steps: 100,
  checkpoint_steps: 100,
  steps: 2,
  micro_batch_tokens: 512,
  masa_meta: 'train',
  masa_num_generations: 2,
  meta_adapter: 'lora',
});

/** All events of a run that is asked, before step `profiled`, for a profile of it. */
async function run(profiled: number | null): Promise<RunEvent[]> {
  const events: RunEvent[] = [];
  const session = new Session({
    ...QUIET_HOST,
    readCases: async () => [],
    onEvent(event) {
      events.push(event);
      if (event.type === 'step_metrics' && event.step + 1 === profiled) session.profileNextStep();
    },
  });
  await session.open();
  await session.load(MANIFEST);
  if (profiled === 0) session.profileNextStep();
  await session.run();
  expect(session.error).toBeNull();
  await session.close();
  return events;
}

const of = <T extends RunEvent['type']>(events: readonly RunEvent[], type: T) =>
  events.filter((event): event is RunEventOf<T> => event.type === type);

/** Without what the clock decides, and without what only tells that something grows. */
const timeless = (events: readonly RunEvent[]) =>
  events
    .filter(({ type }) => !['rollouts_grown', 'run_started', 'finished', 'kernel_profile'].includes(type))
    .map((event) =>
      JSON.stringify(event, (key, value) =>
        /_ms$|^(step_time|tokens_per_second|useful_steps_per_hour)$/.test(key) ? undefined : value,
      ),
    );

describe('a profiled step', () => {
  it('is told kernel by kernel before its metrics, and leaves the rest of the stream as it is', async () => {
    const plain = await run(null);
    const profiled = await run(1);
    expect(timeless(profiled)).toEqual(timeless(plain));
    expect(of(plain, 'kernel_profile')).toEqual([]);

    const [profile, ...more] = of(profiled, 'kernel_profile');
    expect(more).toEqual([]);
    expect(eventSchema.parse(profile)).toEqual(profile);
    expect(profile).toMatchObject({ step: 1, timed: true });
    const at = profiled.indexOf(profile);
    expect(profiled[at + 1]).toMatchObject({ type: 'step_metrics', step: 1 });

    const phases = new Set(profile.kernels.map(({ phase }) => phase));
    expect([...phases].sort()).toEqual(['meta', 'rollout', 'update']);
    // What the step cost by the metrics, plus what kernels do again and what an adapter is merged and learned by.
    const flops = of(profiled, 'step_metrics').map(({ metrics }) => metrics.num_flops);
    const counted = profile.kernels.reduce((sum, each) => sum + (each.flops ?? 0), 0);
    expect(counted).toBeGreaterThan(flops[1] - flops[0]);
    expect(counted).toBeLessThan(2 * (flops[1] - flops[0]));
  });

  it('is compact: a run’s size of stream does not change for it', async () => {
    const [profile] = of(await run(0), 'kernel_profile');
    expect(JSON.stringify(profile).length).toBeLessThan(64 * 1024);
  });

  it('says with the run what holds its memory, of which the plan is all but what the host reads and sets', async () => {
    const [started] = of(await run(null), 'run_started');
    const memory = started.memory!;
    expect(memory.reduce((sum, each) => sum + each.planned_bytes, 0)).toBe(started.device_bytes);
    const beyond = memory.filter(({ planned_bytes }) => planned_bytes === 0);
    expect(beyond.map(({ holder }) => holder).sort()).toEqual(['readback', 'settings']);
    expect(memory.map(({ bytes }) => bytes)).toEqual(memory.map(({ bytes }) => bytes).sort((a, b) => b - a));
  });
});
