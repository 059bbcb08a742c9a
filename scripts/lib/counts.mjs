/**
 * Reads how many tests passed, failed and were skipped from the result files of Vitest and Playwright.
 * What the runner could not even load or collect counts as failed, so that no suite passes by not running.
 */

/**
 * @typedef {{ passed: number, failed: number, skipped: number }} Counts
 */

/** @type {() => Counts} */
export const none = () => ({ passed: 0, failed: 0, skipped: 0 });

/**
 * @param {Counts[]} parts
 * @returns {Counts}
 */
export function sum(parts) {
  const total = none();
  for (const part of parts) {
    total.passed += part.passed;
    total.failed += part.failed;
    total.skipped += part.skipped;
  }
  return total;
}

/**
 * @param {Counts} counts
 * @param {number} exitCode of the runner
 * @returns {Counts} with a failure added when the runner failed and no test did, or nothing ran at all
 */
function withRunner(counts, exitCode) {
  const isEmpty = counts.passed + counts.failed + counts.skipped === 0;
  return counts.failed === 0 && (exitCode !== 0 || isEmpty) ? { ...counts, failed: 1 } : counts;
}

/**
 * @param {any} report Vitest's JSON report, or undefined when it wrote none
 * @param {number} exitCode
 * @returns {Counts}
 */
export function countVitest(report, exitCode) {
  const counts = none();
  for (const file of report?.testResults ?? []) {
    if (file.assertionResults.length === 0 && file.status === 'failed') counts.failed++;
    for (const { status } of file.assertionResults) {
      if (status === 'passed') counts.passed++;
      else if (status === 'failed') counts.failed++;
      else counts.skipped++;
    }
  }
  return withRunner(counts, exitCode);
}

/**
 * @param {any} report Playwright's JSON report, or undefined when it wrote none
 * @param {number} exitCode
 * @returns {Counts}
 */
export function countPlaywright(report, exitCode) {
  const { expected = 0, unexpected = 0, flaky = 0, skipped = 0 } = report?.stats ?? {};
  return withRunner({ passed: expected, failed: unexpected + flaky, skipped }, exitCode);
}
