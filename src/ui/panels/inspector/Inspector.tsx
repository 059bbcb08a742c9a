/**
 * The token inspector: one rollout token by token, what the policy that wrote it thought and what the policy of now
 * thinks, what the loss makes of the two, and where a head looked. Opened from a rollout or a prediction elsewhere.
 */
import { useEffect, useMemo } from 'react';
import { formatCount, formatFixed } from '../../../run/format';
import { Button } from '../../components/Button';
import { Empty } from '../../components/Empty';
import { Panel } from '../../components/Panel';
import { panelId } from '../../components/PanelMenu';
import type { Offer } from '../../components/panel-offers';
import { useLight } from '../../history/lit';
import { recordOf, shownStepNumber } from '../../history/select';
import { hasPolicy } from '../../inspector/desk';
import { type Looked, useInspector, useLooked } from '../../inspector/hooks';
import { usePage, useSession } from '../../state/context';
import { candidateOfGroup, shownGroup, shownTask } from '../../state/selectors';
import { tokenText } from '../../state/wording';
import { tokensTable } from '../../views/inspector';
import { clippedSentence } from '../../views/inspector-words';
import { AttentionView } from './AttentionView';
import styles from './Inspector.module.css';
import { Profile } from './Profile';
import { TokenDetail } from './TokenDetail';
import { QuantityBar, TokenStrip } from './TokenStrip';

const NAME = 'inspector';

export function InspectorPanel() {
  const looked = useLooked();
  const task = usePage(shownTask);
  const save = useMemo(
    (): Offer => ({
      title: 'Tokens',
      table: looked
        ? () => tokensTable(looked.rollout, looked.numbers, (id) => tokenText(task, id))
        : undefined,
    }),
    [looked, task],
  );
  useIntoView();
  return (
    <Panel
      name={NAME}
      title="What did it think, token by token?"
      caption="One rollout: how likely each token was when it was written and is now, whether the clip lets its gradient through, what else might have stood there, and where a head looked."
      save={save}
    >
      {looked ? <Opened looked={looked} /> : <Nothing />}
    </Panel>
  );
}

/** A rollout that was asked for brings the panel into view, and the keyboard to its tokens. */
function useIntoView() {
  const opened = useInspector((state) => state.opened);
  useEffect(() => {
    if (opened === 0) return;
    const panel = document.getElementById(panelId(NAME));
    panel?.scrollIntoView({ block: 'start' });
    panel?.querySelector<HTMLElement>('[role=radio][data-state=on]')?.focus({ preventScroll: true });
  }, [opened]);
}

function Nothing() {
  const session = useSession();
  const judged = usePage((page) => shownGroup(page)?.rollouts[0]?.logps != null);
  const openFirst = () => {
    const page = session.store.getState();
    const group = shownGroup(page);
    if (!group) return;
    const candidate = candidateOfGroup(page, group);
    session.inspector.open({ step: group.step, kind: 'solution', candidate, rollout: 0 });
  };
  return (
    <Empty action={judged && <Button onClick={openFirst}>Inspect the first rollout on screen</Button>}>
      {judged
        ? 'Open a rollout above and choose “Inspect token by token”.'
        : 'Rollouts can be inspected here as soon as the first ones are judged.'}
    </Empty>
  );
}

function Opened({ looked }: { looked: Looked }) {
  return (
    <div className={styles.inspector} data-testid="inspector">
      <Which looked={looked} />
      <QuantityBar looked={looked} />
      <TokenStrip looked={looked} />
      <div className={styles.columns}>
        <TokenDetail looked={looked} />
        <div className={styles.column}>
          <Profile looked={looked} />
          {looked.answer && <AttentionView looked={looked} answer={looked.answer} />}
        </div>
      </div>
    </div>
  );
}

/** Which rollout it is, the way to its neighbours, and whose "now" is meant. */
function Which({ looked }: { looked: Looked }) {
  const { rollout, numbers } = looked;
  const session = useSession();
  const { vocabulary } = usePage(shownTask);
  const shownStep = usePage(shownStepNumber);
  const kept = usePage((page) => recordOf(page, rollout.step)?.whole === true);
  const light = useLight(rollout.step, rollout.candidate);
  const { inspector } = session;
  const what = rollout.kind === 'meta' ? 'prediction' : 'rollout';
  return (
    <header className={styles.which}>
      <div className={styles.title} {...light}>
        <h3>{vocabulary.readable(rollout.prompt)}</h3>
        <p
          className="number"
          data-testid="inspected"
          data-step={rollout.step}
          data-kind={rollout.kind}
          data-prompt={rollout.candidate}
          data-rollout={rollout.rollout}
        >
          Step {formatCount(rollout.step)}, prompt {formatCount(rollout.candidate + 1)}, {what}{' '}
          {formatCount(rollout.rollout + 1)} of {formatCount(rollout.of)}: {rollout.outcome}, advantage{' '}
          {formatFixed(rollout.advantage, 2)}
          {rollout.reward !== null && `, reward ${formatFixed(rollout.reward, 2)}`}.{' '}
          {clippedSentence(numbers)}
        </p>
        <Now looked={looked} />
      </div>
      <div className={styles.ways}>
        {shownStep !== null && shownStep !== rollout.step && (
          <Button onClick={() => inspector.toStep(shownStep)}>To step {formatCount(shownStep)}</Button>
        )}
        <Button
          aria-label={`The ${what} before`}
          disabled={!kept || rollout.rollout === 0}
          onClick={() => inspector.move(-1)}
        >
          ‹
        </Button>
        <Button
          aria-label={`The next ${what}`}
          disabled={!kept || rollout.rollout + 1 >= rollout.of}
          onClick={() => inspector.move(1)}
        >
          ›
        </Button>
        <Button weight="quiet" onClick={() => inspector.close()}>
          Close
        </Button>
      </div>
    </header>
  );
}

const steps = (count: number): string => `${formatCount(count)} ${count === 1 ? 'step' : 'steps'}`;

function Now({ looked: { rollout, answer } }: { looked: Looked }) {
  const waiting = useInspector((state) => state.waiting);
  const problem = useInspector((state) => state.problem);
  const replayed = usePage((page) => page.replay !== null);
  const there = usePage(hasPolicy);
  const text = () => {
    if (replayed)
      return 'A recorded run has no policy on this page: “now”, ratio, entropy, alternatives and attention are left out. Run the same settings to have them.';
    if (!there)
      return 'The policy of this run is not loaded: “now”, ratio, entropy, alternatives and attention are left out.';
    if (problem) return `The policy could not be looked at. ${problem}`;
    if (!answer)
      return 'Waiting for the trainer to come to a place where its policy can be looked at; until then, what the stream has.';
    const since = answer.step - rollout.step;
    const sampled = `It was sampled after ${steps(rollout.step)}`;
    const gap =
      since === 0
        ? 'by the same policy: the ratios are 1 up to rounding'
        : since > 0
          ? `${steps(since)} before`
          : `${steps(-since)} further on than the policy that is loaded`;
    return `“Now” is the policy after ${steps(answer.step)}${waiting ? ', being looked at anew' : ''}. ${sampled}, ${gap}.`;
  };
  return (
    <p
      className={styles.now}
      // While the run goes on it changes several times a second.
      aria-live={answer ? 'off' : 'polite'}
      data-testid="inspector-now"
      data-stage={answer ? 'done' : waiting ? 'waiting' : 'none'}
      data-step={answer?.step}
    >
      {text()}
    </p>
  );
}
