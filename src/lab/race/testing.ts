/** A made-up report for the tests of what is drawn of one. No figure in it was measured. */
import { record } from '../../rl/comparison/testing';
import { type RaceReport, reportOf } from './report';

/**
 * Half of the baseline's tokens are of prompts without variance; `cheap` spends half as many, has no gate, and learns
 * as much of each informative prompt.
 */
export function madeUpReport(): RaceReport {
  const shape = { informative: [1, 1], accuracy: { 0: 0.2, 1: 0.4, 2: 0.6 } };
  const entries = [
    { arm: 'grpo', record: record({ tokens: [100, 100], ...shape }) },
    { arm: 'cheap', record: record({ tokens: [50, 50], ...shape }) },
  ].map((each) => ({ ...each, seed: 1, ended: true, failed: '' }));
  return reportOf('in-domain', ['grpo', 'cheap'], entries);
}
