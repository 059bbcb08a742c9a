import { expect, test, vi } from 'vitest';
import { Abandoned, LoopControl } from './loop-control';

test('is at rest until something is wanted, and says so', async () => {
  const paused = vi.fn();
  const control = new LoopControl(paused);
  const going = control.proceed();
  expect(paused).toHaveBeenCalledTimes(1);
  control.want('run');
  await going;
  await control.proceed();
  expect(paused).toHaveBeenCalledTimes(1);
});

test('one phase is over where the next begins, or the step ends', async () => {
  for (const ends of ['phaseBegins', 'stepEnds'] as const) {
    const control = new LoopControl(() => {});
    control.want('phase');
    await control.proceed();
    control[ends]();
    expect(control.wanted, ends).toBe('pause');
  }
});

test('a phase that begins stops neither a run nor a step; the end of a step stops no run', () => {
  const control = new LoopControl(() => {});
  control.want('step');
  control.phaseBegins();
  expect(control.wanted).toBe('step');
  control.stepEnds();
  expect(control.wanted).toBe('pause');
  control.want('run');
  control.phaseBegins();
  control.stepEnds();
  expect(control.wanted).toBe('run');
});

test('a stop abandons the step, also out of a pause', async () => {
  const control = new LoopControl(() => {});
  const waiting = control.proceed();
  control.want('stop');
  await expect(waiting).rejects.toBeInstanceOf(Abandoned);
});

test('what is to be done meanwhile is done before it goes on, and in a pause when it is told to look again', async () => {
  const done: string[] = [];
  let due: string | null = 'first';
  const control = new LoopControl(
    () => done.push('rest'),
    () => false,
    () => {
      const next = due;
      due = null;
      return next === null ? null : Promise.resolve().then(() => void done.push(next));
    },
  );
  const going = control.proceed();
  await vi.waitFor(() => expect(done).toEqual(['first', 'rest']));
  due = 'second';
  control.lookAgain();
  await vi.waitFor(() => expect(done).toEqual(['first', 'rest', 'second', 'rest']));
  due = 'third';
  control.want('run');
  await going;
  expect(done.at(-1)).toBe('third');
  await control.proceed();
  expect(done).toHaveLength(5);
});

test('the rest between steps is as long as the pace asks for, and ends when a pause is wanted', async () => {
  const control = new LoopControl(() => {});
  control.want('run');
  const quick = performance.now();
  await control.rest();
  expect(performance.now() - quick).toBeLessThan(15);
  control.delayMs = 80;
  const from = performance.now();
  await control.rest();
  // A timer may fire a little early.
  expect(performance.now() - from).toBeGreaterThan(70);
  control.delayMs = 60_000;
  const long = control.rest();
  control.want('pause');
  await long;
});
