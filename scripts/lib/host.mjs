/**
 * What the scripts need of the machine they run on: the project's folders, messages, child processes, and a
 * lock so that two commands started at once do not set up the same thing twice. No packages, no project code.
 */
import { spawn } from 'node:child_process';
import { accessSync, constants, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { constants as osConstants } from 'node:os';
import { delimiter, join, resolve } from 'node:path';

/** The folder of package.json. */
export const ROOT = resolve(import.meta.dirname, '..', '..');
/** What set-up leaves behind. Git ignores it; deleting it only makes the next set-up slower. */
export const CACHE = join(ROOT, '.cache');

export const isRoot = process.getuid?.() === 0;

/**
 * Says what a step does. Always on stderr: `lab` keeps stdout for its own output.
 * @param {string} message
 */
export function say(message) {
  process.stderr.write(`${message}\n`);
}

/** A set-up step that could not be done; `commands` is what the user can type to do it by hand. */
export class SetupError extends Error {
  /**
   * @param {string} message
   * @param {string[]} [commands]
   */
  constructor(message, commands = []) {
    super(message);
    this.name = 'SetupError';
    this.commands = commands;
  }

  /** The message with the commands to type below it. */
  describe() {
    if (this.commands.length === 0) return this.message;
    return [this.message, 'To do it by hand:', ...this.commands.map((command) => `    ${command}`)].join(
      '\n',
    );
  }
}

/**
 * @typedef {object} RunResult
 * @property {number} code exit code; 128 + N after signal N, 127 when the program could not be started
 * @property {string} stdout what was captured; empty for `output: 'show'`
 * @property {string} stderr
 */

/**
 * Runs a program to its end. Never rejects: a program that cannot be started is exit code 127.
 * @param {string} program
 * @param {string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, output?: 'show' | 'stderr' | 'capture', timeout?: number }} [options]
 *   `show` passes both streams through, `stderr` sends both to our stderr, `capture` (default) returns them;
 *   `timeout` in milliseconds
 * @returns {Promise<RunResult>}
 */
export function run(program, args, { cwd = ROOT, env = process.env, output = 'capture', timeout } = {}) {
  return new Promise((done) => {
    /** @type {import('node:child_process').StdioOptions} */
    const stdio =
      output === 'show' ? 'inherit' : output === 'stderr' ? ['inherit', 2, 2] : ['ignore', 'pipe', 'pipe'];
    // npm and npx are .cmd files on Windows, which only a shell starts.
    const shell = process.platform === 'win32' && /^(npm|npx)$/.test(program);
    const child = spawn(program, args, { cwd, env, stdio, timeout, shell });
    let stdout = '';
    let stderr = '';
    child.stdout?.setEncoding('utf8').on('data', (text) => {
      stdout += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text) => {
      stderr += text;
    });
    child.on('error', (error) => done({ code: 127, stdout, stderr: stderr + String(error) }));
    child.on('close', (code, signal) => {
      done({ code: code ?? 128 + (signal ? osConstants.signals[signal] : 0), stdout, stderr });
    });
  });
}

/**
 * The path of a program, searched as a shell would.
 * @param {string} name
 * @returns {string | undefined}
 */
export function which(name) {
  const endings = process.platform === 'win32' ? ['.exe', '.cmd'] : [''];
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    for (const ending of endings) {
      const path = join(folder, name + ending);
      try {
        accessSync(path, constants.X_OK);
        return path;
      } catch {
        // Not here: look in the next folder.
      }
    }
  }
  return undefined;
}

/**
 * @param {string} path
 * @returns {any} the parsed file, or undefined when there is none or it is not JSON
 */
export function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

/**
 * @param {number} pid
 * @returns {boolean}
 */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM';
  }
}

/**
 * Does `work` while no other process of this checkout does work of the same name. A lock whose owner is gone
 * is taken over.
 * @template T
 * @param {string} name
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withLock(name, work) {
  const path = join(CACHE, `${name}.lock`);
  mkdirSync(CACHE, { recursive: true });
  for (let waited = 0; ; waited++) {
    try {
      writeFileSync(path, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error;
    }
    let owner = '';
    try {
      owner = readFileSync(path, 'utf8');
    } catch {
      continue; // Released between the two calls: try again at once.
    }
    // An empty file is an owner between creating it and writing its number; after a second it is a dead one.
    if (owner === '' ? waited > 4 : !isAlive(Number(owner))) rmSync(path, { force: true });
    else {
      if (waited === 4) say(`Waiting for process ${owner}, which is setting up ${name} ...`);
      await new Promise((wake) => setTimeout(wake, 250));
    }
  }
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}
