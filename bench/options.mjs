/**
 * What the benchmark is told on the command line, here (run.mjs) and on a machine without a browser (packed/run.mjs):
 * the options that both have, and what they refuse.
 */
import { checkFile } from './kept.mjs';

export const OPTIONS = /** @type {const} */ ({
  quick: { type: 'boolean', default: false },
  part: { type: 'string', multiple: true },
  json: { type: 'boolean', default: false },
  out: { type: 'string' },
  resume: { type: 'boolean', default: false },
  replace: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h' },
});

/**
 * @param {{ part?: string[], out?: string, resume: boolean, replace: boolean }} values
 * @param {readonly string[]} parts that there are
 * @throws Error that says what was expected
 */
export function checkOptions(values, parts) {
  for (const each of values.part ?? [])
    if (!parts.includes(each))
      throw new Error(`expected --part to be one of ${parts.join(', ')}, got ${each}`);
  checkFile(values);
}
