/** README.md of a run that goes on elsewhere: what is in the folder, how it is started, what of the run is not the same. */

import type { ExportedPolicy } from '../files';
import { plain } from '../hf/model-card';
import { MOST_PROBLEMS, stepsAhead } from './problems';
import { ENGINE_EXPORT_VERSION } from './settings';

export interface EngineReadme {
  engine: string;
  /** Shell lines that start it. */
  launch: string;
  /** What became of the settings, Markdown. */
  account: string;
  /** How predictions are rewarded there. */
  meta: string;
}

export function engineReadme(
  policy: ExportedPolicy,
  { engine, launch, account, meta }: EngineReadme,
): string {
  const { manifest, step, task } = policy;
  const origin = manifest
    ? `after ${step} of ${manifest.steps} steps`
    : 'of no known run; the settings are the lab’s defaults';
  return `# ${plain(policy.name) || 'run'}: on with ${engine}

A policy of MASA Lab (${origin}), with all that ${engine} needs to train it further by GRPO on the task \`${task.name}\`,
${stepsAhead(policy)} steps from here. Format version ${ENGINE_EXPORT_VERSION}.

\`\`\`sh
${launch}
\`\`\`

| file | what it holds |
| --- | --- |
| \`model/\` | the weights and the tokenizer as a Hugging Face model |
| \`train.parquet\`, \`held_out.parquet\` | problems, at most ${MOST_PROBLEMS.toLocaleString('en')} to train on; the same as JSON Lines beside them |
| \`masa_rewards.py\`, \`settings.json\` | the verifier and the meta reward, in Python's standard library |
| \`check_rewards.py\`, \`rollouts.jsonl\` | 1,000 rollouts with the rewards the lab gives them: \`python3 check_rewards.py\` compares |

The engine's generator has to hold heads as wide as the policy's, which for small policies can be narrower than its
kernels are made for.

## Rewards

A solution earns 1 when its last words are exactly \`ANS\`, the answer and \`EOS\`, else 0. Engines decode without special
tokens; whether a rollout had its \`EOS\` is then seen by its length, as one without it is as long as the limit.

${meta}

## Settings

${account}`;
}
