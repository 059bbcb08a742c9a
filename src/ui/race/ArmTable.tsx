/** The arms as they stand: step, tokens, accuracy with its interval and alignment on the seed under way, and over seeds. */
import type { RaceReport } from '../../lab/race/report';
import {
  formatCount,
  formatDuration,
  formatFixed,
  formatPercent,
  formatPercentInterval,
} from '../../run/format';
import { Empty } from '../components/Empty';
import { Explain } from '../components/Explain';
import { Panel } from '../components/Panel';
import type { Table } from '../components/panel-offers';
import { ArmKey } from './ArmKey';
import styles from './Race.module.css';
import type { LaneView, RaceView } from './state';

export function ArmTable({ race }: { race: RaceView }) {
  const { setup, lanes, report, suite } = race;
  const seed = race.progress?.seed ?? lanes.at(-1)?.seed ?? null;
  const rows = setup.arms.map(({ name }) => lanes.find((lane) => lane.arm === name && lane.seed === seed));
  const table = (): Table => ({
    columns: ['arm', 'seed', 'steps', 'tokens', 'seconds', 'accuracy', 'low', 'high', 'r', 'ended'],
    rows: lanes.map((lane) => [
      lane.arm,
      lane.seed,
      lane.steps,
      lane.tokens,
      lane.milliseconds / 1000,
      lane.accuracy?.accuracy ?? null,
      lane.accuracy?.low ?? null,
      lane.accuracy?.high ?? null,
      lane.alignment,
      lane.ending?.reason ?? null,
    ]),
  });
  return (
    <Panel
      name="race-arms"
      title="The arms"
      caption={
        seed === null
          ? undefined
          : `On seed ${seed}${report && !report.provisional ? `; beside it the means over ${report.seeds.length === 1 ? `seed ${report.seeds[0]}` : `seeds ${report.seeds.join(', ')}`}` : ''}.`
      }
      save={{ title: 'Arms', table }}
    >
      {seed === null ? (
        <Empty>Listed once the arms are loaded.</Empty>
      ) : (
        <div className={styles.scroll}>
          <table className={styles.table}>
            <thead>
              <tr>
                <th scope="col">Arm</th>
                <th scope="col" data-numeric="true">
                  Step
                </th>
                <th scope="col" data-numeric="true">
                  <Explain
                    label="Tokens"
                    definition="Generated for training on this seed: solutions, and predictions where the arm makes use of them."
                  />
                </th>
                <th scope="col" data-numeric="true">
                  <Explain
                    label="Time"
                    definition="Of the arm’s own steps on this seed, evaluations and the others’ turns left out."
                  />
                </th>
                <th scope="col" data-numeric="true">
                  <Explain
                    label="Accuracy"
                    definition={`Held-out answers that are right, on suite ${suite}, at the newest evaluation; behind it Wilson’s 95% interval over the answers.`}
                    formula="right answers / answers"
                  />
                </th>
                <th scope="col" data-numeric="true">
                  <Explain
                    label="Correlation"
                    definition="How well the arm’s predicted pass rates go with its true ones: Pearson’s correlation over held-out problems in domain, or over the step’s prompts where evaluations ask for no predictions. A dash: the arm is not asked."
                  />
                </th>
                <Over report={report} />
              </tr>
            </thead>
            <tbody>
              {rows.map((lane, place) => (
                <Row
                  key={setup.arms[place].name}
                  lane={lane}
                  name={setup.arms[place].name}
                  place={place}
                  report={report}
                />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}

function Over({ report }: { report: RaceReport | null }) {
  if (!report || report.provisional) return null;
  return (
    <th scope="col" data-numeric="true">
      <Explain
        label="Mean at the end"
        definition="Accuracy after the last step, mean over the seeds that are settled, with the bootstrap 95% interval over seeds from three on."
      />
    </th>
  );
}

interface RowProps {
  lane: LaneView | undefined;
  name: string;
  place: number;
  report: RaceReport | null;
}

function Row({ lane, name, place, report }: RowProps) {
  const score = lane?.accuracy ?? null;
  const end = report?.comparison?.arms.find((arm) => arm.name === name)?.final[report.suite]?.end;
  return (
    <tr
      data-testid="race-row"
      data-arm={name}
      data-steps={lane?.steps}
      data-tokens={lane?.tokens}
      data-accuracy={score?.accuracy}
    >
      <th scope="row">
        <ArmKey name={name} place={place} />
        {lane?.ending?.reason === 'failed' && (
          <span className={styles.failed} data-testid="race-failed">
            Failed: {lane.ending.message}
          </span>
        )}
      </th>
      <td data-numeric="true">
        {formatCount(lane?.steps)} of {formatCount(lane?.of)}
      </td>
      <td data-numeric="true">{formatCount(lane?.tokens)}</td>
      <td data-numeric="true">{formatDuration(lane?.milliseconds)}</td>
      <td data-numeric="true">
        {formatPercent(score?.accuracy)}
        {score && (
          <span className={styles.small}>
            {formatPercentInterval(score.low, score.high)}, step {lane?.accuracyAt}
          </span>
        )}
      </td>
      <td data-numeric="true">
        {formatFixed(lane?.alignment, 2)}
        {lane?.alignmentOf && <span className={styles.small}>{lane.alignmentOf}</span>}
      </td>
      {report && !report.provisional && (
        <td data-numeric="true">
          {formatPercent(end?.mean)}
          {end?.interval && (
            <span className={styles.small}>{formatPercentInterval(end.interval[0], end.interval[1])}</span>
          )}
        </td>
      )}
    </tr>
  );
}
