/** What comes from elsewhere: files made to harm, each refused by name beside a run that goes on; and a model to train. */
import { expect, type Page, test } from '@playwright/test';
import { zipSync } from 'fflate';
import { byteModel } from '../src/lab/testing/foreign-model';
import { DEFAULT_MANIFEST } from '../src/run/manifest';
import { LabPage } from './lab';

interface Upload {
  name: string;
  mimeType: string;
  buffer: Buffer;
}
const file = (name: string, contents: string | Uint8Array): Upload => ({
  name,
  mimeType: 'application/octet-stream',
  buffer: Buffer.from(contents as Uint8Array),
});

const SOUND = byteModel().map(({ name, bytes }) => file(name, bytes));
const except = (...others: Upload[]): Upload[] => [
  ...SOUND.filter(({ name }) => !others.some((other) => other.name === name)),
  ...others,
];
const CONFIG = JSON.parse(String(SOUND.find(({ name }) => name === 'config.json')!.buffer));
const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);

/** A safetensors file with this header, said to be of another length where one is given. */
function weights(header: unknown, data = 16, length?: number): Upload {
  const text = Buffer.from(JSON.stringify(header));
  const bytes = Buffer.alloc(8 + text.length + data);
  bytes.writeBigUInt64LE(BigInt(length ?? text.length));
  text.copy(bytes, 8);
  return file('model.safetensors', bytes);
}
const tensor = (dtype: string, shape: number[], data_offsets: number[]) => ({ dtype, shape, data_offsets });

const MODELS: [string, Upload[], RegExp][] = [
  [
    'a header beyond the file',
    except(weights({}, 0, 90_000_000)),
    /expected 90000000 bytes as its length says/,
  ],
  ['a header over the format’s bound', except(weights({}, 0, 2 ** 40)), /at most 100000000 bytes/],
  [
    'overlapping tensors',
    except(weights({ a: tensor('F32', [3], [0, 12]), b: tensor('F32', [2], [8, 16]) })),
    /they overlap/,
  ],
  ['offsets out of range', except(weights({ a: tensor('F32', [9], [0, 36]) })), /within the 16 bytes/],
  ['a hole', except(weights({ a: tensor('F32', [2], [8, 16]) })), /a hole/],
  [
    'a dtype that is none',
    except(weights({ a: tensor('F33', [4], [0, 16]) })),
    /expected a dtype of .* got "F33"/,
  ],
  [
    'a shape whose size overflows',
    except(weights({ a: tensor('F32', [2 ** 31, 2 ** 31], [0, 16]) })),
    /can be counted/,
  ],
  [
    'a deep config.json',
    except(file('config.json', nested(300_000))),
    /config\.json: expected JSON at most 32 levels/,
  ],
  [
    'an enormous config.json',
    except(file('config.json', ' '.repeat(2_000_000))),
    /config\.json: expected at most 1048576/,
  ],
  [
    'features that are not supported',
    except(
      file(
        'config.json',
        JSON.stringify({ ...CONFIG, attention_bias: true, rope_scaling: { rope_type: 'yarn', factor: 4 } }),
      ),
    ),
    /attention_bias: expected false.*rope_scaling\.rope_type: .*got "yarn"/,
  ],
  [
    'a tokenizer without end',
    except(file('tokenizer.json', nested(300_000))),
    /tokenizer\.json: expected JSON at most 64/,
  ],
  [
    'a tokenizer with a pattern that never ends',
    except(
      file(
        'tokenizer.json',
        JSON.stringify({
          ...JSON.parse(String(SOUND.find(({ name }) => name === 'tokenizer.json')!.buffer)),
          pre_tokenizer: { type: 'Split', pattern: { Regex: '(.+)+=' }, behavior: 'Isolated' },
        }),
      ),
    ),
    /repetition inside of repetition/,
  ],
  ['no tokenizer', SOUND.filter(({ name }) => name !== 'tokenizer.json'), /expected tokenizer\.json beside/],
];

const MANIFEST = JSON.stringify(DEFAULT_MANIFEST);
const archive = (files: Record<string, string | Uint8Array>): Upload => {
  const entries = Object.entries(files).map(([name, each]) => [name, Buffer.from(each as Uint8Array)]);
  return file('run.zip', zipSync(Object.fromEntries(entries)));
};
const HTML = '<img src=x onerror="window.harmed=1"><script>window.harmed=2</script>';

const ARCHIVES: [string, Upload, RegExp][] = [
  ['no archive', file('run.zip', 'hello'), /expected a ZIP archive/],
  [
    'a bomb',
    archive({ 'manifest.json': MANIFEST, 'events.jsonl': new Uint8Array(80_000_000) }),
    /expected at most \d+ bytes in an archive of \d+/,
  ],
  [
    'weights that unpack to much more',
    archive({ 'manifest.json': MANIFEST, 'checkpoints/step-1/model.safetensors': new Uint8Array(9_000_000) }),
    /twice the archive/,
  ],
  [
    'a newer manifest',
    archive({ 'manifest.json': JSON.stringify({ ...DEFAULT_MANIFEST, manifest_version: 7 }) }),
    /manifest_version: expected 1.*got 7/,
  ],
  [
    'a deep event',
    archive({ 'manifest.json': MANIFEST, 'events.jsonl': `${nested(90_000)}\n` }),
    /levels deep/,
  ],
  [
    'an event with HTML in its name',
    archive({ 'manifest.json': MANIFEST, 'events.jsonl': `${JSON.stringify({ type: HTML, v: 1 })}\n` }),
    /line 1: type: expected one of .*<img/,
  ],
];

