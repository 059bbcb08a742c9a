/**
 * Checks src/ against the rules of lib/import-rules.mjs and prints each offence as `file:line: rule`. Part of
 * `npm test`; exit code 1 when there is an offence. Argument: another project's folder (for its own test).
 */
import './lib/node-version.mjs';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ROOT } from './lib/host.mjs';
import { judgeFile } from './lib/import-rules.mjs';

const root = resolve(process.argv[2] ?? ROOT);
const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((file) => /\.tsx?$/.test(file))
  .map((file) => `src/${file.replaceAll('\\', '/')}`)
  .sort();
if (files.length === 0) {
  console.error(`check-imports: expected TypeScript files in ${join(root, 'src')}, got none.`);
  process.exit(1);
}

const offences = files.flatMap((file) => judgeFile(file, readFileSync(join(root, file), 'utf8')));
for (const { file, line, message } of offences) console.log(`${file}:${line}: ${message}`);
console.log(`check-imports: ${files.length} files, ${offences.length} offences`);
process.exitCode = offences.length === 0 ? 0 : 1;
