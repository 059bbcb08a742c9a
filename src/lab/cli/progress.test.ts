import { describe, expect, test } from 'vitest';
import type { RunEvent } from '../../run/events';
import { EXAMPLE_EVENTS } from '../../run/example-events';
import { DEFAULT_MANIFEST } from '../../run/manifest';
import { Progress } from './progress';
import { ListeningConsole } from './testing';

const started = { ...EXAMPLE_EVENTS[0], manifest: { ...DEFAULT_MANIFEST, steps: 100 } } as RunEvent;
const step = (n: number): RunEvent => ({
  type: 'step_metrics',
  v: 1,
  step: n,
  metrics: { reward: 0.51234, entropy: 0.3, grad_norm: 0.42, tokens_per_second: 1234.5, kl: 0.1 },
  phases_ms: {},
  step_ms: 2000,
});

function followed(console: ListeningConsole) {
  let time = 0;
  return { progress: new Progress(console, 100, () => time), wait: (ms: number) => (time += ms) };
}

describe('without a terminal', () => {
  test('a step is one plain line with the key metrics and the time left', () => {
    const console = new ListeningConsole();
    const { progress, wait } = followed(console);
    progress.event(started);
    console.stderr = '';
    progress.event({ type: 'phase', v: 1, step: 0, phase: 'rollout' });
    wait(2000);
    progress.event(step(0));
    // 99 steps of 2 s: 3 min 18 s.
    expect(console.stderr).toBe(
      'step 1/100  reward 0.5123  entropy 0.3  grad 0.42  1,235 tokens/s  3 min 18 s left  2 s\n',
    );
    expect(console.stdout).toBe('');
  });

  test('every kind of event is taken, and no line has control characters', () => {
    const console = new ListeningConsole();
    const { progress } = followed(console);
    for (const event of EXAMPLE_EVENTS) progress.event(event);
    progress.close();
    expect(console.stderr).not.toContain('\r');
    expect(console.stderr).not.toContain('\x1b');
    expect(console.stderr.split('\n')).toEqual([
      'starting: an adapter that does not exist (on the processor), self-test passed, 145,856 parameters, 3.81 MiB of device memory',
      'evaluation at step 0, ladder: 37.5% [13.7–69.4%] of 8; accumulator/easy 75.0%, accumulator/hard 0%',
      'step 1/2  reward 0.5  entropy 0.31  ladder 37.5%  0 s left  1 s',
      'benchmark sets at step 1:',
      'carry-chains              25.0% [7.1–59.1%]  pass@2 50.0% [15.0–85.0%]  guess 1.0%  base not measured',
      'mean, in-domain (1 of 6)  25.0% [7.0–59.0%]  pass@2 50.0% [15.0–85.0%]  guess 1.0%  base not measured',
      'warning: step: expected at least one group with mixed rewards, got none Raise the number of rollouts per prompt.',
      'checkpoint of step 1: checkpoints/step-1 (1.67 MiB)',
      'stopped at step 2 after 2.5 s; the last checkpoint is of step 1',
      '',
    ]);
  });
});

describe('on a terminal', () => {
  test('the line is rewritten in place, and notes stand above it', () => {
    const console = new ListeningConsole(true, 200);
    const { progress, wait } = followed(console);
    progress.event(started);
    wait(2000);
    progress.event(step(0));
    progress.event({ type: 'phase', v: 1, step: 1, phase: 'update' });
    console.stderr = '';
    progress.note('a note');
    expect(console.stderr).toBe('\r\x1b[2Ka note\n');
    progress.event(step(1));
    expect(console.stderr).toMatch(/\rstep 2\/100 {2}reward 0\.5123[^\n]*$/);
  });

  test('a shorter line covers the longer one before it', () => {
    const console = new ListeningConsole(true, 200);
    const { progress } = followed(console);
    progress.event({ type: 'phase', v: 1, step: 0, phase: 'checkpoint' });
    console.stderr = '';
    progress.event({ type: 'phase', v: 1, step: 0, phase: 'update' });
    const line = 'step 0/100  writing a checkpoint…';
    expect(console.stderr).toBe(`\r${'step 0/100  updating…'.padEnd(line.length)}`);
  });

  test('no line is as wide as the terminal', () => {
    const console = new ListeningConsole(true, 40);
    const { progress } = followed(console);
    progress.event(started);
    console.stderr = '';
    progress.event(step(0));
    // Metrics make room first.
    expect(console.stderr).toBe('\rstep 1/100  reward 0.5123  0 s left');
    console.stderr = '';
    const narrow = new ListeningConsole(true, 21);
    const other = followed(narrow);
    other.progress.event(step(0));
    expect(narrow.stderr).toHaveLength(1 + 20);
    expect(narrow.stderr.endsWith('…')).toBe(true);
  });

  test('closing takes the line away', () => {
    const console = new ListeningConsole(true);
    const { progress } = followed(console);
    progress.event(step(0));
    progress.close();
    expect(console.stderr.endsWith('\r\x1b[2K')).toBe(true);
  });
});

test('the time left is that of the latest steps, and gone at the end', () => {
  const console = new ListeningConsole();
  const { progress, wait } = followed(console);
  progress.event(started);
  for (let n = 0; n < 90; n++) {
    wait(n < 60 ? 10_000 : 1000);
    progress.event(step(n));
  }
  expect(console.stderr).toMatch(/step 90\/100 .* {2}10 s left {2}2 s\n$/);
  for (let n = 90; n < 100; n++) progress.event(step(n));
  expect(console.stderr).toMatch(/step 100\/100 [^\n]*tokens\/s {2}2 s\n$/);
});