const RECORDED = markupRecording();
/** A recorded run whose every free text is markup. */
function markupRecording(): string {
  const manifest = { ...DEFAULT_MANIFEST, name: HTML.slice(0, 80) };
  const adapter = {
    vendor: HTML,
    architecture: HTML,
    device: HTML,
    description: HTML,
    software: true,
    features: [],
    limits: {},
  };
  const self_test = { status: 'passed', reason: HTML, cases: [], duration_ms: 1 };
  const group = {
    type: 'prompt_group',
    v: 1,
    step: 0,
    index: 0,
    problem: { family: HTML, tier: HTML, size: 1, answer: [1] },
    prompt: [0, 1],
    rollouts: [{ tokens: [1, 0], logps: [-1, -1], reward: 1, advantage: 0, truncated: false }],
    reward_mean: 1,
    reward_std: 0,
  };
  const events = [
    {
      ...{
        type: 'run_started',
        v: 1,
        manifest,
        lab: HTML,
        adapter,
        self_test,
        parameters: 1,
        device_bytes: 1,
      },
      ...{ from_step: 0, started_at: HTML, vocabulary: { tokens: [HTML, 'b'], separator: '', ends: [] } },
    },
    group,
    { type: 'warning', v: 1, step: 0, code: HTML, message: HTML, remedy: HTML },
    { type: 'step_metrics', v: 1, step: 0, metrics: { [HTML]: 1, reward: 1 }, phases_ms: {}, step_ms: 1 },
  ];
  return events.map((event) => `${JSON.stringify(event)}\n`).join('');
}

/** With whether anything came before the wrong line, which is shown. */
const RECORDINGS: [string, string, RegExp, boolean][] = [
  [
    'a newer event',
    `${RECORDED}{"type":"finished","v":99}\n`,
    /finished: expected version 1 or older, got 99/,
    true,
  ],
  ['a deep line', `${nested(50_000)}\n`, /line 1: expected JSON at most 32 levels deep/, false],
  ['no events', '<html></html>\n', /line 1: expected a JSON object/, false],
];
/** The largest of them unpack to 80 MB. */
const REFUSED = { timeout: 60_000 };

async function openRecording(page: Page, name: string, contents: string): Promise<void> {
  await page.getByRole('button', { name: 'Theme and more' }).click();
  const chooser = page.waitForEvent('filechooser');
  await page.getByRole('menuitem', { name: /Open a recorded run/ }).click();
  await (await chooser).setFiles([file(name, contents)]);
}

test('files made to harm are refused by name, one clear error each, and the run beside them goes on', async ({
  page,
}) => {
  const lab = new LabPage(page);
  await lab.open({ steps: '2' });
  await lab.takeStep(1);

  await page.getByRole('button', { name: 'Theme and more' }).click();
  await page.getByRole('menuitem', { name: /Open a model/ }).click();
  for (const [what, files, message] of MODELS) {
    await page.getByTestId('model-files').setInputFiles(files);
    await expect(page.getByTestId('model-trouble'), what).toHaveText(message, REFUSED);
  }
  await expect(page.getByTestId('shelved-model')).toHaveCount(0);
  await page.keyboard.press('Escape');

  await page.getByTestId('open-runs').click();
  for (const [what, upload, message] of ARCHIVES) {
    await page.getByTestId('import-file').setInputFiles([upload]);
    await expect(page.getByTestId('runs').getByRole('status'), what).toHaveText(message, REFUSED);
  }
  await page.keyboard.press('Escape');

  const close = page.getByRole('button', { name: 'Close recording' });
  for (const [what, contents, message, isShown] of RECORDINGS) {
    await openRecording(page, 'events.jsonl', contents);
    await expect(page.getByTestId('replay-error'), what).toContainText(message, REFUSED);
    await page.getByTestId('replay-error').getByRole('button').first().click();
    if (isShown) await close.click();
    await expect(close).toHaveCount(0);
  }
  await openRecording(page, `${HTML}.jsonl`, RECORDED);
  await expect(page.getByTestId('replay-banner')).toContainText('<img src=x');
  await expect(page.getByTestId('rollout-text').first()).toContainText('<script>');
  expect(await page.evaluate(() => 'harmed' in window)).toBe(false);
  await close.click();

  await lab.inState('paused');
  await lab.atStep(1);
  await page.keyboard.press('Space');
  await lab.inState('finished');
  await lab.atStep(2);
  expect(lab.problems).toEqual([]);
});

test('a model from elsewhere is opened, trained, and still there after a reload', async ({ page }) => {
  const lab = new LabPage(page);
  await lab.open({ steps: '1', prompts_per_step: '2', eval_problems: '2', micro_batch_tokens: '1024' });
  await page.getByRole('button', { name: 'Theme and more' }).click();
  await page.getByRole('menuitem', { name: /Open a model/ }).click();
  await page.getByTestId('model-files').setInputFiles(SOUND);
  const model = page.getByTestId('shelved-model');
  await expect(model).toContainText('Asked in plain text');
  await expect(model).toContainText('Work from left to right');
  await model.getByRole('button', { name: 'Use as base model' }).click();
  await expect(page).toHaveURL(/model=opened%2Fmodel-[0-9a-f]{8}/);
  await page.getByTestId('run-first').click();
  await lab.inState('finished');
  await expect(page.getByTestId('rollouts').getByRole('heading', { level: 3 })).toContainText(
    /^<s>\d\d, then [\s\S]*Work from left to right[\s\S]*End with "Answer: " and the result\./,
  );
  await page.getByTestId('rollout-0').getByRole('button').click();
  await expect(page.getByTestId('tokens')).toBeVisible();

  await page.reload();
  await lab.canRun();
  await page.getByTestId('run-first').click();
  await lab.inState('finished');
  expect(lab.problems).toEqual([]);
});
