/**
 * `npm run bench`: measures the lab beside TensorFlow.js, jax-js and ONNX Runtime Web. Sets up what it needs, notes on
 * stderr how it goes, and prints one JSON object as its last line with --json, else a table.
 */
import '../scripts/lib/node-version.mjs';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { ROOT, SetupError, say } from '../scripts/lib/host.mjs';
import { ensurePackages } from '../scripts/lib/packages.mjs';
import { Kept } from './kept.mjs';
import { load, machine } from './machine.mjs';
import { checkOptions, OPTIONS } from './options.mjs';

const PARTS = ['matmul', 'train_step', 'decode', 'rl_step', 'scaling', 'steady', 'pytorch', 'startup'];
const USAGE = `Usage: npm run -s bench -- [--quick] [--browser] [--part NAME]... [--json] [--out FILE [--resume | --replace]]
       npm run -s bench -- --tables
       npm run -s bench -- --pack FILE.tar.xz

Measures the lab beside other libraries, in one process, in turns: medians with their spread, and ratios.

  --quick      fewer shapes and rounds: under 8 minutes on two cores without a GPU
  --browser    in Chromium instead of Node; without a GPU that is SwiftShader (BENCH_GPU=hardware: the machine's own)
  --part NAME  only this part, or several: ${PARTS.join(', ')}
  --json       one JSON object as the last line
  --out FILE   also writes the JSON to FILE, after every result what there is so far; a new one, unless
  --resume     goes on with what FILE has of an interrupted run: neither its results nor its finished parts are repeated
  --replace    begins anew, and FILE's results are lost
  --tables     writes the tables of docs/benchmark.md and README.md anew from bench/results, and measures nothing
  --pack FILE  packs benchmark, parity check and Dawn for a machine that has Node and libvulkan, and nothing else`;

/** @returns {Record<string, string>} */
function versions() {
  const of = (/** @type {string} */ name) =>
    JSON.parse(readFileSync(join(ROOT, 'node_modules', name, 'package.json'), 'utf8')).version;
  return {
    ours: JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).version,
    webgpu: of('webgpu'),
    tfjs: of('@tensorflow/tfjs-core'),
    'jax-js': of('@jax-js/jax'),
    'onnxruntime-web': of('onnxruntime-web'),
  };
}

/** Parts that are run.mjs's own; the others are the bundle's. */
const OWN = ['pytorch', 'startup'];

/** @param {{ quick: boolean, browser: boolean }} options of the command line @param {Kept} kept */
async function measure({ quick, browser: inBrowser }, kept) {
  const loadBefore = load();
  const given = {
    quick,
    parts: kept.parts.filter((part) => !OWN.includes(part)),
    versions: versions(),
    machine: machine(),
    before: kept.before,
    keep: kept.keep,
  };
  let report;
  if (inBrowser) {
    const { ensureBrowser } = await import('../scripts/lib/browser.mjs');
    const browser = await ensureBrowser();
    const { benchInBrowser } = await import('./in-browser.mjs');
    report = await benchInBrowser(browser, given);
    await kept.part(report, 'pytorch', async () => {
      report.unavailable.pytorch = 'expected Node, which can start it, got a browser; run without --browser';
    });
    await kept.part(report, 'startup', async () => {
      const { benchStartup } = await import('./startup.mjs');
      const note = (/** @type {string} */ text) => console.error(text);
      report.startup = await benchStartup({ executablePath: browser.path, rounds: quick ? 2 : 5, note });
    });
  } else {
    report = await inNode(given, kept);
    await kept.part(report, 'startup', async () => {
      report.unavailable.startup = 'expected a browser that opens the page, got Node; run with --browser';
    });
  }
  report.load_average = `${loadBefore} before, ${load()} after`;
  return report;
}

/** @param {any} options @param {Kept} kept */
async function inNode(options, kept) {
  const { ensureVulkan, prepareVulkan } = await import('../scripts/lib/vulkan.mjs');
  try {
    await ensureVulkan();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(error.describe());
  }
  prepareVulkan();
  const { bundle } = await import('./bundle.mjs');
  const { benchInNode } = await import('./in-node.mjs');
  const out = join(ROOT, 'node_modules', '.cache', `bench-${process.pid}`);
  try {
    await bundle('bench/node.ts', out);
    const module = join(out, 'main.mjs');
    const report = await benchInNode(ROOT, module, options);
    await kept.part(report, 'pytorch', async () => {
      const { addPytorch } = await import('./torch.mjs');
      const script = join(ROOT, 'bench', 'peers', 'torch_step.py');
      await addPytorch(report, script, await import(pathToFileURL(module).href), kept.keep);
    });
    return report;
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

/** @param {string[]} argv */
function readOptions(argv) {
  const { values } = parseArgs({
    args: argv,
    options: {
      ...OPTIONS,
      browser: { type: 'boolean', default: false },
      tables: { type: 'boolean', default: false },
      pack: { type: 'string' },
    },
  });
  checkOptions(values, PARTS);
  if (values.pack !== undefined && !values.pack.endsWith('.tar.xz'))
    throw new Error(`expected --pack to name a file that ends in .tar.xz, got ${values.pack}`);
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
  await ensurePackages();
  if (options.tables) {
    const { writeTables } = await import('./tables.mjs');
    for (const file of writeTables(ROOT)) console.log(`Written: ${file}`);
    return 0;
  }
  if (options.pack !== undefined) {
    const { pack } = await import('./pack.mjs');
    await pack(options.pack, versions());
    return 0;
  }
  const kept = new Kept({ ...options, parts: options.part ?? PARTS });
  const { table } = await import('./table.mjs');
  const done = (/** @type {any} */ report) => {
    kept.write(report);
    console.log(options.json ? JSON.stringify(report) : table(report));
  };
  process.once('SIGINT', () => {
    if (kept.report) done(kept.unfinished('interrupted'));
    process.exit(130);
  });
  let report;
  try {
    report = await measure(options, kept);
  } catch (error) {
    if (kept.report) done(kept.unfinished(error instanceof Error ? error.message : String(error)));
    throw error;
  }
  done(report);
  return Object.keys(report.failed).length > 0 ? 1 : 0;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (error instanceof SetupError) console.error(error.describe());
  else console.error(error);
  process.exitCode = 1;
}
// Libraries leave devices and workers behind that would keep the process alive.
process.exit();
