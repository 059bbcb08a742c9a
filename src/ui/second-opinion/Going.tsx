/** How far a job of the second opinion is, and what it ended in where that is an error. */
import type { OpinionProgress } from '../../lab/second-opinion/protocol';
import { Button } from '../components/Button';
import { ProgressBar } from '../components/ProgressBar';
import { useSession } from '../state/context';
import { useOpinion } from './hooks';
import styles from './SecondOpinion.module.css';
import type { JobKind } from './state';

const PARTS: Readonly<Record<OpinionProgress['part'], string>> = {
  runtime: 'Fetching ONNX Runtime',
  policy: 'Fetching the policy',
  session: 'Opening the policy',
  predictions: 'Asking for predictions',
  answers: 'Answering',
};

/** The progress and the errors of jobs of these kinds. */
export function Going({ kinds }: { kinds: readonly JobKind[] }) {
  const session = useSession();
  const busy = useOpinion((state) => (state.busy && kinds.includes(state.busy.kind) ? state.busy : null));
  const error = useOpinion((state) =>
    state.error && kinds.includes(state.error.kind) ? state.error.error : null,
  );
  const label = busy && (busy.progress ? PARTS[busy.progress.part] : 'Waiting for the policy');
  return (
    <div className={styles.going} data-testid={`opinion-${kinds[0]}`} data-busy={busy !== null}>
      {/* Read out by what is being done, not by every number. */}
      <p role="status" className="visually-hidden">
        {label}
      </p>
      {busy && label && (
        <ProgressBar
          progress={{
            task: 'second-opinion',
            label,
            done: busy.progress?.done ?? 0,
            total: busy.progress?.total ?? 0,
            unit: busy.progress?.unit ?? '',
          }}
        />
      )}
      {error && (
        <div role="alert" className={styles.error} data-testid="opinion-error" data-code={error.code}>
          <p>{error.message}</p>
          {error.remedy && <p>{error.remedy}</p>}
          <Button weight="quiet" onClick={() => session.opinion.dismissError()}>
            Dismiss
          </Button>
        </div>
      )}
    </div>
  );
}
