/**
 * One panel of a recorded run, for a frame inside another page: the panel, a small bar to play and scrub with, and the
 * way to the whole lab. Starts no trainer and asks for no GPU.
 */
import { Tooltip } from 'radix-ui';
import { useCallback, useMemo, useState } from 'react';
import { formatCount } from '../../run/format';
import { Hatch, Stage } from '../App';
import { Boundary } from '../components/Boundary';
import { Button } from '../components/Button';
import { Icon } from '../components/Icon';
import { newestStep, oldestStep, shownStepNumber } from '../history/select';
import { ReplayErrorNotice } from '../replay/ReplayBanner';
import { SessionContext, usePage, useSession } from '../state/context';
import type { Session } from '../state/session';
import { EMBED_KEY, labAddress } from './address';
import { EmbedContext, type Embedding } from './context';
import styles from './Embed.module.css';

export function Embed({ session, panel }: { session: Session; panel: string }) {
  const [known, setKnown] = useState<ReadonlyMap<string, string>>(new Map());
  const add = useCallback(({ name, title }: { name: string; title: string }) => {
    setKnown((before) => new Map(before).set(name, title));
    return () => setKnown((before) => new Map([...before].filter(([each]) => each !== name)));
  }, []);
  const embedding = useMemo((): Embedding => ({ panel, add }), [panel, add]);
  return (
    <SessionContext value={session}>
      <Tooltip.Provider delayDuration={250} skipDelayDuration={100}>
        <Hatch />
        <main className={styles.view} data-testid="embed" data-panel={panel}>
          <ReplayErrorNotice />
          <EmbedContext value={embedding}>
            <Shown panel={panel} known={known} />
          </EmbedContext>
        </main>
        <Bar panel={panel} />
      </Tooltip.Provider>
    </SessionContext>
  );
}

function Shown({ panel, known }: { panel: string; known: ReadonlyMap<string, string> }) {
  const replaying = usePage((page) => page.replay !== null);
  const reading = usePage((page) => page.replay?.reading === true);
  const failed = usePage((page) => page.replayError !== null);
  if (!replaying)
    return failed ? null : (
      <p className={styles.message} role="alert">
        {EMBED_KEY}: expected a recording beside the panel, got none; add{' '}
        <code>&amp;replay=recordings/NAME.jsonl.gz</code> to the address.
      </p>
    );
  return (
    <>
      {reading && (
        <p className={styles.reading} role="status">
          Reading the recording…
        </p>
      )}
      {!reading && known.size > 0 && !known.has(panel) && <Unknown panel={panel} known={known} />}
      <Boundary name="the panel">
        <Stage panelsOnly />
      </Boundary>
    </>
  );
}

function Unknown({ panel, known }: { panel: string; known: ReadonlyMap<string, string> }) {
  return (
    <section className={styles.message} role="alert" data-testid="embed-unknown">
      <p>
        {EMBED_KEY}: expected a panel that this run has, got “{panel.slice(0, 80)}”. These are there:
      </p>
      <ul>
        {[...known].map(([name, title]) => (
          <li key={name}>
            <a href={addressOf(name)}>
              <code>{name}</code>
            </a>{' '}
            {title}
          </li>
        ))}
      </ul>
    </section>
  );
}

function addressOf(panel: string): string {
  const url = new URL(location.href);
  url.searchParams.set(EMBED_KEY, panel);
  return url.href;
}

function Bar({ panel }: { panel: string }) {
  const session = useSession();
  const first = usePage(oldestStep) ?? 0;
  const last = usePage(newestStep) ?? 0;
  const shown = usePage(shownStepNumber);
  const playing = usePage((page) => page.replay?.playing === true);
  const ready = usePage((page) => page.replay?.reading === false);
  return (
    <section className={styles.bar} aria-label="Recording controls">
      <Button
        weight="primary"
        icon={<Icon name={playing ? 'pause' : 'run'} />}
        disabled={!ready}
        aria-label={playing ? 'Pause' : 'Play'}
        onClick={() => session.replayer.toggle()}
        data-testid="play"
      />
      <input
        type="range"
        aria-label="Step on screen"
        min={first}
        max={Math.max(first + 1, last)}
        value={shown ?? first}
        disabled={!ready}
        onChange={(event) => session.seek(Math.min(Number(event.target.value), last))}
      />
      <span className={`${styles.step} number`} data-testid="shown-step" data-value={shown ?? ''}>
        {shown === null ? 'No step yet' : `Step ${formatCount(shown)}`}
      </span>
      <a className={styles.link} href={labAddress(location.href, panel)} target="_blank" rel="noopener">
        Open in MASA Lab
      </a>
    </section>
  );
}
