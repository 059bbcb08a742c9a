/** The counts behind the test command's last line. */
import { expect, test } from 'vitest';
import { countPlaywright, countVitest, sum } from './counts.mjs';

const file = (/** @type {string[]} */ ...statuses) => ({
  status: statuses.includes('failed') || statuses.length === 0 ? 'failed' : 'passed',
  assertionResults: statuses.map((status) => ({ status })),
});

test('counts the tests of all files by their outcome', () => {
  const report = { testResults: [file('passed', 'passed', 'failed'), file('pending', 'todo', 'passed')] };
  expect(countVitest(report, 1)).toEqual({ passed: 3, failed: 1, skipped: 2 });
});

test('a file that could not be loaded is a failure', () => {
  expect(countVitest({ testResults: [file('passed'), file()] }, 1)).toEqual({
    passed: 1,
    failed: 1,
    skipped: 0,
  });
});

test('a runner that fails although its tests passed is a failure', () => {
  expect(countVitest({ testResults: [file('passed')] }, 1).failed).toBe(1);
  expect(countPlaywright({ stats: { expected: 2 } }, 1)).toEqual({ passed: 2, failed: 1, skipped: 0 });
});

test('a suite in which nothing ran is a failure', () => {
  expect(countVitest(undefined, 0).failed).toBe(1);
  expect(countPlaywright({ stats: {} }, 0).failed).toBe(1);
});

test('a flaky end-to-end test is a failure', () => {
  const report = { stats: { expected: 3, unexpected: 1, flaky: 1, skipped: 2 } };
  expect(countPlaywright(report, 1)).toEqual({ passed: 3, failed: 2, skipped: 2 });
});

test('adds up suites', () => {
  const parts = [
    { passed: 1, failed: 0, skipped: 2 },
    { passed: 4, failed: 1, skipped: 0 },
  ];
  expect(sum(parts)).toEqual({ passed: 5, failed: 1, skipped: 2 });
});
