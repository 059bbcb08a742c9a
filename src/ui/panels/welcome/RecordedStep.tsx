/**
 * What a visitor will see, before anything runs: a step of a real run as it was recorded, in the picture that the page
 * draws of every step. The recording is an excerpt made by `scripts/step-excerpt.mjs`.
 */
import { useMemo } from 'react';
import { eventSchema } from '../../../run/events';
import { getTask } from '../../../tasks';
import { EMPTY_HISTORY, recordEvents } from '../../history/history';
import { storyOf } from '../../views/story';
import { Stations } from '../story/Stations';
import recorded from './recorded-step.json';
import styles from './Welcome.module.css';

export function RecordedStep() {
  const story = useMemo(() => {
    const [record] = recordEvents(EMPTY_HISTORY, eventSchema.array().parse(recorded.events)).records;
    return storyOf(record);
  }, []);
  const { vocabulary } = getTask(recorded.task);
  return (
    <section className={styles.card} aria-labelledby="recorded-step" data-testid="recorded-step">
      <h2 id="recorded-step" className={styles.recorded}>
        From a recorded run, after {recorded.step} steps
      </h2>
      <Stations story={story} step={recorded.step} readable={vocabulary.readable} />
    </section>
  );
}
