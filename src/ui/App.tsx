/** The page: header, settings, and either the first screen or the panels of the run. Each panel stands alone. */
import { Tooltip } from 'radix-ui';
import { lazy, Suspense, useEffect, useMemo } from 'react';
import { useStore } from 'zustand';
import styles from './App.module.css';
import { Boundary } from './components/Boundary';
import { Later } from './components/Later';
import { panelId } from './components/PanelMenu';
import { ModelsDialog } from './models/ModelsDialog';
import { About } from './panels/About';
import { BenchmarksPanel } from './panels/Benchmarks';
import { HealthPanel, LearningPanel, TierPanel } from './panels/Charts';
import { CutoffPanel } from './panels/cutoffs/Cutoffs';
import { DiagnosticsPanel } from './panels/diagnostics/Diagnostics';
import { ErrorPanel } from './panels/ErrorPanel';
import { ExpertsPanel } from './panels/experts/Experts';
import { Groups } from './panels/Groups';
import { GatePanel } from './panels/gate/Gate';
import { Header } from './panels/Header';
import { Headline } from './panels/Headline';
import { KernelsPanel } from './panels/hood/Kernels';
import { MemoryPanel } from './panels/hood/Memory';
import { SourcePanel } from './panels/hood/Source';
import { InspectorPanel } from './panels/inspector/Inspector';
import { KeysDialog } from './panels/KeysDialog';
import { Loading } from './panels/Loading';
import { Notices } from './panels/Notices';
import { Settings } from './panels/Settings';
import { Shortcuts } from './panels/Shortcuts';
import { StepTime } from './panels/StepTime';
import { SelfKnowledgePanel } from './panels/self-knowledge/SelfKnowledge';
import { StoryPanel } from './panels/story/StoryPanel';
import { Welcome } from './panels/welcome/Welcome';
import { DropTarget } from './replay/DropTarget';
import { ReplayBanner, ReplayErrorNotice } from './replay/ReplayBanner';
import { Comparison } from './runs/compare/Comparison';
import { RunNotes } from './runs/RunNotes';
import { RunsDialog } from './runs/RunsDialog';
import { StorageFull } from './runs/StorageFull';
import { findRun } from './runs/state';
import { useOpinion } from './second-opinion/hooks';
import { SecondOpinionPanel } from './second-opinion/SecondOpinionPanel';
import { TryPanel } from './second-opinion/TryPanel';
import { SessionContext, usePage, useSession } from './state/context';
import type { GroupView } from './state/run-view';
import { isFirstVisit } from './state/selectors';
import type { Session } from './state/session';
import type { PageState } from './state/store';
import { Timeline } from './timeline/Timeline';

export function App({ session }: { session: Session }) {
  return (
    <SessionContext value={session}>
      <Tooltip.Provider delayDuration={250} skipDelayDuration={100}>
        <Hatch />
        <Header />
        <RunShortcuts />
        <KeysDialog />
        <div className={styles.body}>
          <Boundary name="the settings">
            <Settings />
          </Boundary>
          <main className={styles.main}>
            <ReplayErrorNotice />
            <ErrorPanel />
            <ReplayBanner />
            <Notices />
            <RunNotes />
            <Stage />
          </main>
        </div>
        <Bar />
        <DropTarget />
        <Boundary name="the runs">
          <RunsDialog />
          <Comparison />
          <StorageFull />
        </Boundary>
        <Boundary name="the models">
          <ModelsDialog />
        </Boundary>
      </Tooltip.Provider>
    </SessionContext>
  );
}

/** Loaded when it is asked for, as most visits have none. */
const RacePage = lazy(() => import('./race/RacePage'));

const useRacing = (): boolean => useStore(useSession().races.store, (races) => races.open);

/** A race has keys of its own. */
function RunShortcuts() {
  return useRacing() ? null : <Shortcuts />;
}

/** The first screen has its own, single button. */
function Bar() {
  const first = usePage(isFirstVisit);
  const racing = useRacing();
  if (first || racing) return null;
  return (
    <Boundary name="the timeline">
      <Timeline />
    </Boundary>
  );
}

/** The first rollouts have come, or there is a recording with all that it has. */
const hasRollouts = ({ run, replay }: PageState): boolean =>
  replay !== null || run.steps.length > 0 || run.recent.some(({ groups }) => groups.some(hasTokens));
const hasTokens = ({ rollouts }: GroupView): boolean => rollouts.some(({ tokens }) => tokens.length > 0);

