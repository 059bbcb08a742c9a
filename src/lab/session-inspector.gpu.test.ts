import { beforeAll, describe, expect, it } from 'vitest';
import type { RunEventOf } from '../run/events';
import type { ManifestInput } from '../run/manifest';
import type { InspectionAnswer } from './protocol';
import { begin, EVERYTHING, type Held, META, of, runWhole, small, tensors, timeless } from './testing/masa';

/** Two steps at a temperature of their own, with predictions through an adapter, gate, audit and hints. */
const SETTINGS: ManifestInput = { ...EVERYTHING, steps: 2, max_completion_length: 24, temperature: 0.8 };

type Done = Extract<InspectionAnswer, { stage: 'done' }>;

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

const answered = (held: Held): Done[] =>
  held.inspections.filter((answer): answer is Done => answer.stage === 'done');

let ids = 0;
function inspect(held: Held, tokens: readonly number[], kind: 'solution' | 'meta' = 'solution'): number {
  ids++;
  held.session.inspect({ id: ids, kind, tokens, layer: 1, head: 2 });
  return ids;
}

/** The answer to a rollout's inspection. */
async function see(held: Held, tokens: readonly number[], kind: 'solution' | 'meta' = 'solution') {
  const id = inspect(held, tokens, kind);
  await until(() => held.inspections.some((answer) => answer.id === id));
  return answered(held).find((answer) => answer.id === id)!;
}

const rowOf = ({ prompt }: { prompt: readonly number[] }, { tokens }: { tokens: readonly number[] }) => [
  ...prompt,
  ...tokens,
];
const unhinted = (group: RunEventOf<'prompt_group'>) => group.rollouts.find(({ hint }) => !hint)!;
const largestGap = (seen: Done['seen'], prompt: readonly number[], logps: readonly number[]) =>
  Math.max(...logps.map((logp, i) => Math.abs(logp - seen.logps[prompt.length - 1 + i])));

