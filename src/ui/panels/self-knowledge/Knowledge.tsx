/** What the policy knows of itself, over the recent steps: the scatter and its figures, for it or for a plain policy. */
import { ToggleGroup } from 'radix-ui';
import { type ReactNode, useEffect, useState } from 'react';
import { useStore } from 'zustand';
import { formatCount, formatFixed, formatPercent } from '../../../run/format';
import { Button } from '../../components/Button';
import { Empty } from '../../components/Empty';
import { Explain } from '../../components/Explain';
import { Figure, Figures } from '../../components/Figures';
import { usePage, useSession } from '../../state/context';
import { shownManifest } from '../../state/selectors';
import { isWatched, keepWatched, openWatched, watchedStore } from '../../state/watched';
import { calibrationOf, describeCalibration, type PredictionPoint } from '../../views/self-knowledge';
import switchStyles from '../Charts.module.css';
import styles from './Knowledge.module.css';
import { Scatter } from './Scatter';

export function Knowledge({ points }: { points: readonly PredictionPoint[] }) {
  const watched = usePage((page) => isWatched(shownManifest(page)));
  const policy = useStore(watchedStore, (state) => state.policy);
  const [whose, setWhose] = useState<'own' | 'plain'>('own');
  useEffect(() => {
    if (watched) keepWatched('the last watched run of this page', points);
  }, [watched, points]);

  const own = whose === 'own';
  const drawn = own ? points : (policy?.points ?? []);
  return (
    <div className={styles.knowledge}>
      <ToggleGroup.Root
        type="single"
        className={`${switchStyles.switch} ${styles.whose}`}
        aria-label="Whose predictions"
        value={whose}
        onValueChange={(next) => {
          if (next) setWhose(next as 'own' | 'plain');
        }}
      >
        <ToggleGroup.Item value="own">This policy</ToggleGroup.Item>
        <ToggleGroup.Item value="plain">A plain GRPO policy</ToggleGroup.Item>
      </ToggleGroup.Root>
      {drawn.length > 0 ? (
        <Drawn points={drawn}>
          {own
            ? watched && 'This run is plain GRPO: its predictions are watched and change nothing.'
            : `From ${policy?.source}, up to step ${formatCount(policy?.step)}.`}
        </Drawn>
      ) : own ? (
        <Empty>Points appear once the first prompts have been asked about and rolled out.</Empty>
      ) : (
        <NoPlain />
      )}
    </div>
  );
}

function Drawn({ points, children }: { points: readonly PredictionPoint[]; children: ReactNode }) {
  const calibration = calibrationOf(points);
  const { error, correlation } = calibration;
  return (
    <>
      <Scatter points={points} whose="recent steps" />
      <Figures>
        <Figure
          name="scatter-error"
          value={error}
          text={formatPercent(error)}
          label={
            <Explain
              label="Mean error"
              definition="How far the predicted pass rate is from the true one, over the prompts drawn."
              formula={`mean of |predicted - right / rollouts| over ${points.length} prompts`}
              value={formatPercent(error)}
              source="src/rl/masa/alignment.ts"
            />
          }
        />
        <Figure
          name="scatter-correlation"
          value={correlation}
          text={formatFixed(correlation, 2)}
          label={
            <Explain
              label="Correlation"
              definition="Whether it expects more where it gets more right: 1 is perfect, 0 says nothing."
              formula={`Pearson’s r of predicted and true pass rate over ${points.length} prompts`}
              value={formatFixed(correlation, 3)}
              source="src/rl/masa/alignment.ts"
            />
          }
        />
        <Figure
          name="scatter-prompts"
          value={points.length}
          text={formatCount(points.length)}
          label={
            <Explain
              label="Prompts drawn"
              definition="Prompts of the steps drawn that were asked about and rolled out, so that there is a truth to compare with."
              formula="prompts with a prediction and rollouts, audited ones included"
              value={formatCount(points.length)}
              source="src/ui/views/self-knowledge.ts"
            />
          }
        />
      </Figures>
      <p className={styles.says}>
        {describeCalibration(calibration, formatPercent)} {children}
      </p>
    </>
  );
}

/** How to get the other policy on the picture. */
function NoPlain() {
  const session = useSession();
  const problem = useStore(watchedStore, (state) => state.problem);
  return (
    <Empty
      action={
        <div className={styles.ways}>
          <Button onClick={() => session.applyPreset('grpo-observed')}>Use the preset GRPO, watched</Button>
          <label className={styles.file}>
            Open events.jsonl of such a run{' '}
            <input
              type="file"
              accept=".jsonl"
              onChange={(event) => {
                const [file] = event.currentTarget.files ?? [];
                if (file) void openWatched(file);
              }}
            />
          </label>
          {problem && (
            <p className={styles.problem} role="alert">
              {problem}
            </p>
          )}
        </div>
      }
    >
      To compare, let a plain GRPO run be watched first: its predictions are kept and appear here beside the
      next run.
    </Empty>
  );
}
