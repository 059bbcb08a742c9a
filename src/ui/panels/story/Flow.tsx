/**
 * A step's prompts as lines: each begins at the share that the policy expected to get right, meets the gate, and ends at
 * the share that it got right; a skipped one ends at the gate. Straight lines are predictions that came true.
 */
import { scaleLinear } from 'd3-scale';
import { formatCount, formatPercent } from '../../../run/format';
import { Picture } from '../../components/Picture';
import { useLight } from '../../history/lit';
import { promptInWords, type Story, type StoryPrompt, storyTable } from '../../views/story';
import styles from './Flow.module.css';

const HEIGHT = 196;
const MARGIN = { side: 44, top: 12, bottom: 14 };
const TICKS = [0, 0.5, 1];

interface Props {
  story: Story;
  step: number;
  /** Writes a prompt as people would. */
  readable: (prompt: readonly number[]) => string;
}

export function Flow({ story, step, readable }: Props) {
  const { prompts, gate, tried } = story;
  const label = `Step ${formatCount(step)}, from prediction to outcome: ${formatCount(prompts.length)} prompts, ${gate ? `${formatCount(gate.skipped)} skipped by the gate, ` : ''}${formatCount(tried)} tried`;
  return (
    <Picture
      name="story"
      title={`Step ${formatCount(step)}, prompt by prompt`}
      legend={<Legend gated={gate !== null} />}
      label={label}
      height={() => HEIGHT}
      table={() => storyTable(story)}
    >
      {(width) => <Plot story={story} width={width} readable={readable} />}
    </Picture>
  );
}

function Legend({ gated }: { gated: boolean }) {
  return (
    <span className={styles.legend}>
      <span>
        <i className={styles.from} /> expected
      </span>
      <span>
        <i className={styles.to} /> got right
      </span>
      {gated && (
        <>
          <span>
            <i className={styles.stopped}>×</i> skipped
          </span>
          <span>
            <i className={styles.dashed} /> tried all the same, to check
          </span>
        </>
      )}
    </span>
  );
}

function Plot({ story, width, readable }: Pick<Props, 'story' | 'readable'> & { width: number }) {
  const { prompts, gate } = story;
  const y = scaleLinear([0, 1], [HEIGHT - MARGIN.bottom, MARGIN.top]);
  const [left, middle, right] = [MARGIN.side, width / 2, width - MARGIN.side];
  return (
    <g className={styles.flow}>
      {TICKS.map((tick) => (
        <g key={tick} className={styles.tick}>
          <line x1={left} x2={right} y1={y(tick)} y2={y(tick)} />
          <text x={left - 10} y={y(tick)} dy="0.34em" textAnchor="end">
            {Math.round(tick * 100)}%
          </text>
          <text x={right + 10} y={y(tick)} dy="0.34em">
            {Math.round(tick * 100)}%
          </text>
        </g>
      ))}
      {gate && <rect className={styles.gate} x={middle - 2} y={0} width={4} height={HEIGHT} rx={2} />}
      {prompts.map((each) => (
        <Line
          key={each.index}
          prompt={each}
          gated={gate !== null}
          places={[left, middle, right]}
          y={y}
          text={readable(each.prompt)}
        />
      ))}
    </g>
  );
}

interface LineProps {
  prompt: StoryPrompt;
  gated: boolean;
  places: [left: number, middle: number, right: number];
  y: (share: number) => number;
  text: string;
}

function Line({ prompt, gated, places: [left, middle, right], y, text }: LineProps) {
  const { step, index, predicted, fate, outcome } = prompt;
  const light = useLight(step, index);
  const actual = outcome && outcome.correct / outcome.total;
  // A prompt without a prediction comes from nowhere: it begins at the gate.
  const start = predicted === null ? null : y(predicted);
  const end = actual === null ? null : y(actual);
  const level = start ?? end;
  if (level === null) return null;
  const half = (right - middle) / 2;
  const after =
    end === null
      ? ''
      : `M${middle} ${level}C${middle + half} ${level} ${right - half} ${end} ${right} ${end}`;
  const before = start === null ? '' : `M${left} ${start}H${middle}`;
  return (
    <g
      className={styles.prompt}
      data-testid="story-prompt"
      data-prompt={index}
      data-predicted={predicted ?? ''}
      data-fate={fate}
      data-actual={actual ?? ''}
      {...light}
    >
      <title>{`${text} — ${promptInWords(prompt, gated, formatPercent)}`}</title>
      <path className={styles.reach} d={before + after} />
      <path className={styles.before} d={before} />
      {fate !== 'skipped' && <path className={styles.after} d={after} />}
      {fate !== 'kept' && <path className={styles.cross} d={`M${middle - 4} ${level - 4}l8 8m0 -8l-8 8`} />}
      {start !== null && <circle className={styles.start} cx={left} cy={start} r={4} />}
      {end !== null && <circle className={styles.end} cx={right} cy={end} r={4} />}
    </g>
  );
}
