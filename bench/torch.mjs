/**
 * The benchmark's training steps in PyTorch on the same machine, from the same weights on the same rows: loss and
 * gradient norm are compared first. Where python3 has torch; else the report says why not. Used by run.mjs and, on a
 * machine that has only Node, by packed/run.mjs.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What runs torch: BENCH_PYTHON, or the first of these that has it. */
const PYTHONS = process.env.BENCH_PYTHON ? [process.env.BENCH_PYTHON] : ['python3', '/usr/bin/python3'];

/** @returns {{ python: string | null, why: string }} */
function findPytorch() {
  let why = '';
  for (const python of PYTHONS)
    try {
      execFileSync(python, ['-c', 'import torch'], { stdio: ['ignore', 'ignore', 'pipe'] });
      return { python, why };
    } catch (error) {
      const { stderr, message } = /** @type {{ stderr?: Buffer, message: string }} */ (error);
      const last = String(stderr ?? '')
        .trim()
        .split('\n')
        .at(-1);
      why ||= `${python}: ${last || message}`;
    }
  return { python: null, why };
}

/**
 * Adds `pytorch` to the report: every size that ours was measured at.
 * @param {any} report
 * @param {string} script torch_step.py
 * @param {any} bundled the benchmark, bundled
 * @param {(report: any) => void} keep hears of every step
 */
export async function addPytorch(report, script, bundled, keep) {
  const { python, why } = findPytorch();
  if (python === null) {
    report.unavailable.pytorch = `expected python3 with torch (BENCH_PYTHON names another), got ${why}`;
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'masa-lab-pytorch-'));
  try {
    report.pytorch ??= [];
    const labels = report.train_step
      .filter((/** @type {any} */ each) => each.seconds.ours !== undefined)
      .map((/** @type {any} */ each) => each.label)
      .filter((/** @type {string} */ label) =>
        report.pytorch.every((/** @type {any} */ each) => each.label !== label),
      );
    await bundled.writePytorchCases(globalThis.navigator.gpu, labels, takeStep);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }

  /** @param {string} label @param {object} json @param {Uint8Array} weights */
  function takeStep(label, json, weights) {
    const file = join(folder, 'case.json');
    writeFileSync(file, JSON.stringify(json));
    writeFileSync(join(folder, 'weights.bin'), weights);
    const out = execFileSync(/** @type {string} */ (python), [script, file], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    report.pytorch.push({ label, ...JSON.parse(out.trim().split('\n').at(-1) ?? '') });
    console.error(`PyTorch, training step, ${label}: ${JSON.stringify(report.pytorch.at(-1))}`);
    keep(report);
  }
}
