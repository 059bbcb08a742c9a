/**
 * What set-up asks of apt on Debian and its relatives: installing packages that are missing (never upgrading
 * one that is there), and unpacking packages into a private folder where that cannot be done.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isRoot, run, SetupError, say, which } from './host.mjs';

const QUIET = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };

export const hasApt = () => which('apt-get') !== undefined && which('dpkg') !== undefined;

/**
 * The distribution as /etc/os-release names it, such as `{ id: 'debian', version: 12, codename: 'bookworm' }`.
 * @returns {{ id: string, version: number, codename: string }}
 */
export function distribution() {
  const path = '/etc/os-release';
  const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const field = (/** @type {string} */ name) =>
    text.match(new RegExp(`^${name}="?([^"\\n]*)"?$`, 'm'))?.[1] ?? '';
  return { id: field('ID'), version: Number(field('VERSION_ID')), codename: field('VERSION_CODENAME') };
}

/**
 * What an installation would do, by apt's own simulation.
 * @param {string[]} packages
 * @param {string[]} [options] apt options that choose other sources or another release
 * @returns {Promise<{ added: Map<string, string>, upgraded: Map<string, string> } | undefined>} name to version;
 *   undefined when apt does not know how
 */
async function simulate(packages, options = []) {
  const { code, stdout } = await run('apt-get', [
    ...options,
    'install',
    '--simulate',
    '--no-install-recommends',
    ...packages,
  ]);
  if (code !== 0) return undefined;
  const added = new Map();
  const upgraded = new Map();
  // "Inst name (version ...)" is new; "Inst name [installed version] (version ...)" replaces one.
  for (const [, name, old, version] of stdout.matchAll(/^Inst (\S+)( \[\S+\])? \((\S+)/gm)) {
    (old ? upgraded : added).set(name, version);
  }
  return { added, upgraded };
}

/**
 * Installs packages that are missing, as root, without upgrading any that is there.
 * @param {string[]} packages
 * @returns {Promise<boolean>} false when that is not possible (not root, unknown, or it would upgrade something)
 */
export async function installMissing(packages) {
  if (!isRoot || !hasApt()) return false;
  let plan = await simulate(packages);
  if (plan === undefined) {
    say('Reading the package lists (apt-get update) ...');
    await run('apt-get', ['update'], { env: QUIET, output: 'stderr' });
    plan = await simulate(packages);
  }
  if (plan === undefined || plan.upgraded.size > 0) return false;
  if (plan.added.size === 0) return true;
  say(`Installing ${packages.join(' ')} (apt-get install, ${plan.added.size} packages) ...`);
  const args = ['install', '-y', '--no-install-recommends', '--no-upgrade', ...packages];
  return (await run('apt-get', args, { env: QUIET, output: 'stderr' })).code === 0;
}

/**
 * The mirror this machine reads Debian from, so that a private copy comes from the same place.
 */
function debianMirror() {
  const folder = '/etc/apt/sources.list.d';
  const files = existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
  for (const path of ['/etc/apt/sources.list', ...files]) {
    if (!existsSync(path)) continue;
    const match = readFileSync(path, 'utf8').match(
      /^(?:URIs:|deb(?: \[[^\]]*\])?) *(https?:\S*\/debian)\/?(?: |$)/m,
    );
    if (match) return match[1];
  }
  return 'http://deb.debian.org/debian';
}

/**
 * Unpacks packages, with what they need and the system lacks, below `target/root`. Needs no root and changes
 * nothing of the system: apt keeps its lists and downloads below `target/apt`.
 * @param {string[]} packages
 * @param {string} target
 * @throws {SetupError} when a package is not to be had
 */
export async function unpackPrivately(packages, target) {
  const apt = join(target, 'apt');
  const fresh = join(target, 'root');
  const archives = join(apt, 'packages');
  for (const folder of [join(apt, 'lists', 'partial'), join(apt, 'archives', 'partial'), archives]) {
    mkdirSync(folder, { recursive: true });
  }
  const options = ['-o', `Dir::State::lists=${join(apt, 'lists')}`, '-o', `Dir::Cache=${apt}`];
  if (isRoot) options.push('-o', 'APT::Sandbox::User=root');

  const system = distribution();
  if (system.id === 'debian' && system.version === 12) {
    const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';
    const signed = existsSync(keyring) ? `[signed-by=${keyring}] ` : '';
    const source = (/** @type {string} */ suite) => `deb ${signed}${debianMirror()} ${suite} main\n`;
    writeFileSync(join(apt, 'sources.list'), source('bookworm') + source('bookworm-backports'));
    options.push('-o', `Dir::Etc::sourcelist=${join(apt, 'sources.list')}`, '-o', 'Dir::Etc::sourceparts=-');
    options.push('-t', 'bookworm-backports');
  }

  const must = async (/** @type {string} */ program, /** @type {string[]} */ args) => {
    const result = await run(program, args, { cwd: archives });
    if (result.code === 0) return;
    throw new SetupError(
      `${packages.join(', ')}: expected "${program} ${args.join(' ')}" to succeed, got:\n${result.stderr.trim()}`,
    );
  };
  await must('apt-get', [...options, 'update']);
  const plan = await simulate(packages, options);
  if (plan === undefined) {
    throw new SetupError(
      `${packages.join(', ')}: expected packages that apt knows, got none on this system.`,
    );
  }
  const wanted = new Map(plan.added);
  for (const name of packages) {
    const newer = plan.upgraded.get(name);
    if (newer !== undefined) wanted.set(name, newer);
  }
  for (const name of packages) {
    // Installed already at this very version: the private copy needs its own all the same.
    if (!wanted.has(name)) wanted.set(name, '');
  }
  const downloads = [...wanted].map(([name, version]) => (version === '' ? name : `${name}=${version}`));
  await must('apt-get', [...options, 'download', ...downloads]);
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { recursive: true });
  for (const file of readdirSync(archives)) await must('dpkg', ['-x', join(archives, file), fresh]);
  rmSync(apt, { recursive: true, force: true });
}
