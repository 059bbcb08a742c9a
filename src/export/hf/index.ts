/**
 * A policy as a Hugging Face model folder, which `AutoModelForCausalLM` and `AutoTokenizer` open. The format is
 * described in docs/formats/hf.md.
 */
import { endTokens } from '../../model/config';
import { writeModel } from '../../model/model-file';
import { type ExportedPolicy, type ExportFile, jsonFile, textFile } from '../files';
import CHECK from './check_logprobs.py?raw';
import { EXPECTED_LOGPROBS_VERSION, expectedLogprobs } from './expected-logprobs';
import { modelCard } from './model-card';
import { tokenizerFiles } from './tokenizer-files';

/** @throws Error when the policy's table and the task's vocabulary are not of one size. */
export function hfFiles(policy: ExportedPolicy): ExportFile[] {
  const { task, weights } = policy;
  const { vocabulary } = task;
  if (policy.config.vocab_size !== vocabulary.tableSize)
    throw new Error(
      `hf: expected a policy of ${vocabulary.tableSize} tokens, as task ${task.name} has, got ${policy.config.vocab_size}`,
    );
  const config = {
    ...policy.config,
    bos_token_id: policy.config.bos_token_id ?? vocabulary.bos,
    eos_token_id: policy.config.eos_token_id ?? vocabulary.eos,
    pad_token_id: policy.config.pad_token_id ?? vocabulary.pad,
  };
  const ends = endTokens(config);
  return [
    ...writeModel({ config, weights }),
    ...tokenizerFiles(vocabulary, config),
    jsonFile('generation_config.json', {
      bos_token_id: config.bos_token_id,
      eos_token_id: ends.length === 1 ? ends[0] : ends,
      pad_token_id: config.pad_token_id,
      do_sample: true,
      temperature: 1,
      // transformers' own default keeps only the 50 likeliest tokens; a rollout here is drawn from all of them.
      top_k: 0,
      top_p: 1,
      max_new_tokens: policy.manifest?.max_completion_length ?? task.maxCompletionLength,
    }),
    jsonFile('expected_logprobs.json', {
      version: EXPECTED_LOGPROBS_VERSION,
      computed_in: 'float64',
      rows: expectedLogprobs(policy),
    }),
    textFile('check_logprobs.py', CHECK),
    textFile('README.md', modelCard(policy)),
  ];
}
