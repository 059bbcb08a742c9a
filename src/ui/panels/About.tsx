/** What the run on screen is: adapter and self-test, size, memory, checkpoint, warnings. */

import { formatBytes, formatCount, formatDuration } from '../../run/format';
import { selfTestText } from '../../run/self-test-text';
import { Panel } from '../components/Panel';
import { usePage } from '../state/context';
import type { RunFacts } from '../state/run-view';
import styles from './About.module.css';
import { adapterName, SelfTest } from './SelfTest';

export function About() {
  const recorded = usePage((page) => (page.replay ? page.run.facts : null));
  const live = usePage((page) => page.lab.loaded);
  const loaded = recorded ?? live;
  const checkpoint = usePage((page) => page.run.checkpoint);
  const ending = usePage((page) => page.run.ending);
  const fromStep = usePage((page) => page.run.facts?.fromStep ?? 0);
  return (
    <Panel name="about" title="What is this running on?">
      {recorded ? <RecordedOn facts={recorded} /> : <SelfTest />}
      <dl className={styles.facts}>
        {loaded && (
          <>
            <div>
              <dt>Base model</dt>
              <dd>{loaded.manifest.model}</dd>
            </div>
            <div>
              <dt>Parameters</dt>
              <dd className="number" data-testid="parameters" data-value={loaded.parameters}>
                {formatCount(loaded.parameters)}
              </dd>
            </div>
            <div>
              <dt>GPU memory planned</dt>
              <dd className="number">{formatBytes(loaded.deviceBytes)}</dd>
            </div>
          </>
        )}
        <div>
          <dt>Last checkpoint</dt>
          <dd className="number" data-testid="checkpoint" data-value={checkpoint?.step ?? ''}>
            {checkpoint
              ? `step ${formatCount(checkpoint.step)}, ${formatBytes(checkpoint.bytes)}`
              : 'none yet'}
          </dd>
        </div>
        {fromStep > 0 && (
          <div>
            <dt>Resumed from</dt>
            <dd className="number">step {formatCount(fromStep)}</dd>
          </div>
        )}
        {ending && (
          <div>
            <dt>Ended</dt>
            <dd className="number">
              {ending.reason} at step {formatCount(ending.step)} after {formatDuration(ending.seconds * 1000)}
            </dd>
          </div>
        )}
      </dl>
    </Panel>
  );
}

function RecordedOn({ facts }: { facts: RunFacts }) {
  const { adapter, selfTest } = facts;
  return (
    <p className={styles.recorded}>
      Recorded on {adapterName(adapter)}
      {adapter.software && ', on the processor'}; its self-test {selfTestText(selfTest)}.
    </p>
  );
}
