/** How kept runs are spoken of: one place for the words that several of their parts use. */
import type { RunEntry, RunStatus } from '../../lab/store/entry';
import { formatCount, formatPercent, formatPercentInterval, NO_VALUE } from '../../run/format';

export const STATUS_WORDS: Record<RunStatus, string> = {
  unfinished: 'unfinished',
  stopped: 'stopped',
  failed: 'stopped by an error',
  completed: 'completed',
};

const WHEN = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'short' });

export const whenText = (iso: string): string => WHEN.format(new Date(iso));

export const stepsText = (run: RunEntry): string =>
  `${formatCount(run.steps)} of ${formatCount(run.manifest.steps)}`;

export function accuracyText({ accuracy }: RunEntry): string {
  if (!accuracy) return NO_VALUE;
  return `${formatPercent(accuracy.accuracy)} (${formatPercentInterval(accuracy.low, accuracy.high)})`;
}
