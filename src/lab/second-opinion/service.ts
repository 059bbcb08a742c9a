/**
 * The worker's part of the second opinion: reads a policy, has ONNX Runtime open it, and evaluates, answers or exports
 * with it, a job at a time. Knows the protocol and what a policy is, neither the thread nor the network: its host has those.
 */
import type { ExportedPolicy } from '../../export/files';
import { mergeAdapter } from '../../model/adapter-merge';
import type { Through } from '../../model/policy';
import { answerSuite, evaluationResult } from '../../rl/evaluate';
import { expectedPassRate } from '../../rl/masa/gate';
import { scoreMetaGroup } from '../../rl/masa/rewards';
import { metaRewardSettings } from '../../rl/masa/settings';
import { groupTruth } from '../../rl/masa/truth';
import { rollOut } from '../../rl/rollouts';
import { predict, readPassDistributions } from '../../rl/step/predict';
import type { CheckpointFiles } from '../../run/checkpoint';
import { DEFAULT_MANIFEST } from '../../run/manifest';
import { Purpose } from '../../run/random';
import { mean } from '../../run/statistics';
import { explainError, ModelFileError } from '../errors';
import { exportFormat } from '../export-formats';
import { type ReadPolicy, readPolicyFiles } from '../policy-files';
import type { LabError } from '../protocol';
import { exportName, zipFiles } from './archive';
import { type OrtEngine, OrtPolicy, type OrtRuntime } from './ort-policy';
import type {
  AttemptRequest,
  EvaluationRequest,
  OpinionCommand,
  OpinionMessage,
  OpinionProgress,
  PolicySource,
} from './protocol';
import { RuntimeError, webGpuRefused } from './runtime-files';

type OnBytes = (done: number, total: number) => void;

export interface OpinionHost {
  send(message: OpinionMessage, transfer?: Transferable[]): void;
  /** Fetches and starts the runtime; the second time it is there at once. @throws RuntimeError */
  runtime(engine: OrtEngine, onBytes: OnBytes, signal: AbortSignal): Promise<OrtRuntime>;
  /** A public file by its path below the page. @throws ModelFileError */
  fetchFile(path: string, onBytes: OnBytes, signal: AbortSignal): Promise<Uint8Array>;
}

type JobCommand = Exclude<OpinionCommand, { type: 'stop' }>;

/** Thrown inside a job to end it. */
class Stopped extends Error {}

/** A policy with what a person calls it. */
type NamedPolicy = ReadPolicy & { name: string };

/** One job: what it says goes under its number, and it looks whether it is to end. */
class Job {
  readonly #abort = new AbortController();

  constructor(
    readonly number: number,
    private readonly host: OpinionHost,
  ) {}

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  stop(): void {
    this.#abort.abort();
  }

  /** @throws Stopped */
  proceed(): void {
    if (this.signal.aborted) throw new Stopped();
  }

  progress(part: OpinionProgress['part'], done: number, total: number, unit: OpinionProgress['unit']): void {
    this.host.send({ type: 'progress', job: this.number, progress: { part, done, total, unit } });
  }
}

export class SecondOpinion {
  #current: Job | null = null;
  /** Jobs wait for each other: the runtime computes on this one thread. */
  #last: Promise<void> = Promise.resolve();

  constructor(private readonly host: OpinionHost) {}

