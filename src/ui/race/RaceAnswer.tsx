/** The answer of a race so far: how much cheaper to the baseline's accuracy, in every currency, beside the paper's. */
import { scaleLog } from 'd3-scale';
import { ToggleGroup } from 'radix-ui';
import { useStore } from 'zustand';
import type { RaceReport } from '../../lab/race/report';
import { Explain } from '../components/Explain';
import { Panel } from '../components/Panel';
import { Picture } from '../components/Picture';
import type { Table } from '../components/panel-offers';
import { useSession } from '../state/context';
import { ArmKey } from './ArmKey';
import { type Answer, answersOf, CURRENCIES, goalText, intervalText, shareText, timesText } from './answer';
import { armStyle, MARKS } from './arm-style';
import styles from './Race.module.css';
import type { RaceView } from './state';

const SHARES = [0.8, 0.9, 0.95, 0.975, 1] as const;

export function RaceAnswer({ race }: { race: RaceView }) {
  const { races } = useSession();
  const share = useStore(races.store, (page) => page.share);
  const { report, setup } = race;
  const [baseline] = setup.arms;
  const answers = report ? answersOf(report, share) : [];
  return (
    <Panel
      name="race-answer"
      title={`How much cheaper to ${goalText(baseline.name, share)}?`}
      tools={
        <ToggleGroup.Root
          type="single"
          className={styles.switch}
          aria-label={`Share of ${baseline.name}’s accuracy`}
          value={String(share)}
          onValueChange={(next) => next !== '' && races.set({ share: Number(next) })}
        >
          {SHARES.map((each) => (
            <ToggleGroup.Item key={each} value={String(each)}>
              {shareText(each)}
            </ToggleGroup.Item>
          ))}
        </ToggleGroup.Root>
      }
    >
      <div aria-live="polite" className={styles.answers}>
        {answers.length === 0 && (
          <p className={styles.answer} data-testid="race-answer" data-kind="none">
            The first evaluation of every arm is awaited.
          </p>
        )}
        {answers.map((answer) => (
          <div key={answer.arm}>
            <p
              className={styles.answer}
              data-testid="race-answer"
              data-kind={answer.kind}
              data-arm={answer.arm}
            >
              {answer.text}
            </p>
            {answer.note && <p className={styles.note}>{answer.note}</p>}
          </div>
        ))}
      </div>
      {report && answers.some(({ kind }) => kind === 'reached') && (
        <Ratios report={report} answers={answers} names={setup.arms.map(({ name }) => name)} share={share} />
      )}
      {report && <Paper speedup={report.paper} />}
    </Panel>
  );
}

/** What the paper's figure is, since it invites comparison. */
function Paper({ speedup }: { speedup: number }) {
  return (
    <p className={styles.note}>
      <Explain
        label={`The paper’s ${timesText(speedup)}`}
        trigger={<strong>The paper has {timesText(speedup)}</strong>}
        definition="How much faster training came to GRPO’s accuracy in the paper (arXiv 2510.03259): Qwen3-8B-Base on mathematics, on eight H100 for a day or two. Here a model of 146 thousand parameters learns a small task: what can be held against it is rather the side of 1 than the number."
      />{' '}
      for its efficient arm, of training time. The nearest figure here is that of time; tokens and FLOPs do
      not depend on the device.
    </p>
  );
}

interface RatiosProps {
  report: RaceReport;
  answers: readonly Answer[];
  names: readonly string[];
  share: number;
}

const MARGIN = { left: 128, top: 22, bottom: 30 };
const ROW = 17;
/** Below it there is no room for intervals in words; the table has them. */
const ROOMY = 520;
const TICKS = [0.25, 0.5, 1, 2, 4];

