/**
 * The programs that the cluster suite runs for real: GNU parallel, an SSH server and Slurm with MUNGE. Those that are
 * missing are installed where that is possible (Debian and its relatives, as root). The SSH server alone is unpacked
 * below .cache instead: installed, it would open the machine to the network. Used by test-cluster.mjs.
 */
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { hasApt, installMissing } from './apt.mjs';
import { CACHE, isRoot, run, SetupError, which, withLock } from './host.mjs';

const FOLDER = join(CACHE, 'cluster');
/** Daemons live where not everybody's PATH leads. */
const SYSTEM_FOLDERS = ['/usr/sbin', '/sbin', '/usr/local/sbin', join(FOLDER, 'root', 'usr', 'sbin')];

/** By program, the package of Debian that has it. */
const PROGRAMS = {
  parallel: 'parallel',
  ssh: 'openssh-client',
  'ssh-keygen': 'openssh-client',
  munged: 'munge',
  slurmctld: 'slurmctld',
  slurmd: 'slurmd',
  sbatch: 'slurm-client',
};

const missing = () =>
  Object.entries(PROGRAMS)
    .filter(([program]) => which(program) === undefined)
    .map(([program, name]) => ({ program, name }));

/** Unpacks a server of SSH into FOLDER. */
async function unpackServer() {
  const archives = join(FOLDER, 'packages');
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(archives, { recursive: true });
  const wanted = ['openssh-server', 'libwrap0'];
  await run('apt-get', ['download', ...wanted], { cwd: archives });
  for (const file of readdirSync(archives))
    await run('dpkg', ['-x', join(archives, file), join(FOLDER, 'root')]);
  rmSync(archives, { recursive: true });
}

/**
 * @throws {SetupError} when there is no SSH server and none can be unpacked
 */
async function ensureServer() {
  if (which('sshd') === undefined && hasApt()) await withLock('cluster', unpackServer);
  if (which('sshd') === undefined)
    throw new SetupError('cluster: expected sshd, got none, and could not unpack one.', [
      'sudo apt-get install openssh-server',
    ]);
  // As root it drops its privileges to a user that its package makes.
  if (!isRoot || (await run('id', ['sshd'])).code === 0) return;
  const args = ['--system', '--home-dir', '/run/sshd', '--shell', '/usr/sbin/nologin', 'sshd'];
  if ((await run('useradd', args)).code !== 0)
    throw new SetupError('cluster: expected a user sshd, got none, and could not make one.', [
      `sudo useradd ${args.join(' ')}`,
    ]);
}

/** Of moreutils too there is a program called parallel. */
async function isGnuParallel() {
  const { stdout } = await run('parallel', ['--version'], { timeout: 30_000 });
  return stdout.startsWith('GNU parallel');
}

/**
 * @returns {Promise<string>} the versions of parallel and Slurm
 * @throws {SetupError} when something is missing and cannot be installed
 */
export async function ensureCluster() {
  const folders = SYSTEM_FOLDERS.filter((folder) => !process.env.PATH?.split(':').includes(folder));
  process.env.PATH = [process.env.PATH, ...folders].join(':');
  if (missing().length > 0) {
    await withLock('cluster', async () => {
      const packages = [...new Set(missing().map(({ name }) => name))];
      if (packages.length > 0) await installMissing(packages);
    });
  }
  const lacking = missing();
  if (lacking.length > 0) {
    const packages = [...new Set(lacking.map(({ name }) => name))].join(' ');
    throw new SetupError(
      `cluster: expected ${lacking.map(({ program }) => program).join(', ')}, got none, and could not install them.`,
      hasApt() ? [`sudo apt-get update && sudo apt-get install --no-install-recommends ${packages}`] : [],
    );
  }
  await ensureServer();
  if (!(await isGnuParallel()))
    throw new SetupError('cluster: expected GNU parallel, got another program of that name.', [
      'sudo apt-get install parallel',
    ]);
  const { stdout } = await run('slurmctld', ['-V'], { timeout: 30_000 });
  const { stdout: parallel } = await run('parallel', ['--version'], { timeout: 30_000 });
  return `${parallel.split('\n')[0]}, ${stdout.trim()}`;
}
