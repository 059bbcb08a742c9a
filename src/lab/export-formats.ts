/** The formats a policy is exported in, by name: the same for the command line's options and the page's menu. */
import { adapterFiles } from '../export/adapter';
import type { ExportedPolicy, ExportFile } from '../export/files';
import { hfFiles } from '../export/hf';
import { onnxFiles } from '../export/onnx';
import { trlFiles } from '../export/trl';
import { verlFiles } from '../export/verl';

export type ExportFormat = 'hf' | 'onnx' | 'adapter' | 'verl' | 'trl';

export interface FormatSpec {
  /** The option of `lab export`. */
  option: ExportFormat;
  help: string;
  files(policy: ExportedPolicy): ExportFile[];
}

/** In the order they are written. */
export const EXPORT_FORMATS: readonly FormatSpec[] = [
  {
    option: 'hf',
    help: 'A folder for a Hugging Face model: config.json, model.safetensors, the tokenizer, and a check to run there.',
    files: hfFiles,
  },
  {
    option: 'onnx',
    help: 'ONNX models without and with a cache of keys and values, for ONNX Runtime and Transformers.js.',
    files: onnxFiles,
  },
  {
    option: 'adapter',
    help: 'The meta adapter of a run with meta_adapter=lora as PEFT reads it, to be put on the folder of --hf.',
    files: adapterFiles,
  },
  {
    option: 'verl',
    help: 'All that verl needs to go on with the run: weights, problems, rewards in Python, a launch script.',
    files: verlFiles,
  },
  {
    option: 'trl',
    help: 'All that TRL needs to go on with the run: weights, problems, rewards in Python, a training script.',
    files: trlFiles,
  },
];

export const exportFormat = (option: ExportFormat): FormatSpec =>
  EXPORT_FORMATS.find((format) => format.option === option)!;
