/** MASA’s settings in the page; what a run with them draws is in `panels.spec.ts`. */
import { expect, test } from '@playwright/test';
import { LabPage } from './lab';

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
