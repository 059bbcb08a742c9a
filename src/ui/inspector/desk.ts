/**
 * The rollout that is looked at token by token: which one, which of its tokens, and what the policy of now says of it.
 * Asks the worker, and asks again when the policy has moved on. A store of its own, so that choosing a token wakes
 * only the inspector. Part of the page's session; knows no React.
 */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { InspectionAnswer, InspectionRequest, LabState } from '../../lab/protocol';
import { recordOf } from '../history/select';
import { shownManifest, shownTask } from '../state/selectors';
import type { PageState, PageStore } from '../state/store';
import { type InspectedRollout, type RolloutPlace, rolloutAt } from '../views/inspector';
import type { QuantityKey } from '../views/inspector-quantities';

export type Answer = Extract<InspectionAnswer, { stage: 'done' }>;

export interface InspectorState {
  rollout: InspectedRollout | null;
  /** Of the chosen token, in prompt and completion together. */
  position: number;
  layer: number;
  head: number;
  quantity: QuantityKey;
  /** What the policy said last of this rollout; null until it has. */
  answer: Answer | null;
  waiting: boolean;
  /** Why there is no answer. */
  problem: string | null;
  /** Grows with each rollout that was asked for, for the panel to come into view. */
  opened: number;
}

const INITIAL: InspectorState = {
  rollout: null,
  position: 0,
  layer: 0,
  head: 0,
  quantity: 'sampled',
  answer: null,
  waiting: false,
  problem: null,
  opened: 0,
};

const HAS_POLICY: ReadonlySet<LabState> = new Set([
  'ready',
  'running',
  'pausing',
  'paused',
  'benchmarking',
  'finished',
]);

/** The policy of the run on screen is on the device. */
export const hasPolicy = ({ lab, replay }: PageState): boolean =>
  replay === null && lab.loaded !== null && HAS_POLICY.has(lab.state);

/** While the run goes on, the policy is looked at no oftener than this. */
const LEAST_MS = 400;

export class InspectorDesk {
  readonly store: StoreApi<InspectorState> = createStore<InspectorState>(() => INITIAL);
  #id = 0;
  /** What was asked for last, as a text to compare. */
  #asked = '';
  #askedAt = Number.NEGATIVE_INFINITY;
  #timer: ReturnType<typeof setTimeout> | null = null;
  /** A step of the timeline whose record is not there yet. */
  #follow: number | null = null;

  constructor(
    private readonly page: PageStore,
    private readonly send: (request: InspectionRequest) => void,
  ) {
    page.subscribe((now, before) => this.#heardPage(now, before));
  }

  /** Looks at a rollout that has been judged; another that is not there changes nothing. */
  open(place: RolloutPlace, { intoView = true } = {}): void {
    const rollout = this.#find(place);
    if (!rollout) return;
    this.#follow = null;
    const { opened } = this.store.getState();
    this.#asked = '';
    this.store.setState({
      rollout,
      position: Math.min(rollout.prompt.length, rollout.prompt.length + rollout.tokens.length - 1),
      answer: null,
      waiting: false,
      problem: null,
      opened: opened + (intoView ? 1 : 0),
    });
    this.#ask();
  }

  /** To the prompt's rollout before or after this one. */
  move(by: -1 | 1): void {
    const { rollout } = this.store.getState();
    if (rollout) this.open({ ...rollout, rollout: rollout.rollout + by }, { intoView: false });
  }

  /** To the same place in another step. */
  toStep(step: number): void {
    this.#follow = step;
    this.#catchUp();
  }

  choose(position: number): void {
    if (this.store.getState().position !== position) this.store.setState({ position });
  }

  look(change: Partial<Pick<InspectorState, 'layer' | 'head' | 'quantity'>>): void {
    this.store.setState(change);
    this.#ask();
  }

  close(): void {
    this.#follow = null;
    this.#asked = '';
    this.store.setState({ ...INITIAL, quantity: this.store.getState().quantity });
  }

  heard(answer: InspectionAnswer): void {
    if (answer.id !== this.#id) return;
    if (answer.stage === 'failed') this.store.setState({ waiting: false, problem: answer.message });
    else this.store.setState({ waiting: false, problem: null, answer });
    this.#ask();
  }

  #find({ step, ...place }: RolloutPlace): InspectedRollout | null {
    const page = this.page.getState();
    const record = recordOf(page, step);
    const manifest = shownManifest(page);
    return record && rolloutAt(record, place, manifest, shownTask(page));
  }

  #heardPage(now: PageState, before: PageState): void {
    if (now.lab.state === 'loading' && before.lab.state !== 'loading') {
      this.#asked = '';
      this.store.setState({ answer: null, waiting: false, problem: null });
    }
    if ((now.replay === null) !== (before.replay === null) || (before.run.facts && !now.run.facts)) {
      if (this.store.getState().rollout) this.close();
      return;
    }
    if (!this.store.getState().rollout) return;
    const { heldStep } = now.looking;
    if (heldStep !== before.looking.heldStep) this.#follow = heldStep;
    if (this.#follow !== null) this.#catchUp();
    this.#ask();
  }

  /** Every panel follows the timeline; this one as soon as the step's rollouts are there. */
  #catchUp(): void {
    const { rollout } = this.store.getState();
    const step = this.#follow;
    if (!rollout || step === null) return;
    const record = recordOf(this.page.getState(), step);
    if (rollout.step === step) this.#follow = null;
    else if (this.#find({ ...rollout, step })) this.open({ ...rollout, step }, { intoView: false });
    // A whole step without such a rollout will never have one.
    else if (record?.whole && record.finished) this.#follow = null;
  }

  /** Asks for what is on screen, unless it was asked for already or just a moment ago. */
  #ask(): void {
    const { rollout, layer, head, waiting } = this.store.getState();
    const page = this.page.getState();
    if (!rollout || !hasPolicy(page)) return;
    const { step, kind, candidate, rollout: number } = rollout;
    const wanted = [step, kind, candidate, number, layer, head].join(' ');
    const key = `${wanted} at ${page.lab.step}`;
    if (key === this.#asked) return;
    // Of the same rollout, one answer after the other.
    const again = this.#asked.startsWith(`${wanted} at`);
    if (again && waiting) return;
    const rest = again ? this.#askedAt + LEAST_MS - performance.now() : 0;
    if (rest > 0) {
      this.#timer ??= setTimeout(() => {
        this.#timer = null;
        this.#ask();
      }, rest);
      return;
    }
    this.#asked = key;
    this.#askedAt = performance.now();
    this.#id++;
    this.store.setState({ waiting: true });
    const tokens = [...rollout.prompt, ...rollout.tokens];
    this.send({ id: this.#id, kind, tokens, layer, head });
  }
}
