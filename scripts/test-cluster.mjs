/**
 * `npm run test:cluster`: sweeps run for real, by GNU parallel over SSH and by a one-node Slurm, with workers killed in
 * the middle. Sets up what that takes; not a part of `npm test`, as it installs daemons. Ends with one line of counts.
 */
import './lib/node-version.mjs';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ensureCluster } from './lib/cluster.mjs';
import { countVitest, none } from './lib/counts.mjs';
import { CACHE, ROOT, readJson, run, SetupError, say } from './lib/host.mjs';
import { ensurePackages } from './lib/packages.mjs';
import { ensureVulkan } from './lib/vulkan.mjs';

const REPORT = join(CACHE, 'results', 'cluster.json');

/**
 * @param {string[]} args for Vitest
 * @returns {Promise<import('./lib/counts.mjs').Counts>}
 */
async function runSuite(args) {
  try {
    await ensurePackages();
    say(`GPU for Node: ${(await ensureVulkan({ verify: true })) ?? 'built in'}`);
    say(`cluster: ${await ensureCluster()}`);
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(error.describe());
    // What could not be set up is a failed test: nothing is green for want of a scheduler.
    return { ...none(), failed: 1 };
  }
  mkdirSync(join(CACHE, 'results'), { recursive: true });
  rmSync(REPORT, { force: true });
  const { code } = await run(
    process.execPath,
    [
      join(ROOT, 'node_modules', 'vitest', 'vitest.mjs'),
      'run',
      '--config=cluster/vitest.config.ts',
      '--reporter=verbose',
      '--reporter=json',
      `--outputFile.json=${REPORT}`,
      ...args,
    ],
    { output: 'show' },
  );
  return countVitest(readJson(REPORT), code);
}

const started = performance.now();
const { passed, failed, skipped } = await runSuite(process.argv.slice(2));
say(`Took ${((performance.now() - started) / 1000).toFixed(0)} s.`);
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = failed === 0 ? 0 : 1;
