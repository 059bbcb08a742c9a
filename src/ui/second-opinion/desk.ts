/**
 * What the page does about the second opinion: has policies handed over, begins jobs in its worker and folds what comes
 * back into its store. Part of the page's session; knows no React.
 */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { Command, LabError, Message } from '../../lab/protocol';
import { OpinionClient, type OpinionJob, type OpinionWorker } from '../../lab/second-opinion/client';
import type { OrtEngine } from '../../lab/second-opinion/ort-policy';
import type {
  AttemptRequest,
  EvaluationRequest,
  HandedPolicy,
  OpinionMessage,
  PageExport,
  PolicySource,
} from '../../lab/second-opinion/protocol';
import type { PageStore } from '../state/store';
import { factsOf, findSource, type Source } from './sources';
import { INITIAL_OPINION, type JobKind, type OpinionState } from './state';

/** A job that waits for its policy. */
type Waiting = { source: Source } & (
  | { kind: 'attempt'; request: AttemptRequest }
  | { kind: 'evaluate'; request: EvaluationRequest }
  | { kind: 'export'; format: PageExport }
);

const MOST_EVALUATIONS = 20;

export class OpinionDesk {
  readonly store: StoreApi<OpinionState> = createStore(() => INITIAL_OPINION);
  readonly #client: OpinionClient;
  #request = 0;
  #waiting: Waiting | null = null;
  /** What the job under way is about. */
  #of: Source;
  #engine: OrtEngine = 'wasm';
  /** Steps of the run when it began. */
  #stepThen: number | null = null;

