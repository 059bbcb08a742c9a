/**
 * From an argument list to a command, and from what comes of it to an exit code: 0 done, 1 failed, 2 wrong
 * arguments or manifest, 130 interrupted. Knows no command in particular; `main.ts` has the list.
 */
import { ManifestError } from '../../run/manifest';
import {
  type Arguments,
  asksForHelp,
  type CommandSpec,
  columns,
  helpText,
  readArguments,
  UsageError,
} from './arguments';
import type { Console } from './console';
import { describeThrown } from './failure';

export interface Command {
  spec: CommandSpec;
  /** Does it, and returns the exit code. Errors may be thrown; `dispatch` reports them. */
  run(args: Arguments, console: Console): Promise<number>;
}

export const DONE = 0;
export const FAILED = 1;
export const WRONG_USAGE = 2;
/** Not finished, and nothing wrong: given again, the command goes on. What sysexits.h calls EX_TEMPFAIL. */
export const UNFINISHED = 75;

/** Runs the command that `argv` (without node and the script) names, and returns the exit code. */
export async function dispatch(
  commands: readonly Command[],
  argv: readonly string[],
  console: Console,
): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined) {
    console.err(overview(commands));
    return WRONG_USAGE;
  }
  if (name === 'help' || name === '--help' || name === '-h') {
    console.out(overview(commands));
    return DONE;
  }
  const command = commands.find(({ spec }) => spec.name === name);
  if (!command) {
    const names = commands.map(({ spec }) => spec.name).join(', ');
    console.err(`lab: expected a command (${names}), got "${name}"\nSee lab --help.\n`);
    return WRONG_USAGE;
  }
  if (asksForHelp(rest)) {
    console.out(helpText(command.spec));
    return DONE;
  }
  try {
    return await command.run(readArguments(command.spec, rest), console);
  } catch (error) {
    return report(name, error, console);
  }
}

/** Says what went wrong, and which exit code that is. */
function report(name: string, error: unknown, console: Console): number {
  if (error instanceof UsageError || error instanceof ManifestError) {
    const lines =
      error instanceof UsageError
        ? error.issues
        : error.issues.map(({ key, message }) => `manifest: ${key}: ${message}`);
    for (const line of lines) console.err(`lab ${name}: ${line}\n`);
    console.err(`See lab ${name} --help.\n`);
    return WRONG_USAGE;
  }
  // These are mistakes of ours rather than the user's: whoever reports them needs the place.
  const ours = error instanceof TypeError || error instanceof ReferenceError || error instanceof RangeError;
  const text = ours ? (error.stack ?? error.message) : describeThrown(error);
  console.err(`lab ${name}: ${text}\n`);
  return FAILED;
}

function overview(commands: readonly Command[]): string {
  const list = columns(commands.map(({ spec }) => ({ name: spec.name, help: spec.summary })));
  return `Trains a small policy with GRPO on WebGPU.\n\nUsage: lab COMMAND [options]\n\n${list}\nlab COMMAND --help explains each. Exit codes: 0 done, 1 failed, 2 wrong arguments or manifest,\n75 not finished yet (sweep, merge), 130 interrupted.\n`;
}
