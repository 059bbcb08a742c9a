import { describe, expect, test } from 'vitest';
import { LIVE_ONLY, type RunEvent } from '../../run/events';
import { EXAMPLE_EVENTS } from '../../run/example-events';
import { promptGroup, rolloutsStarted, runStarted, stepMetrics, wholeStep } from '../state/run-fixture';
import { EMPTY_HISTORY, MOST_NUMBERS, MOST_RECORDS, recordEvent, recordEvents } from './history';
import { candidateOf, sizeOf } from './step-record';

const steps = (from: number, to: number): RunEvent[] =>
  Array.from({ length: to - from }, (_, i) => wholeStep(from + i)).flat();
const numbers = (events: readonly RunEvent[]) =>
  recordEvents(EMPTY_HISTORY, events).records.map((record) => record.step);

const example = <T extends RunEvent['type']>(type: T) =>
  EXAMPLE_EVENTS.find((event): event is Extract<RunEvent, { type: T }> => event.type === type)!;

describe('the record of a step', () => {
  test('holds every event that tells of it, as it came', () => {
    const { records } = recordEvents(EMPTY_HISTORY, EXAMPLE_EVENTS);
    expect(records).toHaveLength(1);
    const [record] = records;
    expect(record.groups).toEqual([example('prompt_group')]);
    expect(record.groups[0]).toBe(example('prompt_group'));
    expect(record.metaGroups[0]).toBe(example('meta_group'));
    expect(record.decisions[0]).toBe(example('gate_decision'));
    expect(record.plan).toBe(example('gate_plan'));
    expect(record.cutoffs[0]).toBe(example('cutoff'));
    expect(record.audit).toBe(example('audit'));
    expect(record.metrics).toBe(example('step_metrics'));
    expect(record.warnings).toEqual([example('warning')]);
    expect(record).toMatchObject({ step: 0, finished: true, whole: true });
  });

  test('is unfinished until its metrics have come', () => {
    const events = wholeStep(0).filter((event) => event.type !== 'step_metrics');
    const [record] = recordEvents(EMPTY_HISTORY, events).records;
    expect(record).toMatchObject({ finished: false, metrics: null });
    expect(recordEvent({ records: [record] }, stepMetrics(0)).records[0].finished).toBe(true);
  });

  test('has its groups in the order of the batch and its candidates in theirs, however they arrive', () => {
    const decision = example('gate_decision');
    const { records } = recordEvents(EMPTY_HISTORY, [
      { ...decision, index: 2 },
      { ...decision, index: 0 },
      { ...decision, index: 1 },
      promptGroup(0, 1, [{ tokens: [1], reward: 1 }]),
      promptGroup(0, 0, [{ tokens: [1], reward: 1 }]),
    ]);
    expect(records[0].decisions.map((each) => each.index)).toEqual([0, 1, 2]);
    expect(records[0].groups.map((each) => each.index)).toEqual([0, 1]);
  });

  test('takes an event of the same prompt that comes twice as it came last', () => {
    const again = promptGroup(0, 0, [{ tokens: [9], reward: 0 }]);
    const { records } = recordEvents(EMPTY_HISTORY, [...wholeStep(0), again]);
    expect(records[0].groups).toEqual([again]);
  });

  test('knows a prompt by its candidate where the gate left some out, else by its place', () => {
    const group = promptGroup(0, 3, [{ tokens: [1], reward: 1 }]);
    expect(candidateOf(group)).toBe(3);
    expect(candidateOf({ ...group, candidate: 7 })).toBe(7);
  });

  test('keeps its identity, and that of the others, when nothing of it is said', () => {
    const before = recordEvents(EMPTY_HISTORY, steps(0, 2));
    for (const type of ['evaluation', 'checkpoint', 'finished', 'phase'] as const)
      expect(recordEvent(before, example(type)), type).toBe(before);
    const after = recordEvents(before, wholeStep(2));
    expect(after.records[0]).toBe(before.records[0]);
    expect(recordEvent(after, rolloutsStarted(2, [[1]]))).toBe(after);
  });

  test('is not made by a warning alone', () => {
    expect(recordEvent(EMPTY_HISTORY, { ...example('warning'), step: 5 })).toBe(EMPTY_HISTORY);
  });
});

describe('the history', () => {
  test('keeps the newest steps only', () => {
    const kept = numbers([runStarted(), ...steps(0, MOST_RECORDS + 10)]);
    expect(kept).toEqual(Array.from({ length: MOST_RECORDS }, (_, i) => i + 10));
  });

  test('keeps fewer steps where they are large, and the newest however large it is', () => {
    // A token is held with its log-probability: 2 numbers.
    const long = Array.from({ length: MOST_NUMBERS / 4 }, () => 1);
    const large = (step: number) => [promptGroup(step, 0, [{ tokens: long, reward: 1 }]), stepMetrics(step)];
    const { records } = recordEvents(EMPTY_HISTORY, [0, 1, 2, 3].flatMap(large));
    expect(sizeOf(records.at(-1)!)).toBeGreaterThan(MOST_NUMBERS / 2);
    expect(records.map((record) => record.step)).toEqual([3]);
  });

  test('of a long run holds no more than its bounds', () => {
    let history = EMPTY_HISTORY;
    for (let step = 0; step < 2000; step++) history = recordEvents(history, wholeStep(step));
    expect(history.records).toHaveLength(MOST_RECORDS);
    expect(history.records.reduce((sum, record) => sum + sizeOf(record), 0)).toBeLessThan(MOST_NUMBERS);
  });

  test('is in rising order, and a step that is run again replaces what came after it', () => {
    expect(numbers([...steps(0, 5), ...wholeStep(2)])).toEqual([0, 1, 2, 3, 4]);
    expect(numbers([...steps(0, 2), ...steps(3, 5), ...wholeStep(2)])).toEqual([0, 1, 2]);
  });

  test('of a reset run is empty', () => {
    expect(recordEvents(EMPTY_HISTORY, [runStarted(), ...steps(0, 3), runStarted()])).toEqual(EMPTY_HISTORY);
  });

  test('of a resumed run drops the steps that are run again, and one that was abandoned', () => {
    const abandoned = [runStarted(), ...steps(0, 4), rolloutsStarted(4, [[1]])];
    expect(numbers(abandoned)).toEqual([0, 1, 2, 3, 4]);
    expect(numbers([...abandoned, runStarted(4)])).toEqual([0, 1, 2, 3]);
    expect(numbers([...abandoned, runStarted(2), ...wholeStep(2)])).toEqual([0, 1, 2]);
  });

  test('of a recorded stream is that of the live one', () => {
    const live = [runStarted(), ...steps(0, 3), ...EXAMPLE_EVENTS, ...steps(1, 4)];
    const recorded = live.filter((event) => !LIVE_ONLY.has(event.type));
    expect(recordEvents(EMPTY_HISTORY, recorded)).toEqual(recordEvents(EMPTY_HISTORY, live));
  });
});
