/**
 * `lab pretrain`: a base model from its manifest, written with the manifest that made it and a report of what it can
 * do. Ctrl-C leaves a snapshot to go on from.
 */
import type { Gpu } from '../../../gpu/device';
import { parameterCount } from '../../../model/config';
import type { NamedTensors } from '../../../model/parameters';
import { answerSuite } from '../../../rl/evaluate';
import { type PretrainProgress, pretrain, pretrainConfig } from '../../../rl/pretrain';
import { formatCount, formatDuration, formatNumber } from '../../../run/format';
import type { PretrainManifest } from '../../../run/pretrain-manifest';
import { getTask } from '../../../tasks';
import { withAnswering } from '../answering';
import { BaseFolder } from '../base-folder';
import { type Console, sayTo } from '../console';
import { type Command, DONE } from '../dispatch';
import { INTERRUPTED, listenForInterrupt } from '../interrupt';
import { describeAdapter } from '../progress';
import { StatusLine } from '../status-line';
import { describeSuite, type SuiteScore, suiteScore } from '../suite-score';
import { withTestedGpu } from '../tested-gpu';
import { assemblePretrainManifest, PRETRAIN, type PretrainRequest, readPretrainRequest } from './pretrain';

/** Held-out problems a suite in the report. */
const PROBLEMS = 320;
const SNAPSHOT_STEPS = 50;
/** Steps between the plain lines where there is no terminal. */
const PLAIN_STEPS = 20;

export const PRETRAIN_COMMAND: Command = {
  spec: PRETRAIN,
  async run(args, console) {
    const request = readPretrainRequest(args);
    const folder = BaseFolder.open(request.out, assemblePretrainManifest(request), request.resume);
    const interrupt = listenForInterrupt(console);
    try {
      return await withTestedGpu((gpu) => makeBase(gpu, request, folder, console, interrupt.signal));
    } finally {
      interrupt.dispose();
    }
  },
};

/** @returns the exit code. */
async function makeBase(
  gpu: Gpu,
  request: PretrainRequest,
  folder: BaseFolder,
  console: Console,
  signal: AbortSignal,
): Promise<number> {
  const { manifest, from } = folder;
  const adapter = describeAdapter(gpu.info);
  const status = new StatusLine(console);
  const parameters = parameterCount(pretrainConfig(manifest));
  status.note(
    `${from ? `going on from step ${from.step}` : 'starting'}: ${adapter}, ${formatCount(parameters)} parameters`,
  );
  const started = performance.now();
  let last: PretrainProgress | undefined;
  let weights: NamedTensors;
  try {
    const lineOf = progressLine(from?.step ?? 0, from?.tokens ?? 0);
    ({ weights } = await pretrain(gpu, manifest, {
      from: from ?? undefined,
      signal,
      snapshotSteps: SNAPSHOT_STEPS,
      onSnapshot: async (snapshot) => folder.writeSnapshot(snapshot),
      onProgress: (progress) => {
        last = progress;
        const line = lineOf(progress);
        if (status.isTerminal) status.draw(line);
        else if (progress.step % PLAIN_STEPS === 0 || progress.step === manifest.steps) status.note(line);
      },
    }));
  } catch (error) {
    status.erase();
    if (!signal.aborted || error !== signal.reason) throw error;
    status.note(`stopped; go on with --resume --out ${folder.path}`);
    return INTERRUPTED;
  }
  folder.writeModel(weights);
  const seconds = (performance.now() - started) / 1000;
  const suites = await passRates(gpu, manifest, weights, status);
  status.erase();
  const report = {
    name: manifest.name,
    adapter,
    parameters,
    steps: manifest.steps,
    /** Of this call; a training that was gone on with took others before. */
    seconds,
    from_step: from?.step ?? 0,
    tokens: last?.tokens ?? from?.tokens ?? 0,
    nll: last?.nll ?? null,
    problems: PROBLEMS,
    temperature: 1,
    suites,
  };
  folder.writeReport(report);
  const say = sayTo(console, request.json);
  for (const suite of suites) say(describeSuite(suite));
  if (request.json) console.out(`${JSON.stringify({ ...report, out: folder.path })}\n`);
  else console.out(`${folder.path}: done in ${formatDuration(seconds * 1000)}\n`);
  return DONE;
}

/** Writes a step's line; knows how fast the training goes. */
function progressLine(firstStep: number, firstTokens: number): (progress: PretrainProgress) => string {
  const started = performance.now();
  return ({ step, steps, nll, learningRate, gradientNorm, tokens }) => {
    const elapsed = performance.now() - started;
    const left = (elapsed / (step - firstStep)) * (steps - step);
    return [
      `step ${formatCount(step)}/${formatCount(steps)}`,
      `nll ${formatNumber(nll)}`,
      `lr ${formatNumber(learningRate, 3)}`,
      `grad ${formatNumber(gradientNorm, 3)}`,
      `${formatCount(Math.round(((tokens - firstTokens) / elapsed) * 1000))} tokens/s`,
      step < steps ? `${formatDuration(left)} left` : '',
    ]
      .filter((part) => part !== '')
      .join('  ');
  };
}

/** Sampled answers at temperature 1 to held-out problems of every suite. */
function passRates(
  gpu: Gpu,
  manifest: PretrainManifest,
  weights: NamedTensors,
  status: StatusLine,
): Promise<SuiteScore[]> {
  const task = getTask(manifest.task);
  const completionLength = task.maxCompletionLength;
  const size = { rows: PROBLEMS, promptLength: task.maxPromptLength, completionLength };
  return withAnswering(gpu, { config: pretrainConfig(manifest), weights }, size, async (policy) => {
    const scores: SuiteScore[] = [];
    for (const suite of task.suites) {
      status.draw(`evaluating ${suite.name}…`);
      const answered = await answerSuite(policy, task, suite, {
        problems: PROBLEMS,
        samples: 1,
        max_completion_length: completionLength,
        temperature: 1,
        seed: 0,
      });
      scores.push(suiteScore(suite.name, answered));
    }
    return scores;
  });
}
