/**
 * The first screen: what will happen in plain words, a step of a recorded run as the page will draw it, on which GPU,
 * and one button. With settings that predict nothing it shows the first problems instead. Gone once a run is loaded.
 */

import { formatCount } from '../../../run/format';
import { Button } from '../../components/Button';
import { Icon } from '../../components/Icon';
import { OfferRecording } from '../../replay/OfferRecording';
import { useAllowed, usePage, useSession } from '../../state/context';
import { taskOf } from '../../state/selectors';
import { answerText } from '../../state/wording';
import { SelfTest } from '../SelfTest';
import { RecordedStep } from './RecordedStep';
import styles from './Welcome.module.css';

export function Welcome() {
  const session = useSession();
  const allowed = useAllowed();
  const state = usePage((page) => page.lab.state);
  const manifest = usePage((page) => page.settings.draft);
  const predicts = manifest.masa_meta !== 'off';
  return (
    <div className={styles.welcome} data-testid="welcome">
      <div className={styles.top}>
        <section className={styles.lead}>
          <h1>
            {predicts
              ? 'Watch a small language model come to know itself'
              : 'Watch a small language model learn from its own answers'}
          </h1>
          <p className={styles.intro}>
            {predicts
              ? 'It does a little arithmetic, and often gets it wrong. Before it tries a problem it predicts how often it will be right, and a gate skips what it would always or never solve. Only its own attempts teach it: to solve, and to know what it can solve.'
              : 'It can do a little arithmetic, and often gets it wrong. Nobody will show it the right steps. It only learns which of its own attempts ended in the right answer, and that turns out to be enough.'}
          </p>
          <div className={styles.action}>
            <Button
              weight="primary"
              large
              icon={<Icon name="run" size={18} />}
              disabled={!allowed.run}
              onClick={() => session.run()}
              data-testid="run-first"
            >
              Run
            </Button>
            <p className={styles.hint}>
              {state === 'opening'
                ? 'Checking your GPU first…'
                : `${formatCount(manifest.steps)} steps on your own GPU; nothing is uploaded. You cannot break it: pause or reset whenever you like.`}
              {state !== 'opening' && <span className={styles.keys}> Space starts and pauses.</span>}
            </p>
          </div>
          {state !== 'unavailable' && <OfferRecording quiet />}
        </section>
        {predicts ? <RecordedStep /> : <FirstProblems />}
      </div>
      <Steps />
      <section className={styles.card} aria-label="Your GPU and its self-test">
        <SelfTest />
      </section>
    </div>
  );
}

/** What happens in each step, as a station with the question it answers. */
function Steps() {
  const manifest = usePage((page) => page.settings.draft);
  const prompts = formatCount(manifest.prompts_per_step);
  const generations = formatCount(manifest.num_generations);
  const rollouts = formatCount(manifest.prompts_per_step * manifest.num_generations);
  const predicts = manifest.masa_meta !== 'off';
  const stations: [title: string, question: string, text: string][] = [
    ...(predicts
      ? [
          [
            'Predict',
            'What will it be able to do?',
            `Before any attempt the policy, a small transformer, says for each of ${prompts} problems how often it will be right, and how long it will take.`,
          ] as [string, string, string],
        ]
      : []),
    ...(manifest.masa_gate
      ? [
          [
            'Gate',
            'Which are worth trying?',
            'Attempts that are all right or all wrong teach nothing. Problems predicted to be so are skipped; a few are tried all the same, to check the gate.',
          ] as [string, string, string],
        ]
      : []),
    [
      'Try and judge',
      'Which attempts were right?',
      predicts
        ? `The others are answered ${generations} times each, token by token. A verifier gives 1 for a right answer and 0 for a wrong one.`
        : `The policy, a small transformer, answers ${prompts} problems ${generations} times each: ${rollouts} rollouts. A verifier gives 1 for a right answer and 0 for a wrong one.`,
    ],
    [
      'Improve',
      'What changes?',
      predicts
        ? 'What better attempts did becomes likelier, what worse ones did less likely. Predictions learn from what came true.'
        : 'What the better rollouts did becomes likelier, what the worse ones did less likely. Held-out problems show whether it really learned.',
    ],
  ];
  return (
    <ol className={styles.stations} aria-label="What happens in each step">
      {stations.map(([title, question, text]) => (
        <li key={title}>
          <h2>{title}</h2>
          <p className={styles.question}>{question}</p>
          <p>{text}</p>
        </li>
      ))}
    </ol>
  );
}

const SHOWN_PROBLEMS = 6;

function FirstProblems() {
  const manifest = usePage((page) => page.settings.draft);
  const task = taskOf(manifest);
  const { readable } = task.vocabulary;
  const problems = Array.from({ length: Math.min(SHOWN_PROBLEMS, manifest.prompts_per_step) }, (_, index) =>
    task.trainProblem(manifest.seed, 0, index),
  );
  return (
    <section className={styles.card} aria-labelledby="first-problems">
      <h2 id="first-problems">The first problems it will meet</h2>
      <table className={styles.problems} data-testid="first-problems">
        <thead className="visually-hidden">
          <tr>
            <th scope="col">Problem</th>
            <th scope="col">Difficulty</th>
            <th scope="col">Answer</th>
          </tr>
        </thead>
        <tbody>
          {problems.map((problem) => (
            <tr key={problem.key}>
              <td className={styles.problem}>{readable(problem.prompt)}</td>
              <td className={styles.tier}>{problem.tier}</td>
              <td className={`${styles.answer} number`}>{answerText(task, problem.answer)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
