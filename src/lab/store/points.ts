/**
 * Points a run can go on from, as folders `step-N` of a checkpoint's files. A point is there once its trainer.json
 * is whole: that file vouches for the others by their sums, so it is written last and removed first.
 * The files themselves are the checkpoint's business (`run/checkpoint.ts`). Used by kept runs.
 */
import { type CheckpointFiles, checkCheckpoint, TRAINER_FILE, type TrainerState } from '../../run/checkpoint';
import type { RunFiles } from './run-files';

export const pointPath = (folder: string, step: number): string => `${folder}/step-${step}`;

export const bytesOf = (files: CheckpointFiles): number =>
  files.reduce((sum, file) => sum + file.bytes.length, 0);

/** Steps of the points in `folder`, whole or not, newest first. */
export async function listPoints(files: RunFiles, folder: string): Promise<number[]> {
  return (await files.list(folder))
    .flatMap((name) => /^step-(0|[1-9]\d*)$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => b - a);
}

/**
 * Writes everything but the file that makes it a point, and hands over what does. Whatever stood there before is no
 * point any more. @throws NoRoomError, with nothing left of the attempt.
 */
export async function preparePoint(
  files: RunFiles,
  path: string,
  checkpoint: CheckpointFiles,
): Promise<() => Promise<void>> {
  const write = async (part: CheckpointFiles) => {
    try {
      for (const { name, bytes } of part) await files.write(`${path}/${name}`, bytes);
    } catch (error) {
      await removePoint(files, path).catch(() => {});
      throw error;
    }
  };
  await files.remove(`${path}/${TRAINER_FILE}`);
  await write(checkpoint.filter((file) => file.name !== TRAINER_FILE));
  return () => write(checkpoint.filter((file) => file.name === TRAINER_FILE));
}

export async function removePoint(files: RunFiles, path: string): Promise<void> {
  await files.remove(`${path}/${TRAINER_FILE}`);
  await files.remove(path);
}

/** The point at `path`, or what is wrong with it. */
export async function readPoint(
  files: RunFiles,
  path: string,
): Promise<{ files: CheckpointFiles; trainer: TrainerState } | { problem: string }> {
  const found: CheckpointFiles = [];
  for (const name of (await files.list(path)).sort()) {
    const bytes = await files.read(`${path}/${name}`);
    if (bytes) found.push({ name, bytes });
  }
  const { trainer, issues } = await checkCheckpoint(found);
  if (!trainer || issues.length > 0)
    return { problem: issues.map((issue) => `${issue.file}: ${issue.message}`).join('; ') };
  const named = Number(path.slice(path.lastIndexOf('-') + 1));
  if (named !== trainer.step)
    return {
      problem: `${TRAINER_FILE}: step: expected ${named}, as the folder is named, got ${trainer.step}`,
    };
  return { files: found, trainer };
}
