/** What loading is doing: the base model, then the shaders, each with its bar. Shown until the first step begins. */
import { ProgressBar } from '../components/ProgressBar';
import { usePage } from '../state/context';
import styles from './Loading.module.css';

export function Loading() {
  const state = usePage((page) => page.lab.state);
  const model = usePage((page) => page.lab.progress.model);
  const tuning = usePage((page) => page.lab.progress.tuning);
  const pipelines = usePage((page) => page.lab.progress.pipelines);
  if (state !== 'loading') return null;
  return (
    <section className={styles.loading} data-testid="loading" aria-label="Loading">
      <p className={styles.text}>
        <strong>Getting ready.</strong> The browser compiles the shaders for your GPU; from the second time on
        this is quicker.
      </p>
      <div className={styles.bars}>
        {model && <ProgressBar progress={model} />}
        {tuning && <ProgressBar progress={tuning} />}
        {pipelines && <ProgressBar progress={pipelines} />}
        {!model && !tuning && !pipelines && <p className={styles.text}>Planning the memory…</p>}
      </div>
    </section>
  );
}
