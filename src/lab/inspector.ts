/**
 * Rollouts looked at with the policy as it is: keeps the newest request, looks when the session says that no work of
 * the trainer's is under way, and tells the host what it saw. Nothing of a run depends on it: no event, no random
 * number, no cost that is counted. When that is, is the session's business; how, the model's (`model/inspect.ts`).
 */
import type { Inspection } from '../model/inspect';
import { metaThrough } from '../rl/masa/settings';
import type { LoadedRun } from './loaded-run';
import type { InspectionAnswer, InspectionRequest } from './protocol';

/** Alternatives told for each place. */
export const ALTERNATIVES = 8;

/** What there is to look with. */
type Looked = Pick<LoadedRun, 'trainer' | 'manifest' | 'config'>;

export class InspectorDesk {
  private asked: { request: InspectionRequest; run: Looked } | null = null;
  private working: Promise<void> | null = null;
  /** The step under way has updated the policy: what is seen now is of no step that has a number. */
  isAhead = false;

  /** @param guard rejects when the device is lost meanwhile. */
  constructor(
    private readonly host: { onInspected?(answer: InspectionAnswer): void },
    private readonly guard: <T>(work: Promise<T>) => Promise<T>,
  ) {}

  /** A request that waits is replaced. `run` is null where there is no policy. */
  ask(request: InspectionRequest, run: Looked | null): void {
    this.asked = run && { request, run };
    if (!run) this.fail(request.id, 'There is no policy to look with; load a run.');
  }

  /** Gives up what waits; what is being looked at is finished. */
  drop(): void {
    if (this.asked) this.fail(this.asked.request.id, 'The run was let go of before it was this one’s turn.');
    this.asked = null;
    this.isAhead = false;
  }

  /** Resolves once nothing is being looked at. Never rejects. */
  async idle(): Promise<void> {
    while (this.working) await this.working;
  }

  /** Looks at what was asked for, and at what is asked for meanwhile; null when there is nothing. Never rejects. */
  work(): Promise<void> | null {
    if (this.working || !this.asked || this.isAhead) return this.working;
    this.working = this.lookAtAll().finally(() => {
      this.working = null;
    });
    return this.working;
  }

  private async lookAtAll(): Promise<void> {
    while (this.asked) {
      const { request, run } = this.asked;
      this.asked = null;
      const { id, layer, head } = request;
      try {
        const seen = await this.guard(look(run, request));
        this.host.onInspected?.({
          id,
          stage: 'done',
          step: run.trainer.step,
          layers: run.config.num_hidden_layers,
          heads: run.config.num_attention_heads,
          layer,
          head,
          seen,
        });
      } catch (error) {
        this.fail(id, error instanceof Error ? error.message : String(error));
      }
    }
  }

  private fail(id: number, message: string): void {
    this.host.onInspected?.({ id, stage: 'failed', message });
  }
}

const look = (
  { trainer, manifest }: Looked,
  { kind, tokens, layer, head }: InspectionRequest,
): Promise<Inspection> =>
  trainer.policy.inspect(
    tokens,
    // As the rollout was sampled, and as the loss has it.
    { temperature: manifest.temperature, top: ALTERNATIVES, layer, head },
    kind === 'meta' ? metaThrough(manifest) : 'policy',
  );
