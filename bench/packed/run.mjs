/**
 * The benchmark on a machine that has Node and libvulkan and nothing else: first the parity check, then every part as
 * `npm run bench` has it, then, where Python has PyTorch, the same training step there. Travels by `--pack`.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { benchInNode } from './in-node.mjs';
import { load, machine } from './machine.mjs';
import { table } from './table.mjs';

const HERE = import.meta.dirname;
const MEASURED = ['matmul', 'train_step', 'decode', 'rl_step', 'scaling', 'steady'];
const PARTS = ['check', ...MEASURED, 'pytorch'];
const USAGE = `Usage: node --expose-gc run.mjs [--quick] [--part NAME]... [--json] [--out FILE]

  --quick      fewer shapes and rounds
  --part NAME  only this part, or several: ${PARTS.join(', ')}
  --json       one JSON object as the last line, instead of tables
  --out FILE   also writes the JSON to FILE`;

/** @param {string[]} argv */
function readOptions(argv) {
  const { values } = parseArgs({
    args: argv,
    options: {
      quick: { type: 'boolean', default: false },
      part: { type: 'string', multiple: true },
      json: { type: 'boolean', default: false },
      out: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  for (const part of values.part ?? [])
    if (!PARTS.includes(part))
      throw new Error(`expected --part to be one of ${PARTS.join(', ')}, got ${part}`);
  return values;
}

/** Why PyTorch cannot be used; null where it can. */
function withoutPytorch() {
  try {
    execFileSync('python3', ['-c', 'import torch'], { stdio: ['ignore', 'ignore', 'pipe'] });
    return null;
  } catch (error) {
    const said = String(/** @type {any} */ (error).stderr ?? '')
      .trim()
      .split('\n')
      .at(-1);
    return said || String(/** @type {any} */ (error).message);
  }
}

/** The training step of every size that was measured, by PyTorch on the same numbers. @param {any} report */
async function addPytorch(report) {
  const why = withoutPytorch();
  if (why !== null) {
    report.unavailable.pytorch = `expected python3 with torch, got: ${why}`;
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'masa-lab-pytorch-'));
  const { writePytorchCases } = await import('./bench/main.mjs');
  try {
    const sizes = report.train_step.flatMap((/** @type {any} */ each) =>
      each.seconds.ours ? [each.label] : [],
    );
    report.pytorch = [];
    await writePytorchCases(globalThis.navigator.gpu, sizes, (label, json, weights) => {
      const file = join(folder, 'case.json');
      writeFileSync(file, JSON.stringify(json));
      writeFileSync(join(folder, 'weights.bin'), weights);
      const out = execFileSync('python3', [join(HERE, 'torch_step.py'), file], { encoding: 'utf8' });
      report.pytorch.push({ label, ...JSON.parse(out.trim().split('\n').at(-1) ?? '') });
      console.error(`PyTorch, training step, ${label}: ${JSON.stringify(report.pytorch.at(-1))}`);
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {string[]} argv */
async function main(argv) {
  let options;
  try {
    options = readOptions(argv);
  } catch (error) {
    console.error(`bench: ${error instanceof Error ? error.message : error}\n\n${USAGE}`);
    return 2;
  }
  if (options.help) {
    console.log(USAGE);
    return 0;
  }
  const parts = options.part ?? PARTS;
  const before = load();
  const keep = (/** @type {any} */ report) => {
    if (options.out) writeFileSync(options.out, `${JSON.stringify(report, null, 1)}\n`);
  };
  if (parts.includes('check')) {
    const lab = await import('./lab/main.mjs');
    const code = await lab.main(['check']);
    // Speed is of no interest where the numbers are wrong.
    if (code !== 0) return code;
  }
  const report = await benchInNode(HERE, join(HERE, 'bench', 'main.mjs'), {
    quick: options.quick,
    parts: parts.filter((part) => MEASURED.includes(part)),
    versions: JSON.parse(readFileSync(join(HERE, 'versions.json'), 'utf8')),
    machine: machine(),
    keep,
  });
  if (parts.includes('pytorch'))
    try {
      await addPytorch(report);
    } catch (error) {
      report.failed.pytorch = error instanceof Error ? error.message : String(error);
    }
  report.load_average = `${before} before, ${load()} after`;
  keep(report);
  console.log(options.json ? JSON.stringify(report) : table(report));
  return Object.keys(report.failed).length > 0 ? 1 : 0;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(error);
  process.exitCode = 1;
}
// Libraries leave devices and workers behind that would keep the process alive.
process.exit();
