/** The folders that `lab export` writes: refused while they hold something, written file by file. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ExportFile } from '../../export/files';
import { makeFolder, writeFileWhole } from './checkpoint-folder';
import { withFile } from './file-errors';

/** What keeps an export out of `path`; null when nothing does. */
export function obstacle(path: string, force: boolean): string | null {
  if (!existsSync(path)) return null;
  return withFile('read', path, () => {
    if (!statSync(path).isDirectory()) return `expected a folder, got the file ${path}; choose another`;
    if (force || readdirSync(path).length === 0) return null;
    return `expected an empty folder or none, got ${path}, which holds files; add --force to write over those of the same names, or choose another`;
  });
}

/** Writes the files below `path`, each whole. @param wrote is told of each file that is there. */
export function writeExport(
  path: string,
  files: readonly ExportFile[],
  wrote: (path: string, bytes: number) => void,
): void {
  for (const { name, bytes } of files) {
    const place = join(path, ...name.split('/'));
    withFile('create', dirname(place), () => makeFolder(dirname(place)));
    writeFileWhole(place, bytes);
    wrote(place, bytes.length);
  }
}
