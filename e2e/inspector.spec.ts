/**
 * The token inspector on a paused run: what it draws is what the stream has, and its numbers follow from each other.
 * And on a recorded run, where there is no policy to look with.
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { expect, type Page, test } from '@playwright/test';
import { seriousInThemes } from './axe';
import { LabPage } from './lab';

/** Large steps and narrow bounds, so that one update clips tokens at either of them. */
const SETTINGS = {
  steps: '4',
  learning_rate: '0.002',
  epsilon: '0.02',
  epsilon_high: '0.03',
  temperature: '0.9',
  masa_meta: 'train',
  masa_num_generations: '3',
};
const [LOW, HIGH] = [1 - 0.02, 1 + 0.03];

/** The values of all tokens of the strip, null where there is none. */
const strip = (page: Page): Promise<(number | null)[]> =>
  page
    .getByTestId(/^inspector-token-\d+$/)
    .evaluateAll((chips) =>
      chips.map((chip) => (chip.getAttribute('data-value') ? Number(chip.getAttribute('data-value')) : null)),
    );

const number = async (page: Page, name: string): Promise<number> =>
  Number(await page.getByTestId(`token-${name}`).getAttribute('data-value'));

async function colourBy(page: Page, name: RegExp): Promise<(number | null)[]> {
  await page.getByTestId('inspector-quantity').click();
  await page.getByRole('option', { name }).click();
  await expect(page.getByTestId('inspector-quantity')).toContainText(name);
  return strip(page);
}

const sum = (values: readonly (number | null)[]) =>
  values.reduce<number>((total, value) => total + (value ?? 0), 0);

