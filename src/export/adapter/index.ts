/**
 * The meta adapter as PEFT reads it, to be put on the same step's Hugging Face folder. The format is described in
 * docs/formats/adapter.md. Pure: the page makes the same bytes as the command line.
 */
import { type AdapterFile, writeAdapter } from '../../model/adapter-file';
import { mergeAdapter } from '../../model/adapter-merge';
import { type ExportedPolicy, type ExportFile, jsonFile, textFile } from '../files';
import { EXPECTED_LOGPROBS_VERSION, expectedLogprobs } from '../hf/expected-logprobs';
import { plain } from '../hf/model-card';
import CHECK from './check_adapter.py?raw';

/** @throws Error where the policy has no adapter. */
export function adapterFiles(policy: ExportedPolicy): ExportFile[] {
  const { config, weights, adapter } = policy;
  if (!adapter) throw new Error(`adapter: expected a run with meta_adapter=lora, got ${without(policy)}`);
  const merged = mergeAdapter(config, weights, adapter);
  return [
    ...writeAdapter(config, weights, adapter),
    jsonFile('expected_logprobs.json', {
      version: EXPECTED_LOGPROBS_VERSION,
      computed_in: 'float64',
      rows: expectedLogprobs({ ...policy, weights: merged }),
    }),
    textFile('check_adapter.py', CHECK),
    textFile('README.md', card(policy, adapter)),
  ];
}

function without({ manifest }: ExportedPolicy): string {
  if (!manifest) return 'a model without a run; export the model itself';
  return manifest.meta_adapter === 'none'
    ? 'one without an adapter; export the policy itself'
    : 'one before its first step, when there is nothing in its adapter; take a step first';
}

function card({ name, task, step }: ExportedPolicy, { spec }: AdapterFile): string {
  const problem = task.suites[0].problem(0, 0);
  const prompt = task.meta ? task.vocabulary.decode(task.meta.metaPrompt(problem)) : '';
  return `---
library_name: peft
tags: [lora, masa-lab]
---

# The meta adapter of ${plain(name) || 'a run'}, step ${step}

LoRA of rank ${spec.rank} on ${spec.targets.join(', ')}${spec.norms ? ', with the norm weights replaced' : ''}. It belongs on the policy of the same step, which the
command line writes beside it (\`--hf policy --adapter adapter\`). The policy solves without it and predicts through it.

\`\`\`python
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("policy")
model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained("policy"), "adapter")
prompt = tokenizer("${prompt}", return_tensors="pt")
print(tokenizer.decode(model.generate(**prompt, max_new_tokens=${task.meta?.maxCompletionLength ?? 1})[0]))
\`\`\`

\`python3 check_adapter.py --policy ../policy\` compares both, as peft and transformers open them, with what MASA Lab computed.
`;
}
