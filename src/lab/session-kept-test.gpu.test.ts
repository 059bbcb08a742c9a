import { beforeAll, describe, expect, it, vi } from 'vitest';
import type { CheckpointFiles } from '../run/checkpoint';
import { eventSchema, LIVE_ONLY, type RunEvent, type SelfTestResult } from '../run/events';
import { type ManifestInput, parseManifest } from '../run/manifest';
import { timelessLine } from '../run/timeless';
import { Session } from './session';
import { QUIET_HOST, selfTestCase } from './testing/session-host';

const small = (settings: ManifestInput = {}) =>
  parseManifest({
    prompts_per_step: 4,
    num_generations: 4,
    max_completion_length: 24,
    eval_problems: 4,
    eval_samples: 1,
    steps: 1,
    micro_batch_tokens: 256,
    ...settings,
  });

/** What a browser keeps from one visit to the next. */
const shelf = () => {
  const kept = new Map<string, string>();
  return {
    kept,
    recall: async (adapter: string) => kept.get(adapter) ?? null,
    keep: async (adapter: string, result: string) => void kept.set(adapter, result),
    forget: async (adapter: string) => void kept.delete(adapter),
  };
};

/** A visit, opened; `said` has what its host hears, in order. */
async function visit(tests: ReturnType<typeof shelf>, adapter: 'sound' | 'wrong' = 'sound') {
  const events: RunEvent[] = [];
  const said: string[] = [];
  const repeated: SelfTestResult[] = [];
  const checkpoints: CheckpointFiles[] = [];
  // An adapter whose sums are off is one that does not agree with the case.
  const tested = selfTestCase();
  if (adapter === 'wrong') tested.json.expected.losses.grpo += 0.01;
  const session = new Session({
    ...QUIET_HOST,
    tests,
    readCases: async () => [tested],
    keepCheckpoint: async (_, files) => void checkpoints.push(files),
    onEvent(event) {
      events.push(event);
      if (!['phase', 'rollouts_started'].includes(event.type)) said.push(event.type);
    },
    onProgress: ({ task, done }) => task === 'self-test' && done === 0 && said.push('test begins'),
    onTested(_, result) {
      repeated.push(result);
      said.push(`test ${result.status}`);
    },
  });
  const { selfTest } = await session.open();
  return { session, events, said, repeated, checkpoints, selfTest };
}

const startOf = (events: readonly RunEvent[]) =>
  events.flatMap((event) => (event.type === 'run_started' ? [event.self_test] : []))[0];
const streamOf = (events: readonly RunEvent[]) =>
  events.flatMap((event) => (LIVE_ONLY.has(event.type) ? [] : (timelessLine(JSON.stringify(event)) ?? [])));

