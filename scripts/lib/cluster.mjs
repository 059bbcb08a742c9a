/**
 * The programs that the cluster suite runs for real: GNU parallel, an SSH server and Slurm with MUNGE. Those that are
 * missing are installed where that is possible (Debian and its relatives, as root). Used by test-cluster.mjs.
 */
import { hasApt, installMissing } from './apt.mjs';
import { run, SetupError, which, withLock } from './host.mjs';

/** Daemons live where not everybody's PATH leads. */
const SYSTEM_FOLDERS = ['/usr/sbin', '/sbin', '/usr/local/sbin'];

/** By program, the package of Debian that has it. */
const PROGRAMS = {
  parallel: 'parallel',
  ssh: 'openssh-client',
  'ssh-keygen': 'openssh-client',
  sshd: 'openssh-server',
  munged: 'munge',
  slurmctld: 'slurmctld',
  slurmd: 'slurmd',
  sbatch: 'slurm-client',
};

const missing = () =>
  Object.entries(PROGRAMS)
    .filter(([program]) => which(program) === undefined)
    .map(([program, name]) => ({ program, name }));

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
  if (!(await isGnuParallel()))
    throw new SetupError('cluster: expected GNU parallel, got another program of that name.', [
      'sudo apt-get install parallel',
    ]);
  const { stdout } = await run('sbatch', ['--version'], { timeout: 30_000 });
  const { stdout: parallel } = await run('parallel', ['--version'], { timeout: 30_000 });
  return `${parallel.split('\n')[0]}, ${stdout.trim()}`;
}
