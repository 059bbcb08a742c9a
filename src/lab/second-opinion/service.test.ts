import { readdirSync, readFileSync, statSync } from 'node:fs';
import { unzipSync } from 'fflate';
import * as ort from 'onnxruntime-web';
import { describe, expect, it } from 'vitest';
import { shippedPolicy, smallPolicy } from '../../export/testing';
import { initialAdapter } from '../../model/adapter-layout';
import { writeModel } from '../../model/model-file';
import { generator } from '../../model/reference/testing';
import { snapshotFiles } from '../../rl/checkpoint-files';
import { adapterSpec } from '../../rl/masa/settings';
import type { CheckpointFiles } from '../../run/checkpoint';
import { DEFAULT_MANIFEST, type Manifest, parseManifest } from '../../run/manifest';
import { wilson } from '../../run/statistics';
import { getTask } from '../../tasks';
import { parseProblem } from '../../tasks/problem-text';
import { prepareCheckpoint } from '../cli/checkpoint-folder';
import { main } from '../cli/main';
import { ListeningConsole, temporaryFolder } from '../cli/testing';
import type { EvaluationRequest, HandedPolicy, OpinionMessage, PolicySource } from './protocol';
import { RUNTIME_BYTES, runtimeMissing } from './runtime-files';
import { type OpinionHost, SecondOpinion } from './service';
import { SHIPPED_POLICIES } from './shipped';

ort.env.wasm.numThreads = 1;

/** A service on Node's runtime and the repository's files, and what it says. */
function hold(change: Partial<OpinionHost> = {}) {
  const said: OpinionMessage[] = [];
  const service = new SecondOpinion({
    send: (message) => {
      said.push(message);
    },
    runtime: async () => ort,
    fetchFile: async (path) => new Uint8Array(readFileSync(`public/${path}`)),
    ...change,
  });
  const last = <T extends OpinionMessage['type']>(type: T) =>
    said.findLast((message): message is Extract<OpinionMessage, { type: T }> => message.type === type);
  return { service, said, last };
}

const shipped = (name: string): PolicySource => ({
  from: 'shipped',
  shipped: SHIPPED_POLICIES.find((each) => each.name === name)!,
});

const handed = (files: CheckpointFiles, manifest: Manifest, step: number): HandedPolicy => ({
  step,
  manifest,
  files: files.map(({ name, bytes }) => ({ name, bytes: bytes.slice().buffer as ArrayBuffer })),
});

/** A checkpoint with an adapter that has learned something, if nonsense. */
async function adapterCheckpoint(): Promise<{ files: CheckpointFiles; manifest: Manifest }> {
  const { config, weights } = smallPolicy();
  const manifest = parseManifest({
    name: 'an adapted run',
    steps: 12,
    masa_meta: 'observe',
    meta_adapter: 'lora',
  });
  const tensors = initialAdapter(config, adapterSpec(manifest)!, generator(3));
  const random = generator(4);
  for (const values of tensors.values()) for (let i = 0; i < values.length; i++) values[i] += 0.1 * random();
  const files = await snapshotFiles(
    {
      step: 4,
      optimizerSteps: 4,
      numTokens: 40,
      numFlops: 0,
      decodeSteps: 0,
      masa: null,
      weights,
      mean: weights,
      square: weights,
      experts: null,
      adapter: { steps: 2, weights: tensors, mean: tensors, square: tensors },
    },
    manifest,
    config,
  );
  return { files, manifest };
}

const REQUEST: EvaluationRequest = {
  suite: 'in-domain',
  problems: 40,
  samples: 1,
  temperature: 1,
  seed: 0,
  maxCompletionLength: 80,
};

