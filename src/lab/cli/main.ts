/**
 * The command line's entry: the list of commands. Started by `scripts/lab.mjs`, which sets the process's exit
 * code to what `main` returns.
 */
import { CHECK_COMMAND } from './commands/check';
import { EMIT_COMMAND } from './commands/emit';
import { EVAL_COMMAND } from './commands/eval';
import { EXPORT_COMMAND } from './commands/export';
import { GENERATE_COMMAND } from './commands/generate';
import { INFO_COMMAND } from './commands/info';
import { PRESETS_COMMAND } from './commands/presets';
import { REPORT_COMMAND } from './commands/report';
import { COMPARE_COMMAND } from './commands/run-comparison';
import { MERGE_COMMAND } from './commands/run-merge';
import { PRETRAIN_COMMAND } from './commands/run-pretraining';
import { SWEEP_COMMAND } from './commands/run-sweep';
import { TRAIN_COMMAND } from './commands/run-training';
import { type Console, processConsole } from './console';
import { type Command, dispatch } from './dispatch';

export const COMMANDS: readonly Command[] = [
  TRAIN_COMMAND,
  COMPARE_COMMAND,
  SWEEP_COMMAND,
  EMIT_COMMAND,
  MERGE_COMMAND,
  PRETRAIN_COMMAND,
  EVAL_COMMAND,
  GENERATE_COMMAND,
  EXPORT_COMMAND,
  REPORT_COMMAND,
  CHECK_COMMAND,
  PRESETS_COMMAND,
  INFO_COMMAND,
];

/**
 * Runs the command that `argv` (what follows the script's name) asks for.
 * @returns the exit code: 0 done, 1 failed, 2 wrong arguments or manifest, 75 not finished yet, 130
 * interrupted.
 */
export function main(argv: readonly string[], console: Console = processConsole()): Promise<number> {
  return dispatch(COMMANDS, argv, console);
}
