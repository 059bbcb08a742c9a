/**
 * A policy as a Hugging Face model folder, which `AutoModelForCausalLM` and `AutoTokenizer` open. The format is
 * described in docs/formats/hf.md.
 */
import { writeTensors } from '../../model/model-file';
import { type ExportedPolicy, type ExportFile, jsonFile, textFile } from '../files';
import CHECK from './check_logprobs.py?raw';
import { companionFiles } from './companion-files';
import { EXPECTED_LOGPROBS_VERSION, expectedLogprobs } from './expected-logprobs';
import { modelCard } from './model-card';

export function hfFiles(policy: ExportedPolicy): ExportFile[] {
  const { config, weights } = policy;
  return [
    ...companionFiles(policy),
    { name: 'model.safetensors', bytes: writeTensors(config, [['', weights]], { format: 'pt' }) },
    jsonFile('expected_logprobs.json', {
      version: EXPECTED_LOGPROBS_VERSION,
      computed_in: 'float64',
      rows: expectedLogprobs(policy),
    }),
    textFile('check_logprobs.py', CHECK),
    textFile('README.md', modelCard(policy)),
  ];
}
