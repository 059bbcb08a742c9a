/**
 * The panels of self-knowledge, gate, cutoffs, hints and diagnostics, on a real run: what they draw is what the event
 * stream says, number by number. The stream is read where it enters the page, beside the page's own reading.
 */
import { expect, type Page, test } from '@playwright/test';
import type { RunEvent, RunEventOf } from '../src/run/events';
import { LabPage } from './lab';

const MASA = {
  masa_meta: 'train',
  masa_num_generations: '3',
  masa_gate: 'true',
  masa_gate_low: '0.4',
  masa_gate_high: '0.6',
  masa_gate_spread: '0.5',
  masa_gate_min_prompts: '2',
  masa_audit_share: '0.5',
  masa_cutoff: 'true',
  masa_cutoff_multiple: '1',
  masa_hint_share: '0.5',
  prompts_per_step: '6',
  steps: '4',
};

class Stream {
  constructor(readonly events: readonly RunEvent[]) {}

  of<T extends RunEvent['type']>(type: T, step?: number): RunEventOf<T>[] {
    return this.events.filter(
      (event): event is RunEventOf<T> =>
        event.type === type && (step === undefined || ('step' in event && event.step === step)),
    );
  }
}

async function runToEnd(page: Page): Promise<Stream> {
  const lab = new LabPage(page);
  await lab.record();
  await lab.open(MASA);
  // While a step is written its bars grow towards a limit that is already drawn.
  const limited = await lab.lookOut('li:has([data-state=growing]) [data-testid=limit]');
  await page.getByTestId('run-first').click();
  await limited();
  await lab.inState('finished');
  await lab.allDrawn();
  await expect(page.getByTestId('gate-plan')).toBeVisible();
  const events = await lab.allEvents();
  expect(lab.problems).toEqual([]);
  return new Stream(events);
}

/** Attributes of all elements of a test id, as numbers where they are. */
const attributes = (page: Page, testId: string, names: string[]) =>
  page
    .getByTestId(testId)
    .evaluateAll(
      (elements, wanted) => elements.map((each) => wanted.map((name) => each.getAttribute(name))),
      names,
    );

const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
const byNumbers = (a: readonly number[], b: readonly number[]) => a[0] - b[0] || a[1] - b[1];

