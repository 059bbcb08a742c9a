/**
 * `npm run bench`: measures the lab beside TensorFlow.js, jax-js and ONNX Runtime Web. Sets up what it needs, notes on
 * stderr how it goes, and prints one JSON object as its last line with --json, else a table.
 */
import '../scripts/lib/node-version.mjs';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT, SetupError, say } from '../scripts/lib/host.mjs';
import { ensurePackages } from '../scripts/lib/packages.mjs';
import { load, machine } from './machine.mjs';

const PARTS = ['matmul', 'train_step', 'decode', 'rl_step', 'scaling', 'steady', 'startup'];
const USAGE = `Usage: npm run -s bench -- [--quick] [--browser] [--part NAME]... [--json] [--out FILE]
       npm run -s bench -- --tables
       npm run -s bench -- --pack FILE.tar.xz

Measures the lab beside other libraries, in one process, in turns: medians with their spread, and ratios.

  --quick      fewer shapes and rounds: under 8 minutes on two cores without a GPU
  --browser    in Chromium instead of Node; without a GPU that is SwiftShader (BENCH_GPU=hardware: the machine's own)
  --part NAME  only this part, or several: ${PARTS.join(', ')}
  --json       one JSON object as the last line
  --out FILE   also writes the JSON to FILE, after every part what there is so far
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

/** What there is so far, for an interrupt. @type {any} */
let kept = null;

/** @param {any} options of the command line */
async function measure({ quick, browser: inBrowser, parts, keep }) {
  const before = load();
  const given = { quick, parts: parts.filter((/** @type {string} */ part) => part !== 'startup') };
  const facts = { versions: versions(), machine: machine(), keep };
  let report;
  if (inBrowser) {
    const { ensureBrowser } = await import('../scripts/lib/browser.mjs');
    const browser = await ensureBrowser();
    const { benchInBrowser } = await import('./in-browser.mjs');
    report = await benchInBrowser(browser, { ...given, ...facts });
    if (parts.includes('startup')) await addStartup(report, browser.path, quick);
  } else {
    report = await inNode({ ...given, ...facts });
    if (parts.includes('startup'))
      report.unavailable.startup = 'expected a browser that opens the page, got Node; run with --browser';
  }
  report.load_average = `${before} before, ${load()} after`;
  return report;
}

/** @param {any} report @param {string} executablePath @param {boolean} quick */
async function addStartup(report, executablePath, quick) {
  const { benchStartup } = await import('./startup.mjs');
  const start = performance.now();
  try {
    report.startup = await benchStartup({
      executablePath,
      rounds: quick ? 2 : 5,
      note: (text) => console.error(text),
    });
  } catch (error) {
    report.failed.startup = error instanceof Error ? error.message : String(error);
  }
  report.part_seconds.startup = Math.round((performance.now() - start) / 1000);
}

/** @param {any} options */
async function inNode(options) {
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
    return await benchInNode(ROOT, join(out, 'main.mjs'), options);
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

/** @param {string[]} argv */
function readOptions(argv) {
  const { values } = parseArgs({
    args: argv,
    options: {
      quick: { type: 'boolean', default: false },
      browser: { type: 'boolean', default: false },
      part: { type: 'string', multiple: true },
      json: { type: 'boolean', default: false },
      out: { type: 'string' },
      tables: { type: 'boolean', default: false },
      pack: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  for (const part of values.part ?? [])
    if (!PARTS.includes(part))
      throw new Error(`expected --part to be one of ${PARTS.join(', ')}, got ${part}`);
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
  const { out, json } = options;
  const parts = options.part ?? PARTS;
  const write = (/** @type {any} */ report) => {
    if (!out) return;
    mkdirSync(dirname(out), { recursive: true });
    writeFileSync(out, `${JSON.stringify(report, null, 1)}\n`);
  };
  const keep = (/** @type {any} */ report) => {
    kept = report;
    write(report);
  };
  const { table } = await import('./table.mjs');
  const print = (/** @type {any} */ report) => console.log(json ? JSON.stringify(report) : table(report));
  const done = (/** @type {any} */ report) => {
    write(report);
    print(report);
  };
  /** What there is, with the reason why there is no more. @param {string} why */
  const give = (why) => {
    if (!kept) return;
    for (const part of parts) if (kept.part_seconds[part] === undefined) kept.failed[part] ??= why;
    done(kept);
  };
  process.once('SIGINT', () => {
    give('interrupted');
    process.exit(130);
  });
  let report;
  try {
    report = await measure({ quick: options.quick, browser: options.browser, parts, keep });
  } catch (error) {
    give(error instanceof Error ? error.message : String(error));
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
