/** A comparison as it is left in a folder, `comparison.json` and `comparison.md`. Used by `compare` and `merge`. */
import { join } from 'node:path';
import { compareArms } from '../../rl/comparison/compare';
import type { Comparison } from '../../rl/comparison/comparison';
import type { ComparisonInput } from '../../rl/comparison/input';
import { renderMarkdown, renderText } from '../../rl/comparison/render';
import { sectionsOf } from '../../rl/comparison/tables';
import { makeFolder, writeFileWhole } from './checkpoint-folder';
import { withFile } from './file-errors';

/** Compares, writes and says it; the folder is made. @throws FileError */
export function writeComparison(
  out: string,
  input: ComparisonInput,
  say: (text: string) => void,
): Comparison {
  const comparison = compareArms(input);
  const sections = sectionsOf(comparison);
  withFile('create', out, () => makeFolder(out));
  writeFileWhole(join(out, 'comparison.json'), `${JSON.stringify(comparison)}\n`);
  writeFileWhole(join(out, 'comparison.md'), renderMarkdown('Comparison', sections));
  say(`\n${renderText(sections)}\n${join(out, 'comparison.json')}\n`);
  return comparison;
}
