import { beforeAll, describe, expect, it } from 'vitest';
import { openGpu } from '../../gpu/device';
import { eventSchema, LIVE_ONLY, type RunEvent, type SelfTestResult } from '../../run/events';
import type { Manifest } from '../../run/manifest';
import { modelSources } from '../opened-model';
import { Session } from '../session';
import { DAWN, QUIET_HOST, shippedModel } from '../testing/session-host';
import type { RaceNews } from './protocol';
import { Race, type RaceHost } from './race';
import { planRace, type RaceSetup, type RaceText } from './setup';

const TESTED: SelfTestResult = { status: 'passed', reason: '', cases: [], duration_ms: 0 };

const TINY: RaceText['common'] = {
  prompts_per_step: '4',
  num_generations: '4',
  max_completion_length: '24',
  eval_problems: '6',
  eval_samples: '1',
  eval_steps: '2',
  steps: '2',
  micro_batch_tokens: '512',
};

const tiny = (arms: string, text: Partial<RaceText> = {}): RaceSetup =>
  planRace({ arms, seeds: '1-2', pace: 'steps', ...text, common: { ...TINY, ...text.common } });

interface Ran {
  race: Race;
  news: RaceNews[];
  /** By arm and seed. */
  streams: Map<string, RunEvent[]>;
}

function hold(setup: RaceSetup, overrides: Partial<RaceHost> = {}): Ran {
  const news: RaceNews[] = [];
  const streams = new Map<string, RunEvent[]>();
  const race = new Race('r', setup, {
    openGpu: () => openGpu(DAWN),
    selfTest: async () => TESTED,
    readModel: async (name) => modelSources(shippedModel(name)),
    quiet: async () => {},
    onNews: (each) => news.push(each),
    onEvent: (arm, seed, event) => {
      const key = `${arm} ${seed}`;
      if (event.type === 'run_started' || !streams.has(key)) streams.set(key, []);
      streams.get(key)!.push(event);
    },
    ...overrides,
  });
  return { race, news, streams };
}

/** Everything but live events and what the clock decides. */
function timeless(events: readonly RunEvent[]): unknown[] {
  return events
    .filter(({ type }) => !LIVE_ONLY.has(type) && !['run_started', 'checkpoint', 'finished'].includes(type))
    .map((event) => {
      const copy = JSON.parse(JSON.stringify(event));
      for (const key of ['phases_ms', 'step_ms', 'duration_ms']) delete copy[key];
      for (const key of ['step_time', 'tokens_per_second']) delete copy.metrics?.[key];
      return copy;
    });
}

async function alone(manifest: Manifest): Promise<RunEvent[]> {
  const events: RunEvent[] = [];
  const session = new Session({
    ...QUIET_HOST,
    readModel: async (name) => modelSources(shippedModel(name)),
    readCases: async () => [],
    onEvent: (event) => events.push(event),
  });
  await session.open();
  await session.load(manifest);
  await session.run();
  await session.close();
  return events;
}

