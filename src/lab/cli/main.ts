/**
 * The command line's entry: the list of commands. Started by `scripts/lab.mjs`, which sets the process's exit
 * code to what `main` returns.
 */
import { PRESETS_COMMAND } from './commands/presets';
import { type Console, processConsole } from './console';
import { type Command, dispatch } from './dispatch';

export const COMMANDS: readonly Command[] = [PRESETS_COMMAND];

/**
 * Runs the command that `argv` (what follows the script's name) asks for.
 * @returns the exit code: 0 done, 1 failed, 2 wrong arguments or manifest, 130 interrupted.
 */
export function main(argv: readonly string[], console: Console = processConsole()): Promise<number> {
  return dispatch(COMMANDS, argv, console);
}