/** Each cost's ratio with its interval, on a logarithmic axis: twice as cheap is as far from 1 as twice as dear. */
function Ratios({ report, answers, names, share }: RatiosProps) {
  const rows = answers.filter(({ kind }) => kind === 'reached');
  const each = ROW * rows.length + 10;
  const bounds = CURRENCIES.flatMap(({ axis }) =>
    rows.flatMap(({ target }) => {
      const ratio = target?.ratios?.[axis];
      return ratio ? [ratio.mean, ...(ratio.interval ?? [])] : [];
    }),
  );
  const low = Math.min(0.5, ...bounds) / 1.1;
  const high = Math.max(2, ...bounds) * 1.1;
  const table = (): Table => ({
    columns: ['arm', 'to', 'cost', 'times cheaper', 'low', 'high', 'pairs', 'of pairs'],
    rows: rows.flatMap(({ arm, target }) =>
      CURRENCIES.flatMap(({ axis, label }) => {
        const ratio = target?.ratios?.[axis];
        if (!target || !ratio) return [];
        const [from, to] = ratio.interval ?? [null, null];
        return [[arm, share, label, ratio.mean, from, to, target.pairs, target.of_pairs]];
      }),
    ),
  });
  return (
    <Picture
      name="race-ratios"
      title={`Times cheaper than ${report.baseline}`}
      label={`How many times cheaper than ${report.baseline}, to ${goalText(report.baseline, share)}: ${rows
        .map(
          ({ arm, target }) =>
            `${arm} ${CURRENCIES.map(({ axis, label }) => `${label} ${timesText(target?.ratios?.[axis]?.mean ?? Number.NaN)}`).join(', ')}`,
        )
        .join('; ')}`}
      height={() => MARGIN.top + MARGIN.bottom + CURRENCIES.length * each}
      table={table}
      legend={
        <ul className={styles.legend}>
          {rows.map(({ arm }) => (
            <li key={arm}>
              <ArmKey name={arm} place={names.indexOf(arm)} />
            </li>
          ))}
        </ul>
      }
      note={
        <ul className={styles.explained}>
          {CURRENCIES.map(({ axis, label, definition }) => (
            <li key={axis}>
              <Explain
                label={label}
                definition={definition}
                formula={`${report.baseline}’s cost to the target / the arm’s, of one seed; geometric mean over seeds`}
              />
            </li>
          ))}
        </ul>
      }
    >
      {(width, height) => {
        const roomy = width >= ROOMY;
        const x = scaleLog([low, high], [MARGIN.left, width - (roomy ? 132 : 56)]);
        const bottom = height - MARGIN.bottom;
        return (
          <g className={styles.plot}>
            {TICKS.filter((tick) => tick >= low && tick <= high).map((tick) => (
              <g key={tick} className={tick === 1 ? styles.unit : styles.tick}>
                <line x1={x(tick)} x2={x(tick)} y1={MARGIN.top - 4} y2={bottom} />
                <text x={x(tick)} y={bottom + 14} textAnchor="middle">
                  {tick}×
                </text>
              </g>
            ))}
            <g className={styles.paper}>
              <line x1={x(report.paper)} x2={x(report.paper)} y1={MARGIN.top - 4} y2={bottom} />
              <text x={x(report.paper)} y={MARGIN.top - 9} textAnchor="middle">
                paper {timesText(report.paper)}
              </text>
            </g>
            <text className={styles.tickText} x={x(1) - 8} y={height - 3} textAnchor="end">
              dearer
            </text>
            <text className={styles.tickText} x={x(1) + 8} y={height - 3}>
              cheaper
            </text>
            {CURRENCIES.map(({ axis, label }, row) => {
              const top = MARGIN.top + row * each;
              return (
                <g key={axis}>
                  <text className={styles.rowName} x={0} y={top + each / 2} dy="0.34em">
                    {label}
                  </text>
                  {rows.map(({ arm, target }, at) => {
                    const ratio = target?.ratios?.[axis];
                    if (!ratio) return null;
                    const { colour, mark } = armStyle(names.indexOf(arm));
                    const middle = top + 5 + (at + 0.5) * ROW;
                    return (
                      <g key={arm} data-testid={`race-ratio-${axis}`} data-arm={arm} data-value={ratio.mean}>
                        {ratio.interval && (
                          <line
                            x1={x(ratio.interval[0])}
                            x2={x(ratio.interval[1])}
                            y1={middle}
                            y2={middle}
                            stroke={`var(--${colour})`}
                            strokeWidth={2}
                          />
                        )}
                        <path
                          d={MARKS[mark]}
                          transform={`translate(${x(ratio.mean)} ${middle}) scale(1.25)`}
                          fill={`var(--${colour})`}
                        />
                        <text className={styles.rowValue} x={width} y={middle} dy="0.34em" textAnchor="end">
                          {timesText(ratio.mean)} {roomy && intervalText(ratio.interval)}
                        </text>
                      </g>
                    );
                  })}
                </g>
              );
            })}
          </g>
        );
      }}
    </Picture>
  );
}
