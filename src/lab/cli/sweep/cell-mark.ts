/**
 * The mark of a finished cell, `cell.json` in its folder: that its run is complete, and the digests of its stream. It is
 * written last and in one move, so it is there whole or not at all. Whether a run is complete is read off its stream
 * before the mark is made; the mark saves reading it again, and shows whether the stream is still the one it was.
 *
 * `docs/formats/sweep.md` describes it. Used by `sweep` and `merge`.
 */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { RunRecord } from '../../../rl/comparison/record';
import type { Budget } from '../../../run/budget';
import { type ManifestKey, parseManifest } from '../../../run/manifest';
import { timelessLine } from '../../../run/timeless';
import { LAB_VERSION } from '../../version';
import { errorCode, FileError, withFile } from '../file-errors';
import { type Cell, FREE_SETTINGS } from './plan';
import { writeSharedFile } from './shared-files';

export const MARK_FILE = 'cell.json';
export const MARK_VERSION = 1;

const digest = z.string().regex(/^[0-9a-f]{64}$/);

const markSchema = z.strictObject({
  cell_version: z.literal(MARK_VERSION),
  sweep: z.string(),
  arm: z.string(),
  seed: z.number(),
  /** As in the sweep; null for all steps. */
  budget: z.string().nullable(),
  steps: z.int().min(1),
  /** Of events.jsonl. */
  events: z.strictObject({ bytes: z.int().min(1), sha256: digest }),
  /** Of events.jsonl without wall-clock times and interruptions: the same wherever the cell is run on such an adapter. */
  content_sha256: digest,
  adapter: z.string(),
  lab: z.string(),
  host: z.string(),
  /** By that host's clock. */
  finished_at: z.string(),
});
export type CellMark = z.output<typeof markSchema>;

/** A mark or a stream is not what it was; says which and what to do. */
export class CellDamaged extends Error {}

export interface StreamDigests {
  events: CellMark['events'];
  content_sha256: string;
}

/** @throws CellDamaged at a line that is no JSON; FileError. */
export async function digestStream(folder: string): Promise<StreamDigests> {
  const path = join(folder, 'events.jsonl');
  const whole = createHash('sha256');
  const content = createHash('sha256');
  const decoder = new TextDecoder();
  let bytes = 0;
  let rest = '';
  const take = (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const kept = timelessLine(line);
      if (kept !== null) content.update(`${kept}\n`);
    }
  };
  try {
    for await (const piece of createReadStream(path)) {
      bytes += piece.length;
      whole.update(piece);
      take(decoder.decode(piece, { stream: true }));
    }
    if (rest !== '') take('\n');
  } catch (error) {
    if (error instanceof SyntaxError)
      throw new CellDamaged(`${path}: expected a line of JSON, got something else (${error.message})`);
    const code = errorCode(error);
    if (code === null) throw error;
    throw new FileError('read', path, code, { cause: error });
  }
  return { events: { bytes, sha256: whole.digest('hex') }, content_sha256: content.digest('hex') };
}

/** Marks the cell as finished. `record` is of its stream, which is complete. */
export async function writeMark(
  cell: Cell,
  sweep: string,
  budget: string | null,
  record: RunRecord,
): Promise<CellMark> {
  const mark: CellMark = {
    cell_version: MARK_VERSION,
    sweep,
    arm: cell.arm.name,
    seed: cell.seed,
    budget,
    steps: record.steps.length,
    ...(await digestStream(cell.path)),
    adapter: record.adapter,
    lab: LAB_VERSION,
    host: hostname(),
    finished_at: new Date().toISOString(),
  };
  writeSharedFile(join(cell.path, MARK_FILE), `${JSON.stringify(mark, null, 2)}\n`);
  return mark;
}

/**
 * The mark in `folder`; null where the cell is not finished.
 * @throws CellDamaged when it cannot be read or is of a newer version.
 */
export function readMark(folder: string): CellMark | null {
  const path = join(folder, MARK_FILE);
  if (!existsSync(path)) return null;
  const text = withFile('read', path, () => readFileSync(path, 'utf8'));
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new CellDamaged(`${path}: expected JSON, got something else (${(error as Error).message})`);
  }
  const version = (value as { cell_version?: unknown } | null)?.cell_version;
  if (typeof version === 'number' && version > MARK_VERSION)
    throw new CellDamaged(
      `${path}: cell_version: expected ${MARK_VERSION} or older, got ${version}; read it with a newer version of the lab`,
    );
  const result = markSchema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new CellDamaged(
    `${path}: ${issue.path.join('.') || 'mark'}: ${issue.message}; remove the file, and the cell is looked through and marked anew`,
  );
}

/** @throws CellDamaged when the stream is not the one that was marked. */
export async function verifyMark(folder: string, mark: CellMark): Promise<void> {
  const { events } = await digestStream(folder);
  if (events.sha256 === mark.events.sha256) return;
  throw new CellDamaged(
    `${join(folder, 'events.jsonl')}: expected the ${mark.events.bytes} bytes of SHA-256 ${mark.events.sha256} that ${MARK_FILE} tells of, got ${events.bytes} of ${events.sha256}; restore the folder from a copy, or remove it to run the cell again`,
  );
}

/**
 * What the folder of a cell was made by that its sweep does not say: one line a setting. Empty for a folder without a
 * manifest.
 * @throws ManifestError when the manifest there is none.
 */
export function strangeSettings(cell: Cell, mark: CellMark | null, budget: Budget | null): string[] {
  const file = join(cell.path, 'manifest.json');
  if (!existsSync(file)) return [];
  const stored = parseManifest(JSON.parse(withFile('read', file, () => readFileSync(file, 'utf8'))));
  const remedy = 'give the settings it began with, or another --out';
  const issues = (Object.keys(stored) as ManifestKey[])
    .filter((key) => stored[key] !== cell.manifest[key] && !FREE_SETTINGS.has(key))
    .map(
      (key) =>
        `${file}: ${key}: expected ${JSON.stringify(cell.manifest[key])} as the sweep says, got ${JSON.stringify(stored[key])}; ${remedy}`,
    );
  const spent = budget && `${budget.unit}=${budget.amount}`;
  if (mark && mark.budget !== spent)
    issues.push(
      `${join(cell.path, MARK_FILE)}: budget: expected ${spent ?? 'none'} as the sweep says, got ${mark.budget ?? 'none'}; ${remedy}`,
    );
  return issues;
}
