/** A labelled progress bar of one task that takes time: start-up, loading, an evaluation. */
import { Progress as RadixProgress } from 'radix-ui';
import type { Progress as TaskProgress } from '../../lab/protocol';
import { formatBytes, formatCount } from '../../run/format';
import styles from './ProgressBar.module.css';

/** A task of the protocol's, or an evaluation of the page's own asking. */
type Progress = Omit<TaskProgress, 'task' | 'unit'> & {
  task: TaskProgress['task'] | 'benchmarks' | 'second-opinion';
  unit: TaskProgress['unit'] | 'answers';
};

function amount({ done, total, unit }: Progress): string {
  if (unit === '') return total > 1 ? `${done} of ${total}` : '';
  if (unit === 'bytes') return `${formatBytes(done)} of ${formatBytes(total)}`;
  return `${formatCount(done)} of ${formatCount(total)} ${unit}`;
}

export function ProgressBar({ progress }: { progress: Progress }) {
  const { task, label, done, total } = progress;
  const share = total > 0 ? Math.min(1, done / total) : 0;
  return (
    <div className={styles.row} data-testid={`progress-${task}`}>
      <span className={styles.label}>{label}</span>
      <span className={`${styles.amount} number`}>{amount(progress)}</span>
      <RadixProgress.Root
        className={styles.track}
        value={Math.round(share * 100)}
        max={100}
        aria-label={label}
        getValueLabel={() => amount(progress) || `${Math.round(share * 100)}%`}
      >
        <RadixProgress.Indicator className={styles.bar} style={{ width: `${share * 100}%` }} />
      </RadixProgress.Root>
    </div>
  );
}
