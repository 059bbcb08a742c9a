/**
 * Reads the folder of a kept run without changing it: its stream, and the newest state it can go on from. Takes the
 * folders of the page and those of the command line alike, since they are the same. Used by the library.
 */
import type { CheckpointFiles } from '../../run/checkpoint';
import { EventReader, EventStreamError } from '../../run/jsonl';
import { type Manifest, parseManifest } from '../../run/manifest';
import { StorageError } from '../errors';
import {
  type About,
  addToFigures,
  type Figures,
  type KeptCheckpoint,
  NO_FIGURES,
  type RunEntry,
  readAbout,
  readManifestFile,
} from './entry';
import { listPoints, pointPath, readPoint } from './points';
import { ABOUT_FILE, CHECKPOINTS, EVENTS_FILE, MANIFEST_FILE, RESUME, type RunFiles } from './run-files';
import { StreamMap, suitesOf } from './stream-map';

/** Longest line of a stream that is read: a step of the largest groups is a hundredth of it. */
const LONGEST_LINE = 64 * 1024 * 1024;

export interface StreamFound {
  map: StreamMap;
  figures: Figures;
  /** Of whole lines. */
  bytes: number;
  /** When its first stretch began, from the stream. */
  started: string | null;
}

/**
 * Reads the stream's first `limit` bytes. A last line that was cut short is passed over.
 * @throws StorageError naming the line that is wrong.
 */
export async function readStream(files: RunFiles, limit = Number.POSITIVE_INFINITY): Promise<StreamFound> {
  const reader = new EventReader();
  const found: StreamFound = { map: new StreamMap(), figures: NO_FIGURES, bytes: 0, started: null };
  let read = 0;
  try {
    for await (const piece of files.pieces(EVENTS_FILE)) {
      const part = piece.subarray(0, Math.max(0, Math.min(piece.length, limit - read)));
      read += part.length;
      for (const { event, end_byte } of reader.push(part)) {
        found.map.add(event, end_byte);
        found.figures = addToFigures(found.figures, event);
        found.bytes = end_byte;
        if (event.type === 'run_started') found.started ??= event.started_at;
      }
      if (read - found.bytes > LONGEST_LINE)
        throw new StorageError(
          `${EVENTS_FILE}: expected lines of at most ${LONGEST_LINE} bytes, got a longer one`,
        );
      if (read >= limit) break;
    }
  } catch (error) {
    if (error instanceof EventStreamError)
      throw new StorageError(`${EVENTS_FILE}: ${error.message}`, { cause: error });
    throw error;
  }
  return found;
}

/** @throws StorageError when there is none, ManifestError when it is not one of this lab's. */
export async function readRunManifest(files: RunFiles): Promise<Manifest> {
  const value = readManifestFile(await files.read(MANIFEST_FILE));
  if (value === null)
    throw new StorageError(
      `${MANIFEST_FILE}: expected a manifest in JSON, got none; this folder holds no run`,
    );
  return parseManifest(value);
}

/** Where a run can go on. Step 0 needs no files. */
export interface ResumeFrom {
  step: number;
  files: CheckpointFiles | null;
  /** Bytes of the stream that belong to it. */
  bytes: number;
  evaluated: boolean;
  /** The checkpoint of this step is in the stream and whole; else one that is due is still to be made. */
  named: boolean;
}

/** The newest whole state that the stream reaches; step 0 when there is none. */
export async function findResume(
  files: RunFiles,
  manifest: Manifest,
  map: StreamMap,
): Promise<ResumeFrom & { notes: string[] }> {
  const notes: string[] = [];
  const places = [];
  for (const folder of [RESUME, CHECKPOINTS])
    for (const step of await listPoints(files, folder)) places.push({ folder, step });
  places.sort((a, b) => b.step - a.step);
  for (const { folder, step } of places) {
    const covered = map.covered(step, suitesOf(manifest));
    const path = pointPath(folder, step);
    if (step === 0 || !covered) {
      if (step > 0) notes.push(`${path}: not used, the stream ends before it`);
      continue;
    }
    const point = await readPoint(files, path);
    if ('files' in point) {
      const { evaluated, with_checkpoint: end } = covered;
      const named = end !== null && 'files' in (await readPoint(files, pointPath(CHECKPOINTS, step)));
      return { step, files: point.files, bytes: named ? end : covered.bytes, evaluated, named, notes };
    }
    notes.push(`${path}: not used, ${point.problem}`);
  }
  return { step: 0, files: null, bytes: 0, evaluated: false, named: false, notes };
}

/** The checkpoints in a folder that are whole and that the stream reaches, oldest first. */
export async function findCheckpoints(
  files: RunFiles,
  manifest: Manifest,
  map: StreamMap,
  about: About,
): Promise<KeptCheckpoint[]> {
  const found: KeptCheckpoint[] = [];
  for (const step of (await listPoints(files, CHECKPOINTS)).reverse()) {
    const covered = map.covered(step, suitesOf(manifest));
    const point = covered && (await readPoint(files, pointPath(CHECKPOINTS, step)));
    if (!point || !('files' in point)) continue;
    found.push({
      step,
      bytes: point.files.reduce((sum, file) => sum + file.bytes.length, 0),
      evaluated: covered.evaluated,
      pinned: about.pinned_checkpoints.includes(step),
    });
  }
  return found;
}

/** What the index should say of a folder, worked out from the folder alone. @throws as its parts. */
export async function examine(id: string, files: RunFiles): Promise<RunEntry> {
  const manifest = await readRunManifest(files);
  const about = readAbout(await files.read(ABOUT_FILE));
  const { map, figures, bytes, started } = await readStream(files);
  const checkpoints = await findCheckpoints(files, manifest, map, about);
  const created = started && about.created.startsWith('1970') ? started : about.created;
  return {
    id,
    name: about.name,
    manifest,
    parent: about.parent,
    created,
    updated: created,
    ...figures,
    tags: about.tags,
    notes: about.notes,
    pinned: about.pinned,
    bytes: bytes + checkpoints.reduce((sum, each) => sum + each.bytes, 0),
    checkpoints,
  };
}
