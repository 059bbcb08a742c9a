/**
 * A run as one file: a ZIP archive that unpacks to a run directory of the command line, and back. Archives come from
 * strangers, so only the names of a run directory are taken, and sizes are limited before and while unpacking.
 * Format: docs/formats/run.md. Used by the worker.
 */
import { Zip, ZipDeflate, ZipPassThrough } from 'fflate';
import type { RunEntry } from './entry';
import { pointPath } from './points';
import { ABOUT_FILE, CHECKPOINTS, EVENTS_FILE, MANIFEST_FILE, type RunFiles } from './run-files';
import { readDirectory, unpack, type ZipEntry, ZipError } from './zip-reader';

/** Files of at most this many bytes: those that are read as a whole and hold settings, not data. */
const SMALL_FILE = 1024 * 1024;
/** What a checkpoint says of itself. */
const STATE_FILE = 16 * 1024 * 1024;
const SMALL: ReadonlySet<string> = new Set([MANIFEST_FILE, ABOUT_FILE]);
/** How much more an archive may hold than it is. Event streams pack to about a tenth. */
const MOST_TIMES = 100;
/** What it may hold in any case. */
const ALWAYS_FINE = 64 * 1024 * 1024;

/** A name for the archive and the folder in it: the run's, as file systems take it. */
export function archiveName({ name, manifest, id }: RunEntry): string {
  const plain = name
    .trim()
    .replace(/[^\w.-]+/g, '-')
    .replace(/^[-.]+|[-.]+$/g, '')
    .slice(0, 60);
  return plain || `masa-lab-seed-${manifest.seed}-${id.slice(0, 8)}`;
}

/** The run's folder as an archive; the state after the newest step stays behind, as the command line has none. */
export async function exportArchive(files: RunFiles, entry: RunEntry): Promise<Blob> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let failure: Error | null = null;
  const zip = new Zip((error, bytes) => {
    if (error) failure = error;
    else parts.push(bytes.slice());
  });
  const folder = archiveName(entry);
  const add = async (path: string) => {
    // Weights do not get smaller.
    const deflate = !path.endsWith('.safetensors');
    const file = deflate
      ? new ZipDeflate(`${folder}/${path}`, { level: 6 })
      : new ZipPassThrough(`${folder}/${path}`);
    file.mtime = new Date(entry.created);
    zip.add(file);
    for await (const piece of files.pieces(path)) file.push(piece);
    file.push(new Uint8Array(), true);
    if (failure) throw failure;
  };
  for (const path of [MANIFEST_FILE, ABOUT_FILE, EVENTS_FILE])
    if ((await files.size(path)) !== null) await add(path);
  for (const { step } of entry.checkpoints) {
    const place = pointPath(CHECKPOINTS, step);
    for (const name of (await files.list(place)).sort()) await add(`${place}/${name}`);
  }
  zip.end();
  return new Blob(parts, { type: 'application/zip' });
}

/** The part of a name that a run directory may have; null for any other file, which is left where it is. */
function placeOf(path: string): string | null {
  if (path === MANIFEST_FILE || path === ABOUT_FILE || path === EVENTS_FILE) return path;
  return /^checkpoints\/step-(0|[1-9]\d{0,8})\/[\w-]+\.(json|safetensors)$/.test(path) ? path : null;
}

/**
 * Unpacks the run in `archive` into `files`, the manifest last. What the files say is checked by whoever opens the run.
 * @throws ZipError when it is no archive, holds no run or more than one, or would unpack to more than is reasonable.
 */
export async function importArchive(archive: Blob, files: RunFiles): Promise<void> {
  const entries = await readDirectory(archive);
  const manifests = entries.filter(
    ({ name }) => name === MANIFEST_FILE || name.endsWith(`/${MANIFEST_FILE}`),
  );
  if (manifests.length !== 1)
    throw new ZipError(
      `expected one run, with its ${MANIFEST_FILE}, got ${manifests.length === 0 ? 'none' : manifests.length}`,
    );
  const root = manifests[0].name.slice(0, -MANIFEST_FILE.length);
  const taken = new Map<string, ZipEntry>();
  for (const entry of entries) {
    const place = entry.name.startsWith(root) ? placeOf(entry.name.slice(root.length)) : null;
    if (place === null) continue;
    if (taken.has(place)) throw new ZipError(`${entry.name}: expected once, got it twice`);
    if (SMALL.has(place) && entry.size > SMALL_FILE)
      throw new ZipError(`${entry.name}: expected at most ${SMALL_FILE} bytes, got ${entry.size}`);
    if (place.startsWith(`${CHECKPOINTS}/`) && place.endsWith('.json') && entry.size > STATE_FILE)
      throw new ZipError(`${entry.name}: expected at most ${STATE_FILE} bytes, got ${entry.size}`);
    taken.set(place, entry);
  }
  // Weights hardly pack; and unlike events they are read a file at a time, so that they must not be larger than they seem.
  const weights = [...taken].filter(([place]) => place.endsWith('.safetensors'));
  const weight = weights.reduce((sum, [, { size }]) => sum + size, 0);
  if (weight > 2 * archive.size + SMALL_FILE)
    throw new ZipError(
      `expected weights that unpack to at most twice the archive's ${archive.size} bytes, got ${weight}`,
    );
  const total = [...taken.values()].reduce((sum, { size }) => sum + size, 0);
  const most = Math.max(ALWAYS_FINE, MOST_TIMES * archive.size);
  if (total > most)
    throw new ZipError(`expected at most ${most} bytes in an archive of ${archive.size}, got ${total}`);
  const manifest = taken.get(MANIFEST_FILE)!;
  taken.delete(MANIFEST_FILE);
  for (const [place, entry] of taken) await write(archive, entry, files, place);
  await write(archive, manifest, files, MANIFEST_FILE);
}

async function write(archive: Blob, entry: ZipEntry, files: RunFiles, place: string): Promise<void> {
  const file = await files.open(place);
  try {
    for await (const piece of unpack(archive, entry)) file.append(piece);
    file.flush();
  } finally {
    file.close();
  }
}