test('what the panels draw is what the event stream says', async ({ page }) => {
  const stream = await runToEnd(page);
  const last = 3;

  await test.step('held-out points: the newest evaluation over the first, of which a gated run draws of its own accord', async () => {
    const evaluations = stream.of('evaluation').filter(({ suite }) => suite === 'in-domain');
    const pointsOf = ({ alignment }: RunEventOf<'evaluation'>) =>
      alignment!.points.flatMap(({ pass_rate, true_pass_rate }, index) =>
        pass_rate === null ? [] : [[index, pass_rate, true_pass_rate]],
      );
    const names = ['data-prompt', 'data-predicted', 'data-actual'];
    for (const [testId, evaluation] of [
      ['scatter-point', evaluations.at(-1)!],
      ['scatter-before', evaluations[0]],
    ] as const) {
      const drawn = (await attributes(page, testId, names)).map((point) => point.map(Number));
      expect(drawn.length).toBeGreaterThan(0);
      expect(drawn).toEqual(pointsOf(evaluation));
    }
    const { pass_rate_mae, pass_rate_pearson, calibration } = evaluations.at(-1)!.alignment!;
    await expect(page.getByTestId('scatter-error')).toHaveAttribute(
      'data-value',
      String(pass_rate_mae ?? ''),
    );
    await expect(page.getByTestId('scatter-correlation')).toHaveAttribute(
      'data-value',
      String(pass_rate_pearson ?? ''),
    );
    expect(await attributes(page, 'calibration-bin', ['data-actual'])).toEqual(
      calibration.filter(({ count }) => count > 0).map(({ actual }) => [String(actual)]),
    );
    const prompts = page.getByRole('radio', { name: 'The steps’ prompts' });
    await prompts.click();
    await expect(prompts).toBeChecked();
  });

  await test.step('points: predicted and true pass rate of every prompt that was rolled out', async () => {
    const expected = stream.of('meta_group').flatMap(({ step, index, predictions, truth }) => {
      const rates = predictions.flatMap((each) => each.pass_rate ?? []);
      return truth && rates.length > 0 ? [[step, index, mean(rates), truth.correct / truth.total]] : [];
    });
    const names = ['data-step', 'data-prompt', 'data-predicted', 'data-actual', 'cx', 'cy'];
    const drawn = (await attributes(page, 'scatter-point', names)).map((point) => point.map(Number));
    expect(drawn.map((point) => point.slice(0, 4)).sort(byNumbers)).toEqual(expected.sort(byNumbers));
    // The diagonal goes from (0, 0) to (1, 1), so that it says where each has to stand.
    const [x1, y1, x2, y2] = await page
      .getByTestId('picture-scatter')
      .getByTestId('diagonal')
      .evaluate((line) => ['x1', 'y1', 'x2', 'y2'].map((name) => Number(line.getAttribute(name))));
    for (const [, , predicted, actual, cx, cy] of drawn) {
      expect(cx).toBeCloseTo(x1 + predicted * (x2 - x1), 6);
      expect(cy).toBeCloseTo(y1 + actual * (y2 - y1), 6);
    }
  });

  await test.step('rewards: three parts that add up to the meta reward, with the formula', async () => {
    const group = stream.of('meta_group', last).find(({ truth }) => truth !== null)!;
    await page.getByTestId(`strip-${group.index}`).click();
    const detail = page.getByTestId('prompt-detail');
    await detail.getByTestId('reward-0').click();
    for (const [
      place,
      { reward, reward_length, reward_difficulty, reward_notion },
    ] of group.predictions.entries()) {
      const bar = detail.getByTestId(`reward-${place}`);
      await expect(bar).toHaveAttribute('data-meta', String(reward));
      const shares = await bar
        .locator('[data-share]')
        .evaluateAll((parts) => parts.map((part) => Number(part.getAttribute('data-share'))));
      expect(shares).toEqual([reward_length, reward_difficulty, reward_notion].map((part) => part! / 3));
      expect(shares.reduce((a, b) => a + b, 0)).toBeCloseTo(reward!, 12);
    }
    await expect(detail.getByTestId('formula-meta').locator('.katex-mathml')).toBeAttached();
    const digits = String(Number(group.predictions[0].reward!.toPrecision(3)));
    await expect(detail.getByTestId('formula-meta')).toHaveAttribute('data-tex', new RegExp(`= ${digits}$`));
  });

  await test.step('strips: the lengths of the step’s rollouts', async () => {
    for (const group of stream.of('prompt_group', last)) {
      const drawn = await page
        .getByTestId(`strip-${group.candidate}`)
        .getByTestId('rollout-length')
        .evaluateAll((marks) => marks.map((mark) => Number(mark.getAttribute('data-length'))));
      expect(drawn).toEqual(group.rollouts.map(({ tokens }) => tokens.length));
    }
  });

  await test.step('gate: each prompt’s samples, role and reason, and the plan', async () => {
    for (const decision of stream.of('gate_decision', last)) {
      const row = page.getByTestId(`candidate-${decision.index}`);
      await expect(row).toHaveAttribute('data-role', decision.role);
      await expect(row.getByTestId('gate-why')).toHaveAttribute('title', decision.reason);
      const samples = await row
        .getByTestId('gate-sample')
        .evaluateAll((dots) => dots.map((dot) => Number(dot.getAttribute('data-value'))));
      expect(samples).toEqual(decision.pass_rates.filter((rate) => rate !== null).sort((a, b) => a - b));
    }
    const [plan] = stream.of('gate_plan', last);
    await expect(page.getByTestId('gate-plan')).toContainText(
      `${plan.kept.length} let through, ${plan.gated.length} skipped`,
    );
  });

  await test.step('matrix: the audit’s counts, added up over the steps', async () => {
    const tallies = stream.of('audit').map(({ gate }) => gate!.tally);
    const sum = (key: keyof (typeof tallies)[number]) =>
      tallies.reduce((total, tally) => total + tally[key], 0);
    expect(sum('gated')).toBeGreaterThan(0);
    for (const [cell, key] of [
      ['skipped-zero', 'sampledZero'],
      ['skipped-informative', 'sampledInformative'],
      ['kept-zero', 'keptZero'],
      ['kept-informative', 'keptInformative'],
    ] as const)
      await expect(page.getByTestId(`confusion-${cell}`)).toHaveText(new RegExp(`^\\D*${sum(key)}$`));
    const metrics = stream.of('step_metrics', last)[0].metrics;
    await expect(page.getByTestId('gate-precision')).toHaveAttribute(
      'data-value',
      String(metrics['masa/gate/precision'] ?? ''),
    );
    const saved = metrics['masa/gate/tokens_saved'];
    const shown = await page.getByTestId('gate-tokens-saved').getAttribute('data-value');
    if (saved === undefined) expect(shown).toBe('');
    else expect(Number(shown)).toBeCloseTo(saved * tallies.length, 6);
  });

  await test.step('bars: every rollout to its end, cut ones to their limit, and what the audit found', async () => {
    for (const group of stream.of('prompt_group', last)) {
      const card = page.getByTestId(`cutoff-${group.candidate}`);
      const paths = await card.getByTestId('bars').evaluateAll((bars) =>
        bars.flatMap((bar) => {
          const widths = [...bar.getAttribute('d')!.matchAll(/M0 ([\d.]+)h([\d.]+)/g)];
          return widths.map(([, y, width]) => ({
            y: Number(y),
            width: Number(width),
            state: bar.getAttribute('data-state'),
          }));
        }),
      );
      paths.sort((a, b) => a.y - b.y);
      const lengths = group.rollouts.map(({ tokens }) => tokens.length);
      const longest = Math.max(...lengths);
      const widest = Math.max(...paths.map(({ width }) => width));
      expect(paths.map(({ state }) => state === 'cut')).toEqual(
        group.rollouts.map(({ cut }) => cut === true),
      );
      paths.forEach(({ width }, i) => {
        expect(width / widest).toBeCloseTo(lengths[i] / longest, 6);
      });
      const [limit] = stream.of('cutoff', last).filter(({ index }) => index === group.candidate);
      if (limit.cuts)
        await expect(card.getByTestId('limit')).toHaveAttribute('data-tokens', String(limit.limit));
      else await expect(card.getByTestId('limit')).toHaveCount(0);
      const audited = stream
        .of('audit', last)[0]
        .cutoff!.entries.filter(({ index }) => index === group.candidate)
        .map(({ length, correct }) => [String(length), String(correct)]);
      const found = await card
        .getByTestId('cut-audit')
        .evaluateAll((marks) =>
          marks.map((mark) => [mark.getAttribute('data-length'), mark.getAttribute('data-correct')]),
        );
      expect(found).toEqual(audited);
    }
    const cut = stream.of('audit').reduce((sum, { cutoff }) => sum + cutoff!.tally.cut, 0);
    await expect(page.getByTestId('cutoff-rollouts-cut')).toHaveAttribute('data-value', String(cut));
  });

  await test.step('hints: hinted and other rollouts, counted', async () => {
    const rollouts = stream.of('prompt_group').flatMap((group) => group.rollouts);
    const hinted = rollouts.filter(({ hint }) => hint !== undefined);
    const side = page.getByTestId('hint-hinted');
    await expect(side).toHaveAttribute('data-of', String(hinted.length));
    await expect(side).toHaveAttribute(
      'data-right',
      String(hinted.filter(({ reward }) => reward > 0).length),
    );
  });

  await test.step('what is happening: why nothing is clipped, with this run’s numbers', async () => {
    const finding = page.getByTestId('finding-nothing-clipped');
    await finding.locator('summary').click();
    await expect(finding).toContainText('with 1 update a batch and a clip range of 0.8 to 1.28');
  });

  await test.step('limits: told before the rollouts grow as they are told after', async () => {
    for (const { step, limits } of stream.of('rollouts_started'))
      expect(limits?.map(({ limit }) => limit)).toEqual(stream.of('cutoff', step).map(({ limit }) => limit));
  });

  await test.step('the story: each prompt from what was predicted through the gate to what it came to', async () => {
    const [audit] = stream.of('audit', last);
    const expected = stream.of('gate_decision', last).map(({ index, role, pass_rates }) => {
      const said = pass_rates.filter((rate) => rate !== null);
      const rewards =
        stream
          .of('prompt_group', last)
          .find(({ candidate }) => candidate === index)
          ?.rollouts.map((r) => r.reward) ??
        audit.gate!.entries.find((entry) => entry.index === index)?.rewards;
      return [
        String(index),
        said.length > 0 ? String(mean(said)) : '',
        role === 'gated' ? 'skipped' : role === 'audited' ? 'checked' : 'kept',
        rewards ? String(mean(rewards)) : '',
      ];
    });
    expect(
      await attributes(page, 'story-prompt', ['data-prompt', 'data-predicted', 'data-fate', 'data-actual']),
    ).toEqual(expected);
    const { gated } = stream.of('gate_plan', last)[0];
    await expect(page.getByTestId('story-skipped')).toHaveAttribute('data-value', String(gated.length));
  });

  await test.step('curves: their newest values are the last step’s', async () => {
    const { metrics } = stream.of('step_metrics', last)[0];
    for (const [chart, metric] of [
      ['pass-rate-error', 'masa/pass_rate_mae'],
      ['meta-rewards', 'masa/reward_length'],
      ['parse-rate', 'masa/parse_rate'],
      ['gated', 'masa/gate/gated'],
      ['cut', 'masa/cutoff/cut'],
    ])
      await expect(page.getByTestId(`chart-${chart}`).locator('[data-last]').first()).toHaveAttribute(
        'data-last',
        String(metrics[metric]),
      );
    await expect(page.getByTestId(/^group-\d+$/)).toHaveCount(stream.of('gate_plan', last)[0].kept.length);
  });

  await test.step('a prompt pointed at lights up in every panel that draws it', async () => {
    const [group] = stream.of('prompt_group', last);
    // Panels above it are drawn when it is scrolled to, and may push it away from under the pointer.
    await expect(async () => {
      await page.getByTestId(`candidate-${group.candidate}`).hover();
      await expect(page.getByTestId(`candidate-${group.candidate}`)).toHaveAttribute('data-lit', 'true', {
        timeout: 1000,
      });
    }).toPass();
    for (const place of ['cutoff', 'strip'])
      await expect(page.getByTestId(`${place}-${group.candidate}`)).toHaveAttribute('data-lit', 'true');
    await expect(
      page.locator(`[data-testid=story-prompt][data-prompt="${group.candidate}"]`),
    ).toHaveAttribute('data-lit', 'true');
  });

  await test.step('an earlier step on screen is drawn in every panel', async () => {
    await page.getByRole('slider', { name: 'Step on screen' }).press('ArrowLeft');
    const [earlier] = stream.of('gate_decision', last - 1);
    await expect(page.getByTestId(`candidate-${earlier.index}`).getByTestId('gate-why')).toHaveAttribute(
      'title',
      earlier.reason,
    );
    const [audit] = stream.of('audit', last - 1);
    expect(audit).toBeDefined();
    const kept = stream.of('audit').filter(({ step }) => step < last);
    await expect(page.getByTestId('confusion-kept-informative')).toHaveAttribute(
      'data-value',
      String(kept.reduce((sum, { gate }) => sum + gate!.tally.keptInformative, 0)),
    );
    await expect(page.locator('[data-testid="scatter-point"][data-step="3"]')).toHaveCount(0);
  });
});

test('a plain run says in one sentence how to get predictions, and offers the preset', async ({ page }) => {
  const lab = new LabPage(page);
  await lab.open({ steps: '2' });
  await page.getByTestId('run-first').click();
  await lab.inState('finished');
  const panel = page.getByTestId('panel-self-knowledge');
  await expect(panel).toContainText('predicts nothing of itself');
  await expect(page.getByTestId('panel-gate')).toHaveCount(0);
  await panel.getByRole('button', { name: /Use the preset/ }).click();
  await expect(page).toHaveURL(/masa_meta=train/);
  expect(lab.problems).toEqual([]);
});
