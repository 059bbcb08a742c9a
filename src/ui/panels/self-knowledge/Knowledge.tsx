/**
 * What the policy knows of itself: the scatter of predicted against true pass rate with its figures, over held-out
 * problems or over the prompts of the recent steps, and those of a plain policy to compare with.
 */
import { ToggleGroup } from 'radix-ui';
import { type ReactNode, useEffect, useMemo, useState } from 'react';
import { useStore } from 'zustand';
import { formatCount } from '../../../run/format';
import { Button } from '../../components/Button';
import { Empty } from '../../components/Empty';
import { useRecentRecords } from '../../history/hooks';
import { usePage, useSession } from '../../state/context';
import { shownHeldOut, shownManifest } from '../../state/selectors';
import { isWatched, keepWatched, openWatched, watchedStore } from '../../state/watched';
import {
  calibrationOf,
  type PredictionPoint,
  pointsTable,
  predictionPoints,
  WINDOW,
} from '../../views/self-knowledge';
import switchStyles from '../Charts.module.css';
import { HeldOut } from './HeldOut';
import styles from './Knowledge.module.css';
import { KnowledgeFigures } from './KnowledgeFigures';
import { Scatter } from './Scatter';
import panelStyles from './SelfKnowledge.module.css';

type Drawn = 'held-out' | 'steps' | 'plain';

const HEADINGS: Readonly<Record<Drawn, string>> = {
  'held-out': 'Pass rates, held-out problems',
  steps: `Pass rates, latest ${WINDOW} steps`,
  plain: `Pass rates, ${WINDOW} steps of a plain GRPO policy`,
};

export function Knowledge() {
  const records = useRecentRecords(WINDOW);
  const points = useMemo(() => predictionPoints(records), [records]);
  const manifest = usePage(shownManifest);
  const evaluated = usePage((page) => shownHeldOut(page) !== null);
  const policy = useStore(watchedStore, (state) => state.policy);
  const [chosen, setChosen] = useState<Drawn | null>(null);
  const watched = isWatched(manifest);
  useEffect(() => {
    if (watched) keepWatched('the last watched run of this page', points);
  }, [watched, points]);

  // A gate takes the prompts that are known best out of the steps: what was learned shows on held-out problems.
  const drawn = chosen ?? (manifest.masa_gate && (evaluated || points.length === 0) ? 'held-out' : 'steps');
  return (
    <section className={panelStyles.part} aria-labelledby="pass-rates">
      <h3 id="pass-rates">{HEADINGS[drawn]}</h3>
      <p className={panelStyles.hint}>
        {drawn === 'held-out'
          ? 'A point is a problem it never trains on, the same ones every time, with a halo where several lie; the line is the share that came out right, with its 95% interval.'
          : `A point is a prompt, paler with age; the line is the share that came out right, with its 95% interval. ${drawn === 'steps' && manifest.masa_gate ? 'What the gate skips has no outcome and is missing: the prompts it is surest of.' : ''}`}
      </p>
      <div className={styles.knowledge}>
        <ToggleGroup.Root
          type="single"
          className={`${switchStyles.switch} ${styles.whose}`}
          aria-label="Predictions drawn"
          value={drawn}
          onValueChange={(next) => {
            if (next) setChosen(next as Drawn);
          }}
        >
          <ToggleGroup.Item value="held-out">Held-out problems</ToggleGroup.Item>
          <ToggleGroup.Item value="steps">The steps’ prompts</ToggleGroup.Item>
          <ToggleGroup.Item value="plain">A plain GRPO policy</ToggleGroup.Item>
        </ToggleGroup.Root>
        {drawn === 'held-out' && <HeldOut />}
        {drawn === 'steps' &&
          (points.length > 0 ? (
            <Steps points={points}>
              {watched && 'This run is plain GRPO: its predictions are watched and change nothing.'}
            </Steps>
          ) : (
            <Empty>Points appear once the first prompts have been asked about and rolled out.</Empty>
          ))}
        {drawn === 'plain' &&
          (policy ? (
            <Steps points={policy.points}>
              From {policy.source}, up to step {formatCount(policy.step)}.
            </Steps>
          ) : (
            <NoPlain />
          ))}
      </div>
    </section>
  );
}

function Steps({ points, children }: { points: readonly PredictionPoint[]; children: ReactNode }) {
  const calibration = useMemo(() => calibrationOf(points), [points]);
  return (
    <>
      <Scatter
        points={points}
        calibration={calibration}
        whose="recent steps"
        what="prompts"
        table={() => pointsTable(points)}
      />
      <KnowledgeFigures
        calibration={calibration}
        what="prompts"
        count={points.length}
        counted={{
          definition:
            'Prompts of the steps drawn that were asked about and rolled out, so that there is a truth to compare with.',
          formula: 'prompts with a prediction and rollouts, audited ones included',
          source: 'src/ui/views/self-knowledge.ts',
        }}
      >
        {children}
      </KnowledgeFigures>
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