describe('a rollout that is inspected in a session', () => {
  let plain: Held;

  beforeAll(async () => {
    plain = await runWhole(SETTINGS);
  });

  it('leaves the run as it is, bit for bit, however often it is looked at and in whatever phase', async () => {
    const held = await begin(small(SETTINGS));
    const row = rowOf(of(plain.events, 'prompt_group')[0], of(plain.events, 'prompt_group')[0].rollouts[0]);
    const meta = of(plain.events, 'meta_group')[0];
    held.onEvent = ({ type }) => {
      if (type === 'phase' || type === 'rollouts_grown') inspect(held, row);
      if (type === 'step_metrics') inspect(held, rowOf(meta, meta.predictions[0]), 'meta');
    };
    await held.session.run();
    expect(held.session.error).toBeNull();
    expect(answered(held).length).toBeGreaterThan(10);
    expect([...new Set(answered(held).map(({ step }) => step))]).toEqual([0, 1, 2]);
    expect(timeless(held.events)).toEqual(timeless(plain.events));
    expect(tensors(held)).toEqual(tensors(plain));
    await held.session.close();
  });

  it('in a pause before the update, has the log-probabilities that it was sampled with, at its temperature', async () => {
    const held = await begin(small(SETTINGS));
    // Phase by phase, to where the advantages are known and nothing is learned yet.
    while (!held.events.some((event) => event.type === 'phase' && event.phase === 'update')) {
      void held.session.takePhase();
      await until(() => held.states.at(-1) === 'running');
      await until(() => held.states.at(-1) === 'paused');
    }
    const group = of(held.events, 'prompt_group')[0];
    const rollout = unhinted(group);
    const before = await see(held, rowOf(group, rollout));
    expect(before).toMatchObject({ step: 0, layer: 1, head: 2, layers: 3, heads: 4 });
    expect(largestGap(before.seen, group.prompt, rollout.logps)).toBeLessThan(2e-5);
    const meta = of(held.events, 'meta_group')[0];
    const asked = await see(held, rowOf(meta, meta.predictions[0]), 'meta');
    expect(largestGap(asked.seen, meta.prompt, meta.predictions[0].logps)).toBeLessThan(2e-5);
    // A rollout with a hint was sampled after the prompt with the hint, as the page puts it together again.
    const [hinted] = of(held.events, 'prompt_group').flatMap(({ problem, prompt, rollouts }) =>
      rollouts.flatMap(({ hint, tokens, logps }) =>
        hint
          ? [{ prompt: META.hintPrompt({ key: '', ...problem, prompt }, { notions: hint })!, tokens, logps }]
          : [],
      ),
    );
    const fed = await see(held, rowOf(hinted, hinted));
    expect(largestGap(fed.seen, hinted.prompt, hinted.logps)).toBeLessThan(2e-5);
    // Still paused in the same step.
    expect([held.states.at(-1), held.session.step]).toEqual(['paused', 0]);

    const run = held.session.takeStep();
    await until(() => held.states.at(-1) === 'paused' && held.session.step === 1);
    const after = await see(held, rowOf(group, rollout));
    expect(after.step).toBe(1);
    expect(largestGap(after.seen, group.prompt, rollout.logps)).toBeGreaterThan(1e-3);
    await held.session.stop();
    await run;
    expect(tensors(held)).toEqual(tensors(plain, 0));
    await held.session.close();
  });

  it('at rest is looked at at once; the run that is begun meanwhile waits for it', async () => {
    const held = await begin(small(SETTINGS));
    const group = of(plain.events, 'prompt_group')[0];
    const rollout = unhinted(group);
    const id = inspect(held, rowOf(group, rollout));
    await held.session.run();
    expect(answered(held)[0]).toMatchObject({ id, step: 0 });
    expect(largestGap(answered(held)[0].seen, group.prompt, rollout.logps)).toBeLessThan(2e-5);
    expect(timeless(held.events)).toEqual(timeless(plain.events));
    // Of several that wait, the newest is looked at.
    const first = inspect(held, rowOf(group, rollout));
    inspect(held, rowOf(group, rollout));
    const last = inspect(held, rowOf(group, group.rollouts[0]));
    await until(() => held.inspections.at(-1)?.id === last);
    expect(held.inspections.slice(-2).map((answer) => answer.id)).toEqual([first, last]);
    expect(held.states.at(-1)).toBe('finished');
    await held.session.close();
  });

  it('takes turns with benchmark sets: neither is in the way of the other', async () => {
    const held = await begin(small(SETTINGS));
    const group = of(plain.events, 'prompt_group')[0];
    const rollout = unhinted(group);
    const before = inspect(held, rowOf(group, rollout));
    const sets = held.session.answerBenchmarks({ names: ['and-or'], samples: 1 });
    const during = inspect(held, rowOf(group, rollout));
    await sets;
    await until(() => answered(held).length === 2);
    expect(answered(held).map(({ id }) => id)).toEqual([before, during]);
    for (const { seen } of answered(held))
      expect(largestGap(seen, group.prompt, rollout.logps)).toBeLessThan(2e-5);
    expect(held.benchmarks.at(-1)).toEqual({ stage: 'done' });
    expect(held.states.at(-1)).toBe('ready');
    await held.session.run();
    expect(timeless(held.events.filter(({ type }) => type !== 'benchmarks'))).toEqual(timeless(plain.events));
    await held.session.close();
  });

  it('is refused in words where there is no such head or no policy, and the run goes on', async () => {
    const held = await begin(small(SETTINGS));
    held.session.inspect({ id: 900, kind: 'solution', tokens: [1, 2, 3], layer: 9, head: 0 });
    await until(() => held.inspections.length === 1);
    expect(held.inspections[0]).toMatchObject({ id: 900, stage: 'failed' });
    expect(held.inspections[0]).toHaveProperty(
      'message',
      expect.stringContaining('a layer from 0 to 2, got 9'),
    );
    await held.session.unload();
    held.session.inspect({ id: 901, kind: 'solution', tokens: [1, 2, 3], layer: 0, head: 0 });
    expect(held.inspections[1]).toMatchObject({ id: 901, stage: 'failed' });
    expect(held.inspections[1]).toHaveProperty('message', expect.stringContaining('load a run'));
    expect(held.session.error).toBeNull();
    await held.session.close();
  });
});
