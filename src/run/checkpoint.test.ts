import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  CheckpointError,
  type CheckpointFiles,
  checkCheckpoint,
  makeCheckpoint,
  readCheckpoint,
  sha256,
  type TrainerState,
} from './checkpoint';
import { DEFAULT_MANIFEST } from './manifest';

const encode = (text: string) => new TextEncoder().encode(text);

const payload: CheckpointFiles = [
  { name: 'config.json', bytes: encode('{"hidden_size":8}') },
  { name: 'model.safetensors', bytes: Uint8Array.from({ length: 40 }, (_, i) => i) },
  { name: 'optimizer.safetensors', bytes: Uint8Array.from({ length: 80 }, (_, i) => 255 - i) },
];
const state: Omit<TrainerState, 'version' | 'files'> = {
  step: 20,
  optimizer_steps: 19,
  num_tokens: 12_345,
  num_flops: 7e9,
  decode_steps: 320,
  manifest: { ...DEFAULT_MANIFEST, seed: 7 },
  task: 'ladder',
  random: { algorithm: 'philox4x32-10', seed: 7 },
};

const copy = (files: CheckpointFiles) => files.map(({ name, bytes }) => ({ name, bytes: bytes.slice() }));
const good = await makeCheckpoint(state, payload);

/** The good checkpoint with trainer.json changed. */
function withTrainer(change: (trainer: Record<string, unknown>) => void): CheckpointFiles {
  const files = copy(good);
  const trainer = JSON.parse(new TextDecoder().decode(files[0].bytes));
  change(trainer);
  files[0].bytes = encode(JSON.stringify(trainer));
  return files;
}

async function issuesOf(files: CheckpointFiles): Promise<string[]> {
  const { issues } = await checkCheckpoint(files);
  return issues.map(({ file, message }) => `${file}: ${message}`);
}

test('a checkpoint that was made reads back as it was', async () => {
  const read = await readCheckpoint(good);
  expect(read).toMatchObject(state);
  expect(read.files['model.safetensors'].bytes).toBe(40);
  expect(good.map(({ name }) => name)).toEqual([
    'trainer.json',
    'config.json',
    'model.safetensors',
    'optimizer.safetensors',
  ]);
});

test('what MASA has learned is part of it, checked on the way in, and absent where there is none', async () => {
  const tally = { rollouts: 8, cut: 1, audited: 0, auditedCorrect: 0, auditedTokensBeyond: 0, tokens: 90 };
  const masa: NonNullable<TrainerState['masa']> = {
    calibrator: { version: 1, weights: [-3, 0, 1, 2], outcomes: 40 },
    classifier: { version: 1, weights: [0.5, 0], squares: [1, 0], outcomes: 3 },
    experts: {
      buffer: {
        version: 1,
        examples: [{ prompt: [1, 3], completion: [5, 2], active: [0], step: 2 }],
        collected: 9,
      },
      schedule: { version: 1, burstDone: true, brier: 0.2, reference: 0.1 },
    },
    outcomes: null,
    meta_tokens: 700,
    audit_tokens: 20,
    gate_tallies: [],
    cutoff_tallies: [tally],
  };
  const files = await makeCheckpoint({ ...state, masa }, payload);
  expect((await readCheckpoint(files)).masa).toEqual(masa);
  expect(await readCheckpoint(good)).not.toHaveProperty('masa');
  const broken = withTrainer((t) => {
    t.masa = { ...masa, classifier: { ...masa.classifier, squares: [1] }, meta_tokens: -1 };
  });
  expect(await issuesOf(broken)).toEqual([
    expect.stringMatching(/^trainer\.json: masa\.classifier: expected as many squares as weights/),
    expect.stringMatching(/^trainer\.json: masa\.meta_tokens: /),
  ]);
});

test('the digest is SHA-256: that of "abc" is FIPS 180-2’s', async () => {
  expect(await sha256(encode('abc'))).toBe(
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  );
});

test('bytes in shared memory have a digest too', async () => {
  const shared = new Uint8Array(new SharedArrayBuffer(3));
  shared.set(encode('abc'));
  expect(await sha256(shared)).toBe(await sha256(encode('abc')));
});

test('the order of the files does not matter', async () => {
  expect(await issuesOf([...good].reverse())).toEqual([]);
});

