import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { LIVE_ONLY, type RunEvent } from '../../run/events';
import { EXAMPLE_EVENTS } from '../../run/example-events';
import { readEvents } from '../../run/jsonl';
import { DEFAULT_MANIFEST, parseManifest } from '../../run/manifest';
import { UsageError } from './arguments';
import { listCheckpoints, prepareCheckpoint, readCheckpointFolder } from './checkpoint-folder';
import { FileError } from './file-errors';
import { findRun, holdsRun, RunDirectory } from './run-directory';
import { exampleCheckpoint, temporaryFolder } from './testing';

const started = EXAMPLE_EVENTS[0];
const step = (n: number): RunEvent => ({
  type: 'step_metrics',
  v: 1,
  step: n,
  metrics: { reward: n / 10 },
  phases_ms: {},
  step_ms: 1,
});

/** A run of three steps with checkpoints after the first and the second. */
async function exampleRun(): Promise<string> {
  const path = join(temporaryFolder(), 'deep', 'run');
  const run = RunDirectory.create(path, DEFAULT_MANIFEST);
  run.append(started);
  run.append(EXAMPLE_EVENTS.find((event) => event.type === 'prompt_group')!);
  for (const n of [1, 2]) {
    run.append(step(n - 1));
    run.writeCheckpoint(n, await exampleCheckpoint(n));
  }
  run.append(step(2));
  run.close();
  return path;
}

const streamOf = (path: string) => readEvents(readFileSync(join(path, 'events.jsonl')));
const typesOf = (path: string) => streamOf(path).events.map((event) => event.type);