  /** Begins a job, which ends the one before it, or ends one. Resolves when the job is over; never rejects. */
  obey(command: OpinionCommand): Promise<void> {
    if (command.type === 'stop') {
      if (this.#current?.number === command.job) this.#current.stop();
      return Promise.resolve();
    }
    this.#current?.stop();
    const job = new Job(command.job, this.host);
    this.#current = job;
    this.#last = this.#last.then(() => this.#do(command, job));
    return this.#last;
  }

  async #do(command: JobCommand, job: Job): Promise<void> {
    try {
      job.proceed();
      const policy = await this.#read(command.policy, job);
      switch (command.type) {
        case 'export':
          return this.#export(policy, command, job);
        case 'evaluate':
          return await this.#with(policy, command.engine, job, (open) =>
            this.#evaluate(policy, open, command.request, job),
          );
        case 'attempt':
          return await this.#with(policy, command.engine, job, (open) =>
            this.#attempt(policy, open, command.request, job),
          );
        default:
          unknownCommand(command);
      }
    } catch (thrown) {
      // What is stopped in a fetch ends in the browser's own error.
      if (thrown instanceof Stopped || job.signal.aborted)
        this.host.send({ type: 'stopped', job: job.number });
      else this.host.send({ type: 'failed', job: job.number, error: explain(thrown) });
    } finally {
      if (this.#current === job) this.#current = null;
    }
  }

  async #read(source: PolicySource, job: Job): Promise<NamedPolicy> {
    if (source.from === 'files') {
      const { files, manifest, step } = source.handed;
      const bytes = files.map(({ name, bytes }) => ({ name, bytes: new Uint8Array(bytes) }));
      const read = await readPolicyFiles(bytes, { task: manifest.task, manifest, step });
      return { ...read, name: source.name };
    }
    const { name, folder, files, task } = source.shipped;
    const fetched: CheckpointFiles = [];
    for (const file of files) {
      const bytes = await this.host.fetchFile(
        `${folder}/${file}`,
        (done, total) => job.progress('policy', done, total, 'bytes'),
        job.signal,
      );
      fetched.push({ name: file, bytes });
    }
    return { ...(await readPolicyFiles(fetched, { task })), name };
  }

  /** Opens the policy in the runtime for as long as `work` takes. */
  async #with(
    policy: NamedPolicy,
    engine: OrtEngine,
    job: Job,
    work: (open: OrtPolicy) => Promise<void>,
  ): Promise<void> {
    const { config, weights, adapter, name, manifest, step, task } = policy;
    this.host.send({
      type: 'opened',
      job: job.number,
      policy: { name, task: task.name, step, manifest, hasAdapter: adapter !== null },
    });
    if (config.vocab_size !== task.vocabulary.tableSize)
      throw new ModelFileError(
        `${name}: expected a policy of ${task.vocabulary.tableSize} tokens, as task ${task.name} has, got one of ${config.vocab_size}`,
        'Choose a policy that was made for one of the lab’s tasks.',
      );
    const runtime = await this.host.runtime(
      engine,
      (done, total) => job.progress('runtime', done, total, 'bytes'),
      job.signal,
    );
    job.proceed();
    job.progress('session', 0, 1, '');
    const adapted = adapter && mergeAdapter(config, weights, adapter);
    let open: OrtPolicy;
    try {
      open = await OrtPolicy.create(runtime, { config, weights, adapted }, engine);
    } catch (thrown) {
      throw engine === 'webgpu' ? webGpuRefused(thrown) : thrown;
    }
    job.progress('session', 1, 1, '');
    try {
      job.proceed();
      await work(open);
    } finally {
      await open.release();
    }
  }

  #export(policy: NamedPolicy, { format }: Extract<JobCommand, { type: 'export' }>, job: Job): void {
    const exported: ExportedPolicy = { ...policy, name: policy.manifest?.name || policy.name };
    const name = exportName(exported.name, policy.step, format);
    const archive = zipFiles(name, exportFormat(format).files(exported)).buffer;
    this.host.send({ type: 'exported', job: job.number, name: `${name}.zip`, archive }, [archive]);
  }

  /** The run's own evaluation: the same problems, judged by the same code. */
  async #evaluate(
    { task, manifest }: NamedPolicy,
    open: OrtPolicy,
    request: EvaluationRequest,
    job: Job,
  ): Promise<void> {
    const suite = task.suites.find(({ name }) => name === request.suite);
    if (!suite)
      throw new Error(
        `evaluate: suite: expected one of ${task.suites.map(({ name }) => name).join(', ')}, as task ${task.name} has, got ${request.suite}`,
      );
    const own = manifest ?? DEFAULT_MANIFEST;
    const settings: Required<EvaluationRequest> = {
      problems: own.eval_problems,
      samples: own.eval_samples,
      seed: own.seed,
      maxCompletionLength: manifest?.max_completion_length ?? task.maxCompletionLength,
      ...request,
    };
    const { problems, samples, temperature, seed } = settings;
    const started = performance.now();
    const total = problems * samples;
    job.progress('answers', 0, total, 'answers');
    const answered = await answerSuite(
      open,
      task,
      suite,
      { problems, samples, max_completion_length: settings.maxCompletionLength, temperature, seed },
      (_, finished) => {
        job.proceed();
        job.progress('answers', finished.filter(Boolean).length, total, 'answers');
      },
    );
    this.host.send({
      type: 'evaluated',
      job: job.number,
      result: evaluationResult(suite, answered),
      settings,
      seconds: (performance.now() - started) / 1000,
    });
  }

  /** Predictions first, as MASA asks for them, then the rollouts they are about. */
  async #attempt(policy: NamedPolicy, open: OrtPolicy, request: AttemptRequest, job: Job): Promise<void> {
    const { task, adapter } = policy;
    const { problem, rollouts, predictions, temperature, seed } = request;
    const { vocabulary, meta } = task;
    const started = performance.now();
    const sampling = { temperature, top_k: 0, top_p: 1, endOfSequence: vocabulary.eos };
    const forecast =
      meta && predictions > 0
        ? await this.#forecast(open, policy, request, adapter ? 'adapter' : 'policy', job)
        : [];
    const limit = policy.manifest?.max_completion_length ?? task.maxCompletionLength;
    // The numbers that `lab generate --seed` draws.
    const randomness = { seed, purpose: Purpose.rollout, step: 0 };
    const [answers] = await rollOut(
      open,
      [problem.prompt],
      rollouts,
      limit,
      sampling,
      randomness,
      (grown, finished) => {
        job.proceed();
        this.host.send({ type: 'grown', job: job.number, grown, finished });
      },
    );
    const judged = answers.map(({ tokens, logps, truncated }) => ({
      tokens,
      logps,
      truncated,
      correct: task.verify(problem, tokens) === 1,
      notions: meta?.notionsIn(tokens) ?? [],
    }));
    const truth = groupTruth(judged.map((each) => ({ ...each, length: each.tokens.length })));
    const settings = metaRewardSettings(policy.manifest ?? DEFAULT_MANIFEST);
    this.host.send({
      type: 'attempted',
      job: job.number,
      rollouts: judged,
      rewards: meta
        ? scoreMetaGroup(meta, problem, forecast, truth, settings).map(({ reward }) => reward)
        : [],
      seconds: (performance.now() - started) / 1000,
    });
  }

  /** Asks for predictions and tells the page. @returns [predictions] their tokens. */
  async #forecast(
    open: OrtPolicy,
    { task }: NamedPolicy,
    { problem, predictions, temperature, seed }: AttemptRequest,
    through: Through,
    job: Job,
  ): Promise<number[][]> {
    const meta = task.meta!;
    job.progress('predictions', 0, predictions, 'answers');
    const sampling = { temperature, top_k: 0, top_p: 1, endOfSequence: task.vocabulary.eos };
    const key = { seed, purpose: Purpose.heldOutMeta, step: 0 };
    const asked = await predict(
      open,
      meta,
      [{ index: 0, problem }],
      predictions,
      sampling,
      key,
      through,
      () => job.proceed(),
    );
    const [passDistribution] = await readPassDistributions(open, meta, asked, through);
    const [{ completions, predictions: said }] = asked;
    const lengths = said.flatMap(({ length }) => length?.midpoint ?? []);
    this.host.send({
      type: 'forecast',
      job: job.number,
      forecast: {
        through,
        rollouts: completions.map(({ tokens }, i) => ({ tokens, prediction: said[i] })),
        passDistribution,
        passRate: passDistribution && expectedPassRate(passDistribution),
        length: lengths.length > 0 ? mean(lengths) : null,
      },
    });
    job.progress('predictions', predictions, predictions, 'answers');
    return completions.map(({ tokens }) => tokens);
  }
}

function explain(thrown: unknown): LabError {
  if (thrown instanceof RuntimeError)
    return { code: thrown.code, message: thrown.message, remedy: thrown.remedy };
  const error = explainError(thrown, null);
  return error.code === 'internal'
    ? { ...error, remedy: 'Try again with another policy; if it happens again, please report it.' }
    : error;
}

function unknownCommand(command: never): never {
  throw new Error(`internal: second opinion: expected a command, got ${JSON.stringify(command)}`);
}