describe('held-out evaluation by the second opinion', () => {
  it.each(SHIPPED_POLICIES.filter(({ trained }) => trained).map(({ name }) => name))(
    'gives %s the score its own run gave it on the GPU',
    async (name) => {
      const { service, last } = hold();
      const report = JSON.parse(readFileSync(`public/policies/${name}/report.json`, 'utf8'));
      const manifest = parseManifest(
        JSON.parse(readFileSync(`public/policies/${name}/manifest.json`, 'utf8')),
      );
      const ours = report.evaluations.find(
        (each: { step: number; suite: string }) => each.step === manifest.steps && each.suite === 'in-domain',
      );
      await service.obey({
        type: 'evaluate',
        job: 1,
        engine: 'wasm',
        policy: shipped(name),
        request: { suite: 'in-domain', temperature: 1 },
      });
      const evaluated = last('evaluated');
      expect(evaluated?.result.total.samples).toBe(ours.total.samples);
      // Rounding tips a token now and then; nothing else may differ.
      expect(Math.abs(evaluated!.result.total.correct - ours.total.correct)).toBeLessThanOrEqual(3);
      expect(evaluated!.result.mean_length).toBeCloseTo(ours.mean_length, 0);
      expect(Object.keys(evaluated!.result.by_tier)).toEqual(Object.keys(ours.by_tier));
      expect(last('opened')?.policy).toMatchObject({
        name,
        step: manifest.steps,
        manifest: { seed: manifest.seed },
      });
    },
  );

  it('tells how far it is, has an interval, and is the same when it is repeated', async () => {
    const { service, said, last } = hold();
    const command = {
      type: 'evaluate',
      engine: 'wasm',
      policy: shipped('ladder-base'),
      request: REQUEST,
    } as const;
    await service.obey({ ...command, job: 1 });
    const first = last('evaluated')!;
    const { correct, samples } = first.result.total;
    expect(first.result.total).toMatchObject(wilson(correct, samples));
    const parts = said.flatMap((message) => (message.type === 'progress' ? [message.progress] : []));
    expect(parts.filter(({ part }) => part === 'answers').at(-1)).toMatchObject({ done: 40, total: 40 });
    await service.obey({ ...command, job: 2 });
    expect(last('evaluated')!.result).toEqual(first.result);
    await service.obey({ ...command, job: 3, request: { ...REQUEST, temperature: 0, problems: 8 } });
    expect(last('evaluated')!.result.total.samples).toBe(8);
    expect(last('opened')?.policy).toEqual({
      name: 'ladder-base',
      task: 'ladder',
      step: 0,
      manifest: null,
      hasAdapter: false,
    });
  });

  it('ends when it is told to, and a new job ends the one before it', async () => {
    const { service, said } = hold();
    const command = {
      type: 'evaluate',
      engine: 'wasm',
      policy: shipped('ladder-base'),
      request: { ...REQUEST, problems: 640 },
    } as const;
    const first = service.obey({ ...command, job: 1 });
    const second = service.obey({ ...command, job: 2 });
    const answering = () =>
      said.some((m) => m.type === 'progress' && m.job === 2 && m.progress.part === 'answers');
    while (!answering()) await new Promise((resolve) => setTimeout(resolve, 5));
    await service.obey({ type: 'stop', job: 2 });
    await Promise.all([first, second]);
    expect(said.filter(({ type }) => type === 'stopped').map(({ job }) => job)).toEqual([1, 2]);
    expect(said.some(({ type }) => type === 'evaluated' || type === 'failed')).toBe(false);
    await service.obey({ ...command, job: 3, request: { ...REQUEST, problems: 4 } });
    expect(said.at(-1)?.type).toBe('evaluated');
  });

  it.each([
    [
      'a runtime that is not to be had',
      { runtime: async () => Promise.reject(runtimeMissing(new TypeError('Failed to fetch'))) },
      {},
      'runtime-missing',
      'check the connection',
    ],
    ['a suite there is not', {}, { request: { ...REQUEST, suite: 'mid-hard' } }, 'internal', ''],
    [
      'a damaged model',
      { fetchFile: async (path: string) => new Uint8Array(readFileSync(`public/${path}`)).slice(0, 9000) },
      {},
      'model-file',
      'unchanged copy',
    ],
  ])('names %s, and takes the next job', async (_, host, command, code, remedy) => {
    const { service, last } = hold(host as Partial<OpinionHost>);
    const evaluate = {
      type: 'evaluate',
      job: 1,
      engine: 'wasm',
      policy: shipped('ladder-base'),
      request: REQUEST,
    } as const;
    await service.obey({ ...evaluate, ...command });
    expect(last('failed')?.error).toMatchObject({ code, remedy: expect.stringContaining(remedy) });
    await service.obey({
      type: 'export',
      job: 2,
      policy: { from: 'files', name: 'x', handed: handed(writeModel(smallPolicy()), DEFAULT_MANIFEST, 0) },
      format: 'hf',
    });
    expect(last('exported')?.job).toBe(2);
  });

  it('refuses a policy of another vocabulary by name', async () => {
    const { service, last } = hold();
    const foreign = smallPolicy({ vocab_size: 80 });
    const policy: PolicySource = {
      from: 'files',
      name: 'foreign',
      handed: handed(writeModel(foreign), DEFAULT_MANIFEST, 0),
    };
    await service.obey({ type: 'evaluate', job: 1, engine: 'wasm', policy, request: REQUEST });
    expect(last('failed')?.error.message).toContain('foreign: expected a policy of 64 tokens');
  });
});