describe('writing', () => {
  test('a run has its manifest, its stream and its checkpoints, and no lock once it is closed', async () => {
    const path = await exampleRun();
    expect(readdirSync(path).sort()).toEqual(['checkpoints', 'events.jsonl', 'manifest.json']);
    expect(parseManifest(JSON.parse(readFileSync(join(path, 'manifest.json'), 'utf8')))).toEqual(
      DEFAULT_MANIFEST,
    );
    expect(typesOf(path)).toEqual([
      'run_started',
      'prompt_group',
      'step_metrics',
      'checkpoint',
      'step_metrics',
      'checkpoint',
      'step_metrics',
    ]);
    expect(readdirSync(join(path, 'checkpoints')).sort()).toEqual(['step-1', 'step-2']);
    const { files } = await readCheckpointFolder(join(path, 'checkpoints', 'step-2'));
    expect(files).toEqual(await exampleCheckpoint(2));
  });

  test('an event is in the file when append returns, and live ones never', () => {
    const path = join(temporaryFolder(), 'run');
    const run = RunDirectory.create(path, DEFAULT_MANIFEST);
    for (const event of EXAMPLE_EVENTS.slice(0, 3)) run.append(event);
    for (const event of EXAMPLE_EVENTS.filter((e) => LIVE_ONLY.has(e.type))) run.append(event);
    expect(typesOf(path)).toEqual(['run_started', 'evaluation']);
    run.close();
  });

  test('a checkpoint written again takes the place of the former', async () => {
    const path = await exampleRun();
    const folder = join(path, 'checkpoints');
    const other = await exampleCheckpoint(2, { ...DEFAULT_MANIFEST, name: 'other' });
    prepareCheckpoint(folder, 2, other).commit();
    expect((await readCheckpointFolder(join(folder, 'step-2'))).trainer.manifest.name).toBe('other');
    expect(readdirSync(folder).sort()).toEqual(['step-1', 'step-2']);
  });

  test('a folder that holds a run is not taken for a new one', async () => {
    const path = await exampleRun();
    expect(() => RunDirectory.create(path, DEFAULT_MANIFEST)).toThrow(UsageError);
    expect(() => RunDirectory.create(path, DEFAULT_MANIFEST)).toThrow('add --resume to go on with it');
  });

  test('a folder with other things in it is fine', () => {
    const path = temporaryFolder();
    writeFileSync(join(path, 'notes.txt'), 'mine');
    expect(holdsRun(path)).toBe(false);
    RunDirectory.create(path, DEFAULT_MANIFEST).close();
    expect(readFileSync(join(path, 'notes.txt'), 'utf8')).toBe('mine');
  });

  test('two processes do not write to one run', () => {
    const path = join(temporaryFolder(), 'run');
    const run = RunDirectory.create(path, DEFAULT_MANIFEST);
    // The process that started this one is alive, and is not this one.
    writeFileSync(join(path, 'run.lock'), `${process.ppid}\n`);
    const found = { manifest: {}, checkpoint: null, covered_bytes: 0, events: [], notes: [] };
    expect(() => RunDirectory.resume(path, found, DEFAULT_MANIFEST)).toThrow(
      `got one that process ${process.ppid} writes to`,
    );
    // A number that no process has: what a killed run leaves behind does not stand in the way.
    writeFileSync(join(path, 'run.lock'), '2147483646\n');
    RunDirectory.resume(path, found, DEFAULT_MANIFEST).close();
    run.close();
  });

  test('a path through a file is refused with the path and the reason', () => {
    const file = join(temporaryFolder(), 'file');
    writeFileSync(file, '');
    expect(() => RunDirectory.create(join(file, 'run'), DEFAULT_MANIFEST)).toThrow(FileError);
    expect(() => RunDirectory.create(join(file, 'run'), DEFAULT_MANIFEST)).toThrow(
      /could not create .*run: .*\(E/,
    );
  });

  test('an event with a number that JSON cannot hold leaves the stream as it was', () => {
    const path = join(temporaryFolder(), 'run');
    const run = RunDirectory.create(path, DEFAULT_MANIFEST);
    run.append(started);
    expect(() => run.append({ ...step(0), step_ms: Number.NaN } as RunEvent)).toThrow('step_metrics.step_ms');
    run.close();
    expect(typesOf(path)).toEqual(['run_started']);
  });
});

describe('going on', () => {
  /** Finds and opens the run again, and closes it. */
  async function resumed(path: string) {
    const found = await findRun(path);
    RunDirectory.resume(path, found, DEFAULT_MANIFEST).close();
    return found;
  }

  test('starts from the newest checkpoint, and the stream ends with its event', async () => {
    const path = await exampleRun();
    const found = await resumed(path);
    expect(found.checkpoint?.step).toBe(2);
    expect(found.checkpoint?.files).toEqual(await exampleCheckpoint(2));
    expect(typesOf(path).slice(-2)).toEqual(['step_metrics', 'checkpoint']);
    expect(streamOf(path).events).toHaveLength(6);
    expect(found.events.map((event) => event.type)).not.toContain('prompt_group');
    expect(found.notes).toEqual(['events after step 2 are given up; the run goes on from there']);
  });

  test('finding changes nothing', async () => {
    const path = await exampleRun();
    const before = readFileSync(join(path, 'events.jsonl'));
    await findRun(path);
    expect(readFileSync(join(path, 'events.jsonl')).equals(before)).toBe(true);
  });

  test('what is appended afterwards follows the cut', async () => {
    const path = await exampleRun();
    const run = RunDirectory.resume(path, await findRun(path), DEFAULT_MANIFEST);
    run.append(step(2));
    run.close();
    expect(streamOf(path).events.at(-1)).toEqual(step(2));
    expect(streamOf(path).events).toHaveLength(7);
  });

  test('a last line cut short by a crash is given up', async () => {
    const path = await exampleRun();
    appendFileSync(join(path, 'events.jsonl'), '{"type":"step_metr');
    const found = await resumed(path);
    expect(found.notes[0]).toBe('events.jsonl: line 8 was cut short in mid-write; it is given up');
    expect(streamOf(path).truncated).toBeNull();
  });

  test('a checkpoint event that lacks its line feed alone gets it back', async () => {
    const path = await exampleRun();
    const events = join(path, 'events.jsonl');
    const bytes = readFileSync(events);
    // Cut right behind the closing brace of the second checkpoint's event.
    truncateSync(events, bytes.lastIndexOf('\n', bytes.length - 2));
    const run = RunDirectory.resume(path, await findRun(path), DEFAULT_MANIFEST);
    run.append(step(2));
    run.close();
    expect(typesOf(path).slice(-2)).toEqual(['checkpoint', 'step_metrics']);
  });

  test('a damaged checkpoint is passed over for an older one, and named', async () => {
    const path = await exampleRun();
    const model = join(path, 'checkpoints', 'step-2', 'model.safetensors');
    const bytes = readFileSync(model);
    bytes[5] ^= 1;
    writeFileSync(model, bytes);
    const found = await resumed(path);
    expect(found.checkpoint?.step).toBe(1);
    expect(found.notes[0]).toContain(
      'step-2: not used, checkpoint: model.safetensors: expected the contents of SHA-256',
    );
    expect(typesOf(path).filter((type) => type === 'checkpoint')).toHaveLength(1);
  });

  test('a crash between the checkpoint’s event and its folder goes back to the one before', async () => {
    const path = await exampleRun();
    rmSync(join(path, 'checkpoints', 'step-2'), { recursive: true });
    prepareCheckpoint(join(path, 'checkpoints'), 2, await exampleCheckpoint(2));
    expect(listCheckpoints(join(path, 'checkpoints'))).toEqual([1]);
    expect((await resumed(path)).checkpoint?.step).toBe(1);
    expect(readdirSync(join(path, 'checkpoints'))).toEqual(['step-1']);
  });

  test('a crash while a checkpoint was being replaced brings the former back', async () => {
    const path = await exampleRun();
    const folder = join(path, 'checkpoints');
    renameSync(join(folder, 'step-2'), join(folder, '.step-2.old'));
    await resumed(path);
    expect(listCheckpoints(folder)).toEqual([2, 1]);
  });

  test('a checkpoint folder of another step’s files is not used', async () => {
    const path = await exampleRun();
    const folder = join(path, 'checkpoints');
    rmSync(join(folder, 'step-2'), { recursive: true });
    renameSync(join(folder, 'step-1'), join(folder, 'step-2'));
    await expect(findRun(path)).rejects.toThrow('step: expected 2, as the folder is named, got 1');
  });

  test('a run killed before its first checkpoint starts again', async () => {
    const path = join(temporaryFolder(), 'run');
    const run = RunDirectory.create(path, DEFAULT_MANIFEST);
    run.append(started);
    run.close();
    const found = await resumed(path);
    expect(found).toMatchObject({
      checkpoint: null,
      notes: [expect.stringContaining('starts again at step 0')],
    });
    expect(typesOf(path)).toEqual([]);
  });

  test('with checkpoints but none that can be used, it says why for each and changes nothing', async () => {
    const path = await exampleRun();
    rmSync(join(path, 'events.jsonl'));
    await expect(findRun(path)).rejects.toThrow(/got none:\n.*step-2: not used.*\n.*step-1: not used/);
    expect(listCheckpoints(join(path, 'checkpoints'))).toEqual([2, 1]);
  });

  test('a stream damaged in the middle is an error with its line', async () => {
    const path = await exampleRun();
    const events = join(path, 'events.jsonl');
    const lines = readFileSync(events, 'utf8').split('\n');
    lines[2] = '{"type":"step_metrics"';
    writeFileSync(events, lines.join('\n'));
    await expect(findRun(path)).rejects.toThrow(/events\.jsonl: line 3: expected a JSON object/);
  });

  test('a manifest that is missing or no JSON is an error about it', async () => {
    const path = await exampleRun();
    writeFileSync(join(path, 'manifest.json'), '{');
    await expect(findRun(path)).rejects.toThrow(/manifest\.json: expected JSON/);
    rmSync(join(path, 'manifest.json'));
    await expect(findRun(path)).rejects.toThrow(/could not read .*manifest\.json: there is no such file/);
  });
});

test('files beside a checkpoint’s own are nobody’s business', async () => {
  const path = await exampleRun();
  const place = join(path, 'checkpoints', 'step-1');
  writeFileSync(join(place, '.DS_Store'), 'x');
  mkdirSync(join(path, 'checkpoints', 'step-best'));
  expect((await readCheckpointFolder(place)).trainer.step).toBe(1);
  expect(listCheckpoints(join(path, 'checkpoints'))).toEqual([2, 1]);
  expect(existsSync(join(path, 'checkpoints', 'step-best'))).toBe(true);
});
