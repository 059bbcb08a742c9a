/**
 * The rollouts of one prompt as bars to their ends, the limit they were under, and how far audited ones went beyond it.
 * Bars of one kind are one path, so that a card stays a handful of elements while they grow.
 */
import { scaleLinear } from 'd3-scale';
import { memo } from 'react';
import type { Task } from '../../../tasks/task';
import { useWidth } from '../../components/useWidth';
import { useLight } from '../../history/lit';
import { unbrokenTerms } from '../../state/wording';
import type { BarState, CutoffRow, RolloutBar } from '../../views/cutoffs';
import styles from './CutoffCard.module.css';

const STATES: readonly BarState[] = ['growing', 'ended', 'right', 'wrong', 'truncated', 'cut'];
const PITCH = 7;
const THICK = 5;
const TOP = 6;

interface Props {
  row: CutoffRow;
  task: Task;
  /** The longest rollout there may be, in tokens. */
  longest: number;
}

export const CutoffCard = memo(function CutoffCard({ row, task, longest }: Props) {
  const light = useLight(row.step, row.index);
  const [box, width] = useWidth<HTMLDivElement>();
  const text = task.vocabulary.readable(row.prompt);
  const height = TOP + row.bars.length * PITCH + 4;
  return (
    <li className={styles.card} data-testid={`cutoff-${row.index}`} {...light}>
      <span className={styles.prompt} title={text}>
        {unbrokenTerms(text)}
      </span>
      <div ref={box} className={styles.frame} style={{ height }}>
        {width > 0 && (
          <svg width={width} height={height} role="img" aria-label={`${text}: ${inWords(row)}`}>
            <Bars row={row} width={width} height={height} longest={longest} />
          </svg>
        )}
      </div>
      <span className={`${styles.limit} number`} data-testid="limit-label">
        {row.limit ? row.limit.label : ' '}
      </span>
    </li>
  );
});

function inWords({ bars, limit }: CutoffRow): string {
  const of = (state: BarState) => bars.filter((bar) => bar.state === state).length;
  const said = STATES.flatMap((state) => (of(state) > 0 ? [`${of(state)} ${state}`] : []));
  const audited = bars.flatMap(({ audit }) =>
    audit === null
      ? []
      : audit.correct === null
        ? ['one runs on for the audit']
        : [`one would have gone on to ${audit.length} tokens and been ${audit.correct ? 'right' : 'wrong'}`],
  );
  return [...said, ...(limit ? [`limit ${limit.tokens} tokens: ${limit.label}`] : []), ...audited].join(', ');
}

function Bars({
  row,
  width,
  height,
  longest,
}: {
  row: CutoffRow;
  width: number;
  height: number;
  longest: number;
}) {
  const x = scaleLinear([0, longest], [0, width - 2]).clamp(true);
  const y = (bar: RolloutBar) => TOP + bar.place * PITCH;
  const { bars, limit } = row;
  const audited = bars.filter((bar) => bar.audit !== null);
  return (
    <>
      <line className={styles.longest} x1={x(longest)} x2={x(longest)} y1={0} y2={height} />
      {STATES.map((state) => {
        const drawn = bars.filter((bar) => bar.state === state);
        return (
          drawn.length > 0 && (
            <path
              key={state}
              className={styles.bar}
              data-testid="bars"
              data-state={state}
              data-lengths={drawn.map((bar) => bar.length).join(' ')}
              d={drawn.map((bar) => `M0 ${y(bar)}h${Math.max(1, x(bar.length))}v${THICK}H0z`).join('')}
            />
          )
        );
      })}
      {audited.map((bar) => {
        const end = x(bar.audit!.length);
        const middle = y(bar) + THICK / 2;
        return (
          <g
            key={bar.place}
            className={styles.audit}
            data-testid="cut-audit"
            data-length={bar.audit!.length}
            data-correct={bar.audit!.correct ?? ''}
          >
            <line x1={x(bar.length)} x2={end} y1={middle} y2={middle} />
            {bar.audit!.correct === true && <circle cx={end} cy={middle} r={3} />}
            {bar.audit!.correct === false && <path d={`M${end - 3} ${middle - 3}l6 6m0 -6l-6 6`} />}
          </g>
        );
      })}
      {limit?.cuts && (
        <g className={styles.mark} data-testid="limit" data-tokens={limit.tokens}>
          <line x1={x(limit.tokens)} x2={x(limit.tokens)} y1={0} y2={height} />
          <path d={`M${x(limit.tokens) - 3.5} 0h7l-3.5 5z`} />
        </g>
      )}
    </>
  );
}
