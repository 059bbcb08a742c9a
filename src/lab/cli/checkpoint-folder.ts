/**
 * Checkpoints as folders, `step-N`, each whole or not there: the files are written to a folder of another name,
 * brought to the disk, and the folder is renamed. Reading checks every file against its digest.
 * Knows nothing of the rest of a run; used by the run directory, and by `eval` and `generate` to open a model.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import {
  CheckpointError,
  type CheckpointFiles,
  checkCheckpoint,
  PAYLOAD_FILES,
  TRAINER_FILE,
  type TrainerState,
} from '../../run/checkpoint';
import { withFile } from './file-errors';

/** A folder that is being written, or that is being replaced. Left over from a crash it is removed. */
const UNFINISHED = /^\.step-\d+\.(new|old)$/;

/** Steps of the checkpoints in `folder`, newest first; none when there is no such folder. */
export function listCheckpoints(folder: string): number[] {
  if (!existsSync(folder)) return [];
  return withFile('read', folder, () => readdirSync(folder))
    .flatMap((name) => /^step-(0|[1-9]\d*)$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => b - a);
}

/**
 * A checkpoint that is on the disk but not yet in its place. `commit` puts it there in one move; `discard`
 * takes it away again.
 */
export interface PendingCheckpoint {
  bytes: number;
  commit(): void;
  discard(): void;
}

/** Writes the files of the checkpoint of `step` beside its place in `folder`. */
export function prepareCheckpoint(folder: string, step: number, files: CheckpointFiles): PendingCheckpoint {
  const place = join(folder, `step-${step}`);
  const fresh = join(folder, `.step-${step}.new`);
  const former = join(folder, `.step-${step}.old`);
  const discard = () => rmSync(fresh, { recursive: true, force: true });
  try {
    withFile('create', fresh, () => {
      discard();
      makeFolder(fresh);
    });
    for (const { name, bytes } of files) {
      const path = join(fresh, name);
      withFile('write', path, () => writeFileSync(path, bytes, { flush: true }));
    }
    syncFolder(fresh);
  } catch (error) {
    try {
      discard();
    } catch {
      // What stood in the way of writing may stand in the way of tidying up; the first error is the one to report.
    }
    throw error;
  }
  return {
    bytes: files.reduce((sum, file) => sum + file.bytes.length, 0),
    discard,
    commit() {
      withFile('create', place, () => {
        // Renaming onto a folder that holds something is refused, so an older one of this step makes room.
        if (existsSync(place)) renameSync(place, former);
        renameSync(fresh, place);
        rmSync(former, { recursive: true, force: true });
      });
      syncFolder(folder);
    },
  };
}

/** Removes what a crash left half done. An older checkpoint that had made room goes back to its place. */
export function cleanCheckpoints(folder: string): void {
  if (!existsSync(folder)) return;
  withFile('clean', folder, () => {
    for (const name of readdirSync(folder).filter((each) => UNFINISHED.test(each))) {
      const place = join(folder, name.slice(1, name.lastIndexOf('.')));
      if (name.endsWith('.old') && !existsSync(place)) renameSync(join(folder, name), place);
      else rmSync(join(folder, name), { recursive: true, force: true });
    }
  });
}

/**
 * The files of the checkpoint in the folder `place`, all of them checked.
 * @throws CheckpointError naming everything that is wrong with it.
 */
export async function readCheckpointFolder(
  place: string,
): Promise<{ trainer: TrainerState; files: CheckpointFiles }> {
  // Only the files of a checkpoint: a note or a .DS_Store beside them is nobody's business.
  const names = [TRAINER_FILE, ...PAYLOAD_FILES].filter((name) => existsSync(join(place, name)));
  const files = names.map((name) => {
    const path = join(place, name);
    return withFile('read', path, () => ({ name, bytes: new Uint8Array(readFileSync(path)) }));
  });
  const { trainer, issues } = await checkCheckpoint(files);
  if (!trainer || issues.length > 0) throw new CheckpointError(issues);
  const named = /^step-(\d+)$/.exec(place.split(/[\\/]/).at(-1) ?? '');
  if (named && Number(named[1]) !== trainer.step)
    throw new CheckpointError([
      {
        file: TRAINER_FILE,
        message: `step: expected ${named[1]}, as the folder is named, got ${trainer.step}`,
      },
    ]);
  return { trainer, files };
}

/** Brings a folder's list of names to the disk, where the system has that (not on Windows). */
function syncFolder(path: string): void {
  if (process.platform === 'win32') return;
  withFile('write', path, () => {
    const folder = openSync(path, 'r');
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
  });
}

/**
 * Creates a folder with those above it, one by one: Node's `recursive` reports "no such file" where the file
 * system is read-only, and never returns below /proc. Returns those it made, the innermost last.
 */
export function makeFolder(path: string): string[] {
  if (existsSync(path)) return [];
  const above = makeFolder(dirname(path));
  mkdirSync(path);
  return [...above, path];
}

/** Writes a file whole: beside its place first, then renamed onto it. */
export function writeFileWhole(path: string, contents: string | Uint8Array): void {
  withFile('write', path, () => {
    const fresh = `${path}.new`;
    writeFileSync(fresh, contents, { flush: true });
    renameSync(fresh, path);
    syncFolder(dirname(path));
  });
}