describe('a self-test that an earlier visit passed', () => {
  const tests = shelf();
  let first: Awaited<ReturnType<typeof visit>>;
  let passed: [string, string];

  beforeAll(async () => {
    first = await visit(tests);
    await first.session.load(small());
    await first.session.run();
    expect(first.session.error).toBeNull();
    await first.session.close();
    passed = [...tests.kept][0];
  }, 120_000);

  /** A shelf with what the first visit left. */
  const later = () => {
    const again = shelf();
    again.kept.set(...passed);
    return again;
  };

  it('was made before the first visit’s run, and is kept with its time', () => {
    expect(first.said[0]).toBe('test begins');
    expect(startOf(first.events)).not.toHaveProperty('tested_at');
    expect(first.repeated).toEqual([]);
    const kept = JSON.parse(passed[1]);
    expect(kept).toEqual({ ...first.selfTest, tested_at: kept.tested_at });
    expect(Date.parse(kept.tested_at)).toBeGreaterThan(Date.now() - 120_000);
  });

  it('lets the first rollouts be made at once, and is repeated before anything else is done with them', async () => {
    const { session, events, said, repeated, selfTest } = await visit(later());
    expect(selfTest.tested_at).toBeDefined();
    await session.load(small());
    await session.run();
    expect(session.error).toBeNull();
    const at = (what: string) => said.indexOf(what);
    expect(at('test begins')).toBeGreaterThan(said.lastIndexOf('rollouts_grown', at('evaluation')));
    expect(at('test begins')).toBeGreaterThan(at('prompt_group'));
    expect(at('test passed')).toBeGreaterThan(at('test begins'));
    expect(at('evaluation')).toBeGreaterThan(at('test passed'));
    expect(at('step_metrics')).toBeGreaterThan(at('evaluation'));
    expect(said.filter((what) => what === 'test begins')).toHaveLength(1);
    // The stream says whose result it began with, and is the same run.
    expect(startOf(events)).toEqual(selfTest);
    for (const event of events) eventSchema.parse(event);
    expect(streamOf(events)).toEqual(streamOf(first.events));
    // What was found now has no time of an earlier visit, and is what later runs of this visit begin with.
    expect(repeated).toHaveLength(1);
    expect(repeated[0]).not.toHaveProperty('tested_at');
    await session.load(small());
    expect(events.filter(({ type }) => type === 'run_started').at(-1)).toMatchObject({
      self_test: repeated[0],
    });
    await session.close();
  });

  it('that fails when repeated stops the run with nothing learned, and is forgotten', async () => {
    const kept = later();
    const { session, events, said } = await visit(kept, 'wrong');
    await session.load(small());
    await session.run();
    expect(session.error).toMatchObject({ code: 'self-test' });
    expect(session.error!.message).toContain('losses/grpo');
    expect(said).toContain('test failed');
    expect(said).not.toContain('evaluation');
    expect(said).not.toContain('step_metrics');
    expect(events.at(-1)).toMatchObject({
      type: 'finished',
      reason: 'failed',
      step: 0,
      last_checkpoint: null,
    });
    expect(kept.kept.size).toBe(0);
    // Nothing more is computed there.
    const count = events.length;
    await session.run();
    expect(events).toHaveLength(count);
    await expect(session.load(small())).rejects.toThrow('computes wrong numbers');
    expect(session.error).toMatchObject({ code: 'self-test' });
    await session.close();
    const next = await visit(kept, 'wrong');
    expect(next.selfTest).toMatchObject({ status: 'failed' });
    expect(next.session.error).toMatchObject({ code: 'self-test' });
    await next.session.close();
  });

  it('is repeated by itself when nothing is done, and then not before the first update', async () => {
    const { session, said, repeated } = await visit(later());
    session.expect(small());
    await vi.waitFor(() => expect(repeated).toHaveLength(1), 20_000);
    await session.load(small());
    await session.run();
    expect(session.error).toBeNull();
    expect(said.filter((what) => what === 'test begins')).toHaveLength(1);
    await session.close();
  });

  it('that fails while nothing is done leaves no adapter to train on', async () => {
    const kept = later();
    const { session, repeated } = await visit(kept, 'wrong');
    await vi.waitFor(() => expect(repeated).toHaveLength(1), 20_000);
    await vi.waitFor(() => expect(session.error).toMatchObject({ code: 'self-test' }));
    expect(kept.kept.size).toBe(0);
    await expect(session.load(small())).rejects.toThrow('computes wrong numbers');
    await session.close();
  });

  it('is repeated before a resumed run says anything more', async () => {
    const manifest = small({ steps: 2, eval_steps: 1 });
    const { session, said } = await visit(later());
    // Evaluated after neither of its steps: the evaluation is due when it is taken up.
    await session.load(manifest, first.checkpoints.at(-1)!, false);
    await session.run();
    expect(session.error).toBeNull();
    const [started, ...rest] = said.filter((what) => what !== 'rollouts_grown');
    expect([started, ...rest.slice(0, 3)]).toEqual([
      'run_started',
      'test begins',
      'test passed',
      'evaluation',
    ]);
    await session.close();
  });

  it('is repeated before benchmark sets are answered, and before somebody asks to know', async () => {
    const { session, said } = await visit(later());
    await session.load(small());
    await session.answerBenchmarks({ names: ['and-or'], samples: 1 });
    expect(said.slice(0, 4)).toEqual(['run_started', 'test begins', 'test passed', 'benchmarks']);
    expect(await session.confirm()).not.toHaveProperty('tested_at');
    expect(said.filter((what) => what === 'test begins')).toHaveLength(1);
    await session.close();
    const asked = await visit(later());
    await Promise.all([asked.session.confirm(), asked.session.confirm()]);
    expect(asked.said).toEqual(['test begins', 'test passed']);
    await asked.session.close();
  });

  it('does not count when it is of another adapter, of another version, or damaged', async () => {
    const [key, result] = passed;
    const failed = JSON.stringify({ ...JSON.parse(result), status: 'failed' });
    for (const [name, text] of [
      [`another ${key}`, result],
      [key, '{"status":'],
      [key, failed],
    ]) {
      const other = shelf();
      other.kept.set(name, text);
      const { session, said, selfTest } = await visit(other);
      expect(said).toEqual(['test begins']);
      expect(selfTest).not.toHaveProperty('tested_at');
      expect(other.kept.has(key)).toBe(true);
      await session.close();
    }
  });
});