describe('a race', () => {
  const setup = tiny('long-tail,adapter=masa-adapter:masa_gate_min_prompts=2:eval_samples=1', {
    pace: 'tokens',
  });
  let ran: Ran;

  beforeAll(async () => {
    ran = hold(setup);
    await ran.race.start();
  });

  it('comes to its end, and every event is of the schema', () => {
    expect(ran.race.state).toBe('finished');
    for (const event of [...ran.streams.values()].flat()) eventSchema.parse(event);
    expect([...ran.streams.keys()]).toEqual(['long-tail 1', 'adapter 1', 'long-tail 2', 'adapter 2']);
  });

  it('writes for each arm, bit for bit, the stream of the same manifest run alone', async () => {
    for (const { name, manifest } of setup.arms) {
      const seed = name === 'adapter' ? 1 : 2;
      const raced = timeless(ran.streams.get(`${name} ${seed}`)!);
      expect(raced.length).toBeGreaterThan(6);
      expect(raced).toEqual(timeless(await alone({ ...manifest, seed })));
    }
  });

  it('starts the arms of a seed alike: the same accuracy before the first step', () => {
    const first = (key: string) =>
      ran.streams.get(key)!.find((e) => e.type === 'evaluation' && e.suite === 'in-domain');
    const [a, b] = [first('long-tail 1'), first('adapter 1')];
    expect(a).toMatchObject({ step: 0 });
    expect(b).toMatchObject({ step: 0, total: (a as Extract<RunEvent, { type: 'evaluation' }>).total });
  });

  it('reports after each evaluation, at last over both seeds, with the numbers of the streams', () => {
    const reports = ran.news.flatMap((each) => (each.what === 'report' ? [each.report] : []));
    expect(reports[0]).toMatchObject({ provisional: true, seeds: [1] });
    const last = reports.at(-1)!;
    expect(last).toMatchObject({ provisional: false, seeds: [1, 2], baseline: 'long-tail' });
    expect(last.curves).toHaveLength(4);
    for (const { arm, seed, points } of last.curves) {
      const evaluations = ran.streams
        .get(`${arm} ${seed}`)!
        .flatMap((e) => (e.type === 'evaluation' && e.suite === 'in-domain' ? [e] : []));
      expect(points.map(({ accuracy, costs }) => [costs.steps, costs.tokens, accuracy])).toEqual(
        evaluations.map((e) => [e.step, e.num_tokens, e.total.accuracy]),
      );
    }
    const [baseline] = last.comparison!.arms;
    expect(baseline.final['in-domain'].end!.values).toHaveLength(2);
    expect(last.arithmetic.map(({ share }) => share)).toEqual([0.8, 0.9, 0.95, 0.975, 1]);
  });
});

it('an arm that fails is named, and the others go on', async () => {
  const setup = tiny('grpo,wild=grpo:learning_rate=1:max_grad_norm=1000000', {
    seeds: '1',
    common: { steps: '3', num_iterations: '4', beta: '10' },
  });
  const { race, streams, news } = hold(setup);
  await race.start();
  const ending = (key: string) => streams.get(key)!.find((e) => e.type === 'finished');
  expect(ending('wild 1')).toMatchObject({ reason: 'failed', message: expect.stringContaining('finite') });
  expect(ending('grpo 1')).toMatchObject({ reason: 'completed', step: 3 });
  expect(race.state).toBe('finished');
  const last = news.flatMap((each) => (each.what === 'report' ? [each.report] : [])).at(-1)!;
  expect(last.comparison!.arms[1].missing).toEqual([
    { seed: 1, why: expect.stringContaining('it failed at step') },
  ]);
});

it('pauses where it stands, goes on to the same end, and stops on request', async () => {
  const setup = tiny('grpo,quick', { seeds: '1', common: { steps: '3' } });
  const once = hold(setup);
  await once.race.start();
  const held = hold(setup, { onNews: () => {} });
  const end = held.race.start();
  await held.race.rest();
  expect(held.race.state).toBe('paused');
  await held.race.resume();
  await end;
  expect(held.race.state).toBe('finished');
  for (const key of once.streams.keys())
    expect(timeless(held.streams.get(key)!)).toEqual(timeless(once.streams.get(key)!));

  const stopped: Ran = hold(setup, {
    onEvent: (_arm, _seed, event) => {
      if (event.type === 'step_metrics') void stopped.race.stop();
    },
  });
  await stopped.race.start();
  expect(stopped.race.state).toBe('stopped');
  expect(stopped.news.flatMap((e) => (e.what === 'events' ? e.events : [])).at(-1)).toMatchObject({
    type: 'finished',
    reason: 'stopped',
  });
});

it('a lost device is said, and the seed under way is repeated on a new one', async () => {
  const setup = tiny('grpo,quick', { seeds: '1' });
  let lost = false;
  let device: GPUDevice | null = null;
  const held: Ran = hold(setup, {
    openGpu: async () => {
      const gpu = await openGpu(DAWN);
      device = gpu.device;
      return gpu;
    },
    onEvent: (_arm, _seed, event) => {
      if (event.type !== 'step_metrics' || lost) return;
      lost = true;
      device!.destroy();
    },
  });
  await held.race.start();
  expect(held.race.state).toBe('failed');
  expect(held.news.findLast((each) => each.what === 'state')).toMatchObject({
    error: { code: 'device-lost', remedy: expect.stringContaining('on a new device') },
  });
  await held.race.resume();
  expect(held.race.state).toBe('finished');
});
