import { describe, expect, test } from 'vitest';
import { EMPTY_GATE_TALLY } from '../rl/masa/audit';
import type { RunEvent } from '../run/events';
import { EXAMPLE_EVENTS } from '../run/example-events';
import { reportName, reportOf } from '.';
import { MOST_REPORT_BYTES } from './document';
import { escapeHtml, html } from './html';
import { digestOf, madeUp } from './testing';

const OPTIONS = { lab: '0.1.0', madeAt: '2026-01-02' };
const bytes = (text: string) => new TextEncoder().encode(text).length;

/** Text as it is shown: tags and entities gone. */
const shown = (text: string): string =>
  text
    .replace(/<style>.*?<\/style>/s, '')
    .replace(/<[^>]*>/g, '\n')
    .replaceAll('&amp;', '&');

describe('a report', () => {
  test('of one run tells everything that its stream says', () => {
    const text = reportOf([digestOf(EXAMPLE_EVENTS, 'example')], OPTIONS);
    for (const title of ['Curves', 'Evaluations', 'What it knows of itself', 'What it cost', 'Warnings'])
      expect(text).toContain(`<h2>${title}</h2>`);
    expect(shown(text)).toContain('an adapter that does not exist (on the processor)');
    expect(shown(text)).toContain('Made by MASA Lab 0.1.0 on 2026-01-02');
    expect(shown(text)).toContain('37.5% [');
  });

  test('counts the gate as the audit does', () => {
    // 8 skipped, 4 of them rolled out, 3 without variance: 6 of 8; 2 of 10 kept without: recall 6 / 8.
    const tally = {
      ...EMPTY_GATE_TALLY,
      gated: 8,
      sampledZero: 3,
      sampledInformative: 1,
      sampledZeroTokens: 30,
      sampledInformativeTokens: 10,
      keptZero: 2,
      keptInformative: 8,
      keptZeroTokens: 20,
      keptInformativeTokens: 80,
      auditTokens: 20,
    };
    const run = madeUp({ tokens: [100], accuracy: { 1: 0.5 }, gate: [tally] });
    const cells = shown(reportOf([run], OPTIONS))
      .split('\n')
      .filter(Boolean);
    expect(cells.slice(cells.indexOf('skipped'), cells.indexOf('skipped') + 3)).toEqual([
      'skipped',
      '6',
      '2',
    ]);
    expect(cells[cells.indexOf('precision: of what is skipped, nothing to learn') + 1]).toBe('75.0%');
    expect(cells[cells.indexOf('recall: of what has nothing to learn, skipped') + 1]).toBe('75.0%');
    // 8 / 4 * (30 + 10) - 20.
    expect(cells[cells.indexOf('solution tokens spared, the audit deducted') + 1]).toBe('60');
  });

  test('of several runs groups them by arm over seeds', () => {
    const run = (seed: number, final: number, settings = {}) =>
      madeUp({ seed, settings, tokens: [100, 100], accuracy: { 0: 0.4, 2: final } });
    const meta = { masa_meta: 'train' as const };
    const text = reportOf(
      [run(1, 0.6), run(2, 0.7), run(3, 0.8), run(1, 0.5, meta), run(2, 0.5, meta), run(3, 0.8, meta)],
      OPTIONS,
    );
    const cells = shown(text).split('\n').filter(Boolean);
    const at = cells.indexOf('Held-out accuracy, in-domain');
    expect(cells.slice(at, at + 5)).toEqual([
      'Held-out accuracy, in-domain',
      'GRPO',
      '3',
      '70.0%',
      '± 10.0%',
    ]);
    expect(shown(text)).toContain('Comparison of GRPO, MASA');
    expect(shown(text)).toContain('Accuracy at the end');
    expect(shown(text)).toContain('seeds 1, 2, 3');
  });

  test('says which of two runs of one arm and seed stands in the tables', () => {
    const short = madeUp({ tokens: [100], accuracy: { 0: 0.4, 1: 0.5 } }, 'the original');
    const long = madeUp({ tokens: [100, 100], accuracy: { 0: 0.4, 2: 0.6 } }, 'the fork');
    expect(shown(reportOf([short, long], OPTIONS))).toContain('Left out: the original (GRPO, seed 1)');
  });

  test('asks for nothing, runs nothing, and takes hostile text for text', () => {
    const evil = `"><img src=x onerror=alert(1)><script>alert(1)</script></style>\u0000`;
    const hostile = EXAMPLE_EVENTS.map((event): RunEvent => {
      if (event.type === 'run_started')
        return {
          ...event,
          lab: evil,
          adapter: { ...event.adapter, description: evil },
          manifest: { ...event.manifest, name: evil.slice(0, 80), model: evil },
        };
      if (event.type === 'evaluation')
        return { ...event, suite: evil, by_tier: Object.fromEntries([[evil, event.total]]) };
      if (event.type === 'warning') return { ...event, code: evil, message: evil, remedy: evil };
      if (event.type === 'finished') return { ...event, reason: 'failed', message: evil };
      return event;
    });
    const one = digestOf(hostile, evil);
    const other = {
      ...one,
      record: { ...one.record, manifest: { ...one.record.manifest, seed: 9, beta: 0.3 } },
    };
    for (const text of [reportOf([one], OPTIONS), reportOf([one, other], OPTIONS)]) {
      expect(text).not.toMatch(/<(img|script|iframe|object|link|a)\b/i);
      expect(text.match(/<\/style>/g)).toHaveLength(1);
      expect(text).not.toContain('\u0000');
      expect(text).toContain('&lt;script&gt;');
      expect(text).toContain("default-src 'none'".replaceAll("'", '&#39;'));
      // Every tag that opens closes: nothing was broken out of.
      const count = (pattern: RegExp) => text.match(pattern)?.length ?? 0;
      for (const tag of ['section', 'table', 'figure', 'details', 'td', 'li', 'p'])
        expect(count(new RegExp(`<${tag}[ >]`, 'g')), tag).toBe(count(new RegExp(`</${tag}>`, 'g')));
    }
  });

  test('stays below its bound for a long run and for many runs', () => {
    const metrics = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`masa/metric-${i}`, i / 7]));
    const long = madeUp({
      tokens: Array.from({ length: 5_000 }, (_, i) => 100 + (i % 7)),
      accuracy: Object.fromEntries(Array.from({ length: 500 }, (_, i) => [i * 10, 0.4 + i / 2000])),
    });
    for (const [i, step] of long.steps.entries())
      Object.assign(step, {
        metrics: { ...step.metrics, ...metrics, reward: Math.sin(i), entropy: 1 / (i + 1), grad_norm: i % 3 },
      });
    expect(bytes(reportOf([long], OPTIONS))).toBeLessThan(MOST_REPORT_BYTES);
    const many = Array.from({ length: 12 }, (_, i) => {
      const { manifest } = long.record;
      return {
        ...long,
        record: { ...long.record, manifest: { ...manifest, seed: i, beta: i % 2 ? 0.1 : 0 } },
      };
    });
    expect(bytes(reportOf(many, OPTIONS))).toBeLessThan(MOST_REPORT_BYTES);
  });

  test('needs a run, and names its file so that every system takes it', () => {
    expect(() => reportOf([], OPTIONS)).toThrow('report: expected a run or more, got none');
    expect(reportName('../GRPO, seed 1 / "x"')).toBe('GRPO-seed-1-x-report.html');
    expect(reportName('??')).toBe('run-report.html');
  });
});

