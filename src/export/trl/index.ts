/**
 * A run made ready to go on with TRL: weights, problems, rewards and a training script that carries the settings. The
 * format is described in docs/formats/trl.md.
 */
import { engineSettings, knobAccount } from '../engine/knobs';
import { problemFiles } from '../engine/problem-files';
import { heldOutRows, longestPrompt, stepsAhead, trainingRows } from '../engine/problems';
import { engineReadme } from '../engine/readme';
import { rewardFiles } from '../engine/reward-files';
import { ENGINE_EXPORT_VERSION } from '../engine/settings';
import { type ExportedPolicy, type ExportFile, inFolder, jsonFile, settingsOf, textFile } from '../files';
import { hfFiles } from '../hf';
import { FIXED_CONFIG, TRL_KNOBS } from './settings';
import TRAIN from './train.py?raw';

const LAUNCH = `#!/usr/bin/env bash
# Goes on with a run of MASA Lab by GRPO in TRL. GPUS: processes, one a GPU (1). Arguments go to train.py.
set -euo pipefail
HERE="$(cd "$(dirname "\${BASH_SOURCE[0]}")" && pwd)"
accelerate launch --num_processes "\${GPUS:-1}" "$HERE/train.py" "$@"
`;

export function trlFiles(policy: ExportedPolicy): ExportFile[] {
  const manifest = settingsOf(policy);
  const withMeta = manifest.masa_meta === 'train' && policy.task.meta !== undefined;
  const train = trainingRows(policy, withMeta);
  const heldOut = heldOutRows(policy);
  const run = {
    steps: stepsAhead(policy),
    promptLength: longestPrompt([...train, ...heldOut]),
    withMeta,
  };
  return [
    ...inFolder('model', hfFiles(policy)),
    ...problemFiles('train', train),
    ...problemFiles('held_out', heldOut),
    ...rewardFiles(policy),
    jsonFile('run.json', {
      version: ENGINE_EXPORT_VERSION,
      prompts_per_step: manifest.prompts_per_step,
      rows_per_problem: withMeta ? 2 : 1,
      grpo_config: { ...FIXED_CONFIG, ...engineSettings(TRL_KNOBS, manifest, run) },
    }),
    textFile('train.py', TRAIN),
    textFile('train.sh', LAUNCH),
    textFile(
      'README.md',
      engineReadme(policy, {
        engine: 'TRL',
        launch: 'bash train.sh\nGPUS=8 bash train.sh --vllm',
        account: knobAccount(TRL_KNOBS, manifest, run),
        meta: META_NOTE,
      }),
    ),
  ];
}

const META_NOTE = `Where the run trains predictions, each problem in \`train.parquet\` is followed by its meta prompt, and a micro-batch
holds both groups: \`masa_reward\` scores predictions by the solutions sampled beside them, as the lab does. The order of
the rows must not be changed (\`shuffle_dataset\` is off).`;
