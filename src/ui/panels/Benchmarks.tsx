/**
 * The benchmark sets on demand: which of them, how many answers, and what came of it. The evaluation itself runs in
 * the worker, between two steps; what is shown of its result is the stream's newest `benchmarks` event, or an earlier
 * one by choice. Used by the page.
 */
import { useState } from 'react';
import { type BenchmarkStatus, MOST_BENCHMARK_SAMPLES } from '../../lab/protocol';
import type { RunEventOf } from '../../run/events';
import { formatCount, formatDuration, formatPercent } from '../../run/format';
import { ALL_BENCHMARKS } from '../../tasks/benchmarks';
import { BENCHMARK_GROUPS } from '../../tasks/task';
import { Button } from '../components/Button';
import { Icon } from '../components/Icon';
import { Panel } from '../components/Panel';
import { ProgressBar } from '../components/ProgressBar';
import { useAllowed, usePage, useSession } from '../state/context';
import { shownManifest, taskOf } from '../state/selectors';
import type { PageState } from '../state/store';
import styles from './Benchmarks.module.css';
import { BenchmarkTable } from './BenchmarkTable';
import { type Option, Picker } from './Picker';

const GROUP_WORDS: Readonly<Record<string, string>> = {
  [ALL_BENCHMARKS]: 'All sets',
  'in-domain': 'In domain',
  'out-of-domain': 'Out of domain',
  mathematics: 'Mathematics',
  logic: 'Logic',
  science: 'Science',
  coding: 'Coding',
};

export function BenchmarksPanel() {
  return (
    <Panel
      name="benchmarks"
      title="Benchmark sets"
      caption="Nineteen fixed sets that are never trained on, miniatures of those of the MASA paper. Answered when you ask, with the policy as it is."
    >
      <Asking />
      <Going />
      <Results />
    </Panel>
  );
}

const isGoing = ({ lab }: PageState): boolean =>
  lab.benchmarks?.stage === 'waiting' || lab.benchmarks?.stage === 'answering';

function Asking() {
  const session = useSession();
  const allowed = useAllowed();
  const state = usePage((page) => page.lab.state);
  const going = usePage(isGoing);
  const [name, setName] = useState<string>(ALL_BENCHMARKS);
  const [text, setText] = useState('1');
  const { benchmarks } = taskOf(usePage(shownManifest));
  const domains = [...new Set(benchmarks.map((set) => set.domain))];
  const sets = benchmarks.map((set): Option => ({ value: set.name, label: set.label, group: set.group }));
  const whole: Option[] = [ALL_BENCHMARKS, ...domains, ...BENCHMARK_GROUPS.slice(1)].map((value) => ({
    value,
    label: GROUP_WORDS[value],
    group: 'several',
  }));
  const samples = Number(text);
  const valid = /^\d+$/.test(text) && samples >= 1 && samples <= MOST_BENCHMARK_SAMPLES;
  const chosen = benchmarks.filter((set) => [ALL_BENCHMARKS, set.domain, set.group, set.name].includes(name));
  const answers = chosen.reduce((sum, set) => sum + set.size, 0) * samples;
  return (
    <div className={styles.asking}>
      <Picker
        label="Which sets"
        testId="benchmark-names"
        value={name}
        options={[...whole, ...sets]}
        groups={{ several: 'Together', ...GROUP_WORDS }}
        onChange={setName}
      />
      <label className={styles.samples}>
        Answers to each problem
        <input
          className="number"
          type="text"
          inputMode="numeric"
          autoComplete="off"
          data-testid="benchmark-samples"
          value={text}
          aria-invalid={!valid || undefined}
          aria-describedby="benchmark-hint"
          onChange={(event) => setText(event.target.value.trim())}
        />
      </label>
      {going ? (
        <Button
          icon={<Icon name="close" />}
          data-testid="benchmark-cancel"
          onClick={() => session.cancelBenchmarks()}
        >
          Cancel
        </Button>
      ) : (
        <Button
          weight="primary"
          data-testid="benchmark-run"
          disabled={!allowed.benchmarks || !valid}
          onClick={() => session.answerBenchmarks({ names: [name], samples })}
        >
          Evaluate
        </Button>
      )}
      <p id="benchmark-hint" className={styles.hint} data-wrong={!valid}>
        {!valid
          ? `Answers to each problem: expected a whole number from 1 to ${MOST_BENCHMARK_SAMPLES}, got “${text}”.`
          : state === 'failed'
            ? 'The run ended in an error: recover or reset it first.'
            : `${formatCount(answers)} answers. ${WHEN[state] ?? ''}`}
      </p>
    </div>
  );
}

