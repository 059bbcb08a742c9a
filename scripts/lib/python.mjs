/**
 * A python3 for the tests that hold the exported rewards to ours. They need its standard library alone, so any that is
 * there will do; on Debian and its relatives a missing one is installed. Used by the test command.
 */
import { installMissing } from './apt.mjs';
import { run, SetupError, withLock } from './host.mjs';

/** The oldest whose language the exported files are written in. */
const OLDEST = [3, 8];

/** @returns {Promise<string | undefined>} its version, such as `3.11.2`; undefined when there is none that is new enough */
async function installedPython() {
  const { code, stdout } = await run('python3', ['--version'], { timeout: 30_000 });
  const version = stdout.match(/^Python ((\d+)\.(\d+)\S*)/);
  if (code !== 0 || version === null) return undefined;
  const [major, minor] = [Number(version[2]), Number(version[3])];
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]) ? version[1] : undefined;
}

/**
 * @returns {Promise<string>} the version of python3
 * @throws {SetupError} when there is none and none can be installed
 */
export async function ensurePython() {
  const found = await installedPython();
  if (found !== undefined) return found;
  return await withLock('python', async () => {
    await installMissing(['python3']);
    const python = await installedPython();
    if (python !== undefined) return python;
    throw new SetupError(
      `python3: expected version ${OLDEST.join('.')} or newer, got none, and none could be installed.`,
      ['sudo apt-get install python3'],
    );
  });
}