describe('what is wrong is named', () => {
  test('a missing file', async () => {
    expect(await issuesOf(good.filter(({ name }) => name !== 'optimizer.safetensors'))).toEqual([
      'optimizer.safetensors: missing',
    ]);
    expect(await issuesOf([])).toHaveLength(4);
  });

  test('a file that does not belong, and one that is there twice', async () => {
    expect(await issuesOf([...good, good[2], { name: 'notes.txt', bytes: encode('') }])).toEqual([
      'model.safetensors: expected once, got it twice',
      'notes.txt: unknown file; a checkpoint holds trainer.json, config.json, model.safetensors, optimizer.safetensors, experts_optimizer.safetensors, adapter_config.json, adapter_model.safetensors, adapter_optimizer.safetensors',
    ]);
  });

  test('a file that some checkpoints have is checked like the others, and belongs only where its sum is', async () => {
    const adapter = { name: 'adapter_optimizer.safetensors', bytes: new Uint8Array(8) };
    expect(await issuesOf([...good, adapter])).toEqual([
      'adapter_optimizer.safetensors: expected none: trainer.json does not name it',
    ]);
    const withAdapter = await makeCheckpoint(state, [...payload, adapter]);
    expect(await issuesOf(withAdapter)).toEqual([]);
    expect(await issuesOf(withAdapter.slice(0, -1))).toEqual(['adapter_optimizer.safetensors: missing']);
  });

  test('a file cut short, with both lengths', async () => {
    const files = copy(good);
    files[2].bytes = files[2].bytes.subarray(0, 39);
    expect(await issuesOf(files)).toEqual(['model.safetensors: expected 40 bytes, got 39']);
  });

  test('any single flipped bit of the tensors', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 2, max: 3 }), fc.nat(), async (file, bit) => {
        const files = copy(good);
        const { name, bytes } = files[file];
        bytes[(bit >> 3) % bytes.length] ^= 1 << (bit & 7);
        const issues = await issuesOf(files);
        expect(issues).toHaveLength(1);
        expect(issues[0]).toMatch(new RegExp(`^${name}: expected the contents of SHA-256 `));
      }),
    );
  });

  test('the weights of another checkpoint', async () => {
    const other = await makeCheckpoint({ ...state, step: 30 }, [
      payload[0],
      { name: 'model.safetensors', bytes: new Uint8Array(40) },
      payload[2],
    ]);
    const issues = await issuesOf([good[0], good[1], other[2], good[3]]);
    expect(issues).toHaveLength(1);
    expect(issues[0]).toMatch(/^model\.safetensors: expected the contents/);
  });

  test('a trainer.json that is no JSON, while the other files are still judged', async () => {
    const files = copy(good);
    files[0].bytes = files[0].bytes.subarray(0, 100);
    files[1].bytes = encode('[]');
    const issues = await issuesOf(files);
    expect(issues[0]).toMatch(/^trainer\.json: expected JSON: /);
    expect(issues[1]).toBe('config.json: expected a JSON object, got []');
  });

  test('each wrong field of trainer.json by its path', async () => {
    const issues = await issuesOf(
      withTrainer((t) => {
        delete t.step;
        t.extra = 1;
        (t.manifest as Record<string, unknown>).beta = -1;
      }),
    );
    expect(issues.some((issue) => issue.startsWith('trainer.json: step: '))).toBe(true);
    expect(issues.some((issue) => issue.startsWith('trainer.json: manifest.beta: '))).toBe(true);
    expect(issues.some((issue) => issue.includes('"extra"'))).toBe(true);
  });

  test('a version to come', async () => {
    expect(await issuesOf(withTrainer((t) => Object.assign(t, { version: 2, unheard_of: true })))).toEqual([
      'trainer.json: version: expected 1 or older, got 2; open it with a newer version of the lab',
    ]);
  });

  test.each([
    [{ step: 101, optimizer_steps: 101 }, 'step: expected at most manifest.steps (100), got 101'],
    [
      { optimizer_steps: 21 },
      'optimizer_steps: expected at most step * manifest.num_iterations (20), got 21',
    ],
    [{ step: 0, optimizer_steps: 0 }, 'num_tokens: expected 0 at step 0, got 12345'],
    [{ task: 'chess' }, 'task: expected manifest.task ("ladder"), got "chess"'],
    [{ random: { algorithm: 'philox', seed: 8 } }, 'random.seed: expected manifest.seed (7), got 8'],
  ])('numbers that contradict each other: %j', async (change, message) => {
    expect(await issuesOf(withTrainer((t) => Object.assign(t, change)))).toEqual([
      `trainer.json: ${message}`,
    ]);
  });
});

test('reading a bad one throws with every issue', async () => {
  const files = copy(good);
  files[2].bytes = new Uint8Array(1);
  files[3].bytes = new Uint8Array(2);
  await expect(readCheckpoint(files)).rejects.toThrow(CheckpointError);
  await expect(readCheckpoint(files)).rejects.toThrow(
    'checkpoint: model.safetensors: expected 40 bytes, got 1; optimizer.safetensors: expected 80 bytes, got 2',
  );
});

test('a checkpoint that nobody could read is not made', async () => {
  await expect(makeCheckpoint({ ...state, task: 'chess' }, payload)).rejects.toThrow('task: expected');
  await expect(makeCheckpoint(state, payload.slice(1))).rejects.toThrow('config.json: missing');
});
