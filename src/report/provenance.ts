/** Where a run's figures come from: settings, adapter, versions, seeds, stretches. Sections of both kinds of report. */
import { formatBytes, formatCount } from '../run/format';
import { type Manifest, manifestDifference } from '../run/manifest';
import type { RunDigest } from './digest';
import { folded, section, table } from './document';
import { type Html, html } from './html';

const settings = (part: Partial<Manifest>): string =>
  Object.entries(part)
    .map(([key, value]) => `${key}=${value}`)
    .join(' ');

export function provenance(run: RunDigest): Html {
  const { manifest } = run.record;
  const changed = manifestDifference(manifest);
  const keys = Object.entries(changed);
  return section(
    'Where it comes from',
    html`<h3>Settings that differ from the defaults</h3>`,
    keys.length === 0
      ? html`<p>None.</p>`
      : table(
          ['setting', 'value'],
          keys.map(([key, value]) => [key, String(value)]),
          { words: [1] },
        ),
    html`<h3>Trained on</h3>`,
    stretches(run),
    html`<p class="small">${formatCount(run.parameters)} parameters, ${formatBytes(run.deviceBytes)} of device memory planned. Seed ${manifest.seed}: the same manifest on the same adapter gives the same run, wall-clock times aside.</p>`,
    folded('The whole manifest', html`<pre>${JSON.stringify(manifest, null, 2)}</pre>`),
  );
}

function stretches({ stretches }: RunDigest): Html | null {
  return table(
    ['from step', 'adapter', 'self-test', 'lab', 'started', 'changed'],
    stretches.map((each) => [
      formatCount(each.fromStep),
      `${each.adapter}${each.software ? ' (on the processor)' : ''}`,
      each.selfTest,
      each.lab,
      each.startedAt,
      settings(each.changed) || 'nothing',
    ]),
    { words: [1, 2, 3, 4, 5] },
  );
}

/** All runs of a comparison at once. */
export function provenances(runs: readonly { arm: string; run: RunDigest }[]): Html {
  return section(
    'Where it comes from',
    table(
      ['run', 'arm', 'seed', 'steps', 'adapter', 'lab', 'started', 'settings that differ from the defaults'],
      runs.map(({ arm, run }) => {
        const { seed: _, ...changed } = manifestDifference(run.record.manifest);
        const [first] = run.stretches;
        return [
          run.name,
          arm,
          String(run.record.manifest.seed),
          `${formatCount(run.record.steps.length)} of ${formatCount(run.record.manifest.steps)}`,
          [...new Set(run.stretches.map(({ adapter }) => adapter))].join('; '),
          [...new Set(run.stretches.map(({ lab }) => lab))].join(', '),
          first?.startedAt ?? '',
          settings(changed) || 'none',
        ];
      }),
      { words: [1, 4, 5, 6, 7] },
    ),
    ...runs.map(({ run }) =>
      folded(
        `The whole manifest of ${run.name}`,
        html`<pre>${JSON.stringify(run.record.manifest, null, 2)}</pre>`,
      ),
    ),
  );
}
