/** Every method's preset trains in the page: its own settings, made small, and real steps with what they report. */
import { expect, test } from '@playwright/test';
import { type Manifest, type ManifestInput, manifestDifference, parseManifest } from '../src/run/manifest';
import { presetManifest } from '../src/run/presets';
import { LabPage } from './lab';

const METHODS = ['grpo', 'dr-grpo', 'dapo', 'masa', 'masa-efficient', 'masa-adapter'];

/** Two steps of a few seconds together on a software adapter; whatever else the preset says stays as it is. */
const SMALL = {
  prompts_per_step: 3,
  num_generations: 4,
  max_completion_length: 24,
  eval_problems: 4,
  eval_samples: 1,
  micro_batch_tokens: 512,
  steps: 2,
  seed: 7,
} satisfies ManifestInput;

/** @throws Error when there is no such preset. */
function smallOf(name: string): Manifest {
  const preset = presetManifest(name);
  return parseManifest({
    ...preset,
    ...SMALL,
    // Most groups of the long tail have one reward; among so many some have not.
    ...(preset.task === 'long-tail' && {
      prompts_per_step: 6,
      num_generations: 8,
      max_completion_length: 40,
    }),
    masa_num_generations: Math.min(2, preset.masa_num_generations),
    // Two steps are enough to learn from outcomes and experts, too.
    meta_adapter_from: 0,
    meta_adapter_burst: 2,
    masa_expert_from: 0,
    masa_expert_burst: 2,
    masa_gate_min_prompts: Math.min(2, preset.masa_gate_min_prompts),
  });
}

for (const name of METHODS)
  test(`the preset ${name} trains`, async ({ page }) => {
    const manifest = smallOf(name);
    const lab = new LabPage(page);
    await lab.record();
    await lab.open(
      Object.fromEntries(
        Object.entries({ ...SMALL, ...manifestDifference(manifest) }).map(([key, value]) => [
          key,
          String(value),
        ]),
      ),
    );
    await page.getByTestId('run-first').click();
    await lab.inState('finished');
    await lab.atStep(2);

    const [started] = await lab.events('run_started');
    expect(started.manifest).toMatchObject({ ...manifest, checkpoint_steps: 1 });
    const steps = await lab.events('step_metrics');
    expect(steps.map(({ step }) => step)).toEqual([0, 1]);
    for (const { metrics } of steps) {
      for (const metric of ['reward', 'loss', 'grad_norm', 'entropy'])
        expect(metrics[metric], metric).toEqual(expect.any(Number));
      expect(metrics['completions/mean_length']).toBeGreaterThan(1);
      expect(metrics['completions/max_length']).toBeLessThanOrEqual(manifest.max_completion_length);
    }
    expect(steps.some(({ metrics }) => metrics.grad_norm > 0)).toBe(true);
    await expect(page.getByTestId('metric-reward')).toHaveAttribute(
      'data-value',
      String(steps[1].metrics.reward),
    );

    const self = page.getByTestId('panel-self-knowledge');
    if (manifest.masa_meta === 'off') await expect(self).toContainText('predicts nothing of itself');
    if (manifest.masa_meta !== 'off') {
      expect((await lab.events('meta_group')).length).toBeGreaterThanOrEqual(2);
      const [chart, metric] =
        manifest.masa_num_generations > 0
          ? ['chart-parse-rate', 'masa/parse_rate']
          : ['chart-pass-rate-error', 'masa/pass_rate_mae'];
      await expect(self.getByTestId(chart).locator('[data-last]').first()).toHaveAttribute(
        'data-last',
        String(steps[1].metrics[metric]),
      );
    }
    if (manifest.masa_experts || manifest.meta_adapter !== 'none') {
      const learned = await lab.events('expert_update');
      expect(learned.every(({ nll, updates }) => nll.length === updates)).toBe(true);
      if (manifest.meta_adapter !== 'none') expect(learned.map((u) => u.updates)).toEqual([2, 1]);
    }
    if (manifest.masa_gate) {
      expect((await lab.events('gate_decision')).length).toBeGreaterThanOrEqual(
        2 * manifest.prompts_per_step,
      );
      await expect(page.getByTestId('chart-gated').locator('[data-last]').first()).toHaveAttribute(
        'data-last',
        String(steps[1].metrics['masa/gate/gated']),
      );
    }
    if (manifest.masa_cutoff) expect(await lab.events('cutoff')).not.toHaveLength(0);
    expect(lab.problems).toEqual([]);
  });
