/**
 * `npm run bench`: measures the lab beside TensorFlow.js, jax-js and ONNX Runtime Web. Sets up what it needs, notes on
 * stderr how it goes, and prints one JSON object as its last line with --json, else a table.
 */
import '../scripts/lib/node-version.mjs';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { ROOT, SetupError, say } from '../scripts/lib/host.mjs';
import { ensurePackages } from '../scripts/lib/packages.mjs';

const PARTS = ['matmul', 'train_step', 'decode', 'rl_step', 'scaling', 'steady'];
const USAGE = `Usage: npm run -s bench -- [--quick] [--browser] [--part NAME]... [--json] [--out FILE]

Measures the lab beside other libraries, in one process, in turns: medians with their spread, and ratios.

  --quick      fewer shapes and rounds: under 8 minutes on two cores without a GPU
  --browser    in Chromium instead of Node; without a GPU that is SwiftShader
  --part NAME  only this part, or several: ${PARTS.join(', ')}
  --json       one JSON object as the last line
  --out FILE   also writes the JSON to FILE`;

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

/** @param {{ quick: boolean, parts: string[] }} options */
async function inNode(options) {
  const { ensureVulkan, prepareVulkan } = await import('../scripts/lib/vulkan.mjs');
  try {
    await ensureVulkan();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(error.describe());
  }
  prepareVulkan();
  const { build } = await import('vite');
  const out = join(ROOT, 'node_modules', '.cache', `bench-${process.pid}`);
  try {
    await build({
      root: ROOT,
      configFile: false,
      logLevel: 'silent',
      publicDir: false,
      // Bundled with everything, as TensorFlow.js is else loaded twice in two forms of itself.
      resolve: { mainFields: ['module', 'main'] },
      ssr: { noExternal: true, external: ['webgpu', 'onnxruntime-web'] },
      build: {
        ssr: 'bench/node.ts',
        outDir: out,
        emptyOutDir: true,
        target: 'node20',
        minify: false,
        rolldownOptions: { output: { entryFileNames: 'main.mjs', chunkFileNames: '[name]-[hash].mjs' } },
      },
    });
    const { create, globals } = await import('webgpu');
    Object.assign(globalThis, globals);
    const gpu = create([]);
    // Libraries made for pages look for it here.
    Object.defineProperty(globalThis, 'navigator', {
      value: { gpu, userAgent: `Node.js/${process.versions.node}`, hardwareConcurrency: 1 },
      configurable: true,
    });
    const { benchInNode } = await import(pathToFileURL(join(out, 'main.mjs')).href);
    return await benchInNode(ROOT, gpu, { ...options, versions: versions() }, (name) => import(name));
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

/** @param {{ quick: boolean, parts: string[] }} options */
async function inBrowser(options) {
  const { ensureBrowser } = await import('../scripts/lib/browser.mjs');
  const { path: executablePath } = await ensureBrowser();
  const [{ createServer }, { chromium }] = await Promise.all([import('vite'), import('@playwright/test')]);
  const server = await createServer({
    root: ROOT,
    configFile: false,
    logLevel: 'error',
    server: { host: '127.0.0.1', port: 0 },
    optimizeDeps: { entries: ['bench/page.html'], exclude: ['onnxruntime-web'] },
  });
  await server.listen();
  const browser = await chromium.launch({
    executablePath,
    args: [
      '--enable-unsafe-webgpu',
      '--use-webgpu-adapter=swiftshader',
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
    ],
  });
  try {
    const page = await browser.newPage();
    page.on('console', (message) => console.error(message.text()));
    await page.goto(new URL('/bench/page.html', server.resolvedUrls?.local[0]).href);
    await page.waitForFunction('window.benchInPage');
    return await page.evaluate((given) => /** @type {any} */ (window).benchInPage(given), {
      ...options,
      versions: versions(),
    });
  } finally {
    await browser.close();
    await server.close();
  }
}

/** @param {string[]} argv */
async function main(argv) {
  let options;
  try {
    options = parseArgs({
      args: argv,
      options: {
        quick: { type: 'boolean', default: false },
        browser: { type: 'boolean', default: false },
        part: { type: 'string', multiple: true },
        json: { type: 'boolean', default: false },
        out: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
    for (const part of options.part ?? [])
      if (!PARTS.includes(part))
        throw new Error(`expected --part to be one of ${PARTS.join(', ')}, got ${part}`);
  } catch (error) {
    console.error(`bench: ${error instanceof Error ? error.message : error}\n\n${USAGE}`);
    return 2;
  }
  if (options.help) {
    console.log(USAGE);
    return 0;
  }
  await ensurePackages();
  const given = { quick: options.quick, parts: options.part ?? PARTS };
  const report = await (options.browser ? inBrowser(given) : inNode(given));
  if (options.out) {
    mkdirSync(dirname(options.out), { recursive: true });
    writeFileSync(options.out, `${JSON.stringify(report, null, 1)}\n`);
  }
  const { table } = await import('./table.mjs');
  if (options.json) console.log(JSON.stringify(report));
  else console.log(table(report));
  return 0;
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
