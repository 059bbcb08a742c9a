/**
 * Installs the npm packages when they are missing or do not belong to package-lock.json. Every command's
 * first step, so it uses Node alone.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, run, SetupError, say, withLock } from './host.mjs';

const LOCK = join(ROOT, 'package-lock.json');
const MODULES = join(ROOT, 'node_modules');
/** npm writes this last, so its time is that of the installation. */
const INSTALLED = join(MODULES, '.package-lock.json');
/** Inside node_modules, so that it disappears with what it vouches for. */
const STAMP = join(MODULES, '.cache', 'masa-lab', 'package-lock.sha256');

const lockHash = () => createHash('sha256').update(readFileSync(LOCK)).digest('hex');

function isInstalled() {
  if (!existsSync(INSTALLED)) return false;
  // A checkout changes times without changing content, so a known content counts before the times do.
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === lockHash()) return true;
  if (statSync(INSTALLED).mtimeMs < statSync(LOCK).mtimeMs) return false;
  writeStamp();
  return true;
}

function writeStamp() {
  mkdirSync(join(STAMP, '..'), { recursive: true });
  writeFileSync(STAMP, lockHash());
}

/**
 * @throws {SetupError} when npm fails
 */
export async function ensurePackages() {
  if (isInstalled()) return;
  await withLock('packages', async () => {
    if (isInstalled()) return;
    say('Installing the packages (npm install) ...');
    // Not `npm ci`: it refuses a lock file that lacks a build for some other platform (which npm leaves out when
    // the registry at hand has none), and it empties node_modules, which a running command may be using.
    // Without --no-save this would write the lock file; the log level is npm's own also under `npm run -s`.
    const args = ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=warn'];
    const { code } = await run('npm', args, { output: 'stderr' });
    if (code !== 0) {
      throw new SetupError(`packages: expected npm install to succeed, got exit code ${code}.`, [
        'npm install',
      ]);
    }
    writeStamp();
  });
}
