/**
 * "Try it yourself": a problem is typed, the policy first says what it expects of its own answers, then writes them
 * token by token. Computed by ONNX Runtime in a worker of its own, so that it works while training has the GPU and in
 * browsers that have none. Used by the page.
 */
import { useState } from 'react';
import { getTask } from '../../tasks';
import { splitOf } from '../../tasks/family';
import { ProblemTextError, parseProblem } from '../../tasks/problem-text';
import type { Problem, Task } from '../../tasks/task';
import { Button } from '../components/Button';
import { Icon } from '../components/Icon';
import { Panel } from '../components/Panel';
import { useSession } from '../state/context';
import { answerText } from '../state/wording';
import { Going } from './Going';
import { useOpinion, useSources } from './hooks';
import { NumberField, readNumber } from './NumberField';
import { PolicyChoice, RuntimeNote } from './PolicyChoice';
import styles from './SecondOpinion.module.css';
import { manifestOfSource } from './sources';
import { Tried } from './Tried';

const MOST_ROLLOUTS = 32;
const MOST_SEED = 4294967295;
const HIGHEST_TEMPERATURE = 5;
/** As many as MASA asks of a prompt. */
const PREDICTIONS = 8;

/** One of each kind, from easy to beyond solving. */
const EXAMPLES = [
  '47 + 8',
  '62 − 7 + 9 − 4',
  '12 × 7 + 5 − 8',
  '8 + 3 ^ 5',
  'true and false or true',
  '4 max 7 min 2',
  'sort 5 2 9 1',
];

type Read = { problem: Problem } | { error: ProblemTextError };

function read(text: string, task: Task): Read {
  try {
    return { problem: parseProblem(text, task) };
  } catch (error) {
    if (error instanceof ProblemTextError) return { error };
    throw error;
  }
}

export function TryPanel() {
  return (
    <Panel
      name="try"
      title="Try it yourself"
      caption="Type a problem. The policy says what it expects of its own answers, then writes them. This runs beside training, and without a GPU."
    >
      <Asking />
      <Going kinds={['attempt']} />
      <Tried />
    </Panel>
  );
}

function Asking() {
  const { opinion } = useSession();
  const { source } = useSources();
  const busy = useOpinion((state) => state.busy?.kind ?? null);
  const task = getTask(manifestOfSource(source).task);
  const [text, setText] = useState(EXAMPLES[0]);
  const [typed, setTyped] = useState({ rollouts: '8', temperature: '1', seed: '0' });
  const set = (change: Partial<typeof typed>) => setTyped({ ...typed, ...change });
  const rollouts = readNumber(typed.rollouts, 1, MOST_ROLLOUTS, true);
  const temperature = readNumber(typed.temperature, 0, HIGHEST_TEMPERATURE, false);
  const seed = readNumber(typed.seed, 0, MOST_SEED, true);
  const found = read(text, task);
  const ready = 'problem' in found && rollouts !== null && temperature !== null && seed !== null;
  const begin = () => {
    if (!ready || busy !== null) return;
    opinion.attempt({
      problem: found.problem,
      rollouts,
      temperature,
      seed,
      predictions: task.meta ? PREDICTIONS : 0,
    });
  };
  const another = () => {
    const suite = task.suites[Math.floor(Math.random() * task.suites.length)];
    setText(task.vocabulary.readable(suite.problem(1, Math.floor(Math.random() * 10_000)).prompt));
  };
  return (
    <form
      className={styles.asking}
      onSubmit={(event) => {
        event.preventDefault();
        begin();
      }}
    >
      <div className={styles.choice}>
        <PolicyChoice name="try" />
        <NumberField
          label="Answers"
          testId="try-rollouts"
          text={typed.rollouts}
          valid={rollouts !== null}
          onChange={(rollouts) => set({ rollouts })}
        />
        <NumberField
          label="Temperature"
          testId="try-temperature"
          text={typed.temperature}
          valid={temperature !== null}
          onChange={(temperature) => set({ temperature })}
        />
        <NumberField
          label="Seed"
          testId="try-seed"
          text={typed.seed}
          valid={seed !== null}
          onChange={(seed) => set({ seed })}
        />
      </div>
      <div className={styles.line}>
        <label className={styles.problem}>
          Problem
          <input
            type="text"
            autoComplete="off"
            autoCapitalize="off"
            spellCheck={false}
            data-testid="try-problem"
            value={text}
            aria-invalid={'error' in found || undefined}
            aria-describedby="try-reading"
            onChange={(event) => setText(event.target.value)}
          />
        </label>
        {busy === 'attempt' ? (
          <Button icon={<Icon name="stop" />} data-testid="try-stop" onClick={() => opinion.stop()}>
            Stop
          </Button>
        ) : (
          <Button
            type="submit"
            weight="primary"
            icon={<Icon name="run" />}
            data-testid="try-run"
            disabled={!ready || busy !== null}
          >
            Try it
          </Button>
        )}
      </div>
      <Reading found={found} text={text} task={task} />
      <div className={styles.examples}>
        <span>Examples:</span>
        {EXAMPLES.map((example) => (
          <button key={example} type="button" className={styles.example} onClick={() => setText(example)}>
            {example}
          </button>
        ))}
        <button type="button" className={styles.example} data-testid="try-another" onClick={another}>
          a held-out one
        </button>
      </div>
      {(rollouts === null || temperature === null || seed === null) && (
        <p role="status" className={styles.hint} data-wrong="true">
          {rollouts === null
            ? `Answers: expected a whole number from 1 to ${MOST_ROLLOUTS}, got “${typed.rollouts}”.`
            : temperature === null
              ? `Temperature: expected a number from 0 (always the likeliest token) to ${HIGHEST_TEMPERATURE}, got “${typed.temperature}”.`
              : `Seed: expected a whole number from 0 to ${MOST_SEED}, got “${typed.seed}”.`}
        </p>
      )}
      {busy !== null && busy !== 'attempt' && (
        <p className={styles.hint}>ONNX Runtime is busy with the second opinion below.</p>
      )}
      <RuntimeNote />
    </form>
  );
}

/** What the text was read as; or where it stops making sense, and what to write instead. */
function Reading({ found, text, task }: { found: Read; text: string; task: Task }) {
  if ('error' in found) {
    const { error } = found;
    const marker = `${' '.repeat(error.at)}${'^'.repeat(Math.max(1, error.length))}`;
    return (
      <div id="try-reading" className={styles.hint} data-wrong="true" data-testid="try-wrong">
        {text.trim() !== '' && (
          <pre aria-hidden="true">
            {text}
            {'\n'}
            {marker}
          </pre>
        )}
        <p>
          {error.message.replace(/^at/, 'At')}. {error.remedy}
        </p>
      </div>
    );
  }
  const { problem } = found;
  const trained =
    problem.family !== 'ladder' && problem.family !== 'long-tail'
      ? false
      : splitOf(bodyOf(problem)) === 'train';
  return (
    <p id="try-reading" className={styles.hint} data-testid="try-reading">
      Read as <code>{task.vocabulary.readable(problem.prompt)}</code> ({problem.family}, {problem.tier}). The
      right answer is <strong>{answerText(task, problem.answer)}</strong>, steps worked from left to right
      {problem.family === 'ladder' || problem.family === 'long-tail' ? ', on two digits' : ''}.{' '}
      {trained ? 'Training may have come across it.' : 'It is never trained on.'}
    </p>
  );
}

const bodyOf = ({ prompt }: Problem): number[] => prompt.slice(1, -1);
