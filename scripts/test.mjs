/**
 * `npm test`: sets up what the tests need (packages, a Vulkan driver for Dawn, python3, a Chromium), runs the checks,
 * the unit tests and the end-to-end tests, and ends with one line that counts them all.
 */
import './lib/node-version.mjs';
import { mkdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { ensureBrowser } from './lib/browser.mjs';
import { countPlaywright, countVitest, none, sum } from './lib/counts.mjs';
import { CACHE, ROOT, readJson, run, SetupError, say } from './lib/host.mjs';
import { ensurePackages } from './lib/packages.mjs';
import { ensurePython } from './lib/python.mjs';
import { ensureVulkan } from './lib/vulkan.mjs';

/** @typedef {import('./lib/counts.mjs').Counts} Counts */

const USAGE = `Usage: npm test [-- SUITE... [arguments for the runner]]

Suites, all of them by default:
  check   formatting, lint, types, import direction
  unit    Vitest, the kernels on a GPU or Mesa's software driver included
  e2e     Playwright, the page in a real Chromium

With one suite the arguments after it go to Vitest or Playwright:
  npm test -- unit src/run
  npm test -- e2e --headed`;

const SUITES = ['check', 'unit', 'e2e'];
const RESULTS = join(CACHE, 'results');

const bin = (/** @type {string[]} */ ...parts) => join(ROOT, 'node_modules', ...parts);
const BIOME = bin('@biomejs', 'biome', 'bin', 'biome');
const TSC = bin('typescript', 'bin', 'tsc');

/** Each counts as one test. Arguments to Node. */
const CHECKS = [
  { name: 'formatting and lint', args: [BIOME, 'check', '--error-on-warnings', '.'] },
  { name: 'types', args: [TSC, '--noEmit'] },
  { name: 'types of the scripts', args: [TSC, '--noEmit', '-p', 'scripts'] },
  { name: 'import direction', args: [join(ROOT, 'scripts', 'check-imports.mjs')] },
];

/**
 * Does a step of set-up and says how it went.
 * @template T
 * @param {string} name
 * @param {() => Promise<T>} step
 * @param {(value: T) => string} tell
 * @returns {Promise<{ done: true, value: T } | { done: false }>}
 */
async function setUp(name, step, tell) {
  try {
    const value = await step();
    say(`${name}: ${tell(value)}`);
    return { done: true, value };
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(error.describe());
    return { done: false };
  }
}

/** @returns {Promise<Counts>} */
async function runChecks() {
  const counts = none();
  for (const { name, args } of CHECKS) {
    const { code, stdout, stderr } = await run(process.execPath, args);
    if (code === 0) counts.passed++;
    else counts.failed++;
    console.log(`${code === 0 ? 'passed' : 'FAILED'}: ${name}`);
    if (code !== 0) console.log(`${stdout}${stderr}`.trim());
  }
  return counts;
}

/**
 * @param {string[]} args
 * @returns {Promise<Counts>}
 */
async function runUnit(args) {
  const report = join(RESULTS, 'vitest.json');
  rmSync(report, { force: true });
  const { code } = await run(
    process.execPath,
    [
      bin('vitest', 'vitest.mjs'),
      'run',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
      ...args,
    ],
    { output: 'show' },
  );
  return countVitest(readJson(report), code);
}

/** @returns {Promise<number>} a port that is free now */
function freePort() {
  return new Promise((done, fail) => {
    const server = createServer();
    server.on('error', fail);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => done(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

/**
 * @param {string[]} args
 * @param {string} browser
 * @returns {Promise<Counts>}
 */
async function runEndToEnd(args, browser) {
  const report = join(RESULTS, 'playwright.json');
  rmSync(report, { force: true });
  const env = { ...process.env, CHROME_PATH: browser, E2E_PORT: String(await freePort()) };
  const { code } = await run(process.execPath, [bin('@playwright', 'test', 'cli.js'), 'test', ...args], {
    env,
    output: 'show',
  });
  return countPlaywright(readJson(report), code);
}

/**
 * @param {string[]} argv
 * @returns {Promise<number>} the exit code
 */
async function main(argv) {
  if (argv.includes('--help') || argv.includes('-h')) {
    console.log(USAGE);
    return 0;
  }
  const others = argv.findIndex((word) => !SUITES.includes(word));
  const named = others === -1 ? argv : argv.slice(0, others);
  const rest = others === -1 ? [] : argv.slice(others);
  if (rest.length > 0 && (named.length !== 1 || named[0] === 'check')) {
    console.error(
      `test: expected one of unit, e2e before "${rest.join(' ')}", got ${named.join(' ') || 'none'}.\n`,
    );
    console.error(USAGE);
    return 2;
  }
  const suites = named.length > 0 ? named : SUITES;

  const started = performance.now();
  mkdirSync(RESULTS, { recursive: true });
  /** @type {Counts[]} */
  const counts = [];
  /** A step of set-up that could not be done is a failed test: nothing is green for want of a GPU or browser. */
  const undone = { ...none(), failed: 1 };

  if (!(await setUp('packages', ensurePackages, () => 'up to date')).done) return report(undone, started);
  if (suites.includes('unit')) {
    const driver = await setUp(
      'GPU for Node',
      () => ensureVulkan({ verify: true }),
      (name) => name ?? 'built in',
    );
    if (!driver.done) counts.push(undone);
    if (!(await setUp('python3', ensurePython, (version) => version)).done) counts.push(undone);
  }
  const browser = suites.includes('e2e')
    ? await setUp('browser', ensureBrowser, ({ version, path }) => `${version} (${path})`)
    : undefined;

  if (suites.includes('check')) counts.push(await runChecks());
  if (suites.includes('unit')) counts.push(await runUnit(rest));
  if (browser !== undefined) counts.push(browser.done ? await runEndToEnd(rest, browser.value.path) : undone);
  return report(sum(counts), started);
}

/**
 * @param {Counts} total
 * @param {number} started
 * @returns {number} the exit code
 */
function report(total, started) {
  say(`Took ${((performance.now() - started) / 1000).toFixed(0)} s.`);
  console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
  return total.failed === 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
