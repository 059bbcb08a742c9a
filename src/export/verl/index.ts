/**
 * A run made ready to go on with verl: weights, problems, rewards and a launch script that carries the settings. The
 * format is described in docs/formats/verl.md.
 */
import { engineSettings, knobAccount, type SettingValue } from '../engine/knobs';
import { problemFiles } from '../engine/problem-files';
import { heldOutRows, longestPrompt, recordedRows, stepsAhead, trainingRows } from '../engine/problems';
import { engineReadme } from '../engine/readme';
import { rewardFiles } from '../engine/reward-files';
import { type ExportedPolicy, type ExportFile, inFolder, settingsOf, textFile } from '../files';
import { hfFiles } from '../hf';
import { fixedOverrides, VERL_KNOBS } from './settings';

/** A value as Hydra reads it, in single quotes for the shell. */
function override(name: string, value: SettingValue): string {
  const text = Array.isArray(value) ? `[${value.join(',')}]` : String(value);
  return `'${`${name}=${text}`.replaceAll("'", "'\\''")}'`;
}

export function verlFiles(policy: ExportedPolicy): ExportFile[] {
  const manifest = settingsOf(policy);
  const train = trainingRows(policy, false);
  const heldOut = heldOutRows(policy);
  const recorded = policy.task.meta ? recordedRows(policy, policy.groups ?? []) : [];
  const withMeta = manifest.masa_meta === 'train' && recorded.length > 0;
  const promptLength = longestPrompt([...train, ...heldOut, ...recorded]);
  const run = { steps: stepsAhead(policy), promptLength, withMeta };
  const settings = { ...fixedOverrides(run), ...engineSettings(VERL_KNOBS, manifest, run) };
  return [
    ...inFolder('model', hfFiles(policy)),
    ...problemFiles('train', train),
    ...problemFiles('held_out', heldOut),
    ...(recorded.length > 0 ? problemFiles('meta', recorded) : []),
    ...rewardFiles(policy),
    textFile('train.sh', launchScript(policy, settings, withMeta)),
    textFile(
      'README.md',
      engineReadme(policy, {
        engine: 'verl',
        launch:
          'bash train.sh\nGPUS=8 bash train.sh trainer.logger=[console,wandb]   # more overrides of your own',
        account: knobAccount(VERL_KNOBS, manifest, run),
        meta: META_NOTE,
      }),
    ),
  ];
}

const META_NOTE = `verl rewards one rollout at a time, without the others of its prompt, and a prediction's truth are those others. So
predictions are held against groups that the lab's run recorded (\`meta.parquet\`, where there are any): the truth is that
of the policy as it was then. \`compute_score_batched\` holds them against the solutions of the same batch instead, for
versions of verl whose reward manager \`batch\` hands over a whole batch; its rows have \`{"rollouts": null}\` as their
ground truth.`;

function launchScript(
  policy: ExportedPolicy,
  settings: Readonly<Record<string, SettingValue>>,
  withMeta: boolean,
): string {
  // A name goes into shell and Hydra alike: letters, digits and what neither has a use for.
  const name = policy.name.replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^-+|-+$/g, '') || 'run';
  const files = withMeta ? '[$HERE/train.parquet,$HERE/meta.parquet]' : '$HERE/train.parquet';
  const overrides = Object.entries(settings).map(([key, value]) => `  ${override(key, value)} \\`);
  return `#!/usr/bin/env bash
# Goes on with a run of MASA Lab by GRPO in verl. Further overrides can be given as arguments.
#   GPUS, NODES      GPUs of a node, nodes (1, 1)
#   ROLLOUT          the engine that generates: vllm or sglang (vllm)
#   ROLLOUT_DTYPE    in which it does (bfloat16)
set -euo pipefail
HERE="$(cd "$(dirname "\${BASH_SOURCE[0]}")" && pwd)"

python3 -m verl.trainer.main_ppo \\
${overrides.join('\n')}
  "data.train_files=${files}" \\
  "data.val_files=$HERE/held_out.parquet" \\
  "actor_rollout_ref.model.path=$HERE/model" \\
  "custom_reward_function.path=$HERE/masa_rewards.py" \\
  "actor_rollout_ref.rollout.name=\${ROLLOUT:-vllm}" \\
  "actor_rollout_ref.rollout.dtype=\${ROLLOUT_DTYPE:-bfloat16}" \\
  "trainer.n_gpus_per_node=\${GPUS:-1}" \\
  "trainer.nnodes=\${NODES:-1}" \\
  'trainer.logger=[console]' \\
  "trainer.experiment_name=${name}" \\
  "trainer.default_local_dir=$HERE/checkpoints" \\
  "$@"
`;
}
