/** What others need of reports: a digest of each run, and the file that is made of one or of several. */
import { comparisonReport } from './comparison-report';
import type { RunDigest } from './digest';
import type { ReportOptions } from './document';
import { runReport } from './run-report';

export { DIGESTED_EVENTS, DigestCollector, type RunDigest } from './digest';
export type { ReportOptions } from './document';

/**
 * The report of the run, or of the runs beside each other.
 * @returns an HTML document that opens from the disk, at most MOST_REPORT_BYTES long
 * @throws Error without a run, or when they are too many to fit
 */
export function reportOf(runs: readonly RunDigest[], options: ReportOptions): string {
  if (runs.length === 0) throw new Error('report: expected a run or more, got none');
  return runs.length === 1 ? runReport(runs[0], options) : comparisonReport(runs, options);
}

/** A file's name from a run's: what every system takes. */
export const reportName = (name: string): string =>
  `${
    name
      .replace(/[^\p{L}\p{N}._-]+/gu, '-')
      .replace(/^[-.]+|[-.]+$/g, '')
      .slice(0, 80) || 'run'
  }-report.html`;
