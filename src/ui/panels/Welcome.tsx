/**
 * The first screen: what will happen in plain words, on which GPU, the first problems the policy will meet
 * (they need no GPU), and one button. Gone once a run is loaded.
 */

import { formatCount } from '../../run/format';
import { Button } from '../components/Button';
import { Icon } from '../components/Icon';
import { OfferRecording } from '../replay/OfferRecording';
import { useAllowed, usePage, useSession } from '../state/context';
import { taskOf } from '../state/selectors';
import { answerText } from '../state/wording';
import { SelfTest } from './SelfTest';
import styles from './Welcome.module.css';

export function Welcome() {
  const session = useSession();
  const allowed = useAllowed();
  const state = usePage((page) => page.lab.state);
  const manifest = usePage((page) => page.settings.draft);
  const rollouts = formatCount(manifest.prompts_per_step * manifest.num_generations);
  return (
    <div className={styles.welcome} data-testid="welcome">
      <div className={styles.top}>
        <section className={styles.lead}>
          <h1>Watch a small language model learn from its own answers</h1>
          <p className={styles.intro}>
            It can do a little arithmetic, and often gets it wrong. Nobody will show it the right steps. It
            only learns which of its own attempts ended in the right answer, and that turns out to be enough.
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
        <FirstProblems />
      </div>
      <ol className={styles.stations} aria-label="What happens in each step">
        <li>
          <h2>Generate</h2>
          <p className={styles.question}>What does it try?</p>
          <p>
            The policy, a small transformer, answers {formatCount(manifest.prompts_per_step)} problems{' '}
            {formatCount(manifest.num_generations)} times each: {rollouts} rollouts, written token by token.
          </p>
        </li>
        <li>
          <h2>Judge</h2>
          <p className={styles.question}>Which attempts were right?</p>
          <p>
            A verifier gives 1 for a right answer and 0 for a wrong one. Each rollout is then compared with
            the others on its problem: better than them, or worse?
          </p>
        </li>
        <li>
          <h2>Improve</h2>
          <p className={styles.question}>What changes?</p>
          <p>
            What the better rollouts did becomes likelier, what the worse ones did less likely. Held-out
            problems show whether it really learned.
          </p>
        </li>
      </ol>
      <section className={styles.card} aria-label="Your GPU and its self-test">
        <SelfTest />
      </section>
    </div>
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
