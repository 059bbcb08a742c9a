import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { REPORT } from './example-report';
import { benchReport } from './report';
import { workOf } from './rl-step';
import { exponent } from './scaling';

describe('the report', () => {
  it('is what its schema says, also once it was written and read', () => {
    expect(benchReport.parse(JSON.parse(JSON.stringify(REPORT)))).toEqual(REPORT);
  });

  it('has the names that others read it by', () => {
    expect(Object.keys(benchReport.shape)).toEqual(
      expect.arrayContaining(['adapter', 'matmul', 'train_step', 'decode', 'steady']),
    );
    const { matmul, train_step, decode, steady } = REPORT;
    expect(Object.keys(matmul[0])).toEqual(
      expect.arrayContaining(['shape', 'gflops', 'ours_over_best_peer', 'of_fma_ceiling']),
    );
    expect(Object.keys(train_step[0])).toEqual(
      expect.arrayContaining(['params', 'seconds', 'ours_over_tfjs', 'ours_over_jaxjs', 'loss_agrees']),
    );
    expect(Object.keys(decode[0])).toEqual(expect.arrayContaining(['tokens_per_second', 'ours_over_ort']));
    expect(Object.keys(steady!)).toEqual(
      expect.arrayContaining(['gpu_bytes_allocated', 'js_heap_growth', 'step_time_drift']),
    );
  });

  it('takes no number that is none', () => {
    const broken = { ...REPORT, steady: { ...REPORT.steady!, step_time_drift: Number.NaN } };
    expect(benchReport.safeParse(JSON.parse(JSON.stringify(broken))).success).toBe(false);
  });

  it('is what every file of bench/results holds', () => {
    const files = existsSync('bench/results') ? readdirSync('bench/results') : [];
    for (const file of files) {
      const report = JSON.parse(readFileSync(`bench/results/${file}`, 'utf8'));
      expect(benchReport.safeParse(report).error, file).toBeUndefined();
    }
  });
});

describe('the figures', () => {
  it('fit an exponent to sizes and costs', () => {
    expect(
      exponent([
        [1, 3],
        [2, 12],
        [4, 48],
      ]),
    ).toBeCloseTo(2, 10);
  });

  it('know what a dispatch was for', () => {
    expect(workOf({ submission: 'decoder.prefill', kernel: 'linear_forward' })).toBe('prefill');
    expect(workOf({ submission: 'decoder.chunk', kernel: 'linear_forward' })).toBe('decode');
    expect(workOf({ submission: 'training.micro-batch', kernel: 'linear_forward' })).toBe('forward');
    expect(workOf({ submission: 'training.micro-batch', kernel: 'swiglu_backward' })).toBe('backward');
    expect(workOf({ submission: 'training.optimizer', kernel: 'adamw' })).toBe('optimiser');
    expect(workOf({ submission: 'policy.head', kernel: 'linear_forward' })).toBe('score');
  });
});
