import { expect, it } from 'vitest';
import { StepClock } from './clock';

it('stands still while the control waits, and goes on afterwards', async () => {
  const clock = new StepClock({ proceed: () => new Promise((resolve) => setTimeout(resolve, 60)) });
  const start = clock.now();
  const real = performance.now();
  await clock.control.proceed();
  // The wait was 60 ms by the wall; a timer may fire a little early, and nothing else happened.
  expect(performance.now() - real).toBeGreaterThan(50);
  expect(clock.now() - start).toBeLessThan(performance.now() - real - 50);
});

it('passes on what the control rejects with', async () => {
  const stopped = new Error('stopped');
  const clock = new StepClock({ proceed: () => Promise.reject(stopped) });
  await expect(clock.control.proceed()).rejects.toBe(stopped);
});
