/** The page: header, settings, and either the first screen or the panels of the run. Each panel stands alone. */
import { Tooltip } from 'radix-ui';
import styles from './App.module.css';
import { Boundary } from './components/Boundary';
import { About } from './panels/About';
import { HealthPanel, LearningPanel, TierPanel } from './panels/Charts';
import { ErrorPanel } from './panels/ErrorPanel';
import { Groups } from './panels/Groups';
import { Header } from './panels/Header';
import { Headline } from './panels/Headline';
import { Loading } from './panels/Loading';
import { Notices } from './panels/Notices';
import { SelfKnowledgePanel } from './panels/SelfKnowledge';
import { Settings } from './panels/Settings';
import { Shortcuts } from './panels/Shortcuts';
import { StepTime } from './panels/StepTime';
import { Welcome } from './panels/Welcome';
import { RunNotes } from './runs/RunNotes';
import { RunsDialog } from './runs/RunsDialog';
import { StorageFull } from './runs/StorageFull';
import { SessionContext, usePage } from './state/context';
import { isFirstVisit } from './state/selectors';
import type { Session } from './state/session';

export function App({ session }: { session: Session }) {
  return (
    <SessionContext value={session}>
      <Tooltip.Provider delayDuration={250} skipDelayDuration={100}>
        <Hatch />
        <Header />
        <Shortcuts />
        <div className={styles.body}>
          <Boundary name="the settings">
            <Settings />
          </Boundary>
          <main className={styles.main}>
            <ErrorPanel />
            <Notices />
            <RunNotes />
            <Stage />
          </main>
        </div>
        <Boundary name="the runs">
          <RunsDialog />
          <StorageFull />
        </Boundary>
      </Tooltip.Provider>
    </SessionContext>
  );
}

function Stage() {
  const first = usePage(isFirstVisit);
  if (first)
    return (
      <Boundary name="the first screen">
        <Welcome />
      </Boundary>
    );
  return (
    <>
      <h1 className="visually-hidden">The run</h1>
      <Loading />
      <div className={styles.panels}>
        <Boundary name="the headline numbers">
          <Headline />
        </Boundary>
        <Boundary name="the prompt groups">
          <Groups />
        </Boundary>
        <div className={styles.pair}>
          <Boundary name="the learning curve">
            <LearningPanel />
          </Boundary>
          <Boundary name="the curves by difficulty">
            <TierPanel />
          </Boundary>
        </div>
        <Boundary name="the self-knowledge">
          <SelfKnowledgePanel />
        </Boundary>
        <Boundary name="the training's health">
          <HealthPanel />
        </Boundary>
        <div className={styles.pair}>
          <Boundary name="the time of a step">
            <StepTime />
          </Boundary>
          <Boundary name="what it runs on">
            <About />
          </Boundary>
        </div>
      </div>
    </>
  );
}

/** The texture of truncated rollouts, defined once for all cards. */
function Hatch() {
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
