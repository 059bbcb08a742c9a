/**
 * `npm start`: installs the packages if need be, serves the page on this machine and says where.
 * The page needs nothing else; for the tests' browser and driver see test.mjs.
 */
import './lib/node-version.mjs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT, SetupError } from './lib/host.mjs';
import { ensurePackages } from './lib/packages.mjs';

const USAGE = `Usage: npm start [-- --port N]

Serves the page on http://127.0.0.1. Without --port it takes 5173 or the next free one;
with it, that one or none.`;

/**
 * @param {string[]} argv
 * @returns {Promise<number | undefined>} an exit code, or undefined while the server runs
 */
async function main(argv) {
  let options;
  try {
    options = parseArgs({
      args: argv,
      options: { port: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
    }).values;
  } catch (error) {
    console.error(`start: ${error instanceof Error ? error.message : error}\n\n${USAGE}`);
    return 2;
  }
  if (options.help) {
    console.log(USAGE);
    return 0;
  }
  const port = options.port === undefined ? undefined : Number(options.port);
  if (port !== undefined && !(Number.isInteger(port) && port >= 1 && port <= 65_535)) {
    console.error(`start: expected --port to be a whole number from 1 to 65535, got ${options.port}.`);
    return 2;
  }

  await ensurePackages();
  const { createServer } = await import('vite');
  const server = await createServer({
    root: ROOT,
    configFile: join(ROOT, 'vite.config.ts'),
    clearScreen: false,
    logLevel: 'warn',
    server: { host: '127.0.0.1', port, strictPort: port !== undefined },
  });
  try {
    await server.listen();
  } catch (error) {
    console.error(
      `start: ${error instanceof Error ? error.message : error}. Choose another one with --port.`,
    );
    await server.close();
    return 1;
  }
  console.log(`MASA Lab is at ${server.resolvedUrls?.local[0]} (Ctrl-C stops it)`);
  return undefined;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  console.error(error.describe());
  process.exitCode = 1;
}
