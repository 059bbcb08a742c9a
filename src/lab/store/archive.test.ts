import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { strToU8, unzipSync, zipSync } from 'fflate';
import { describe, expect, test } from 'vitest';
import { EXAMPLE_EVENTS } from '../../run/example-events';
import { DEFAULT_MANIFEST } from '../../run/manifest';
import { findRun, RunDirectory } from '../cli/run-directory';
import { exampleCheckpoint, temporaryFolder } from '../cli/testing';
import { exportArchive, importArchive } from './archive';
import { MemoryDisk } from './testing';
import { readDirectory, unpack, ZipError } from './zip-reader';

const blobOf = (bytes: Uint8Array) => new Blob([bytes as Uint8Array<ArrayBuffer>]);
const zipped = (files: Record<string, string | Uint8Array>) =>
  blobOf(
    zipSync(
      Object.fromEntries(
        Object.entries(files).map(([name, text]) => [name, typeof text === 'string' ? strToU8(text) : text]),
      ),
    ),
  );
const started = EXAMPLE_EVENTS.find((event) => event.type === 'run_started')!;

/** A kept run of two steps with a checkpoint, as the page writes it. */
async function keptRun(disk: MemoryDisk) {
  const library = disk.openLibrary();
  const run = await library.create({ ...DEFAULT_MANIFEST, name: 'a run: first/second' });
  run.event({ ...started, manifest: run.entry.manifest });
  for (const step of [0, 1])
    run.event({ type: 'step_metrics', v: 1, step, metrics: { reward: 0.5 }, phases_ms: {}, step_ms: 1 });
  await run.keepStep(2, await exampleCheckpoint(2));
  await run.keepCheckpoint(2, await exampleCheckpoint(2));
  await library.close(run);
  await library.change(run.id, (entry) => ({ ...entry, tags: ['kept'], notes: 'of a test' }));
  const [entry] = await library.list();
  return { library, entry, archive: await exportArchive(library.filesOf(run.id), entry) };
}

describe('an archive', () => {
  test('unpacks to a run directory that the command line goes on from', async () => {
    const { archive } = await keptRun(new MemoryDisk());
    const folder = temporaryFolder();
    for (const [name, bytes] of Object.entries(unzipSync(new Uint8Array(await archive.arrayBuffer())))) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), bytes);
    }
    const path = join(folder, 'a-run-first-second');
    const found = await findRun(path);
    expect(found).toMatchObject({ manifest: { name: 'a run: first/second' }, notes: [] });
    expect(found.checkpoint).toMatchObject({ step: 2, files: await exampleCheckpoint(2) });
    RunDirectory.resume(path, found, DEFAULT_MANIFEST).close();
  });

  test('is what Python takes for a sound ZIP file', async () => {
    const { archive } = await keptRun(new MemoryDisk());
    const path = join(temporaryFolder(), 'run.zip');
    writeFileSync(path, new Uint8Array(await archive.arrayBuffer()));
    expect(execFileSync('python3', ['-m', 'zipfile', '-t', path]).toString()).toContain('Done testing');
  });

  test('comes back as the run it was, beside the first', async () => {
    const disk = new MemoryDisk();
    const { library, entry, archive } = await keptRun(disk);
    const again = await library.takeIn((files) => importArchive(archive, files));
    expect(again).toMatchObject({
      ...entry,
      id: again.id,
      updated: again.updated,
      bytes: expect.any(Number),
    });
    expect(again.id).not.toBe(entry.id);
    expect(again).toMatchObject({ tags: ['kept'], notes: 'of a test', steps: 2 });
    const { run, from } = await library.reopen(again.id);
    expect(from).toMatchObject({ step: 2, named: true, files: expect.anything() });
    await library.close(run);
  });

  test('of a run directory is taken in with other files beside it, from any folder in it', async () => {
    const disk = new MemoryDisk();
    const path = join(temporaryFolder(), 'run');
    const directory = RunDirectory.create(path, DEFAULT_MANIFEST);
    directory.append(started);
    directory.close();
    const archive = zipped({
      'deep/run/manifest.json': JSON.stringify(DEFAULT_MANIFEST),
      'deep/run/events.jsonl': `${JSON.stringify(started)}\n`,
      'deep/run/run.lock': '17\n',
      'deep/run/../../evil.json': 'outside',
      'deep/run/checkpoints/step-1/../../../evil.json': 'outside',
      'deep/run/.DS_Store': 'x',
    });
    const entry = await disk.openLibrary().takeIn((files) => importArchive(archive, files));
    expect(entry).toMatchObject({ steps: 0, status: 'unfinished', checkpoints: [] });
    expect([...disk.files.keys()].sort()).toEqual(
      ['events.jsonl', 'manifest.json', 'run.json'].map((name) => `${entry.id}/${name}`),
    );
  });
});

