/**
 * Two hosts for GNU parallel on this machine: an SSH server of its own on a free port, and two names that lead to it.
 * Everything lies in one folder; nothing of the user's SSH is read or changed. Used by the tests of this folder.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { plainEnvironment, start, until } from './tiny-sweep';

/** A port of this machine that is free now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

/** Where a program is: sshd wants to be started by its whole path. */
export const pathOf = (program: string): string =>
  execFileSync('/bin/sh', ['-c', `command -v ${program}`], { encoding: 'utf8' }).trim();

export interface SshHosts {
  /** For --sshloginfile. */
  file: string;
  stop(): Promise<void>;
}

export async function startSshHosts(folder: string): Promise<SshHosts> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const at = (name: string) => join(folder, name);
  for (const key of ['host_key', 'user_key'])
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', at(key)]);
  copyFileSync(at('user_key.pub'), at('authorized_keys'));
  const port = await freePort();
  const sshd = pathOf('sshd');
  // An unpacked server has what belongs to it beside it, as an installed one has.
  const library = resolve(sshd, '..', '..', 'lib');
  const parts = ['sshd-session', 'sshd-auth'].filter((name) => existsSync(join(library, 'openssh', name)));
  writeFileSync(
    at('sshd_config'),
    [
      `Port ${port}`,
      'ListenAddress 127.0.0.1',
      `HostKey ${at('host_key')}`,
      `AuthorizedKeysFile ${at('authorized_keys')}`,
      `PidFile ${at('sshd.pid')}`,
      'StrictModes no',
      'PasswordAuthentication no',
      'PermitRootLogin yes',
      ...parts.map(
        (name) =>
          `S${name.slice(1).replace('-s', 'S').replace('-a', 'A')}Path ${join(library, 'openssh', name)}`,
      ),
      '',
    ].join('\n'),
  );
  writeFileSync(
    at('ssh_config'),
    [
      'Host alpha beta',
      '  HostName 127.0.0.1',
      `  Port ${port}`,
      `  User ${userInfo().username}`,
      `  IdentityFile ${at('user_key')}`,
      '  IdentitiesOnly yes',
      '  StrictHostKeyChecking no',
      '  UserKnownHostsFile /dev/null',
      '  LogLevel ERROR',
      '',
    ].join('\n'),
  );
  const hosts = ['alpha', 'beta'];
  writeFileSync(at('hosts'), hosts.map((host) => `ssh -F ${at('ssh_config')} ${host}\n`).join(''));
  // Where the server drops its privileges; a machine that runs one has it.
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true });
  const libraries = readdirSync(library).filter((name) => name.endsWith('-linux-gnu'));
  const environment = { LD_LIBRARY_PATH: libraries.map((name) => join(library, name)).join(':') };
  const server = start(sshd, ['-D', '-e', '-f', at('sshd_config')], plainEnvironment(environment));
  await until('an SSH server that answers', async () => {
    const { code } = await start('ssh', ['-F', at('ssh_config'), 'alpha', 'true']).done;
    return code === 0;
  }).catch(async (error: Error) => {
    server.child.kill();
    throw new Error(`${error.message}; it said:\n${(await server.done).stderr}`);
  });
  return {
    file: at('hosts'),
    async stop() {
      server.child.kill();
      await server.done;
    },
  };
}
