/** The timeline: back to earlier steps with every panel following, and from phase to phase inside a step. */
import { readFileSync } from 'node:fs';
import { expect, type Page, test } from '@playwright/test';
import type { RunEvent, RunEventOf } from '../src/run/events';
import { LabPage } from './lab';

const ofStep = <T extends 'step_metrics' | 'prompt_group'>(
  events: readonly RunEvent[],
  type: T,
  step: number,
) => events.filter((event): event is RunEventOf<T> => event.type === type && event.step === step);

/** Everything on screen is that of `step` in the stream. */
async function showsStep(page: Page, events: readonly RunEvent[], step: number): Promise<void> {
  const [{ metrics }] = ofStep(events, 'step_metrics', step);
  const groups = ofStep(events, 'prompt_group', step);
  const shows = (id: string, value: unknown) =>
    expect(page.getByTestId(id)).toHaveAttribute('data-value', String(value));
  await shows('shown-step', step);
  await shows('groups-step', step);
  await shows('metric-step', step + 1);
  await shows('metric-reward', metrics.reward);
  await shows('metric-tokens', metrics.num_tokens);
  await expect(page.getByTestId(/^group-\d+$/)).toHaveCount(groups.length);
  for (const group of groups)
    await expect(page.getByTestId(`group-${group.index}`)).toHaveAttribute(
      'data-right',
      String(group.rollouts.filter((r) => r.reward > 0).length),
    );
  await expect(page.getByTestId('rollout-length')).toHaveText(
    groups[0].rollouts.map((r) => String(r.tokens.length)),
  );
  const entropy = page.getByTestId('chart-entropy').locator('[data-value="entropy"]');
  await expect(entropy).toHaveAttribute('data-now', String(metrics.entropy));
}

test('scrubbing takes every panel to that step’s numbers in the stream, and follow-live back', async ({
  page,
}) => {
  const lab = new LabPage(page);
  await lab.record();
  await lab.open({ steps: '4' });
  await page.getByTestId('run-first').click();
  await lab.inState('finished');
  const events = await lab.allEvents();
  for (const step of [1, 0, 2]) {
    await lab.seek(step);
    await showsStep(page, events, step);
  }
  // By keyboard: the slider's own keys, and the arrows from anywhere.
  const slider = page.getByRole('slider', { name: 'Step on screen' });
  await slider.focus();
  await page.keyboard.press('Home');
  await showsStep(page, events, 0);
  await page.getByRole('heading', { name: 'What is it trying?' }).click();
  await page.keyboard.press('ArrowRight');
  await showsStep(page, events, 1);
  await page.getByTestId('follow').click();
  await expect(page.getByTestId('shown-step')).toHaveAttribute('data-held', 'false');
  await showsStep(page, events, 3);
  expect(lab.problems).toEqual([]);
});

test('a step can be gone through phase by phase, at rest before each', async ({ page }) => {
  const lab = new LabPage(page);
  await lab.record();
  await lab.open({ masa_meta: 'observe', masa_num_generations: '2' });
  const phases = page.getByTestId('phases');
  const next = async (expected: string) => {
    await page.keyboard.press('p');
    await expect(phases).toHaveAttribute('data-phase', expected, { timeout: 60_000 });
    // At rest there: only now, as it rests before the key, too.
    await lab.inState('paused');
    await expect(phases).toHaveAttribute('data-phase', expected);
  };
  await next('meta');
  await next('rollout');
  await expect(phases.getByText('Next: Roll out')).toBeVisible();
  await next('reward');
  // Written, and not judged yet.
  await expect(page.getByTestId('rollout-text').first()).toHaveAttribute('data-verdict', /ended/);
  await next('advantage');
  await expect(page.getByTestId('rollout-text').first()).toHaveAttribute(
    'data-verdict',
    /right|wrong|truncated/,
  );
  expect(await lab.events('prompt_group')).toEqual([]);
  // The policy that wrote them is tested on held-out problems before it changes.
  await next('evaluate');
  await next('update');
  expect(await lab.events('prompt_group')).toHaveLength(4);
  await next('');
  await lab.atStep(1);
  expect(lab.problems).toEqual([]);
});

test('pointing at a prompt lights it, and leaving puts it out', async ({ page }) => {
  const lab = new LabPage(page);
  await lab.open();
  await lab.takeStep(1);
  await lab.judgedRollouts();
  const card = page.getByTestId('group-2');
  await card.hover();
  await expect(card).toHaveAttribute('data-lit', 'true');
  await page.getByRole('heading', { name: 'What is it trying?' }).hover();
  await expect(card).toHaveAttribute('data-lit', 'false');
  await page.getByTestId('group-1').focus();
  await expect(page.getByTestId('group-1')).toHaveAttribute('data-lit', 'true');
});

test('a panel is enlarged, linked to, and saved with the stream’s numbers', async ({ page }) => {
  const lab = new LabPage(page);
  await lab.record();
  await lab.open({ steps: '2' });
  await page.getByTestId('run-first').click();
  await lab.inState('finished');
  const choose = async (item: string) => {
    await page.getByTestId('menu-health').click();
    await page.getByRole('menuitem', { name: item }).click();
  };
  await choose('Enlarge');
  const dialog = page.getByTestId('enlarged-health');
  await expect(dialog.getByTestId('chart-entropy').locator('canvas')).toBeVisible();
  await expect.poll(async () => (await dialog.boundingBox())?.width).toBeGreaterThan(1000);
  await page.keyboard.press('Escape');
  await expect(dialog).toHaveCount(0);

  const save = async (item: string) => {
    const download = page.waitForEvent('download');
    await choose(item);
    return (await download).path();
  };
  const rows = readFileSync(await save('Save data as CSV'), 'utf8')
    .trim()
    .split('\r\n');
  expect(rows[0]).toBe('chart,series,step,tokens,value,low,high');
  for (const { step, metrics } of await lab.events('step_metrics'))
    expect(rows).toContain(
      `Entropy of the policy in nats,Entropy,${step},${metrics.num_tokens},${metrics.entropy},,`,
    );
  const png = readFileSync(await save('Save picture as PNG'));
  expect(png.subarray(1, 4).toString()).toBe('PNG');
  // Width and height are big-endian words of the header: all six charts, at twice their size at least.
  expect(png.readUInt32BE(20)).toBeGreaterThan(6 * 170 * 2);

  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await choose('Copy link to this panel');
  const link = await page.evaluate(() => navigator.clipboard.readText());
  expect(link).toMatch(/#panel-health$/);
  await page.goto(link);
  await page.reload();
  await page.getByTestId('run-first').click({ timeout: 60_000 });
  await expect(page.getByTestId('panel-health')).toBeInViewport({ timeout: 60_000 });
  expect(lab.problems).toEqual([]);
});
