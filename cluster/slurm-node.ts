/**
 * A Slurm of one node on this machine, with MUNGE and all its state in one folder, run by the user the tests run as.
 * Without systemd or control groups, so that it also runs in a container. Used by the tests of this folder.
 */
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import { freePort, pathOf } from './ssh-hosts';
import { type Finished, plainEnvironment, start, until } from './tiny-sweep';

/** Tasks at the same time; the node is told to have so many processors. */
const PROCESSORS = 2;

export class SlurmNode {
  readonly #daemons: ReturnType<typeof start>[] = [];

  private constructor(
    private readonly folder: string,
    private readonly environment: NodeJS.ProcessEnv,
  ) {}

  static async start(folder: string): Promise<SlurmNode> {
    mkdirSync(folder, { recursive: true });
    // munged wants nobody else to be able to write to any folder above its socket.
    for (const name of ['munge', 'state', 'spool']) mkdirSync(join(folder, name), { mode: 0o755 });
    const at = (...parts: string[]) => join(folder, ...parts);
    writeFileSync(at('munge', 'key'), randomBytes(128), { mode: 0o400 });
    const socket = at('munge', 'socket');
    const conf = at('slurm.conf');
    writeFileSync(conf, await configuration(folder, socket));
    writeFileSync(at('cgroup.conf'), `CgroupPlugin=${await groupPlugin()}\n`);
    const node = new SlurmNode(folder, plainEnvironment({ SLURM_CONF: conf }));
    try {
      const munge = ['key-file', 'pid-file', 'log-file', 'seed-file'].map(
        (name) => `--${name}=${at('munge', name.split('-')[0])}`,
      );
      node.#run('munged', ['--foreground', '--force', `--socket=${socket}`, ...munge]);
      await until('munged', () => existsSync(socket), 30);
      chmodSync(socket, 0o777);
      node.#run('slurmctld', ['-D', '-i', '-f', conf]);
      node.#run('slurmd', ['-D', '-N', NODE, '-f', conf]);
      await until(
        'an idle node',
        async () => (await node.call('sinfo', '-h', '-o', '%t')).stdout.trim() === 'idle',
        60,
      );
      return node;
    } catch (error) {
      const logs = ['slurmctld.log', 'slurmd.log', join('munge', 'log')]
        .map((name) => at(name))
        .filter(existsSync);
      const told = logs.map((log) => `${log}:\n${readFileSync(log, 'utf8').slice(-3000)}`);
      await node.stop();
      const said = await Promise.all(node.#daemons.map(async ({ done }) => (await done).stderr.slice(-2000)));
      throw new Error(`${(error as Error).message}\n${[...told, ...said].join('\n')}`, { cause: error });
    }
  }

  #run(program: string, args: string[]): void {
    this.#daemons.push(start(pathOf(program), args, this.environment, this.folder));
  }

  /** Runs one of Slurm's commands. */
  call(program: string, ...args: string[]): Promise<Finished> {
    return start(program, args, this.environment, this.folder).done;
  }

  /** Runs one of Slurm's commands and gives its output. @throws Error when it fails. */
  async must(program: string, ...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.call(program, ...args);
    if (code !== 0)
      throw new Error(`${program} ${args.join(' ')}: expected exit code 0, got ${code}: ${stderr}`);
    return stdout.trim();
  }

  /** The states of an array's tasks that Slurm still has to do with, by task. */
  async waiting(job: string): Promise<Map<string, string>> {
    const { stdout } = await this.call('squeue', '-h', '-r', '-j', job, '-o', '%K %T %r');
    return new Map(
      stdout
        .trim()
        .split('\n')
        .filter(Boolean)
        .map((line) => [line.split(' ')[0], line.slice(line.indexOf(' ') + 1)]),
    );
  }

  async stop(): Promise<void> {
    await this.call('scancel', '--user', userInfo().username);
    await until('the end of all jobs', async () => (await this.call('squeue', '-h')).stdout === '', 60).catch(
      () => {},
    );
    for (const { child } of this.#daemons.reverse()) child.kill();
    await Promise.all(this.#daemons.map(({ done }) => done));
  }
}

const NODE = 'one';

/** None, as jobs are not held in control groups here; before 23.11 one had to be named all the same. */
async function groupPlugin(): Promise<string> {
  const { stdout } = await start('slurmctld', ['-V']).done;
  const [, year, month] = /(\d+)\.(\d+)\./.exec(stdout) ?? [];
  return Number(year) * 100 + Number(month) >= 2311 ? 'disabled' : 'cgroup/v1';
}

async function configuration(folder: string, socket: string): Promise<string> {
  const user = userInfo().username;
  const [control, daemon] = [await freePort(), await freePort()];
  return `${[
    'ClusterName=lab',
    `SlurmctldHost=${hostname()}(127.0.0.1)`,
    `SlurmUser=${user}`,
    `SlurmdUser=${user}`,
    `SlurmctldPort=${control}`,
    `SlurmdPort=${daemon}`,
    // How long a job that is given back has to wait is the lifetime of its credentials.
    `AuthInfo=socket=${socket},cred_expire=5`,
    'AuthType=auth/munge',
    'CredType=cred/munge',
    `StateSaveLocation=${join(folder, 'state')}`,
    `SlurmdSpoolDir=${join(folder, 'spool')}`,
    `SlurmctldPidFile=${join(folder, 'slurmctld.pid')}`,
    `SlurmdPidFile=${join(folder, 'slurmd.pid')}`,
    `SlurmctldLogFile=${join(folder, 'slurmctld.log')}`,
    `SlurmdLogFile=${join(folder, 'slurmd.log')}`,
    'ProctrackType=proctrack/linuxproc',
    'TaskPlugin=task/none',
    'JobAcctGatherType=jobacct_gather/none',
    'AccountingStorageType=accounting_storage/none',
    'MpiDefault=none',
    'SelectType=select/cons_tres',
    'SelectTypeParameters=CR_CPU',
    'SchedulerParameters=batch_sched_delay=0,sched_min_interval=0,sched_interval=2,bf_interval=2',
    'SlurmdParameters=config_overrides',
    'ReturnToService=2',
    'KillWait=30',
    'MinJobAge=300',
    `NodeName=${NODE} NodeHostname=${hostname()} NodeAddr=127.0.0.1 Port=${daemon} CPUs=${PROCESSORS} State=UNKNOWN`,
    `PartitionName=all Nodes=${NODE} Default=YES MaxTime=INFINITE State=UP`,
  ].join('\n')}\n`;
}
