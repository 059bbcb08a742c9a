/**
 * How well the policy predicts its own rollouts: pass rates (`Knowledge.tsx`), lengths, notions and rewards of one
 * step's prompts, and the curves of the run. A plain run is told how to get here.
 */
import { useMemo, useState } from 'react';
import { formatCount } from '../../../run/format';
import { Button } from '../../components/Button';
import { Empty } from '../../components/Empty';
import { Panel } from '../../components/Panel';
import type { StepRecord } from '../../history/step-record';
import { usePage, useSession } from '../../state/context';
import { shownManifest, taskOf } from '../../state/selectors';
import { promptPredictions } from '../../views/predictions';
import { Missing } from '../Missing';
import { useDetail } from '../useDetail';
import { Knowledge } from './Knowledge';
import { PredictionCurves } from './PredictionCurves';
import { PromptDetail } from './PromptDetail';
import { PromptList } from './PromptList';
import styles from './SelfKnowledge.module.css';

export function SelfKnowledgePanel() {
  const manifest = usePage(shownManifest);
  if (manifest.masa_meta === 'off') return manifest.masa_gate ? null : <NoPredictions />;
  return (
    <Panel
      name="self-knowledge"
      title="Does it know itself?"
      caption={
        manifest.meta_adapter !== 'none'
          ? 'An adapter of its own learns from each outcome what it will be able to solve; solving never sees it.'
          : manifest.masa_meta === 'train'
            ? 'Before it solves a prompt it predicts its own rollouts, and it is rewarded for being right about them.'
            : 'Before it solves a prompt it predicts its own rollouts, and it is never told how well it did.'
      }
    >
      <div className={styles.split}>
        <Knowledge />
        <Step />
      </div>
      <h3 className={styles.over}>Over the run</h3>
      <PredictionCurves
        sampled={manifest.masa_num_generations > 0}
        learner={manifest.meta_adapter !== 'none' ? 'adapter' : manifest.masa_experts ? 'expert' : null}
      />
    </Panel>
  );
}

function NoPredictions() {
  const session = useSession();
  return (
    <Panel name="self-knowledge" title="Does it know itself?">
      <Empty
        action={
          <Button onClick={() => session.applyPreset('masa-efficient')}>
            Use the preset MASA, efficient
          </Button>
        }
      >
        This run is plain GRPO and predicts nothing of itself; with MASA’s settings its predictions, gate and
        cutoffs appear here.
      </Empty>
    </Panel>
  );
}

const hasPredictions = (record: StepRecord): boolean => record.metaGroups.length > 0;

function Step() {
  const { record, missing } = useDetail(hasPredictions);
  const manifest = usePage(shownManifest);
  const task = taskOf(manifest);
  const prompts = useMemo(() => (record ? promptPredictions(record) : []), [record]);
  const [wanted, setWanted] = useState<number | null>(null);
  // Of its own accord it shows a prompt that came out both ways, where rewards can tell something.
  const chosen =
    prompts.find((each) => each.index === wanted) ??
    prompts.find(({ correct, total }) => correct !== 0 && correct !== total) ??
    prompts.find(({ rewards }) => rewards.length > 0) ??
    prompts[0];
  return (
    <section className={styles.part} aria-labelledby="step-predictions">
      <h3 id="step-predictions">
        {record ? `Step ${formatCount(record.step)}, prompt by prompt` : 'Prompt by prompt'}
      </h3>
      <p className={styles.hint}>
        Above each line the lengths of <span className={styles.right}>right</span>,{' '}
        <span className={styles.wrong}>× wrong</span> and cut rollouts; below it the lengths it{' '}
        <span className={styles.predicted}>predicted</span>, filled where in range.
      </p>
      {chosen ? (
        <>
          <PromptList
            prompts={prompts}
            task={task}
            longest={manifest.max_completion_length}
            chosen={chosen.index}
            onChoose={setWanted}
          />
          <PromptDetail key={chosen.index} prompt={chosen} task={task} manifest={manifest} />
        </>
      ) : (
        <Missing
          why={missing}
          early="The first step’s predictions appear here once its rollouts are judged."
        />
      )}
    </section>
  );
}
