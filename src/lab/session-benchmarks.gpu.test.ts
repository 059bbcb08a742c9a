import { beforeAll, describe, expect, it } from 'vitest';
import { eventSchema, type RunEvent, type RunEventOf } from '../run/events';
import type { ManifestInput } from '../run/manifest';
import { wilson } from '../run/statistics';
import { begin, type Held, of, runWhole, small, tensors, timeless } from './testing/masa';

/** Two steps, checkpoints and an evaluation at both ends. */
const SHORT: ManifestInput = { steps: 2, max_completion_length: 24, eval_samples: 1 };
const LOGIC_SET = { names: ['and-or'], samples: 1 };

const [stages, sets] = [
  (held: Held) => held.benchmarks.map(({ stage }) => stage),
  (event: RunEventOf<'benchmarks'>) => event.sets.map(({ name }) => name),
];

/** Calls `act` at the first event of this kind. */
function once(held: Held, matches: (event: RunEvent) => boolean, act: () => void): void {
  held.onEvent = (event) => {
    if (!matches(event)) return;
    held.onEvent = () => {};
    act();
  };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe('benchmark sets in a session', () => {
  let plain: Held;

  beforeAll(async () => {
    plain = await runWhole(SHORT);
  });

  it('at rest: answers every problem, reports as it goes, and is ready again', async () => {
    const held = await begin(small(SHORT));
    await held.session.answerBenchmarks({ names: ['in-domain'], samples: 1 });
    const [event] = of(held.events, 'benchmarks');
    eventSchema.parse(event);
    expect(event).toMatchObject({ step: 0, asked: ['in-domain'], chosen: 6, samples: 1, seed: 0 });
    expect(event.max_completion_length).toBe(24);
    expect(event.sets).toHaveLength(6);
    for (const { mean, problems, pass } of event.sets) {
      expect([problems, mean.samples]).toEqual([60, 60]);
      expect(mean).toMatchObject({ accuracy: mean.correct / 60, ...wilson(mean.correct, 60) });
      expect(pass[0].value).toBeCloseTo(mean.accuracy, 12);
    }
    const macro = event.sets.reduce((sum, set) => sum + set.mean.accuracy, 0) / 6;
    expect(event.averages.map(({ over, sets: n, of: all }) => [over, n, all])).toEqual([['in-domain', 6, 6]]);
    expect(event.averages[0].mean.value).toBeCloseTo(macro, 12);

    expect(stages(held).at(0)).toBe('waiting');
    expect(stages(held).at(-1)).toBe('done');
    const places = held.benchmarks.flatMap((s) => (s.stage === 'answering' ? [s.place] : []));
    expect([...new Set(places)]).toEqual([0, 1, 2, 3, 4, 5]);
    expect(held.benchmarks.some((s) => s.stage === 'answering' && s.done === s.total)).toBe(true);
    expect(held.states.slice(-2)).toEqual(['benchmarking', 'ready']);
    await held.session.close();
  });

  it('in a run: waits for the step’s end, goes on by itself, and changes nothing of the run', async () => {
    const held = await begin(small(SHORT));
    once(
      held,
      (event) => event.type === 'rollouts_grown',
      () => void held.session.answerBenchmarks(LOGIC_SET),
    );
    await held.session.run();
    expect(held.session.error).toBeNull();
    const [event] = of(held.events, 'benchmarks');
    expect(event.step).toBe(1);
    expect(sets(event)).toEqual(['and-or']);
    const places = held.events.map(({ type }) => type);
    expect(places.indexOf('benchmarks')).toBeGreaterThan(places.indexOf('step_metrics'));
    expect(places.indexOf('benchmarks')).toBeLessThan(places.lastIndexOf('step_metrics'));
    expect(timeless(held.events.filter((e) => e.type !== 'benchmarks'))).toEqual(timeless(plain.events));
    expect(tensors(held)).toEqual(tensors(plain));

    // After the run, on the trained policy; the session is finished again.
    await held.session.answerBenchmarks(LOGIC_SET);
    expect(of(held.events, 'benchmarks').map(({ step }) => step)).toEqual([1, 2]);
    expect(held.states.at(-1)).toBe('finished');
    await held.session.close();
  });

  it('in a pause: finishes the step under way first, and is paused again', async () => {
    const held = await begin(small(SHORT));
    once(
      held,
      (event) => event.type === 'rollouts_grown',
      () => held.session.pause(),
    );
    const run = held.session.run();
    await until(() => held.states.at(-1) === 'paused');
    expect(held.session.step).toBe(0);
    await held.session.answerBenchmarks(LOGIC_SET);
    await until(() => stages(held).at(-1) === 'done');
    await until(() => held.states.at(-1) === 'paused');
    expect(of(held.events, 'benchmarks')[0].step).toBe(1);
    expect(held.session.step).toBe(1);
    // Paused between two steps, it takes no further one.
    await held.session.answerBenchmarks(LOGIC_SET);
    await until(() => of(held.events, 'benchmarks').length === 2 && held.states.at(-1) === 'paused');
    expect(held.session.step).toBe(1);
    const [first, second] = of(held.events, 'benchmarks');
    expect(second.sets).toEqual(first.sets);
    void held.session.run();
    await run;
    expect(tensors(held)).toEqual(tensors(plain));
    await held.session.close();
  });

  it('cancelled: keeps the sets that are done, and says so', async () => {
    const held = await begin(small(SHORT));
    const asked = held.session.answerBenchmarks({ names: ['logic'], samples: 1 });
    await until(() => held.benchmarks.some((s) => s.stage === 'answering' && s.place === 1));
    held.session.cancelBenchmarks();
    await asked;
    const [event] = of(held.events, 'benchmarks');
    expect(event.chosen).toBe(5);
    expect(sets(event)).toEqual(['decisive-step']);
    expect(stages(held).at(-1)).toBe('cancelled');
    expect(held.states.at(-1)).toBe('ready');

    // Stopping the run leaves them altogether.
    const left = held.session.answerBenchmarks(LOGIC_SET);
    await held.session.stop();
    await left;
    expect(of(held.events, 'benchmarks')).toHaveLength(1);
    expect(held.states.at(-1)).toBe('finished');
    await held.session.close();
  });

  it('on a device that is lost: fails, and recovers with nothing asked for', async () => {
    const held = await begin(small(SHORT));
    const asked = held.session.answerBenchmarks(LOGIC_SET);
    await until(() => stages(held).at(-1) === 'answering');
    held.session.loseDevice();
    await asked;
    expect(held.session.error).toMatchObject({ code: 'device-lost' });
    expect(stages(held).at(-1)).toBe('failed');
    await expect(held.session.answerBenchmarks(LOGIC_SET)).rejects.toThrow('expected a loaded policy');
    await held.session.recover();
    await held.session.answerBenchmarks(LOGIC_SET);
    expect(of(held.events, 'benchmarks')).toHaveLength(1);
    await held.session.close();
  });

  it('what there is not is refused before anything is answered', async () => {
    const held = await begin(small(SHORT));
    const ask = (names: string[], samples: number) => held.session.answerBenchmarks({ names, samples });
    await expect(ask(['banana'], 1)).rejects.toThrow('got "banana"');
    await expect(ask([], 1)).rejects.toThrow('got none');
    for (const samples of [0, 1.5, 65]) await expect(ask(['all'], samples)).rejects.toThrow(`got ${samples}`);
    const first = ask(['and-or'], 1);
    await expect(ask(['and-or'], 1)).rejects.toThrow('one request at a time');
    await first;
    expect(of(held.events, 'benchmarks')).toHaveLength(1);
    await held.session.close();
  });
});