describe('trying a policy', () => {
  const attempt = (text: string, task = 'ladder') => ({
    problem: parseProblem(text, getTask(task)),
    rollouts: 8,
    predictions: 4,
    temperature: 1,
    seed: 1,
  });

  it('predicts, then answers token by token, and holds one against the other', async () => {
    const { service, said, last } = hold();
    const request = attempt('47 + 8');
    await service.obey({ type: 'attempt', job: 1, engine: 'wasm', policy: shipped('ladder-masa'), request });
    const { forecast } = last('forecast')!;
    const attempted = last('attempted')!;
    expect(said.findIndex((m) => m.type === 'forecast')).toBeLessThan(
      said.findIndex((m) => m.type === 'grown'),
    );
    const streamed = Array.from({ length: 8 }, (): number[] => []);
    for (const message of said)
      if (message.type === 'grown')
        message.grown.forEach((tokens, r) => {
          streamed[r].push(...tokens);
        });
    expect(streamed).toEqual(attempted.rollouts.map(({ tokens }) => tokens));
    for (const { tokens, correct, logps } of attempted.rollouts) {
      expect(correct).toBe(getTask('ladder').verify(request.problem, tokens) === 1);
      expect(logps.length).toBe(tokens.length);
    }
    expect(forecast.through).toBe('policy');
    expect(forecast.rollouts.length).toBe(4);
    expect(attempted.rewards.length).toBe(4);
    expect(forecast.passDistribution!.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
    // It was trained on this: an easy sum is known to be easy, and is.
    expect(attempted.rollouts.filter(({ correct }) => correct).length).toBeGreaterThanOrEqual(7);
    expect(forecast.passRate).toBeGreaterThan(0.7);
  });

  it('knows a problem that it cannot solve, through the adapter where there is one', async () => {
    const { service, last } = hold();
    const request = attempt('47 + 8 - 3 ^ 9', 'long-tail');
    await service.obey({
      type: 'attempt',
      job: 1,
      engine: 'wasm',
      policy: shipped('long-tail-adapter'),
      request,
    });
    expect(last('forecast')!.forecast.through).toBe('adapter');
    expect(last('forecast')!.forecast.passRate).toBeLessThan(0.3);
    expect(last('attempted')!.rollouts.every(({ correct }) => !correct)).toBe(true);
  });

  it('takes the likeliest answer every time at temperature 0, and asks for no predictions where none are wanted', async () => {
    const { service, last } = hold();
    const request = { ...attempt('47 + 8 * 3'), predictions: 0, temperature: 0 };
    await service.obey({ type: 'attempt', job: 1, engine: 'wasm', policy: shipped('ladder-base'), request });
    expect(last('forecast')).toBeUndefined();
    expect(new Set(last('attempted')!.rollouts.map(({ tokens }) => tokens.join())).size).toBe(1);
  });
});

describe('an export from the page', () => {
  it.each(['onnx', 'hf', 'adapter'] as const)(
    'as %s holds the bytes that the command line writes',
    async (format) => {
      const { files, manifest } = await adapterCheckpoint();
      const run = temporaryFolder();
      prepareCheckpoint(`${run}/checkpoints`, 4, files).commit();
      const target = temporaryFolder();
      expect(await main(['export', '--run', run, `--${format}`, target], new ListeningConsole())).toBe(0);
      const { service, last } = hold();
      const policy: PolicySource = { from: 'files', name: 'shown', handed: handed(files, manifest, 4) };
      await service.obey({ type: 'export', job: 1, policy, format });
      const { name, archive } = last('exported')!;
      expect(name).toBe(`an-adapted-run-step-4-${format}.zip`);
      const packed = unzipSync(new Uint8Array(archive));
      const inside = Object.keys(packed).map((path) => path.slice(path.indexOf('/') + 1));
      expect(inside.sort()).toEqual(readdirSync(target).sort());
      for (const [path, bytes] of Object.entries(packed))
        expect(
          Buffer.from(bytes).equals(readFileSync(`${target}/${path.slice(path.indexOf('/') + 1)}`)),
        ).toBe(true);
    },
  );

  it('of an adapter that is not there says so', async () => {
    const { service, last } = hold();
    await service.obey({ type: 'export', job: 1, policy: shipped('ladder-base'), format: 'adapter' });
    expect(last('failed')?.error.message).toContain('adapter: expected a run with meta_adapter=lora');
  });
});

describe('what comes with the page', () => {
  it('is there, and as large as it is said to be', () => {
    for (const { folder, files } of SHIPPED_POLICIES)
      for (const file of files) expect(statSync(`public/${folder}/${file}`).size).toBeGreaterThan(0);
    const { config } = shippedPolicy();
    expect(config.vocab_size).toBe(getTask('ladder').vocabulary.tableSize);
    const size = (file: string) => statSync(`node_modules/onnxruntime-web/dist/${file}`).size;
    expect(RUNTIME_BYTES).toEqual({
      wasm: size('ort-wasm-simd-threaded.wasm'),
      webgpu: size('ort-wasm-simd-threaded.asyncify.wasm'),
    });
  });
});
