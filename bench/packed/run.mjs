/**
 * The benchmark on a machine that has Node and libvulkan and nothing else: first the parity check, then every part as
 * `npm run bench` has it, then, where Python has PyTorch, the same training step there. Travels by `--pack`.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { benchInNode } from './in-node.mjs';
import { Kept } from './kept.mjs';
import { load, machine } from './machine.mjs';
import { checkOptions, OPTIONS } from './options.mjs';
import { table } from './table.mjs';
import { addPytorch } from './torch.mjs';

const HERE = import.meta.dirname;
const MEASURED = ['matmul', 'train_step', 'decode', 'rl_step', 'scaling', 'steady'];
const PARTS = ['check', ...MEASURED, 'pytorch'];
const USAGE = `Usage: node --expose-gc run.mjs [--quick] [--part NAME]... [--json] [--out FILE [--resume | --replace]]

  --quick      fewer shapes and rounds
  --part NAME  only this part, or several: ${PARTS.join(', ')}
  --json       one JSON object as the last line, instead of tables
  --out FILE   also writes the JSON to FILE, after every result what there is so far; a new one, unless
  --resume     goes on with what FILE has of an interrupted run: neither its results nor its finished parts are repeated
  --replace    begins anew, and FILE's results are lost`;

/** @param {string[]} argv */
function readOptions(argv) {
  const { values } = parseArgs({ args: argv, options: OPTIONS });
  checkOptions(values, PARTS);
  return values;
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
  const kept = new Kept({ ...options, parts: parts.filter((part) => part !== 'check') });
  if (parts.includes('check')) {
    const lab = await import('./lab/main.mjs');
    const code = await lab.main(['check']);
    // Speed is of no interest where the numbers are wrong.
    if (code !== 0) return code;
  }
  const module = join(HERE, 'bench', 'main.mjs');
  const report = await benchInNode(HERE, module, {
    quick: options.quick,
    parts: parts.filter((part) => MEASURED.includes(part)),
    versions: JSON.parse(readFileSync(join(HERE, 'versions.json'), 'utf8')),
    machine: machine(),
    before: kept.before,
    keep: kept.keep,
  });
  await kept.part(report, 'pytorch', async () =>
    addPytorch(report, join(HERE, 'torch_step.py'), await import(pathToFileURL(module).href), kept.keep),
  );
  report.load_average = `${before} before, ${load()} after`;
  kept.write(report);
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
