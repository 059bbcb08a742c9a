/**
 * `npm run -s lab -- COMMAND`: the command line. The command itself is TypeScript (src/lab/cli/main.ts) that
 * imports shaders as text, so it is bundled first, and only when a source has changed since. Set-up speaks on
 * stderr; stdout belongs to the command.
 */
import './lib/node-version.mjs';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT, SetupError, say } from './lib/host.mjs';
import { ensurePackages } from './lib/packages.mjs';
import { ensureVulkan, prepareVulkan } from './lib/vulkan.mjs';

const ENTRY = 'src/lab/cli/main.ts';
/** Below node_modules, so that the bundle finds the packages it leaves out. */
const BUNDLES = join(ROOT, 'node_modules', '.cache', 'lab');
/** A bundle in use may load a part late, so old ones stay for a while. */
const KEEP_DAYS = 7;

/** A name for the present state of all sources: their paths, sizes and times. */
function sourcesKey() {
  const hash = createHash('sha256').update(process.versions.node.split('.')[0]);
  for (const folder of ['src', 'shaders']) {
    const files = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).sort();
    for (const file of files) {
      const { mtimeMs, size } = statSync(join(ROOT, folder, file));
      hash.update(`${folder}/${file} ${size} ${mtimeMs}\n`);
    }
  }
  for (const file of ['package-lock.json', 'scripts/lab.mjs']) {
    hash.update(`${statSync(join(ROOT, file)).mtimeMs}\n`);
  }
  return hash.digest('hex').slice(0, 16);
}

/**
 * Bundles the command line unless it is bundled already. Several calls at once do not disturb each other: each
 * builds in a folder of its own and the first to finish gives it the final name.
 * @returns {Promise<string>} the path of the module
 */
async function bundle() {
  const folder = join(BUNDLES, sourcesKey());
  const module = join(folder, 'main.mjs');
  if (existsSync(module)) {
    const now = new Date();
    utimesSync(folder, now, now);
    return module;
  }
  const fresh = `${folder}.${process.pid}`;
  const { build } = await import('vite');
  await build({
    root: ROOT,
    configFile: false,
    logLevel: 'silent',
    publicDir: false,
    build: {
      ssr: ENTRY,
      outDir: fresh,
      emptyOutDir: true,
      target: 'node20',
      sourcemap: true,
      minify: false,
      rolldownOptions: { output: { entryFileNames: 'main.mjs', chunkFileNames: '[name]-[hash].mjs' } },
    },
  });
  try {
    renameSync(fresh, folder);
  } catch (error) {
    if (!existsSync(module)) throw error;
    rmSync(fresh, { recursive: true, force: true });
  }
  for (const name of readdirSync(BUNDLES)) {
    const path = join(BUNDLES, name);
    const age = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (age > KEEP_DAYS * 86_400_000) rmSync(path, { recursive: true, force: true });
  }
  return module;
}

/**
 * @param {string[]} argv
 * @returns {boolean} whether the command can do without a GPU
 */
const isTextOnly = (argv) =>
  argv.length === 0 ||
  ['presets', 'export', 'report', 'emit', 'merge', 'help'].includes(argv[0]) ||
  argv.includes('--help') ||
  argv.includes('-h');

/**
 * @param {string[]} argv
 * @returns {Promise<number>} the exit code
 */
async function main(argv) {
  await ensurePackages();
  if (!isTextOnly(argv)) {
    try {
      await ensureVulkan();
    } catch (error) {
      // The command says itself that it got no adapter; what to do about it is known here.
      if (!(error instanceof SetupError)) throw error;
      say(error.describe());
    }
  }
  prepareVulkan();
  process.setSourceMapsEnabled(true);
  mkdirSync(BUNDLES, { recursive: true });
  const module = await import(pathToFileURL(await bundle()).href);
  return await module.main(argv);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (error instanceof SetupError) say(error.describe());
  else console.error(error);
  process.exitCode = 1;
}
