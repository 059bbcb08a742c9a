/**
 * Where the lab's own files are on this disk: the repository with its `public/` folder. The command line runs as a
 * bundle below node_modules, from its sources in tests, and from any working folder.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PACKAGE = 'masa-lab';

let found: string | undefined;

/** The folder whose package.json is the lab's: above this file, or else above the working folder. */
export function repositoryRoot(): string {
  found ??= above(dirname(fileURLToPath(import.meta.url))) ?? above(process.cwd());
  if (!found)
    throw new Error(
      `repository: expected a package.json named ${PACKAGE} above ${fileURLToPath(import.meta.url)} or ${process.cwd()}, got none; run the command inside the repository`,
    );
  return found;
}

function above(folder: string): string | undefined {
  if (packageOf(folder)?.name === PACKAGE) return folder;
  const parent = dirname(folder);
  return parent === folder ? undefined : above(parent);
}

function packageOf(folder: string): { name?: unknown; version?: unknown } | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { name?: unknown };
  } catch {
    return undefined; // None, or none of ours.
  }
}

/** The version of an installed package, such as `webgpu`; empty when it is not there. */
export function packageVersion(name: string): string {
  const version = packageOf(join(repositoryRoot(), 'node_modules', name))?.version;
  return typeof version === 'string' ? version : '';
}
