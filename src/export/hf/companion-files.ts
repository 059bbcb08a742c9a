/** What stands beside a policy's weights in any of Hugging Face's formats: configuration, tokenizer, sampling. */
import { endTokens, type LlamaConfig, llamaConfigFile } from '../../model/config';
import { type ExportedPolicy, type ExportFile, jsonFile, settingsOf } from '../files';
import { tokenizerFiles } from './tokenizer-files';

/** The policy's configuration with the special tokens that the task's vocabulary has, where it names none itself. */
export function completeConfig({ config, task }: ExportedPolicy): LlamaConfig {
  const { pad, bos, eos } = task.vocabulary;
  return {
    ...config,
    bos_token_id: config.bos_token_id ?? bos,
    eos_token_id: config.eos_token_id ?? eos,
    pad_token_id: config.pad_token_id ?? pad,
  };
}

/** @throws Error when the policy's table and the task's vocabulary are not of one size. */
export function companionFiles(policy: ExportedPolicy): ExportFile[] {
  const { task } = policy;
  const { vocabulary } = task;
  if (policy.config.vocab_size !== vocabulary.tableSize)
    throw new Error(
      `export: expected a policy of ${vocabulary.tableSize} tokens, as task ${task.name} has, got ${policy.config.vocab_size}`,
    );
  const config = completeConfig(policy);
  const ends = endTokens(config);
  return [
    jsonFile('config.json', llamaConfigFile(config)),
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
      max_new_tokens: settingsOf(policy).max_completion_length,
    }),
  ];
}