  constructor(
    private readonly page: PageStore,
    /** Sends a command to the trainer's worker. */
    private readonly ask: (command: Extract<Command, { type: 'hand-over-policy' }>) => void,
    private readonly save: (name: string, blob: Blob) => void,
    createWorker?: () => OpinionWorker,
  ) {
    this.#client = new OpinionClient(
      (message) => this.#heard(message),
      () => new URL('./', document.baseURI).href,
      createWorker,
    );
    this.#of = this.#source();
  }

  choose(chosen: string): void {
    this.store.setState({ chosen });
  }

  chooseEngine(engine: OrtEngine): void {
    this.store.setState({ engine });
  }

  attempt(request: AttemptRequest): void {
    const source = this.#source();
    const rollouts = Array.from({ length: request.rollouts }, () => ({
      tokens: [],
      ended: false,
      judged: null,
    }));
    this.store.setState({
      attempt: {
        request,
        source,
        policy: null,
        forecast: null,
        rollouts,
        rewards: null,
        seconds: null,
        stopped: false,
      },
    });
    this.#begin({ kind: 'attempt', source, request });
  }

  evaluate(request: EvaluationRequest): void {
    this.#begin({ kind: 'evaluate', source: this.#source(), request });
  }

  export(format: PageExport): void {
    this.store.setState({ exported: null });
    this.#begin({ kind: 'export', source: this.#source(), format });
  }

  stop(): void {
    if (this.#waiting) this.#over({ stopped: true });
    else this.#client.stop();
  }

  dismissError(): void {
    this.store.setState({ error: null });
  }

  /** The trainer's worker has handed over what was asked for, or says why not. */
  handed({ request, handed }: Extract<Message, { type: 'policy' }>): void {
    if (request !== this.#request || !this.#waiting) return;
    const waiting = this.#waiting;
    this.#waiting = null;
    if ('code' in handed) this.#failed(waiting.kind, handed);
    else
      this.#send(
        waiting,
        { from: 'files', name: waiting.source.name, handed },
        handed.files.map(({ bytes }: HandedPolicy['files'][number]) => bytes),
      );
  }

  #source(): Source {
    return findSource(factsOf(this.page.getState()), this.store.getState().chosen).source;
  }

  #begin(waiting: Waiting): void {
    this.store.setState({ busy: { kind: waiting.kind, progress: null }, error: null });
    const { lab, replay } = this.page.getState();
    this.#stepThen = lab.loaded && !replay ? lab.step : null;
    this.#waiting = null;
    const { source } = waiting;
    if (source.kind === 'shipped') {
      this.#send(waiting, { from: 'shipped', shipped: source.shipped }, []);
      return;
    }
    this.#waiting = waiting;
    this.#request++;
    const kept = source.kind === 'kept' ? { run: source.run.id, step: source.step } : null;
    this.ask({ type: 'hand-over-policy', request: this.#request, kept });
  }

  #send(waiting: Waiting, policy: PolicySource, transfer: Transferable[]): void {
    const { engine } = this.store.getState();
    this.#engine = engine;
    this.#of = waiting.source;
    const job = ((): OpinionJob => {
      switch (waiting.kind) {
        case 'attempt':
          return { type: 'attempt', engine, policy, request: waiting.request };
        case 'evaluate':
          return { type: 'evaluate', engine, policy, request: waiting.request };
        case 'export':
          return { type: 'export', policy, format: waiting.format };
      }
    })();
    this.#client.begin(job, transfer);
  }

  #heard(message: OpinionMessage): void {
    switch (message.type) {
      case 'progress': {
        const { progress } = message;
        const engine = this.#engine;
        this.store.setState(({ busy, ready }) => ({
          busy: busy && { ...busy, progress },
          // A policy is opened by an engine that is there.
          ready: progress.part === 'session' && !ready.includes(engine) ? [...ready, engine] : ready,
        }));
        return;
      }
      case 'opened':
        this.#opened = message.policy;
        this.#attempt(() => ({ policy: message.policy }));
        return;
      case 'forecast':
        this.#attempt(() => ({ forecast: message.forecast }));
        return;
      case 'grown':
        this.#attempt(({ rollouts }) => ({
          rollouts: rollouts.map((rollout, r) => ({
            ...rollout,
            tokens: message.grown[r].length > 0 ? [...rollout.tokens, ...message.grown[r]] : rollout.tokens,
            ended: message.finished[r],
          })),
        }));
        return;
      case 'attempted':
        this.#attempt(() => ({
          rollouts: message.rollouts.map((judged) => ({ tokens: judged.tokens, ended: true, judged })),
          rewards: message.rewards.map(({ meta }) => meta),
          seconds: message.seconds,
        }));
        this.#over({});
        return;
      case 'evaluated':
        this.#evaluated(message);
        this.#over({});
        return;
      case 'exported':
        this.save(message.name, new Blob([message.archive], { type: 'application/zip' }));
        this.store.setState({ exported: message.name });
        this.#over({});
        return;
      case 'stopped':
        this.#over({ stopped: true });
        return;
      case 'failed':
        this.#failed(this.store.getState().busy?.kind ?? 'attempt', message.error);
        return;
      default:
        unknownMessage(message);
    }
  }

  /** The policy of the job under way. */
  #opened: Extract<OpinionMessage, { type: 'opened' }>['policy'] | null = null;

  #evaluated({ result, settings, seconds }: Extract<OpinionMessage, { type: 'evaluated' }>): void {
    const policy = this.#opened;
    if (!policy) return;
    const { total, by_tier, mean_length } = result;
    const then = this.#stepThen;
    this.store.setState(({ evaluations }) => ({
      evaluations: [
        {
          number: (evaluations[0]?.number ?? 0) + 1,
          source: this.#of,
          engine: this.#engine,
          policy,
          settings,
          point: { total, byTier: by_tier, meanLength: mean_length },
          seconds,
          stepsMeanwhile: then === null ? null : Math.max(0, this.page.getState().lab.step - then),
        },
        ...evaluations,
      ].slice(0, MOST_EVALUATIONS),
    }));
  }

  #attempt(
    change: (attempt: NonNullable<OpinionState['attempt']>) => Partial<OpinionState['attempt']>,
  ): void {
    this.store.setState(({ attempt, busy }) =>
      attempt && busy?.kind === 'attempt' ? { attempt: { ...attempt, ...change(attempt) } } : {},
    );
  }

  #failed(kind: JobKind, error: LabError): void {
    this.store.setState({ error: { kind, error } });
    this.#over({ stopped: true });
  }

  #over({ stopped = false }: { stopped?: boolean }): void {
    this.#waiting = null;
    if (stopped) this.#attempt(() => ({ stopped: true }));
    this.store.setState({ busy: null });
  }
}

function unknownMessage(message: never): never {
  throw new Error(
    `internal: second opinion: expected a message of the protocol, got ${JSON.stringify(message)}`,
  );
}
