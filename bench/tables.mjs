/**
 * Writes the measured tables of docs/benchmark.md and README.md from bench/results, so that no number is typed. A place
 * for a table is between two comments, `<!-- bench NAME -->` and `<!-- end of bench -->`: NAME is a file of results
 * without its ending, or `headline` for one row of ratios a file. Used by run.mjs.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { headlines, table } from './table.mjs';

const PLACE = /(<!-- bench ([\w-]+) -->\n)[\s\S]*?(<!-- end of bench -->)/g;
/** Files of results, with what they were measured on, in the order of the README. */
export const RESULTS = [
  ['lavapipe', 'Node, lavapipe'],
  ['swiftshader', 'Chromium, SwiftShader'],
  ['lavapipe-full', 'Node, lavapipe, all sizes'],
  ['swiftshader-full', 'Chromium, SwiftShader, all sizes'],
  ['gpu', 'Node, a graphics card'],
];

/**
 * The text with its places filled in.
 * @param {string} text
 * @param {Map<string, any>} reports by name
 */
export function fillIn(text, reports) {
  return text.replace(PLACE, (_all, begin, name, end) => {
    const report = reports.get(name);
    const named = RESULTS.flatMap(([each, words]) => (reports.has(each) ? [[words, reports.get(each)]] : []));
    // Results of a report that has changed since are removed rather than shown.
    const isThere = name === 'headline' ? named.length > 0 : report !== undefined;
    const tables = () => (name === 'headline' ? headlines(/** @type {any} */ (named)) : table(report));
    return `${begin}\n${isThere ? tables() : 'Not measured by this version yet.'}\n\n${end}`;
  });
}

/**
 * @param {string} root
 * @returns {string[]} the files that were written
 */
export function writeTables(root) {
  const reports = new Map(
    RESULTS.flatMap(([name]) => {
      const path = join(root, 'bench', 'results', `${name}.json`);
      return existsSync(path) ? [[name, JSON.parse(readFileSync(path, 'utf8'))]] : [];
    }),
  );
  const files = ['docs/benchmark.md', 'README.md'];
  const before = files.map((file) => readFileSync(join(root, file), 'utf8'));
  for (const [i, file] of files.entries()) writeFileSync(join(root, file), fillIn(before[i], reports));
  // Columns of equal width, as every table of the project has them.
  const formatter = join(root, 'node_modules', '@biomejs', 'biome', 'bin', 'biome');
  execFileSync(process.execPath, [formatter, 'format', '--write', ...files], { cwd: root, stdio: 'pipe' });
  return files.filter((file, i) => readFileSync(join(root, file), 'utf8') !== before[i]);
}
