import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { TuningTime } from './tuning-time';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const passes = (ms: number) => vi.advanceTimersByTimeAsync(ms);

it('is up for what would end too late, judged by the mean of what the like of it took', async () => {
  const time = new TuningTime(1000);
  expect(time.isUp(5)).toBe(false);
  for (const ms of [300, 100]) {
    const run = time.firstRun(() => new Promise((done) => setTimeout(done, ms)));
    await passes(ms);
    await run;
  }
  // 400 of 1,000 are gone, and a kernel takes 200.
  expect(time.isUp(3)).toBe(false);
  expect(time.wasUp).toBe(false);
  expect(time.isUp(4)).toBe(true);
  expect(time.wasUp).toBe(true);
  await passes(600);
  expect(time.isUp()).toBe(false);
  await passes(1);
  expect(time.isUp()).toBe(true);
});

it('counts a first run that fails', async () => {
  const time = new TuningTime(1000);
  const run = time.firstRun(async () => {
    await new Promise((done) => setTimeout(done, 600));
    throw new Error('refused');
  });
  const refused = expect(run).rejects.toThrow('refused');
  await passes(600);
  await refused;
  expect(time.isUp()).toBe(false);
  expect(time.isUp(1)).toBe(true);
});

it('waits for work no longer than there is time, nor than nobody waits for the device', async () => {
  let isAwaited = false;
  const time = new TuningTime(1000, () => isAwaited);
  const waiting = (work: Promise<unknown>) => {
    const state = { ended: false };
    void time.orUp(work).then(() => {
      state.ended = true;
    });
    return state;
  };
  const short = waiting(new Promise((done) => setTimeout(done, 50)));
  await passes(40);
  expect(short.ended).toBe(false);
  await passes(20);
  expect(short.ended).toBe(true);

  const never = new Promise(() => {});
  const awaited = waiting(never);
  await passes(100);
  expect(awaited.ended).toBe(false);
  isAwaited = true;
  await passes(20);
  expect(awaited.ended).toBe(true);

  isAwaited = false;
  const long = waiting(never);
  await passes(800);
  expect(long.ended).toBe(false);
  await passes(100);
  expect(long.ended).toBe(true);
});
