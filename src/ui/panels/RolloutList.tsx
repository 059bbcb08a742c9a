/**
 * The chosen prompt's rollouts in full: text as it is written, verdict, length and advantage; one of them open
 * at a time, token by token with its log-probabilities.
 */
import { Accordion } from 'radix-ui';
import { memo, useState } from 'react';
import { formatCount, formatFixed } from '../../run/format';
import { Button } from '../components/Button';
import { Explain } from '../components/Explain';
import { places } from '../components/places';
import { usePage, usePageFields, useSession } from '../state/context';
import type { RolloutView, Verdict } from '../state/run-view';
import { candidateOfGroup, shownGroup, shownManifest, shownTask } from '../state/selectors';
import type { PageState } from '../state/store';
import { answerText } from '../state/wording';
import { countGroup, describeCounts } from './group-text';
import styles from './RolloutList.module.css';
import { Tokens } from './Tokens';

const PAGE = 32;

const VERDICTS: Record<Verdict, { sign: string; word: string }> = {
  growing: { sign: '…', word: 'being written' },
  ended: { sign: '·', word: 'waiting to be judged' },
  right: { sign: '✓', word: 'right' },
  wrong: { sign: '✕', word: 'wrong' },
  truncated: { sign: '┤', word: 'cut off' },
};

export function RolloutList() {
  const group = usePageFields((page) => {
    const found = shownGroup(page);
    return (
      found && {
        index: found.index,
        prompt: found.prompt,
        problem: found.problem,
        rewardMean: found.rewardMean,
        ...countGroup(found),
      }
    );
  });
  const task = usePage(shownTask);
  const [open, setOpen] = useState('');
  const [most, setMost] = useState(PAGE);
  if (!group) return null;
  const shown = Math.min(group.total, most);
  return (
    <section
      className={styles.list}
      aria-label={`Rollouts of prompt ${group.index + 1}`}
      data-testid="rollouts"
    >
      <header className={styles.head}>
        <h3>{task.vocabulary.readable(group.prompt)}</h3>
        <p className="number">
          {group.problem && (
            <>
              {group.problem.tier} · answer <strong>{answerText(task, group.problem.answer)}</strong> ·{' '}
            </>
          )}
          {describeCounts(group)}
        </p>
        <p className={styles.columns}>
          <span>Rollout</span>
          <span>
            <Explain
              label="Advantage"
              definition="How much better than the other rollouts of its prompt this one was rewarded. Above zero its tokens are made likelier, below zero less likely. The bar’s scale is fixed: its ends are the largest advantage a group of this size can have."
              formula="A = (r − mean(r)) / (std(r) + 1e−6), inside the group"
              source="src/rl/advantages.ts"
              value={
                group.rewardMean === null ? undefined : `mean reward ${formatFixed(group.rewardMean, 3)}`
              }
            />
          </span>
          <span>Tokens</span>
        </p>
      </header>
      <Accordion.Root type="single" collapsible value={open} onValueChange={setOpen} className={styles.items}>
        {places(shown).map((place) => (
          <Row key={place} place={place} open={open === String(place)} />
        ))}
      </Accordion.Root>
      {group.total > shown && (
        <Button onClick={() => setMost(most + PAGE)}>Show more of {formatCount(group.total)} rollouts</Button>
      )}
    </section>
  );
}

/** With rewards of 0 and 1, one right rollout among n has the advantage sqrt(n - 1) when divided by the deviation. */
function largestAdvantage(manifest: { scale_rewards: string; num_generations: number }): number {
  return manifest.scale_rewards === 'none' ? 1 : Math.sqrt(manifest.num_generations - 1);
}

const rolloutAt =
  (place: number) =>
  (page: PageState): RolloutView | undefined =>
    shownGroup(page)?.rollouts[place];

/** The frame of a row; what changes while a rollout grows is inside, on its own. */
const Row = memo(function Row({ place, open }: { place: number; open: boolean }) {
  return (
    <Accordion.Item value={String(place)} className={styles.item} data-testid={`rollout-${place}`}>
      <Accordion.Header asChild>
        <h4>
          <Accordion.Trigger className={styles.trigger}>
            <Line place={place} />
          </Accordion.Trigger>
        </h4>
      </Accordion.Header>
      <Accordion.Content className={styles.content}>{open && <OpenTokens place={place} />}</Accordion.Content>
    </Accordion.Item>
  );
});

function OpenTokens({ place }: { place: number }) {
  const rollout = usePage(rolloutAt(place));
  const task = usePage(shownTask);
  return (
    rollout && (
      <>
        <Tokens rollout={rollout} task={task} />
        {rollout.logps && <Inspect place={place} />}
      </>
    )
  );
}

/** Opens the inspector on a rollout that has been judged. */
function Inspect({ place }: { place: number }) {
  const session = useSession();
  const open = () => {
    const page = session.store.getState();
    const group = shownGroup(page);
    if (!group) return;
    const candidate = candidateOfGroup(page, group);
    session.inspector.open({ step: group.step, kind: 'solution', candidate, rollout: place });
  };
  return (
    <Button onClick={open} data-testid={`inspect-${place}`}>
      Inspect token by token
    </Button>
  );
}

function Line({ place }: { place: number }) {
  const rollout = usePage(rolloutAt(place));
  const prompt = usePage((page) => shownGroup(page)?.prompt);
  const task = usePage(shownTask);
  const largest = usePage((page) => largestAdvantage(shownManifest(page)));
  if (!rollout) return null;
  const { sign, word } = VERDICTS[rollout.verdict];
  return (
    <>
      <span className={styles.sign} data-verdict={rollout.verdict}>
        <span aria-hidden="true">{sign}</span>
        <span className="visually-hidden">
          Rollout {place + 1}, {word}:{' '}
        </span>
      </span>
      <span className={styles.text} data-testid="rollout-text" data-verdict={rollout.verdict}>
        {task.vocabulary.readable(rollout.tokens, prompt)}
        {rollout.verdict === 'growing' && <span className={styles.caret} aria-hidden="true" />}
      </span>
      <Advantage value={rollout.advantage} largest={largest} />
      <span className={`${styles.length} number`} data-testid="rollout-length">
        {rollout.tokens.length}
      </span>
    </>
  );
}

/** A bar to the right of zero for a positive advantage, to the left for a negative one. */
function Advantage({ value, largest }: { value: number | null; largest: number }) {
  if (value === null) return <span className={styles.advantage} />;
  const share = Math.min(1, Math.abs(value) / largest) * 50;
  const side = value < 0 ? { right: '50%' } : { left: '50%' };
  return (
    <span className={`${styles.advantage} number`}>
      <span className={styles.scale} aria-hidden="true">
        <span className={styles.bar} data-sign={Math.sign(value)} style={{ ...side, width: `${share}%` }} />
      </span>
      <span className={styles.amount} data-sign={Math.sign(value)}>
        <span className="visually-hidden">advantage </span>
        {value > 0 ? '+' : ''}
        {formatFixed(value, 2)}
      </span>
    </span>
  );
}