describe('HTML', () => {
  test('is escaped wherever a value is put in, and never twice', () => {
    const inner = html`<b title="${'"&'}">${'<'}</b>`;
    expect(html`${inner}${null}${[1, '>', html`<i></i>`]}`.text).toBe(
      '<b title="&quot;&amp;">&lt;</b>1&gt;<i></i>',
    );
  });

  test('holds no control character and no half of a pair', () => {
    expect(escapeHtml('a\u0000\ud800b\n😀')).toBe('a\ufffd\ufffdb\n😀');
  });
});

describe('a digest', () => {
  test('tells the stretches of a run that was gone on with, and what changed', () => {
    const [started] = EXAMPLE_EVENTS;
    if (started.type !== 'run_started') throw new Error('expected a start');
    const again: RunEvent = {
      ...started,
      from_step: 1,
      manifest: { ...started.manifest, learning_rate: 0.5 },
    };
    const { stretches, record } = digestOf([...EXAMPLE_EVENTS, again]);
    expect(stretches.map(({ fromStep, changed }) => [fromStep, changed])).toEqual([
      [0, {}],
      [1, { learning_rate: 0.5 }],
    ]);
    expect(record.manifest.learning_rate).toBe(0.5);
  });

  test('rests its calibration on prompts that were asked about and rolled out', () => {
    const { calibration } = digestOf(EXAMPLE_EVENTS);
    const groups = EXAMPLE_EVENTS.filter((event) => event.type === 'meta_group');
    const judged = groups.filter(
      ({ truth, predictions }) => truth && predictions.some(({ pass_rate }) => pass_rate !== null),
    );
    expect(calibration?.prompts).toBe(judged.length);
  });
});
