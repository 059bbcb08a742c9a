/**
 * Which kernels take the device's time: a step that was profiled on demand, kernel by kernel, with what was done in that
 * time. The figures are the `kernel_profile` event's.
 */
import { useMemo, useState } from 'react';
import { useStore } from 'zustand';
import type { Phase } from '../../../run/events';
import { formatCount, formatDuration, formatNumber, formatPercent, NO_VALUE } from '../../../run/format';
import { Button } from '../../components/Button';
import { Empty } from '../../components/Empty';
import { Explain } from '../../components/Explain';
import { Panel } from '../../components/Panel';
import { Picture } from '../../components/Picture';
import { usePage, useSession } from '../../state/context';
import type { StepPoint } from '../../state/run-view';
import {
  addUp,
  countedFlops,
  gigaPerSecond,
  kernelRows,
  kernelTable,
  type Profile,
  phaseRows,
  profileAt,
} from '../../views/hood';
import { PHASE_NOTES } from '../StepTime';
import { askForProfile, hoodStore, isAwaited } from './hood-store';
import styles from './Kernels.module.css';
import { KernelTable } from './KernelTable';

export function KernelsPanel() {
  const profile = usePage((page) => profileAt(page.run.profiles, page.looking.heldStep));
  const metrics = usePage(
    (page) => (profile && page.run.steps.findLast((point) => point.step === profile.step)) ?? null,
  );
  return (
    <Panel
      name="kernels"
      title="Which kernels take the time?"
      caption={
        profile
          ? `Step ${formatCount(profile.step)}, dispatch by dispatch. Each was a pass of its own between two timestamps, so the step took longer than others; its numbers are the same.`
          : 'One step on demand, dispatch by dispatch: time on the device, operations and bytes of every kernel.'
      }
      tools={<AskButton />}
    >
      {profile ? <Profiled key={profile.step} profile={profile} metrics={metrics} /> : <Unprofiled />}
    </Panel>
  );
}

function Unprofiled() {
  const replayed = usePage((page) => page.replay !== null);
  return (
    <Empty>
      {replayed
        ? 'No step of this recording was profiled up to here.'
        : 'No step has been profiled yet. Profiling changes no number of the run.'}
    </Empty>
  );
}

function AskButton() {
  const session = useSession();
  const awaited = usePage((page) => isAwaited(hoodStore.getState(), page));
  const asked = useStore(hoodStore, (state) => state.asked);
  const can = usePage(
    ({ lab, replay }) =>
      replay === null && lab.loaded !== null && ['ready', 'running', 'pausing', 'paused'].includes(lab.state),
  );
  const running = usePage((page) => page.lab.state === 'running');
  const waiting = asked !== null && awaited;
  return (
    <Button
      data-testid="profile-step"
      disabled={!can || waiting}
      onClick={() => {
        askForProfile(session.store.getState());
        session.profileStep();
      }}
    >
      {!(waiting && can)
        ? 'Profile the next step'
        : running
          ? 'Profiling the next step…'
          : 'The next step is profiled'}
    </Button>
  );
}

function Profiled({ profile, metrics }: { profile: Profile; metrics: StepPoint | null }) {
  const [phase, setPhase] = useState<Phase | null>(null);
  const phases = useMemo(() => phaseRows(profile, metrics?.phasesMs ?? null), [profile, metrics]);
  const rows = useMemo(() => kernelRows(profile.kernels, phase), [profile, phase]);
  return (
    <>
      <Summary profile={profile} stepMs={metrics?.stepMs ?? null} />
      {!profile.timed && (
        <p className={styles.note} data-testid="untimed">
          This adapter has no timestamp queries: dispatches, operations and bytes are counted, but only the
          phases are timed, by the clock.
        </p>
      )}
      <PhaseBar profile={profile} phases={phases} />
      <fieldset className={styles.phases}>
        <legend className="visually-hidden">Kernels of which phase</legend>
        {[null, ...phases.map((each) => each.phase)].map((each) => (
          <button
            key={each ?? 'all'}
            type="button"
            aria-pressed={phase === each}
            onClick={() => setPhase(each)}
          >
            {each && (
              <span
                className={styles.key}
                style={{ background: `var(--phase-${each})` }}
                aria-hidden="true"
              />
            )}
            {each ? PHASE_NOTES[each].label : 'All phases'}
          </button>
        ))}
      </fieldset>
      <KernelTable rows={rows} />
      {profile.timed && <Resolution profile={profile} />}
    </>
  );
}

