import { describe, expect, it } from 'vitest';
import { REPORT } from './example-report';
import { headline, table } from './table.mjs';
import { fillIn } from './tables.mjs';

describe('the tables', () => {
  it('show every part, and say what is missing and why', () => {
    const text = table(REPORT);
    expect(text).toContain('| head | 2, 4, 3 | 9.0 | 1.0 | 2.0 | 4.5x | 30% |');
    expect(text).toContain('| 0.1M | 2080 | 500 | left out | 1000 |  | 2.0x | jax-js yes |');
    expect(text).toContain('- tfjs, 0.1M: expected at most 25 s a step, got 40 s');
    expect(text).toContain('| of these, prefill |  | 2 | 4 | 1.0 |  |');
    expect(text).toContain('- ort webgpu: Invalid argument');
    expect(text).toContain('| first tokens of a rollout | 3.00 | 1.90 |');
  });

  it('give the ratios of a report in a row', () => {
    expect(headline(REPORT)).toEqual(['4.5x', 'could not run', '2.0x', 'could not run', '1.9 s']);
  });

  it('are put between their comments, again and again, and nothing else is changed', () => {
    const text = 'Before.\n\n<!-- bench headline -->\nold\n<!-- end of bench -->\n\nAfter.\n';
    const reports = new Map([['lavapipe', REPORT]]);
    const once = fillIn(text, reports);
    expect(once).toContain('| Node, lavapipe | 4.5x |');
    expect(once).not.toContain('old');
    expect(once.startsWith('Before.\n\n<!--') && once.endsWith('-->\n\nAfter.\n')).toBe(true);
    expect(fillIn(once, reports)).toBe(once);
    expect(fillIn('<!-- bench gpu -->\n<!-- end of bench -->', reports)).toContain('Not measured');
  });
});
