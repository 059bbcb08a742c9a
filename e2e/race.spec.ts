/** A race of two arms on two seeds, and what is drawn of it held against what the arms' streams said. */
import { expect, test } from '@playwright/test';
import type { RunEventOf } from '../src/run/events';
import { inTheme, seriousInThemes, seriousProblems } from './axe';
import { LabPage, nothingSticksOut, SMALL } from './lab';

const ARMS = ['grpo', 'masa-efficient'] as const;
const SEEDS = [1, 2];
const STEPS = 2;

const LINK = `./?${new URLSearchParams({
  ...SMALL,
  race: 'grpo,masa-efficient:masa_gate_min_prompts=2',
  seeds: String(SEEDS.length),
  steps: String(STEPS),
  eval_steps: '1',
  eval_samples: '2',
  eval_problems: '16',
  // Quick to change, so that the curves do.
  learning_rate: '0.002',
})}`;

interface Point {
  step: number;
  tokens: number;
  accuracy: number;
}

/** Of each arm and seed: its evaluations, with tokens added up from the steps. */
async function heardCurves(lab: LabPage): Promise<Map<string, Point[]>> {
  const news = (await lab.heard('race')).map((each) => each.news);
  const curves = new Map<string, Point[]>();
  for (const arm of ARMS)
    for (const seed of SEEDS) {
      const events = news.flatMap((each) =>
        each.what === 'events' && each.arm === arm && each.seed === seed ? each.events : [],
      );
      const steps = events.filter((e): e is RunEventOf<'step_metrics'> => e.type === 'step_metrics');
      const evaluations = events.filter((e): e is RunEventOf<'evaluation'> => e.type === 'evaluation');
      expect(steps.map(({ step }) => step)).toEqual([0, 1]);
      // GRPO writes 4 prompts of 4 rollouts a step, and nothing else.
      const written = steps.map(({ metrics }) =>
        arm === 'grpo' ? 16 * metrics['completions/mean_length'] : Number.NaN,
      );
      const tokens = (step: number): number => {
        if (step === 0) return 0;
        const counted = steps[step - 1].metrics.num_tokens;
        const added = written.slice(0, step).reduce((sum, each) => sum + each, 0);
        if (arm === 'grpo') expect(added).toBeCloseTo(counted, 6);
        return counted;
      };
      curves.set(
        `${arm} ${seed}`,
        evaluations.map(({ step, total }) => ({
          step,
          tokens: tokens(step),
          accuracy: total.correct / total.samples,
        })),
      );
    }
  return curves;
}

/** Tokens at which a curve first comes to `target`, between evaluations on the line; null when it does not. */
function crossing(points: readonly Point[], target: number): number | null {
  const at = points.findIndex(({ accuracy }) => accuracy >= target);
  if (at <= 0) return at === 0 ? 0 : null;
  const [from, to] = [points[at - 1], points[at]];
  const share = (target - from.accuracy) / (to.accuracy - from.accuracy);
  return from.tokens + share * (to.tokens - from.tokens);
}

