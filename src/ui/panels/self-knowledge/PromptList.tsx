/**
 * The prompts of a step, one a row: what was asked, the predicted beside the true pass rate, and a strip of lengths:
 * above the line what happened, below it what was predicted. Choosing a row shows its predictions in full.
 */
import { scaleLinear } from 'd3-scale';
import { ToggleGroup } from 'radix-ui';
import { useState } from 'react';
import { formatNumber, formatPercent } from '../../../run/format';
import type { Task } from '../../../tasks/task';
import { Button } from '../../components/Button';
import { places } from '../../components/places';
import { useWidth } from '../../components/useWidth';
import { useLight } from '../../history/lit';
import type { LengthTick, PromptPrediction } from '../../views/predictions';
import styles from './PromptList.module.css';

/** Rows drawn at first. */
const FIRST = 8;

interface Props {
  prompts: readonly PromptPrediction[];
  task: Task;
  /** The longest rollout there may be, in tokens: the end of every strip. */
  longest: number;
  chosen: number | null;
  onChoose: (index: number) => void;
}

export function PromptList({ prompts, task, longest, chosen, onChoose }: Props) {
  const [all, setAll] = useState(false);
  const shown = all ? prompts : prompts.slice(0, FIRST);
  return (
    <div className={styles.list}>
      <p className={styles.head} aria-hidden="true">
        <span>Prompt</span>
        <span>
          Said <b>|</b> right
        </span>
        <span className={styles.scale}>
          <span>Length: 0</span>
          <span>{formatNumber(longest)} tokens</span>
        </span>
      </p>
      <ToggleGroup.Root
        type="single"
        className={styles.rows}
        aria-label="Prompts of the step"
        value={chosen === null ? '' : String(chosen)}
        onValueChange={(next) => {
          if (next) onChoose(Number(next));
        }}
      >
        {shown.map((prompt) => (
          <Row key={prompt.index} prompt={prompt} task={task} longest={longest} />
        ))}
      </ToggleGroup.Root>
      {prompts.length > shown.length && (
        <Button weight="quiet" onClick={() => setAll(true)}>
          Show all {prompts.length} prompts
        </Button>
      )}
    </div>
  );
}

function Row({ prompt, task, longest }: Pick<Props, 'task' | 'longest'> & { prompt: PromptPrediction }) {
  const light = useLight(prompt.step, prompt.index);
  const text = task.vocabulary.readable(prompt.prompt);
  const { passRate, correct, total } = prompt;
  return (
    <ToggleGroup.Item
      value={String(prompt.index)}
      className={styles.row}
      aria-label={inWords(prompt, text)}
      data-testid={`strip-${prompt.index}`}
      {...light}
    >
      <span className={styles.prompt} title={text}>
        {text}
      </span>
      <span className={`${styles.rates} number`}>
        <span className={styles.said}>{passRate ? percent(passRate.value) : '–'}</span>
        <span className={styles.rate}>
          <i style={{ width: `${100 * (passRate?.value ?? 0)}%` }} className={styles.saidBar} />
          <i
            style={{ width: `${total ? (100 * (correct ?? 0)) / total : 0}%` }}
            className={styles.rightBar}
          />
        </span>
        <span className={styles.right}>{total === null ? 'skipped' : `${correct}/${total}`}</span>
      </span>
      <Strip prompt={prompt} longest={longest} />
    </ToggleGroup.Item>
  );
}

const percent = (share: number): string => `${Math.round(100 * share)}%`;

function inWords({ index, passRate, correct, total, range, ticks }: PromptPrediction, text: string): string {
  const rate = passRate ? `predicted ${formatPercent(passRate.value)} right` : 'no prediction';
  const truth = total === null ? 'skipped' : `${correct} of ${total} right`;
  const lengths = range ? `right rollouts ${range.low} to ${range.high} tokens long` : 'no right rollout';
  const inRange = ticks.filter((tick) => tick.inRange).length;
  return `Prompt ${index + 1}: ${text}; ${rate}, ${truth}, ${lengths}, ${inRange} of ${ticks.length} predicted lengths in range`;
}

const HEIGHT = 40;
/** Where what happened ends and what was predicted begins. */
const MIDDLE = 18;

function Strip({ prompt, longest }: { prompt: PromptPrediction; longest: number }) {
  const [box, width] = useWidth<HTMLSpanElement>();
  const x = scaleLinear([0, longest], [1, Math.max(2, width - 1)]).clamp(true);
  const { range, lengths, ticks, expectedLength } = prompt;
  return (
    <span ref={box} className={styles.strip}>
      {width > 0 && (
        <svg width={width} height={HEIGHT} aria-hidden="true">
          <line className={styles.line} x1={0} x2={width} y1={MIDDLE} y2={MIDDLE} />
          {range && (
            <rect
              className={styles.range}
              data-testid="range"
              data-low={range.low}
              data-high={range.high}
              x={x(range.low) - 1}
              width={Math.max(3, x(range.high) - x(range.low) + 2)}
              y={4}
              height={MIDDLE - 5}
              rx={1.5}
            />
          )}
          {places(lengths.length).map((place) => {
            const each = lengths[place];
            const at = x(each.length);
            const marks = {
              right: `M${at} 4V${MIDDLE - 1}`,
              wrong: `M${at - 3} 8l6 6m0 -6l-6 6`,
              cut: `M${at} 6v10m-3 -10h3m-3 10h3`,
            };
            return (
              <path
                key={place}
                className={styles.rollout}
                data-testid="rollout-length"
                data-length={each.length}
                data-verdict={each.verdict}
                d={marks[each.verdict]}
              />
            );
          })}
          {expectedLength !== null && (
            <path
              className={styles.expected}
              data-testid="expected-length"
              data-length={expectedLength}
              d={`M${x(expectedLength)} ${MIDDLE + 3}l4 7h-8z`}
            />
          )}
          {stacked(ticks).map(({ tick, level }) => {
            const from = x(tick.low);
            const to = x(tick.high === null ? longest : tick.high + 1);
            return (
              <rect
                key={tick.place}
                className={styles.tick}
                data-testid="length-tick"
                data-low={tick.low}
                data-in-range={tick.inRange ?? ''}
                x={from + 0.75}
                width={Math.max(2, to - from - 1.5)}
                y={MIDDLE + 3 + level * 3}
                height={2}
              />
            );
          })}
        </svg>
      )}
    </span>
  );
}

/** Predictions of one bucket hang below each other, as far as there is room. */
function stacked(ticks: readonly LengthTick[]): { tick: LengthTick; level: number }[] {
  const levels = new Map<number, number>();
  return ticks.map((tick) => {
    const level = levels.get(tick.low) ?? 0;
    levels.set(tick.low, level + 1);
    return { tick, level: Math.min(level, 5) };
  });
}
