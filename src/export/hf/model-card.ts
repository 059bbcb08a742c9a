/** README.md of a model's folder: what the policy is, and how others use it. Plain text from a run's own data. */
import { parameterCount } from '../../model/config';
import { manifestDifference } from '../../run/manifest';
import type { ExportedPolicy } from '../files';

/** A table of the settings that are not the defaults. */
function settings({ manifest }: ExportedPolicy): string {
  if (!manifest) return 'No run is known of it: a base model.';
  const { name: _, ...changed } = manifestDifference(manifest);
  const rows = Object.entries(changed).map(([key, value]) => `| \`${key}\` | \`${value}\` |`);
  if (rows.length === 0) return 'All settings are the defaults.';
  return `Settings other than the defaults:\n\n| setting | value |\n| --- | --- |\n${rows.join('\n')}`;
}

/** What a run's name may not do to Markdown or to the front matter. */
export const plain = (text: string) => text.replace(/[^\p{L}\p{N} ._/-]/gu, '').trim();

export function modelCard(policy: ExportedPolicy): string {
  const { config, task, manifest, step } = policy;
  const problem = task.suites[0].problem(0, 0);
  const prompt = task.vocabulary.decode(problem.prompt);
  const title = plain(policy.name) || 'policy';
  const origin = manifest
    ? `${step} of ${manifest.steps} steps of GRPO${manifest.masa_meta === 'train' ? ' with MASA' : ''} from \`${manifest.model}\`, seed ${manifest.seed}.`
    : 'Weights as they were given.';
  return `---
library_name: transformers
pipeline_tag: text-generation
tags: [llama, grpo, masa-lab]
---

# ${title}

A policy of ${parameterCount(config).toLocaleString('en')} parameters (\`LlamaForCausalLM\`, float32) for the task \`${task.name}\` of MASA Lab.
${origin}

${settings(policy)}

## Use

Texts are words of a vocabulary of ${config.vocab_size} parted by single spaces; a prompt begins with \`BOS\` and ends with \`SOL\`, an
answer ends with \`ANS\`, the answer and \`EOS\`. The tokenizer adds nothing.

\`\`\`python
from transformers import AutoModelForCausalLM, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained(".")
model = AutoModelForCausalLM.from_pretrained(".")
prompt = tokenizer("${prompt}", return_tensors="pt")  # ${task.vocabulary.readable(problem.prompt)}
completion = model.generate(**prompt, max_new_tokens=${task.maxCompletionLength})[0, prompt["input_ids"].shape[1]:]
print(tokenizer.decode(completion))
\`\`\`

\`generation_config.json\` samples at temperature 1 without filters, as in training; \`do_sample=False\` takes the likeliest
token. \`python3 check_logprobs.py\` compares this folder, as transformers opens it, with what MASA Lab computed.
`;
}