test('a rollout of a paused run, token by token, agrees with the stream and with itself', async ({
  page,
}) => {
  const lab = new LabPage(page);
  await lab.record();
  await lab.open(SETTINGS);
  await lab.takeStep(1);
  await lab.takeStep(2);
  const groups = (await lab.events('prompt_group')).filter(({ step }) => step === 1);
  const group = groups.find(({ rollouts }) => rollouts.some(({ advantage }) => advantage !== 0))!;
  const place = group.rollouts.findIndex(({ advantage }) => advantage > 0);
  const { tokens, logps, advantage } = group.rollouts[place];
  const first = group.prompt.length;
  const length = first + tokens.length;
  const now = page.getByTestId('inspector-now');

  await test.step('opens from the list of rollouts, by keyboard, at the first token that was sampled', async () => {
    await page.getByTestId(`group-${group.index}`).click();
    await page.getByTestId(`rollout-${place}`).getByRole('button').first().click();
    await page.getByTestId(`inspect-${place}`).focus();
    await page.keyboard.press('Enter');
    await expect(page.getByTestId(`inspector-token-${first}`)).toBeFocused();
    await expect(page.getByTestId('inspected')).toHaveAttribute('data-rollout', String(place));
    await expect(now).toHaveAttribute('data-stage', 'done');
    await expect(now).toHaveAttribute('data-step', '2');
    await expect.poll(() => strip(page)).toEqual([...group.prompt.map(() => null), ...logps]);
  });

  const values = {
    now: await colourBy(page, /^Log-probability now/),
    ratio: await colourBy(page, /^Ratio/),
    push: await colourBy(page, /^Push/),
    entropy: await colourBy(page, /^Entropy/),
  };

  await test.step('ratio, clip and push follow from the log-probabilities, the advantage and the bounds', async () => {
    const clipped = await page
      .getByTestId(/^inspector-token-\d+$/)
      .evaluateAll((chips) => chips.map((chip) => chip.getAttribute('data-clipped') === 'true'));
    const clips = logps.map((logp, t) => {
      const ratio = Math.exp(values.now[first + t]! - logp);
      expect(values.ratio[first + t]).toBeCloseTo(ratio, 9);
      expect(advantage).toBeGreaterThan(0);
      const beyond = ratio > HIGH;
      expect(clipped[first + t]).toBe(beyond);
      expect(values.push[first + t]).toBeCloseTo(beyond ? 0 : ratio * advantage, 9);
      expect(values.entropy[first + t]).toBeGreaterThanOrEqual(0);
      return beyond ? 'clipped-high' : ratio < LOW ? 'low-open' : 'inside';
    });
    // The policy has moved: something is clipped, and something is not.
    expect(new Set(clips)).toContain('clipped-high');
    expect(new Set(clips).size).toBeGreaterThan(1);
    for (const clip of ['clipped-high', 'inside', 'low-open'] as const) {
      const at = clips.indexOf(clip);
      if (at < 0) continue;
      await page.getByTestId(`inspector-token-${first + at}`).click();
      await expect(page.getByTestId('clip-sentence')).toHaveAttribute('data-clip', clip);
      expect(await number(page, 'sampled')).toBe(logps[at]);
      expect(await number(page, 'advantage')).toBe(advantage);
      const tex = await page.getByTestId('formula-ratio').getAttribute('data-tex');
      expect(tex).toMatch(new RegExp(`= ${values.ratio[first + at]!.toFixed(3)}$`));
      await expect(page.getByTestId('formula-surrogate').locator('.katex-mathml')).toBeAttached();
    }
  });

  await test.step('alternatives are probabilities, with the token that stands there among them', async () => {
    await page.getByTestId(`inspector-token-${length - 2}`).click();
    await page.keyboard.press('ArrowRight');
    await expect(page.getByTestId(`inspector-token-${length - 1}`)).toBeFocused();
    await expect(page.locator('[data-testid=alternative][data-chosen=true]')).toHaveAttribute(
      'data-token',
      String(tokens.at(-1)),
    );
    const alternatives = await page.getByTestId('alternative').evaluateAll((rows) =>
      rows.map((row) => ({
        token: Number(row.getAttribute('data-token')),
        probability: Number(row.getAttribute('data-probability')),
        chosen: row.getAttribute('data-chosen') === 'true',
      })),
    );
    expect(sum(alternatives.map(({ probability }) => probability))).toBeLessThanOrEqual(1 + 1e-5);
    const chosen = alternatives.filter((each) => each.chosen);
    expect(chosen.map(({ token }) => token)).toEqual([tokens.at(-1)]);
    expect(chosen[0].probability).toBeCloseTo(Math.exp(values.now[length - 1]!), 5);
  });

  await test.step('attention adds up to 1 over the tokens before, and is another for another head', async () => {
    const seen = new Set<number>();
    for (const [layer, head] of [
      [0, 0],
      [2, 3],
    ]) {
      for (const [name, value] of Object.entries({ layer, head })) {
        await page.getByTestId(`inspector-${name}`).click();
        await page.getByRole('option').nth(value).click();
      }
      const map = page.getByTestId('attention-map');
      await expect(map).toHaveAttribute('data-layer', String(layer));
      await expect(map).toHaveAttribute('data-head', String(head));
      const weights = await colourBy(page, /^Attention/);
      expect(weights.filter((weight) => weight !== null)).toHaveLength(length - 1);
      expect(weights.at(-1)).toBeNull();
      expect(sum(weights)).toBeCloseTo(1, 5);
      const top = page.getByTestId('attended').first();
      await expect(top).toHaveAttribute('data-weight', String(Math.max(...weights.map((w) => w ?? 0))));
      seen.add(weights[0]!);
    }
    expect(seen.size).toBe(2);
  });

  await test.step('its numbers and pictures can be saved, and axe finds nothing serious', async () => {
    await page.getByTestId('menu-inspector').click();
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('menuitem', { name: 'Save data as CSV' }).click(),
    ]);
    expect(file.suggestedFilename()).toMatch(/^masa-lab-inspector/);
    expect(await seriousInThemes(page, '[data-testid=panel-inspector]')).toEqual([]);
  });

  await test.step('a step further it is looked at anew; back in the timeline it shows that step’s', async () => {
    await page.getByTestId('status').click();
    await lab.takeStep(3);
    await expect(now).toHaveAttribute('data-step', '3');
    await expect(page.getByTestId('inspected')).toHaveAttribute('data-step', '1');
    await lab.seek(0);
    await expect(page.getByTestId('inspected')).toHaveAttribute('data-step', '0');
    const past = (await lab.events('prompt_group')).find(
      ({ step, index }) => step === 0 && index === group.index,
    )!;
    expect((await colourBy(page, /when sampled/)).filter((value) => value !== null)).toEqual(
      past.rollouts[place].logps,
    );
    await expect(now).toContainText('3 steps before');
  });

  await test.step('predictions can be inspected, too', async () => {
    const meta = (await lab.events('meta_group')).find(({ step, truth }) => step === 0 && truth !== null)!;
    await page.getByTestId(`strip-${meta.index}`).click();
    await page.getByTestId('prompt-detail').getByTestId('reward-1').click();
    await page.getByTestId('inspect-prediction').click();
    await expect(page.getByTestId('inspected')).toHaveAttribute('data-kind', 'meta');
    await expect(now).toHaveAttribute('data-stage', 'done');
    expect((await strip(page)).filter((value) => value !== null)).toEqual(meta.predictions[1].logps);
  });
  expect(lab.problems).toEqual([]);
});

test('of a recorded run it shows what the stream has, on a phone, and says why there is no “now”', async ({
  page,
}) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto('./?replay=./recordings/masa-efficient.jsonl.gz');
  await expect(page.getByTestId('replay-banner')).toContainText('Recorded', { timeout: 60_000 });
  await page.getByRole('button', { name: 'Inspect the first rollout on screen' }).click();
  await expect(page.getByTestId('inspector-now')).toContainText('A recorded run has no policy on this page');
  // At one moment: where the recording plays on, the inspector goes with it.
  const seen = await page.evaluate(() => {
    const { step, prompt, rollout } = document.querySelector<HTMLElement>('[data-testid=inspected]')!.dataset;
    const chips = document.querySelectorAll<HTMLElement>('[data-testid^=inspector-token-]');
    const values = [...chips].flatMap(({ dataset }) => (dataset.value ? [Number(dataset.value)] : []));
    return { step, prompt, rollout, values };
  });
  const events = gunzipSync(readFileSync('public/recordings/masa-efficient.jsonl.gz'))
    .toString()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const group = events.find(
    (event) =>
      event.type === 'prompt_group' &&
      event.step === Number(seen.step) &&
      (event.candidate ?? event.index) === Number(seen.prompt),
  );
  expect(seen.values).toEqual(group.rollouts[Number(seen.rollout)].logps);
  await expect(page.getByTestId('token-now')).toHaveCount(0);
  await expect(page.getByTestId('attention-map')).toHaveCount(0);
  await page.getByTestId('inspector-quantity').click();
  await expect(page.getByRole('option')).toHaveCount(1);
});