describe('what is not taken, with nothing left of it', () => {
  const manifest = JSON.stringify(DEFAULT_MANIFEST);
  const refused: [string, Blob, RegExp][] = [
    ['no archive', blobOf(strToU8('hello')), /expected a ZIP archive, got a file without its directory/],
    ['an empty file', new Blob([]), /without its directory/],
    ['an archive of something else', zipped({ 'photo.jpg': 'x' }), /expected one run.*got none/],
    ['two runs', zipped({ 'a/manifest.json': manifest, 'b/manifest.json': manifest }), /one run.*got 2/],
    ['a large manifest', zipped({ 'manifest.json': ' '.repeat(2_000_000) }), /at most 1048576 bytes/],
    [
      'a bomb',
      zipped({ 'manifest.json': manifest, 'events.jsonl': new Uint8Array(80_000_000) }),
      /expected at most \d+ bytes in an archive of \d+, got 80/,
    ],
    [
      'a checkpoint that unpacks to many times the archive',
      zipped({
        'manifest.json': manifest,
        'checkpoints/step-1/model.safetensors': new Uint8Array(30_000_000),
      }),
      /weights that unpack to at most twice the archive's \d+ bytes, got 30000000/,
    ],
    [
      'an enormous trainer.json',
      zipped({ 'manifest.json': manifest, 'checkpoints/step-1/trainer.json': new Uint8Array(17_000_000) }),
      /trainer\.json: expected at most 16777216 bytes, got 17000000/,
    ],
    [
      'a manifest that nests a hundred thousand times',
      zipped({ 'manifest.json': `${'['.repeat(1e5)}${']'.repeat(1e5)}` }),
      /manifest\.json: expected a manifest in JSON/,
    ],
    [
      'an event that nests a hundred thousand times',
      zipped({ 'manifest.json': manifest, 'events.jsonl': `${'['.repeat(1e5)}${']'.repeat(1e5)}\n` }),
      /events\.jsonl: line 1: expected JSON at most 32 levels deep/,
    ],
    [
      'a newer manifest',
      zipped({ 'manifest.json': JSON.stringify({ ...DEFAULT_MANIFEST, manifest_version: 9 }) }),
      /manifest_version: expected 1, the version this lab reads, got 9/,
    ],
    [
      'a newer event',
      zipped({ 'manifest.json': manifest, 'events.jsonl': `${JSON.stringify({ ...started, v: 7 })}\n` }),
      /line 1: run_started: expected version 1 or older, got 7; open this run with a newer version/,
    ],
    [
      'a damaged line',
      zipped({ 'manifest.json': manifest, 'events.jsonl': '{"type":\n{}\n' }),
      /events\.jsonl: line 1: expected a JSON object/,
    ],
  ];
  test.each(refused)('%s', async (_, archive, message) => {
    const disk = new MemoryDisk();
    await expect(disk.openLibrary().takeIn((files) => importArchive(archive, files))).rejects.toThrow(
      message,
    );
    expect(disk.files.size).toBe(0);
    expect(disk.entries.size).toBe(0);
  });

  test('an entry that unpacks to more than its directory says, before it is unpacked', async () => {
    const bytes = zipSync({ 'events.jsonl': new Uint8Array(3_000_000) });
    const view = new DataView(bytes.buffer);
    const central = bytes.length - 22 - 46 - 'events.jsonl'.length;
    view.setUint32(central + 24, 1000, true);
    const [entry] = await readDirectory(blobOf(bytes));
    expect(entry.size).toBe(1000);
    const pieces = unpack(blobOf(bytes), entry);
    await expect(pieces.next()).rejects.toThrow('expected 1000 bytes as the directory says, got more');
  });

  test('entries that lie inside one another', async () => {
    const bytes = zipSync({ 'a.json': strToU8('a'.repeat(99)), 'b.json': strToU8('b') });
    const view = new DataView(bytes.buffer);
    const second = bytes.length - 22 - 46 - 'b.json'.length;
    view.setUint32(second + 42, 5, true);
    await expect(readDirectory(blobOf(bytes))).rejects.toThrow(/expected its own place/);
  });

  test('any damage is one clear error or changes nothing that is taken', async () => {
    const { archive } = await keptRun(new MemoryDisk());
    const bytes = new Uint8Array(await archive.arrayBuffer());
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        const damaged = bytes.slice();
        damaged[at] ^= flip;
        const disk = new MemoryDisk();
        try {
          const entry = await disk.openLibrary().takeIn((files) => importArchive(blobOf(damaged), files));
          // A flipped byte in a date, a name of a checkpoint or a comment: what was taken is whole all the same.
          expect(entry.steps).toBeLessThanOrEqual(2);
        } catch (error) {
          expect((error as Error).name).toMatch(/^(ZipError|StorageError|ManifestError)$/);
          expect(disk.files.size).toBe(0);
        }
      }),
      { numRuns: 80 },
    );
  });

  test('any cut', async () => {
    const { archive } = await keptRun(new MemoryDisk());
    await fc.assert(
      fc.asyncProperty(fc.nat(archive.size - 1), async (length) => {
        const disk = new MemoryDisk();
        const cut = archive.slice(0, length);
        await expect(disk.openLibrary().takeIn((files) => importArchive(cut, files))).rejects.toThrow(
          ZipError,
        );
        expect(disk.files.size).toBe(0);
      }),
      { numRuns: 50 },
    );
  });
});
