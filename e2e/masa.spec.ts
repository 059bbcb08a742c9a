/** MASA in the page: its settings, and a run that predicts, gates, cuts and hints. */
import { expect, test } from '@playwright/test';
import { LabPage } from './lab';

test('a run with predictions, gate, cutoff and hints goes to its end', async ({ page }) => {
  const lab = new LabPage(page);
  await lab.open({
    masa_meta: 'train',
    masa_num_generations: '2',
    masa_gate: 'true',
    masa_gate_low: '0.4',
    masa_gate_high: '0.6',
    masa_gate_spread: '0.5',
    masa_gate_min_prompts: '2',
    masa_audit_share: '0.5',
    masa_cutoff: 'true',
    masa_hint_share: '0.25',
  });
  await page.getByTestId('run-first').click();
  await lab.inState('finished');
  await lab.atStep(3);
  // The curves' newest values are the last step's, so they are drawn from the stream.
  for (const [panel, chart] of [
    ['self-knowledge', 'pass-rate-error'],
    ['self-knowledge', 'meta-rewards'],
    ['self-knowledge', 'parse-rate'],
    ['gate', 'gated'],
    ['cutoffs', 'cut'],
  ])
    await expect(
      page.getByTestId(`panel-${panel}`).getByTestId(`chart-${chart}`).locator('[data-last]').first(),
    ).toHaveAttribute('data-last', /^[\d.e-]+$/);
  const gated = Number(
    await page.getByTestId('chart-gated').locator('[data-last]').first().getAttribute('data-last'),
  );
  // As many groups as the gate kept, two by the floor at least.
  const kept = await page.getByTestId(/^group-\d+$/).count();
  expect(kept).toBeGreaterThanOrEqual(2);
  expect(kept).toBe(4 - gated);
  expect(lab.problems).toEqual([]);
});

test('a gate without predictions is refused at its switch, and taken once there are some', async ({
  page,
}) => {
  const lab = new LabPage(page);
  await lab.open({ masa_gate_min_prompts: '2' });
  await lab.button(/^Settings/).click();
  await page.getByTestId('knob-masa_gate').click();
  await expect(page.getByText(/masa_meta to be observe or train/).first()).toBeVisible();
  await expect(page.getByTestId('settings-invalid')).toBeVisible();
  await page.getByTestId('knob-masa_meta').click();
  await page.getByRole('option', { name: 'observe' }).click();
  await page.getByTestId('knob-masa_gate').click();
  await expect(page.getByTestId('settings-invalid')).toHaveCount(0);
  await expect(page).toHaveURL(/masa_gate=true/);
  expect(lab.problems).toEqual([]);
});
