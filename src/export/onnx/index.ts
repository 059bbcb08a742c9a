/**
 * A policy as ONNX models, without and with a cache of keys and values. The format is described in docs/formats/onnx.md.
 * Pure: the page makes the same bytes for its own ONNX Runtime as the command line writes to files.
 */
import type { LlamaConfig } from '../../model/config';
import type { NamedTensors } from '../../model/parameters';
import type { ExportedPolicy, ExportFile } from '../files';
import { companionFiles } from '../hf/companion-files';
import { llamaGraph } from './llama-graph';
import { modelBytes } from './schema';

export const ONNX_EXPORT_VERSION = 1;

/**
 * The bytes of a .onnx file of the policy; inputs and outputs are those of `llama-graph.ts`.
 * @throws RangeError for a policy too large for one file.
 */
export function onnxModel(
  config: LlamaConfig,
  weights: NamedTensors,
  { cache }: { cache: boolean },
): Uint8Array<ArrayBuffer> {
  return modelBytes(llamaGraph(config, weights, cache), {
    masa_lab_onnx: String(ONNX_EXPORT_VERSION),
    config: JSON.stringify(config),
  });
}

export function onnxFiles(policy: ExportedPolicy): ExportFile[] {
  const { config, weights } = policy;
  return [
    { name: 'model.onnx', bytes: onnxModel(config, weights, { cache: false }) },
    { name: 'model_with_past.onnx', bytes: onnxModel(config, weights, { cache: true }) },
    ...companionFiles(policy),
  ];
}
