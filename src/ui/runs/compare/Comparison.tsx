/** Kept runs beside each other on shared axes, seeds grouped into arms; the figures as a table, all of it as a file. */
import { Dialog, ToggleGroup } from 'radix-ui';
import { memo, useMemo, useState } from 'react';
import type { RunDigest } from '../../../report';
import { type ArmRuns, figureOf, groupArms, LAST_STEPS } from '../../../report/arms';
import type { BandKind } from '../../../report/curves';
import { AXES, type CurveAxis, type Quantity, quantitiesOf } from '../../../report/quantities';
import { formatCount } from '../../../run/format';
import { Button } from '../../components/Button';
import { toCsv } from '../../components/csv';
import { Icon } from '../../components/Icon';
import overlay from '../../components/Overlay.module.css';
import type { Table } from '../../components/panel-offers';
import charts from '../../panels/Charts.module.css';
import { usePage, useSession } from '../../state/context';
import { saveBlob } from '../../state/download';
import styles from './Comparison.module.css';
import { ArmMark, CurveChart } from './CurveChart';
import { comparisonTable, figuresTable, figureText } from './table';
import { useCurves } from './useCurves';

export function Comparison() {
  const { runs } = useSession();
  const open = usePage((page) => page.runs.comparison !== null);
  const count = usePage((page) => page.runs.comparison?.ids.length ?? 0);
  const digests = usePage((page) => page.runs.comparison?.runs ?? null);
  return (
    <Dialog.Root open={open} onOpenChange={(now) => !now && runs.closeComparison()}>
      <Dialog.Portal>
        <Dialog.Overlay className={overlay.shade} />
        <Dialog.Content
          className={`${overlay.dialog} ${styles.dialog}`}
          aria-describedby={undefined}
          data-testid="comparison"
        >
          <Dialog.Title className={overlay.title}>{formatCount(count)} runs beside each other</Dialog.Title>
          {digests ? (
            <Compared runs={digests} />
          ) : (
            <p className={styles.waiting} role="status">
              Reading {formatCount(count)} runs…
            </p>
          )}
          <div className={overlay.actions}>
            <Dialog.Close asChild>
              <Button weight="primary" icon={<Icon name="close" />}>
                Close
              </Button>
            </Dialog.Close>
          </div>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

const saveTable = (name: string, table: Table) =>
  saveBlob(`${name}.csv`, new Blob([toCsv(table)], { type: 'text/csv;charset=utf-8' }));

const AXIS_NAMES: Readonly<Record<CurveAxis, string>> = { steps: 'Steps', tokens: 'Tokens', seconds: 'Time' };

type Shown = BandKind | 'runs';
const SHOWN: Readonly<Record<Shown, string>> = {
  interval: 'Mean, 95%',
  deviation: 'Mean ± deviation',
  runs: 'Every run',
};

function Compared({ runs }: { runs: readonly RunDigest[] }) {
  const session = useSession();
  const [axis, setAxis] = useState<CurveAxis>('steps');
  const [shown, setShown] = useState<Shown>('interval');
  const band: BandKind = shown === 'deviation' ? 'deviation' : 'interval';
  const arms = useMemo(() => groupArms(runs), [runs]);
  const quantities = useMemo(() => quantitiesOf(runs), [runs]);
  const curves = useCurves(arms, quantities, axis, band);
  const ids = usePage((page) => page.runs.comparison?.ids ?? null);
  const waiting = usePage((page) => page.runs.waiting);
  const exportCsv = () => saveTable('masa-lab-comparison', comparisonTable(arms, quantities, axis, band));
  return (
    <>
      <div className={styles.tools}>
        <Switch
          label="Draw the curves against"
          names={AXIS_NAMES}
          order={AXES}
          value={axis}
          choose={setAxis}
        />
        <Switch
          label="What is drawn of an arm"
          names={SHOWN}
          order={['interval', 'deviation', 'runs']}
          value={shown}
          choose={setShown}
        />
        <div className={styles.away}>
          <Button onClick={exportCsv}>Export as CSV</Button>
          <Button disabled={waiting !== null} onClick={() => session.runs.report(ids)}>
            {waiting ?? 'Save report'}
          </Button>
        </div>
      </div>
      <div className={styles.charts}>
        {curves.map((each, i) => (
          <CurveChart
            key={quantities[i].key}
            quantity={quantities[i]}
            axis={axis}
            curves={each}
            single={shown === 'runs'}
          />
        ))}
      </div>
      {curves.length < quantities.length && (
        <p className={styles.waiting} role="status">
          Working out {formatCount(quantities.length - curves.length)} more curves…
        </p>
      )}
      <Figures arms={arms} quantities={quantities} />
    </>
  );
}

function Switch<T extends string>({
  label,
  names,
  order,
  value,
  choose,
}: {
  label: string;
  names: Readonly<Record<T, string>>;
  order: readonly T[];
  value: T;
  choose: (value: T) => void;
}) {
  return (
    <ToggleGroup.Root
      type="single"
      className={charts.switch}
      aria-label={label}
      value={value}
      onValueChange={(next) => {
        const chosen = order.find((each) => each === next);
        if (chosen) choose(chosen);
      }}
    >
      {order.map((each) => (
        <ToggleGroup.Item key={each} value={each}>
          {names[each]}
        </ToggleGroup.Item>
      ))}
    </ToggleGroup.Root>
  );
}

const Figures = memo(function Figures({
  arms,
  quantities,
}: {
  arms: readonly ArmRuns[];
  quantities: readonly Quantity[];
}) {
  return (
    <section className={styles.scroll} aria-label="What the arms came to">
      <div className={styles.figures}>
        <h3>What the arms came to</h3>
        {/* Inside of what scrolls, so that the keyboard gets there too. */}
        <Button weight="quiet" onClick={() => saveTable('masa-lab-figures', figuresTable(arms, quantities))}>
          Save as CSV
        </Button>
      </div>
      <table className={styles.table}>
        <caption>
          At the last evaluation, or over the last {LAST_STEPS} steps: mean ± deviation over runs, and the
          bootstrap 95% interval of the mean from three runs on.
        </caption>
        <thead>
          <tr>
            <th scope="col">Quantity</th>
            {arms.map(({ name, runs }, index) => (
              <th key={name} scope="col">
                <span className={styles.arm}>
                  <ArmMark index={index} />
                  {name} ({runs.length === 1 ? 'one run' : `${runs.length} runs`})
                </span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {quantities.map((quantity) => (
            <tr key={quantity.key} data-quantity={quantity.key}>
              <th scope="row">{quantity.label}</th>
              {arms.map((arm) => {
                const figure = figureOf(arm, quantity);
                return (
                  <td key={arm.name} className="number" data-arm={arm.name} data-mean={figure?.mean ?? ''}>
                    {figure ? figureText(figure, quantity.format) : ''}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
});
