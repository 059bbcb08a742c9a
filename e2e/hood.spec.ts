/**
 * Under the hood, on a real run: a step that is profiled on demand, the memory, and the shader files. What is on screen
 * is what the event stream and the files say.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from '@playwright/test';
import { LabPage } from './lab';

test('a step is profiled, and its kernels, the memory and the sources are what they are', async ({
  page,
}) => {
  const lab = new LabPage(page);
  await lab.record();
  await lab.open({ prompts_per_step: '2', max_completion_length: '24', eval_problems: '4', steps: '90' });
  await page.getByTestId('run-first').click();
  await lab.pastStep(0);
  const kernels = page.getByTestId('panel-kernels');
  await expect(kernels.getByTestId('empty')).toContainText('No step has been profiled yet');
  await page.getByTestId('profile-step').click();
  await expect(kernels.getByTestId('kernel-table')).toBeVisible({ timeout: 60_000 });
  await lab.control(/pause/i).click();
  await lab.inState('paused');
  const [profile] = await lab.events('kernel_profile');

  await test.step('kernels: calls, time and operations are the event’s, added up', async () => {
    const sum = (of: (kernel: (typeof profile.kernels)[number]) => number | null, name?: string) =>
      profile.kernels
        .filter(({ kernel }) => name === undefined || kernel === name)
        .reduce((total, kernel) => total + (of(kernel) ?? 0), 0);
    const number = async (id: string, attribute = 'data-value') =>
      Number(await kernels.getByTestId(id).getAttribute(attribute));
    expect(await number('profile-calls')).toBe(sum(({ calls }) => calls));
    expect(await number('profile-ms')).toBeCloseTo(
      sum(({ device_ms }) => device_ms),
      9,
    );
    expect(await number('profile-gflops', 'data-flops')).toBe(sum(({ flops }) => flops));
    const names = [...new Set(profile.kernels.map(({ kernel }) => kernel))];
    const rows = await kernels
      .getByTestId('kernel-table')
      .locator('tbody tr')
      .evaluateAll((all) =>
        all.map((row) => ['testid', 'ms', 'calls'].map((name) => row.getAttribute(`data-${name}`))),
      );
    expect(rows.map(([id]) => id).sort()).toEqual(names.map((name) => `kernel-${name}`).sort());
    for (const [id, ms, calls] of rows) {
      const name = id!.replace('kernel-', '');
      expect(Number(ms)).toBeCloseTo(
        sum(({ device_ms }) => device_ms, name),
        9,
      );
      expect(Number(calls)).toBe(sum(({ calls: of }) => of, name));
    }
    // Longest first, and by another column from the keyboard.
    const order = () =>
      kernels
        .locator('tbody tr')
        .evaluateAll((all) => all.map((row) => Number(row.getAttribute('data-calls'))));
    expect(rows.map(([, ms]) => Number(ms))).toEqual(rows.map(([, ms]) => Number(ms)).sort((a, b) => b - a));
    await kernels.getByRole('button', { name: 'Sort by Calls' }).press('Enter');
    await expect.poll(order).toEqual(rows.map(([, , calls]) => Number(calls)).sort((a, b) => b - a));
    // One phase alone has its own sum.
    await kernels.getByRole('button', { name: 'Rollout' }).click();
    const rollout = profile.kernels.filter(({ phase }) => phase === 'rollout');
    await expect.poll(order).toHaveLength(new Set(rollout.map(({ kernel }) => kernel)).size);
  });

  await test.step('memory: what was allocated, beside the plan', async () => {
    const [started] = await lab.events('run_started');
    const total = page.getByTestId('memory-total');
    await expect(total).toHaveAttribute('data-planned', String(started.device_bytes));
    const bytes = started.memory!.reduce((sum, each) => sum + each.bytes, 0);
    await expect(total).toHaveAttribute('data-bytes', String(bytes));
    for (const { holder, bytes: own } of started.memory!)
      await expect(page.getByTestId(`memory-${holder}`)).toHaveAttribute('data-bytes', String(own));
  });

  await test.step('sources: every file, and each is the file', async () => {
    await kernels.getByRole('button', { name: 'sample', exact: true }).click();
    const source = page.getByTestId('panel-source');
    await expect(source.getByRole('heading', { name: 'sample.wgsl' })).toBeVisible();
    for (const name of ['sample', 'linear_forward_vec4']) {
      await source.getByTestId(`file-${name}`).click();
      await expect
        .poll(() => source.getByTestId('shader-source').textContent())
        .toBe(readFileSync(`shaders/${name}.wgsl`, 'utf8'));
    }
    // With what it shares with others, whose bindings are among its own.
    await source.getByText('Put before it: linear_sums.wgsl').click();
    await expect(source.getByTestId('part-linear_sums')).toBeVisible();
    expect(await source.getByTestId('part-linear_sums').textContent()).toBe(
      readFileSync('shaders/linear_sums.wgsl', 'utf8'),
    );
    await expect(source.getByRole('rowheader', { name: 'residual' })).toBeVisible();
    const files = readdirSync('shaders').map((name) => name.replace('.wgsl', ''));
    await expect(source.getByTestId(/^file-/)).toHaveCount(files.length);
    // In this run's shapes: one row for each that the event has.
    const uses = profile.kernels.filter(({ kernel }) => kernel === 'linear_forward_vec4');
    await expect(source.getByTestId('kernel-uses').locator('tbody tr')).toHaveCount(uses.length);
  });
  expect(lab.problems).toEqual([]);
});