test('a race is started from a link, paused, finished, and drawn as its streams have it', async ({
  page,
}) => {
  const lab = new LabPage(page);
  await lab.record();
  await page.goto(LINK);
  await expect(page.getByTestId('race-start')).toBeEnabled({ timeout: 60_000 });
  await inTheme(page, 'light');
  expect(await seriousProblems(page)).toEqual([]);
  await page.getByTestId('race-start').click();
  const status = page.getByTestId('race-status');
  await expect(status).toHaveAttribute('data-state', 'running', { timeout: 60_000 });

  // It rests when asked to, and is there again after a look at the run.
  await page.getByRole('button', { name: 'Pause' }).click();
  await expect(status).toHaveAttribute('data-state', 'paused', { timeout: 60_000 });
  await page.getByRole('button', { name: 'Back to the run' }).click();
  await expect(page.getByTestId('welcome')).toBeVisible();
  await expect(page.getByTestId('open-race')).toHaveText('Race: paused');
  await page.getByTestId('open-race').click();
  await page.getByRole('heading', { name: 'The race' }).click();
  await page.keyboard.press('Space');
  await expect(status).toHaveAttribute('data-state', 'finished', { timeout: 240_000 });

  // Every evaluation is a point, at its place.
  const curves = await heardCurves(lab);
  const drawn = (key: string, axis: 'tokens' | 'step') =>
    page
      .locator(
        `g[data-arm="${key.split(' ')[0]}"] > g[data-seed="${key.split(' ')[1]}"] [data-testid=race-point]`,
      )
      .evaluateAll((points) =>
        points.map((point) => {
          const [x, y] = /translate\(([^ ]+) ([^)]+)\)/
            .exec(point.getAttribute('transform')!)!
            .slice(1)
            .map(Number);
          const { x: value, y: accuracy } = (point as SVGElement).dataset;
          return { value: Number(value), accuracy: Number(accuracy), x, y };
        }),
      )
      .then((points) => points.map((point) => ({ ...point, axis })));
  const places: { value: number; x: number; accuracy: number; y: number }[] = [];
  for (const [key, points] of curves) {
    const own = await drawn(key, 'tokens');
    expect(
      own.map(({ value, accuracy }) => [value, accuracy]),
      key,
    ).toEqual(points.map(({ tokens, accuracy }) => [tokens, accuracy]));
    places.push(...own);
  }
  const sorted = places.toSorted((a, b) => a.value - b.value);
  const [first, last] = [sorted[0], sorted.at(-1)!];
  for (const { value, x } of places)
    expect(x).toBeCloseTo(first.x + ((last.x - first.x) * value) / last.value, 3);
  const high = places.toSorted((a, b) => b.accuracy - a.accuracy);
  for (const [i, { y }] of high.entries()) if (i > 0) expect(y).toBeGreaterThanOrEqual(high[i - 1].y);
  const steps = page
    .getByRole('radiogroup', { name: 'Draw accuracy against' })
    .getByRole('radio', { name: 'Steps' });
  await steps.click();
  await expect(steps).toBeChecked();
  for (const [key, points] of curves)
    expect(
      (await drawn(key, 'step')).map(({ value }) => value),
      key,
    ).toEqual(points.map(({ step }) => step));

  // The answer, at every target: who reached it, and for how many times fewer tokens.
  const baseline = SEEDS.map((seed) => curves.get(`grpo ${seed}`)!);
  const arm = SEEDS.map((seed) => curves.get(`masa-efficient ${seed}`)!);
  const reference = baseline.reduce((sum, points) => sum + points.at(-1)!.accuracy, 0) / SEEDS.length;
  const answer = page.getByTestId('race-answer');
  for (const [name, share] of [
    ['80%', 0.8],
    ['95%', 0.95],
    ['100%', 1],
  ] as const) {
    const target = page.getByRole('radio', { name, exact: true });
    await target.click();
    await expect(target).toBeChecked();
    const pairs = SEEDS.flatMap((_, i) => {
      const [from, to] = [crossing(baseline[i], share * reference), crossing(arm[i], share * reference)];
      return from && to ? [from / to] : [];
    });
    const own = arm.map((points) => crossing(points, share * reference)).filter((at) => at !== null);
    const early = own.length > 0 && own.every((at) => at === 0);
    await expect(answer).toHaveAttribute(
      'data-kind',
      early ? 'too-early' : pairs.length > 0 ? 'reached' : 'not-yet',
    );
    if (early || pairs.length === 0) continue;
    const ratio = Math.exp(pairs.reduce((sum, each) => sum + Math.log(each), 0) / pairs.length);
    const shown = async () => Number(await page.getByTestId('race-ratio-tokens').getAttribute('data-value'));
    await expect.poll(shown).toBeCloseTo(ratio, 9);
  }

  // The arms as they stand on the last seed.
  for (const name of ARMS) {
    const row = page.locator(`[data-testid=race-row][data-arm="${name}"]`);
    const end = curves.get(`${name} 2`)!.at(-1)!;
    await expect(row).toHaveAttribute('data-steps', String(STEPS));
    expect(Number(await row.getAttribute('data-tokens'))).toBe(end.tokens);
    expect(Number(await row.getAttribute('data-accuracy'))).toBeCloseTo(end.accuracy, 12);
  }

  // Its numbers leave the page in full.
  await page.getByTestId('menu-race-curves').click();
  const download = page.waitForEvent('download');
  await page.getByRole('menuitem', { name: 'Save data as CSV' }).click();
  const stream = await (await download).createReadStream();
  let csv = '';
  for await (const piece of stream) csv += piece;
  expect(csv.trim().split('\r\n')).toHaveLength(1 + ARMS.length * SEEDS.length * (STEPS + 1));

  expect(await seriousInThemes(page)).toEqual([]);
  await page.setViewportSize({ width: 390, height: 844 });
  await nothingSticksOut(page);
  expect(lab.problems).toEqual([]);
});