function Summary({ profile, stepMs }: { profile: Profile; stepMs: number | null }) {
  const total = addUp(profile.kernels);
  const flops = countedFlops(profile.kernels);
  // Without timestamps the clock's time of the step is all there is to divide by.
  const ms = profile.timed ? total.ms : stepMs;
  return (
    <dl className={styles.summary}>
      <div>
        <dt>
          <Explain
            label="Dispatches"
            definition="Kernels started in the step; most of them while tokens are generated, one by one."
          />
        </dt>
        <dd className="number" data-testid="profile-calls" data-value={total.calls}>
          {formatCount(total.calls)}
        </dd>
      </div>
      <div>
        <dt>
          <Explain
            label="On the device"
            definition="Time of all dispatches, from the timestamp before each to the one after it."
            formula="Σ device_ms of the event’s kernels"
          />
        </dt>
        <dd className="number" data-testid="profile-ms" data-value={total.ms ?? ''}>
          {total.ms === null ? 'not timed' : formatDuration(total.ms)}
        </dd>
      </div>
      <div>
        <dt>
          <Explain
            label="By the clock"
            definition="The step from beginning to end, with what the host does and waits for, and with the passes that profiling adds."
            formula="step_ms of the step’s metrics"
          />
        </dt>
        <dd className="number">{formatDuration(stepMs)}</dd>
      </div>
      <div>
        <dt>
          <Explain
            label="Achieved"
            definition={`Operations of matrix products and attention, counted from shapes, over ${profile.timed ? 'the time of all kernels on the device' : 'the step’s time by the clock'}. A multiplication and an addition are two.`}
            formula={`${formatNumber(flops / 1e9)} GFLOP / ${formatNumber((ms ?? 0) / 1000)} s`}
          />
        </dt>
        <dd className="number" data-testid="profile-gflops" data-flops={flops}>
          {rateText(gigaPerSecond(flops, ms), 'GFLOP/s')}
        </dd>
      </div>
    </dl>
  );
}

const rateText = (value: number | null, unit: string): string =>
  value === null ? NO_VALUE : `${formatNumber(value, 3)} ${unit}`;

/** Time on the device by phase, or by the clock where the device has no timestamps. */
function PhaseBar({ profile, phases }: { profile: Profile; phases: ReturnType<typeof phaseRows> }) {
  const times = phases.map(({ phase, ms, wallMs }) => ({ phase, ms: (profile.timed ? ms : wallMs) ?? 0 }));
  const total = times.reduce((sum, { ms }) => sum + ms, 0);
  let at = 0;
  const parts = times.map(({ phase, ms }) => {
    const from = at;
    at += total > 0 ? ms / total : 0;
    return { phase, ms, from, to: at };
  });
  return (
    <Picture
      name="kernel-phases"
      title={profile.timed ? 'Device time by phase' : 'Time by phase, by the clock'}
      label={`${profile.timed ? 'Device time' : 'Time'} by phase: ${times.map(({ phase, ms }) => `${PHASE_NOTES[phase].label} ${formatDuration(ms)}`).join(', ')}`}
      height={() => 34}
      table={() => kernelTable(profile)}
      note={
        <ul className={styles.rates}>
          {phases.map(({ phase, ms, wallMs, calls, flops: known }) => {
            const flops = known ?? countedFlops(profile.kernels.filter((each) => each.phase === phase));
            const by = profile.timed ? ms : wallMs;
            return (
              <li key={phase} data-testid={`profile-phase-${phase}`} data-ms={by ?? ''}>
                <span
                  className={styles.key}
                  style={{ background: `var(--phase-${phase})` }}
                  aria-hidden="true"
                />
                {PHASE_NOTES[phase].label}{' '}
                <span className="number">
                  {formatDuration(by)}
                  {total > 0 && by !== null && ` (${formatPercent(by / total)})`}, {formatCount(calls)}{' '}
                  dispatches, {rateText(gigaPerSecond(flops, by), 'GFLOP/s')}
                </span>
              </li>
            );
          })}
        </ul>
      }
    >
      {(width) =>
        parts.map(({ phase, from, to }) => (
          <rect
            key={phase}
            x={from * width}
            y={8}
            width={Math.max(0, (to - from) * width - 1)}
            height={18}
            style={{ fill: `var(--phase-${phase})` }}
          />
        ))
      }
    </Picture>
  );
}

function Resolution({ profile }: { profile: Profile }) {
  const step = profile.resolution_ms;
  if (step === null)
    return (
      <p className={styles.note}>
        All timestamps of this step are the same: this adapter’s clock is coarser than the whole step.
      </p>
    );
  return (
    <p className={styles.note}>
      Timestamps of this adapter are multiples of{' '}
      {step < 0.001 ? `${formatNumber(step * 1e6, 3)} ns` : `${formatNumber(step * 1000, 3)} µs`}
      {step >= 0.02 &&
        ', which is longer than many of these dispatches: a single one may show nothing or a whole multiple, and sums over many calls come out right'}
      .
    </p>
  );
}
