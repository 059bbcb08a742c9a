/** The chosen token's numbers, each with what it is; the clip in words and as a formula; what else might have stood there. */
import { type ReactNode, useMemo } from 'react';
import { formatCount, formatFixed, formatNumber, formatPercent, NO_VALUE } from '../../../run/format';
import { Explain } from '../../components/Explain';
import { Formula } from '../../components/Formula';
import { type Looked, useInspector } from '../../inspector/hooks';
import { usePage } from '../../state/context';
import { shownManifest, shownTask } from '../../state/selectors';
import { tokenText } from '../../state/wording';
import { alternativesAt } from '../../views/inspector';
import { QUANTITIES, type Quantity } from '../../views/inspector-quantities';
import { clipSentence, tokenFormulas, updatesSentence } from '../../views/inspector-words';
import styles from './Inspector.module.css';

export function TokenDetail({ looked }: { looked: Looked }) {
  const position = useInspector((state) => state.position);
  const manifest = usePage(shownManifest);
  const task = usePage(shownTask);
  const { rollout, numbers, answer } = looked;
  const chosen = numbers[position] ?? numbers[0];
  const formulas = tokenFormulas(rollout, chosen, manifest);
  const sentence = clipSentence(rollout, chosen, manifest);
  const sequence = manifest.importance_sampling_level === 'sequence';
  return (
    <section className={styles.detail} aria-label="The chosen token" data-testid="token-detail">
      <h4>
        {chosen.inPrompt ? 'Prompt token' : 'Token'} {formatCount(chosen.position + 1)} of{' '}
        {formatCount(numbers.length)}: <code>{tokenText(task, chosen.token)}</code>
      </h4>
      <dl className="number">
        <Row quantity={QUANTITIES.sampled} value={chosen.sampled} />
        {answer && (
          <>
            <Row quantity={QUANTITIES.now} value={chosen.now} />
            <Row quantity={QUANTITIES.ratio} value={chosen.ratio} />
            {sequence && (
              <Figure name="used" value={chosen.used} text={formatNumber(chosen.used)}>
                <Explain
                  label="Ratio of the rollout"
                  definition="What the loss takes in place of the token’s own ratio: one ratio for all tokens of the rollout (importance_sampling_level is sequence)."
                  formula="exp(mean over the rollout’s tokens of log-probability now − when sampled)"
                >
                  <p>Computed in src/ui/views/inspector.ts, as shaders/sequence_ratio.wgsl has it.</p>
                </Explain>
              </Figure>
            )}
          </>
        )}
        {!chosen.inPrompt && (
          <Figure name="advantage" value={rollout.advantage} text={formatFixed(rollout.advantage, 3)}>
            <Explain
              label="Advantage"
              definition="How much better than the other rollouts of its prompt this one was rewarded; the same for all of its tokens."
              formula="A = (r − mean(r)) / (std(r) + 1e−6), inside the group"
            >
              <p>Computed in src/rl/advantages.ts.</p>
            </Explain>
          </Figure>
        )}
        {answer && <Row quantity={QUANTITIES.push} value={chosen.push} />}
        {answer && <Row quantity={QUANTITIES.entropy} value={chosen.entropy} />}
      </dl>
      {sentence && (
        <p className={styles.clip} data-testid="clip-sentence" data-clip={chosen.clip ?? ''}>
          {sentence}
        </p>
      )}
      {formulas.map(({ name, tex }) => (
        <Formula key={name} name={name} tex={tex} />
      ))}
      {chosen.clip !== null && <p className={styles.note}>{updatesSentence(manifest)}</p>}
      {answer && <Alternatives looked={looked} position={chosen.position} token={chosen.token} />}
    </section>
  );
}

function Row({ quantity, value }: { quantity: Quantity; value: number | null }) {
  const { key, label, definition, formula, source, text } = quantity;
  return (
    <Figure name={key} value={value} text={value === null ? NO_VALUE : text(value)}>
      <Explain label={label} definition={definition} formula={formula}>
        <p>Computed in {source}.</p>
      </Explain>
    </Figure>
  );
}

function Figure({
  name,
  value,
  text,
  children,
}: {
  name: string;
  value: number | null;
  text: string;
  children: ReactNode;
}) {
  return (
    <div>
      <dt>{children}</dt>
      <dd data-testid={`token-${name}`} data-value={value ?? ''}>
        {text}
      </dd>
    </div>
  );
}

interface AlternativesProps {
  looked: Looked;
  position: number;
  token: number;
}

function Alternatives({ looked: { answer }, position, token }: AlternativesProps) {
  const task = usePage(shownTask);
  const found = useMemo(
    () => (answer ? alternativesAt(position, token, answer.seen) : { list: [], rest: 0 }),
    [answer, position, token],
  );
  if (found.list.length === 0)
    return <p className={styles.note}>Nothing comes before the first token, so nothing predicts it.</p>;
  return (
    <div>
      <h5>
        <Explain
          label="What else might have stood there"
          definition="The likeliest tokens at this place by the policy of now, at the run’s temperature, and the one that stands there."
          formula="softmax(logits / temperature)"
        >
          <p>Computed in src/model/inspect.ts.</p>
        </Explain>
      </h5>
      <ol className={styles.alternatives}>
        {found.list.map((each) => (
          <li
            key={each.token}
            data-chosen={each.isChosen}
            data-testid="alternative"
            data-token={each.token}
            data-probability={each.probability}
          >
            <span className={styles.word}>
              {each.isChosen && <span aria-hidden="true">▸ </span>}
              {tokenText(task, each.token)}
              {each.isChosen && <span className="visually-hidden"> (stands there)</span>}
            </span>
            <span className={styles.track} aria-hidden="true">
              <i style={{ width: `${100 * each.probability}%` }} />
            </span>
            <span className="number">{formatPercent(each.probability)}</span>
          </li>
        ))}
      </ol>
      <p className={`${styles.note} number`}>
        ▸ stands there. All others together: {formatPercent(found.rest)}.
      </p>
    </div>
  );
}
