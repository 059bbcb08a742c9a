/** One prompt's predictions in full: its notions with how often each stood where, and each prediction with what it earned. */
import { ToggleGroup } from 'radix-ui';
import { useState } from 'react';
import { formatFixed, formatPercent } from '../../../run/format';
import type { Manifest } from '../../../run/manifest';
import type { Task } from '../../../tasks/task';
import { Button } from '../../components/Button';
import { Explain } from '../../components/Explain';
import { Formula } from '../../components/Formula';
import { MetricName } from '../../components/MetricName';
import { places } from '../../components/places';
import { TableView } from '../../components/TableView';
import { useSession } from '../../state/context';
import { tokenText } from '../../state/wording';
import {
  lengthsTable,
  notionsTable,
  type PromptPrediction,
  type RewardBar,
  rewardFormulas,
  rewardsTable,
} from '../../views/predictions';
import styles from './PromptDetail.module.css';

interface Props {
  prompt: PromptPrediction;
  task: Task;
  manifest: Manifest;
}

export function PromptDetail({ prompt, task, manifest }: Props) {
  return (
    <section
      className={styles.detail}
      aria-label="Predictions of the chosen prompt"
      data-testid="prompt-detail"
    >
      <h3>{task.vocabulary.readable(prompt.prompt)}</h3>
      <Notions prompt={prompt} task={task} />
      {prompt.distribution ? (
        <Distribution prompt={prompt} />
      ) : (
        <Rewards prompt={prompt} task={task} manifest={manifest} />
      )}
      <TableView name="lengths" title="Lengths" table={() => lengthsTable([prompt])} />
    </section>
  );
}

function Notions({ prompt, task }: Pick<Props, 'prompt' | 'task'>) {
  const { notions, correct, total } = prompt;
  if (notions.length === 0) return null;
  const wrong = total === null || correct === null ? null : total - correct;
  return (
    <div>
      <p className={styles.label}>
        <Explain
          label="Notions it predicted"
          definition="The operations and tricks it says a solution will use. One that the problem does not name itself earns when it marks right rollouts."
          formula={
            correct === null
              ? 'right rollouts with it against wrong rollouts with it'
              : `right rollouts with it of ${correct}, wrong ones of ${wrong}`
          }
          source="src/rl/masa/rewards.ts"
        />
      </p>
      <ul className={styles.chips}>
        {notions.map((each) => (
          <li
            key={each.notion}
            className={styles.chip}
            data-counts={each.counts}
            data-testid={`notion-${each.notion}`}
            data-right={each.right}
            data-wrong={each.wrong}
          >
            <span>{tokenText(task, each.notion)}</span>
            <span className={styles.times}>{each.said}×</span>
            {total !== null && (
              <span className="number">
                <span className={styles.inRight} title={`in ${each.right} of ${correct} right rollouts`}>
                  ✓ {each.right}
                </span>{' '}
                <span className={styles.inWrong} title={`in ${each.wrong} of ${wrong} wrong rollouts`}>
                  ✗ {each.wrong}
                </span>
              </span>
            )}
            {!each.counts && <span className={styles.times}>named already</span>}
          </li>
        ))}
      </ul>
      <TableView
        name="notions"
        title="Notions"
        table={() => notionsTable([prompt], (id) => tokenText(task, id))}
      />
    </div>
  );
}

const PARTS = [
  { key: 'length', metric: 'masa/reward_length', label: 'length' },
  { key: 'difficulty', metric: 'masa/reward_difficulty', label: 'pass rate' },
  { key: 'notion', metric: 'masa/reward_notion', label: 'notions' },
] as const;

function Rewards({ prompt, task, manifest }: Props) {
  const [chosen, setChosen] = useState<number | null>(null);
  const session = useSession();
  const { rewards } = prompt;
  if (rewards.length === 0)
    return (
      <p className={styles.none}>
        Skipped by the gate and not rolled out, so there is no truth to reward its predictions by.
      </p>
    );
  const best = rewards.reduce((a, b) => (b.meta > a.meta ? b : a));
  const bar = rewards.find((each) => each.place === chosen) ?? best;
  return (
    <div className={styles.rewards}>
      <p className={styles.label}>
        <MetricName name="masa/reward" label="What each prediction earned" />
        <span className={styles.legend}>
          {PARTS.map((part) => (
            <span key={part.key}>
              <i data-part={part.key} /> <MetricName name={part.metric} label={part.label} />
            </span>
          ))}
        </span>
      </p>
      <ToggleGroup.Root
        type="single"
        className={styles.bars}
        aria-label="Predictions of the prompt"
        value={String(bar.place)}
        onValueChange={(next) => {
          if (next) setChosen(Number(next));
        }}
      >
        {rewards.map((each) => (
          <Bar key={each.place} bar={each} text={task.vocabulary.readable(each.tokens)} />
        ))}
      </ToggleGroup.Root>
      <div className={styles.formulas} data-testid="reward-formulas">
        {rewardFormulas(prompt, bar, manifest).map(({ name, tex }) => (
          <Formula key={name} name={name} tex={tex} />
        ))}
      </div>
      <Button
        data-testid="inspect-prediction"
        onClick={() =>
          session.inspector.open({
            step: prompt.step,
            kind: 'meta',
            candidate: prompt.index,
            rollout: bar.place,
          })
        }
      >
        Inspect token by token
      </Button>
      <TableView name="rewards" title="Rewards" table={() => rewardsTable([prompt])} />
    </div>
  );
}

function Bar({ bar, text }: { bar: RewardBar; text: string }) {
  return (
    <ToggleGroup.Item
      value={String(bar.place)}
      className={styles.bar}
      aria-label={`${text} earned ${formatFixed(bar.meta, 3)}`}
      data-testid={`reward-${bar.place}`}
      data-meta={bar.meta}
    >
      <span className={styles.says} title={text}>
        {text || 'nothing that can be read'}
      </span>
      <span className={styles.track}>
        {PARTS.map(({ key }) => (
          <i
            key={key}
            data-part={key}
            data-share={bar[key] / 3}
            style={{ width: `${(100 * bar[key]) / 3}%` }}
          />
        ))}
      </span>
      <span className="number">{formatFixed(bar.meta, 2)}</span>
    </ToggleGroup.Item>
  );
}

/** Where nothing is sampled, what was predicted is the probability of each pass count itself. */
function Distribution({ prompt }: Pick<Props, 'prompt'>) {
  const { distribution, passRate, correct, total } = prompt;
  if (!distribution) return null;
  const most = Math.max(...distribution);
  const counts = distribution.length - 1;
  return (
    <div>
      <p className={styles.label}>
        <Explain
          label="Predicted pass rate, as a distribution"
          definition="The probability the policy gives to each pass count. Its expectation is the prediction."
          formula="sum over counts of p(count) * count / most"
          value={formatPercent(passRate?.value)}
          source="src/rl/step/predict.ts"
        />
      </p>
      <ul className={styles.distribution}>
        {places(distribution.length).map((count) => (
          <li
            key={count}
            data-true={total !== null && Math.round(((correct ?? 0) / total) * counts) === count}
          >
            <i style={{ height: `${(100 * distribution[count]) / most}%` }} />
            <span className="number">
              {count}
              <span className="visually-hidden">
                {' '}
                of {counts}: {formatPercent(distribution[count])}
              </span>
            </span>
          </li>
        ))}
      </ul>
      <p className={styles.none}>
        Of {counts}: expected {formatPercent(passRate?.value)}
        {total !== null && `, and ${correct} of ${total} came out right`}.
      </p>
    </div>
  );
}