/** @param panelsOnly the panels alone, of which a view inside another page shows one. */
export function Stage({ panelsOnly = false }: { panelsOnly?: boolean }) {
  const first = usePage(isFirstVisit);
  const isShowing = usePage(hasRollouts);
  if (useRacing())
    return (
      <Boundary name="the race">
        <Suspense fallback={<p>Loading the race…</p>}>
          <RacePage />
        </Suspense>
      </Boundary>
    );
  if (first)
    return (
      <>
        <Boundary name="the first screen">
          <Welcome />
        </Boundary>
        <TryBeforeARun />
      </>
    );
  return (
    <>
      <h1 className="visually-hidden">The run</h1>
      <Loading />
      <div className={panelsOnly ? `${styles.panels} ${styles.alone}` : styles.panels}>
        {!panelsOnly && (
          <Boundary name="the headline numbers">
            <Headline />
          </Boundary>
        )}
        <Boundary name="the story of the step">
          <StoryPanel />
        </Boundary>
        <Boundary name="what is happening">
          <Diagnostics />
        </Boundary>
        <Boundary name="the self-knowledge">
          <SelfKnowledgePanel />
        </Boundary>
        <Boundary name="the gate">
          <GatePanel />
        </Boundary>
        <Boundary name="the prompt groups">
          <Groups />
        </Boundary>
        <Later isDue={panelsOnly || isShowing || location.hash.startsWith(`#${panelId('')}`)}>
          <Boundary name="the cutoffs">
            <CutoffPanel />
          </Boundary>
          <Boundary name="the token inspector">
            <InspectorPanel />
          </Boundary>
          <div className={styles.pair}>
            <Boundary name="the learning curve">
              <LearningPanel />
            </Boundary>
            <Boundary name="the curves by difficulty">
              <TierPanel />
            </Boundary>
          </div>
          <Boundary name="experts and hints">
            <ExpertsPanel />
          </Boundary>
          <Boundary name="the benchmark sets">
            <BenchmarksPanel />
          </Boundary>
          <Boundary name="the panel to try a policy">
            <TryPanel />
          </Boundary>
          <Boundary name="the second opinion">
            <SecondOpinionPanel />
          </Boundary>
          <Boundary name="the training's health">
            <HealthPanel />
          </Boundary>
          <div className={styles.pair}>
            <Boundary name="the time of a step">
              <StepTime />
            </Boundary>
            <Boundary name="the memory">
              <MemoryPanel />
            </Boundary>
          </div>
          <Boundary name="the kernels">
            <KernelsPanel />
          </Boundary>
          <Boundary name="the shaders">
            <SourcePanel />
          </Boundary>
          <Boundary name="what it runs on">
            <About />
          </Boundary>
        </Later>
      </div>
    </>
  );
}

/** Where nothing can be trained, a trained policy can still be tried; and one that was chosen among the runs. */
function TryBeforeARun() {
  const unavailable = usePage((page) => page.lab.state === 'unavailable');
  const chosen = useOpinion((opinion) => opinion.chosen !== null);
  if (!unavailable && !chosen) return null;
  return (
    <div className={styles.panels}>
      <Boundary name="the panel to try a policy">
        <TryPanel />
      </Boundary>
      <Boundary name="the second opinion">
        <SecondOpinionPanel />
      </Boundary>
    </div>
  );
}

/** With the way back: a fork from a kept step, whose settings are to be changed first, or it would go the same way. */
function Diagnostics() {
  const { runs } = useSession();
  const replayed = usePage((page) => page.replay !== null);
  const checkpoint = usePage((page) => page.run.checkpoint);
  const run = usePage((page) => findRun(page.runs, page.runs.current ?? page.runs.shown));
  // The list of what is kept is told when it is asked for.
  useEffect(() => {
    if (checkpoint) runs.refresh();
  }, [checkpoint, runs]);
  const kept = useMemo(
    () => (replayed ? [] : (run?.checkpoints ?? []).map((each) => each.step)),
    [replayed, run],
  );
  return (
    <DiagnosticsPanel
      kept={kept}
      onRollBack={(step) => run && runs.prepareFork(run.id, step, run.manifest)}
    />
  );
}

/** The texture of truncated rollouts, defined once for all cards. */
export function Hatch() {
  return (
    <svg width="0" height="0" aria-hidden="true" style={{ position: 'absolute' }}>
      <defs>
        <pattern id="hatch" width="3" height="3" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <rect width="1.4" height="3" fill="var(--truncated)" />
        </pattern>
      </defs>
    </svg>
  );
}
