/** Why an arm is cheaper or not: from what a perfect gate would give, by what was lost to what, to what was measured. */
import { scaleLog } from 'd3-scale';
import { useStore } from 'zustand';
import type { RaceReport } from '../../lab/race/report';
import { formatFixed } from '../../run/format';
import { Empty } from '../components/Empty';
import { Explain } from '../components/Explain';
import { Formula } from '../components/Formula';
import { Panel } from '../components/Panel';
import { Picture } from '../components/Picture';
import { useSession } from '../state/context';
import { goalText, intervalText, timesText } from './answer';
import { breakEvenText, formulaOf, pairsTable, type Stage, stagesOf, symbolsOf } from './arithmetic';
import { armStyle } from './arm-style';
import styles from './Race.module.css';
import type { RaceView } from './state';

export function GateArithmetic({ race }: { race: RaceView }) {
  const { races } = useSession();
  const share = useStore(races.store, (page) => page.share);
  const { report, setup } = race;
  // Where nothing is gated or cut and nothing predicted there is no arithmetic to be done.
  const saving = setup.arms.slice(1).filter(({ manifest }) => manifest.masa_gate || manifest.masa_cutoff);
  if (saving.length === 0) return null;
  const known = (report?.arithmetic ?? []).filter(
    (each) => each.share === share && saving.some(({ name }) => name === each.arm),
  );
  return (
    <Panel
      name="race-arithmetic"
      title="Where it is won and lost"
      caption={`The arithmetic of the gate, to ${goalText(setup.arms[0].name, share)}, in tokens with the audit’s counted.`}
    >
      {known.length === 0 ? (
        <Empty>Worked out once every arm was evaluated.</Empty>
      ) : (
        known.map((each) => (
          <One key={each.arm} {...each} place={setup.arms.findIndex(({ name }) => name === each.arm)} />
        ))
      )}
    </Panel>
  );
}

type OneProps = RaceReport['arithmetic'][number] & { place: number };

function One({ arm, arithmetic, place }: OneProps) {
  const stages = stagesOf(arithmetic);
  if (stages.length === 0)
    return (
      <Empty>
        {arm}: {arithmetic.reason || 'not everything it needs was measured'}.
      </Empty>
    );
  return (
    <div className={styles.one}>
      <Way arm={arm} place={place} stages={stages} table={() => pairsTable(arm, arithmetic)} />
      <p className={styles.breakEven} data-testid="race-break-even" data-arm={arm}>
        {breakEvenText(arithmetic)}{' '}
        {arithmetic.predicted_at_equal_learning &&
          `Were the two equal, it would be ${timesText(arithmetic.predicted_at_equal_learning.mean)}.`}
      </p>
      <Formula name={`race-${arm}`} tex={formulaOf(arithmetic)} />
      <dl className={styles.symbols}>
        {symbolsOf(arithmetic).map(({ symbol, definition, value }) => (
          <div key={symbol} data-testid={`race-symbol-${symbol}`} data-value={value?.mean}>
            <dt>
              <Explain label={symbol} definition={`${definition[0].toUpperCase()}${definition.slice(1)}.`} />
            </dt>
            <dd className="number">
              {formatFixed(value?.mean, 2)} {intervalText(value?.interval ?? null)}
            </dd>
          </div>
        ))}
      </dl>
      {arithmetic.reason && <p className={styles.note}>Left out: {arithmetic.reason}.</p>}
    </div>
  );
}

interface WayProps {
  arm: string;
  place: number;
  stages: readonly Stage[];
  table: () => ReturnType<typeof pairsTable>;
}

const ROW = 26;
const MARGIN = { left: 150, right: 60, top: 4, bottom: 22 };
const TICKS = [0.25, 0.5, 1, 2, 4, 8, 16];

function Way({ arm, place, stages, table }: WayProps) {
  const ends = stages.flatMap(({ from, to }) => [from, to]);
  const low = Math.min(0.8, ...ends) / 1.05;
  const high = Math.max(1.5, ...ends) * 1.05;
  const colour = `var(--${armStyle(place).colour})`;
  return (
    <Picture
      name={`race-arithmetic-${arm}`}
      title={arm}
      label={`${arm}, speed-up in tokens: ${stages.map(({ label, kind, value }) => `${label} ${kind === 'factor' ? 'times ' : ''}${formatFixed(value.mean, 2)}`).join(', ')}`}
      height={() => MARGIN.top + MARGIN.bottom + ROW * stages.length}
      table={table}
      note={
        <ul className={styles.explained}>
          {stages.map(({ key, label, definition, value }) => (
            <li key={key}>
              <Explain
                label={label}
                definition={definition}
                value={`${formatFixed(value.mean, 3)} ${intervalText(value.interval)}`}
              />
            </li>
          ))}
        </ul>
      }
    >
      {(width, height) => {
        const x = scaleLog([low, high], [MARGIN.left, width - MARGIN.right]);
        return (
          <g className={styles.plot}>
            {TICKS.filter((tick) => tick >= low && tick <= high).map((tick) => (
              <g key={tick} className={tick === 1 ? styles.unit : styles.tick}>
                <line x1={x(tick)} x2={x(tick)} y1={MARGIN.top} y2={height - MARGIN.bottom} />
                <text x={x(tick)} y={height - 6} textAnchor="middle">
                  {tick}×
                </text>
              </g>
            ))}
            {stages.map(({ key, label, kind, value, from, to }, row) => {
              const top = MARGIN.top + row * ROW;
              const [left, right] = [Math.min(x(from), x(to)), Math.max(x(from), x(to))];
              const fill = kind === 'total' ? colour : to < from ? 'var(--bad)' : 'var(--good)';
              return (
                <g key={key} data-testid={`race-stage-${key}`} data-value={value.mean} data-to={to}>
                  <text
                    className={kind === 'total' ? styles.rowName : styles.rowFactor}
                    x={kind === 'total' ? 0 : 10}
                    y={top + ROW / 2}
                    dy="0.34em"
                  >
                    {kind === 'factor' ? '× ' : ''}
                    {label}
                  </text>
                  <rect
                    x={left}
                    y={top + 6}
                    width={Math.max(1.5, right - left)}
                    height={ROW - 12}
                    rx={2}
                    fill={fill}
                  />
                  <text className={styles.rowValue} x={width} y={top + ROW / 2} dy="0.34em" textAnchor="end">
                    {kind === 'total' ? timesText(value.mean) : `× ${formatFixed(value.mean, 2)}`}
                  </text>
                </g>
              );
            })}
          </g>
        );
      }}
    </Picture>
  );
}
