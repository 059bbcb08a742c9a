/**
 * The first visit, on which all others build: the adapter is tested and the kernels are chosen by measurement, once for
 * all tests. They begin where a browser does that has been here before, but for what this one visited.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { expect, test } from '@playwright/test';
import { ADAPTER_DATABASE, LabPage, VISITED } from './lab';

test('a first visit tests the adapter, chooses the kernels, and keeps both for the next', async ({
  page,
  context,
}) => {
  // On a slow machine what could not be measured in time takes long, and all other tests begin with it.
  test.setTimeout(600_000);
  const lab = new LabPage(page);
  await lab.record();
  await lab.open();
  await expect(page.getByTestId('self-test')).toHaveAttribute('data-status', 'passed');
  const checks = await lab.progress('self-test');
  expect(checks.at(-1)).toMatchObject({ done: checks[0].total });

  // The run is made ready behind the first screen; what there was no time for is measured while nobody does anything.
  await expect
    .poll(async () => (await lab.progress('tuning')).length, { timeout: 120_000 })
    .toBeGreaterThan(0);
  const [{ label, total }] = await lab.progress('tuning');
  expect(label).toBe('Choosing the fastest kernels');
  const sure = async () => {
    const all = Object.entries(await lab.keptOfAdapter());
    const kept = all.filter(([key]) => !/^(self-test|kernels) /.test(key));
    const choices = kept.flatMap(([, text]) => JSON.parse(text) as [string, string, string?][]);
    return choices.filter(([, , how]) => how === undefined).length;
  };
  await expect.poll(sure, { timeout: 300_000 }).toBeGreaterThanOrEqual(total);
  expect(Object.keys(await lab.keptOfAdapter()).some((key) => key.startsWith('self-test'))).toBe(true);
  expect(lab.problems).toEqual([]);

  const { origins } = await context.storageState({ indexedDB: true });
  mkdirSync(dirname(VISITED), { recursive: true });
  writeFileSync(VISITED, JSON.stringify({ cookies: [], origins: origins.map(ofAdapter) }));
});

/** No settings and no runs, which tests are not to hand on to each other. */
function ofAdapter({ origin, ...state }: { origin: string }): object {
  const { indexedDB = [] } = state as { indexedDB?: { name: string }[] };
  const kept = indexedDB.filter(({ name }) => name === ADAPTER_DATABASE);
  expect(kept).toHaveLength(1);
  return { origin, localStorage: [], indexedDB: kept };
}