const WHEN: Readonly<Partial<Record<string, string>>> = {
  running: 'The run waits after the step under way, and then goes on.',
  pausing: 'The step under way is finished first.',
  paused: 'A step that was paused midway is finished first.',
};

const STAGE_WORDS: Readonly<Record<BenchmarkStatus['stage'], string>> = {
  waiting: 'Waiting for the step under way…',
  answering: '',
  done: '',
  cancelled: 'Cancelled. Sets that were done are kept below.',
  failed: 'The evaluation failed; the error is shown above.',
};

function Going() {
  const status = usePage((page) => page.lab.benchmarks);
  return (
    <div className={styles.going} data-testid="benchmark-status" data-stage={status?.stage ?? ''}>
      {/* The count of answers changes many times a second: it is not read out, the set is. */}
      <p role="status" className={status?.stage === 'answering' ? 'visually-hidden' : undefined}>
        {status?.stage === 'answering' ? setOf(status) : status && STAGE_WORDS[status.stage]}
      </p>
      {status?.stage === 'answering' && (
        <ProgressBar
          progress={{
            task: 'benchmarks',
            label: setOf(status),
            done: status.done,
            total: status.total,
            unit: 'answers',
          }}
        />
      )}
    </div>
  );
}

const setOf = ({ label, place, of }: Extract<BenchmarkStatus, { stage: 'answering' }>): string =>
  `${label}, set ${place + 1} of ${of}`;

function Results() {
  const events = usePage((page) => page.run.benchmarks);
  const { benchmarks } = taskOf(usePage(shownManifest));
  const newest = events.at(-1);
  // A choice holds until there is a newer result, which is shown at once.
  const [choice, setChoice] = useState({ of: newest, event: newest });
  const event = choice.of === newest ? choice.event : newest;
  const going = usePage(isGoing);
  if (!event) return going ? null : <p className={styles.hint}>Nothing was evaluated yet.</p>;
  return (
    <>
      {events.length > 1 && (
        <Picker
          label="Result"
          testId="benchmark-result"
          value={String(events.indexOf(event))}
          options={events.map((each, i) => ({ value: String(i), label: nameOf(each), group: '' })).reverse()}
          groups={{}}
          onChange={(value) => setChoice({ of: newest, event: events[Number(value)] })}
        />
      )}
      <p className={styles.hint} data-testid="benchmark-summary">
        {nameOf(event)}: temperature {event.temperature}, answers of at most{' '}
        {formatCount(event.max_completion_length)} tokens ({formatPercent(truncatedShare(event))} reached
        that), {formatDuration(event.duration_ms)}.
        {event.sets.length < event.chosen && ` Cancelled after ${event.sets.length} of ${event.chosen} sets.`}
      </p>
      <BenchmarkTable event={event} benchmarks={benchmarks} groupWords={GROUP_WORDS} />
    </>
  );
}

/** Of all answers. */
function truncatedShare({ sets }: RunEventOf<'benchmarks'>): number {
  const problems = sets.reduce((sum, set) => sum + set.problems, 0);
  return sets.reduce((sum, set) => sum + set.truncated_ratio * set.problems, 0) / problems;
}

const nameOf = ({ step, asked, samples }: RunEventOf<'benchmarks'>): string =>
  `Step ${formatCount(step)}, ${asked.map((name) => GROUP_WORDS[name] ?? name).join(', ')}, ${samples === 1 ? '1 answer' : `${samples} answers`} each`;
