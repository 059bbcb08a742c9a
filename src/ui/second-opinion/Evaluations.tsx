/** The newest evaluation by ONNX Runtime beside the run's own, tier by tier, and a table of all of this visit. */
import type { Score } from '../../run/events';
import {
  formatCount,
  formatDuration,
  formatFixed,
  formatPercent,
  formatPercentInterval,
} from '../../run/format';
import { Empty } from '../components/Empty';
import { TableView } from '../components/TableView';
import { usePage } from '../state/context';
import { useOpinion } from './hooks';
import { isPaired, type OwnEvaluation, ownEvaluation } from './own-evaluation';
import styles from './SecondOpinion.module.css';
import type { Evaluation } from './state';
import { useShippedReports } from './useShippedReports';

const tierName = (key: string): string => key.slice(key.indexOf('/') + 1);

export function Evaluations() {
  const evaluations = useOpinion((state) => state.evaluations);
  const newest = evaluations[0];
  const manifest = usePage((page) => page.run.facts?.manifest ?? null);
  const own = usePage((page) => page.run.evaluations);
  const shipped = useShippedReports(newest?.source.kind === 'shipped' ? newest.source.shipped : null);
  if (!newest)
    return (
      <Empty>
        Nothing was evaluated yet. “Evaluate” answers the run’s held-out problems by ONNX Runtime.
      </Empty>
    );
  const beside = ownEvaluation(newest, { manifest, evaluations: own, shipped });
  return (
    <>
      <Newest evaluation={newest} own={beside} />
      <TableView
        name="second-opinion"
        title="Evaluations by ONNX Runtime"
        table={() => ({
          columns: [
            'policy',
            'step',
            'suite',
            'temperature',
            'engine',
            'right',
            'answers',
            'accuracy',
            'low',
            'high',
            'tokens',
            'seconds',
          ],
          rows: evaluations.map(({ source, policy, settings, engine, point, seconds }) => [
            source.label,
            policy.step,
            settings.suite,
            settings.temperature,
            engine,
            point.total.correct,
            point.total.samples,
            point.total.accuracy,
            point.total.low,
            point.total.high,
            point.meanLength,
            seconds,
          ]),
        })}
      />
    </>
  );
}

function Newest({ evaluation, own }: { evaluation: Evaluation; own: OwnEvaluation | null }) {
  const { source, policy, settings, point, seconds, stepsMeanwhile } = evaluation;
  const rows: { name: string; here: Score; there: Score | null }[] = [
    { name: 'All problems', here: point.total, there: own?.total ?? null },
    ...Object.entries(point.byTier).map(([key, here]) => ({
      name: tierName(key),
      here,
      there: own?.byTier[key] ?? null,
    })),
  ];
  return (
    <div
      className={styles.comparison}
      data-testid="opinion-result"
      data-step={policy.step}
      data-correct={point.total.correct}
      data-own-step={own?.step}
      data-own-correct={own?.total.correct}
      data-steps-meanwhile={stepsMeanwhile ?? undefined}
    >
      <p className={styles.hint}>
        {source.label}
        {source.kind === 'run' && `, step ${formatCount(policy.step)}`}: {formatCount(settings.problems)}{' '}
        problems, {formatCount(settings.samples)} {settings.samples === 1 ? 'answer' : 'answers'} each,{' '}
        {settings.temperature === 0 ? 'greedy' : `temperature ${settings.temperature}`};{' '}
        {formatDuration(seconds * 1000)}
        {stepsMeanwhile
          ? `, while training took ${formatCount(stepsMeanwhile)} ${stepsMeanwhile === 1 ? 'step' : 'steps'}`
          : ''}
        .
      </p>
      <table>
        <thead>
          <tr>
            <th scope="col">Problems</th>
            <th scope="col">ONNX Runtime</th>
            {own && (
              <th scope="col">
                The run’s own{own.step !== policy.step && `, at step ${formatCount(own.step)}`}
              </th>
            )}
          </tr>
        </thead>
        <tbody className="number">
          {rows.map(({ name, here, there }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>{scoreText(here)}</td>
              {own && <td>{there ? scoreText(there) : 'not known'}</td>}
            </tr>
          ))}
          <tr>
            <th scope="row">Mean length, tokens</th>
            <td>{formatFixed(point.meanLength, 2)}</td>
            {own && <td>{own.meanLength === null ? 'not known' : formatFixed(own.meanLength, 2)}</td>}
          </tr>
        </tbody>
      </table>
      <p className={styles.verdict} data-testid="opinion-agreement">
        {agreement(evaluation, own)}
      </p>
    </div>
  );
}

const scoreText = ({ correct, samples, accuracy, low, high }: Score): string =>
  `${formatPercent(accuracy)} (${formatPercentInterval(low, high)}), ${formatCount(correct)} of ${formatCount(samples)}`;

/** What the two say of each other. */
function agreement(evaluation: Evaluation, own: OwnEvaluation | null): string {
  const { point, settings, source } = evaluation;
  if (!own && source.kind === 'shipped' && !source.shipped.trained)
    return 'A base model has no run whose evaluations could stand beside this.';
  if (!own) return 'The run has no evaluation of its own on these problems so far.';
  if (!isPaired(evaluation, own))
    return settings.temperature === 0
      ? 'Greedy answers beside sampled ones: they need not be the same.'
      : 'Of another step, or other problems: they need not be the same.';
  const apart = Math.abs(point.total.correct - own.total.correct);
  const lengths = own.meanLength !== null && Math.abs(point.meanLength - own.meanLength) < 1e-9;
  if (apart === 0 && lengths)
    return 'Both engines agree: as many right in all, and answers of the same mean length.';
  return `The two differ by ${formatCount(apart)} of ${formatCount(point.total.samples)} answers. Rounding tips a token now and then, and what follows it.`;
}
