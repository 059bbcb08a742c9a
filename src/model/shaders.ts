/** Every kernel of the engine, by the name of its file in `shaders/`, behind the files that its head names. */

import accumulateSlices from '../../shaders/accumulate_slices.wgsl?raw';
import adamw from '../../shaders/adamw.wgsl?raw';
import attention from '../../shaders/attention.wgsl?raw';
import attentionBackwardKeyValue from '../../shaders/attention_backward_key_value.wgsl?raw';
import attentionBackwardKeyValueSubgroup from '../../shaders/attention_backward_key_value_subgroup.wgsl?raw';
import attentionBackwardKeyValueTile from '../../shaders/attention_backward_key_value_tile.wgsl?raw';
import attentionBackwardQuery from '../../shaders/attention_backward_query.wgsl?raw';
import attentionBackwardQuerySubgroup from '../../shaders/attention_backward_query_subgroup.wgsl?raw';
import attentionBackwardQueryTile from '../../shaders/attention_backward_query_tile.wgsl?raw';
import attentionDecode from '../../shaders/attention_decode.wgsl?raw';
import attentionDecodeMatrix from '../../shaders/attention_decode_matrix.wgsl?raw';
import attentionDecodeShared from '../../shaders/attention_decode_shared.wgsl?raw';
import attentionDecodeVec4 from '../../shaders/attention_decode_vec4.wgsl?raw';
import attentionSixteen from '../../shaders/attention_sixteen.wgsl?raw';
import attentionSubgroup from '../../shaders/attention_subgroup.wgsl?raw';
import attentionSums from '../../shaders/attention_sums.wgsl?raw';
import attentionTile from '../../shaders/attention_tile.wgsl?raw';
import attentionWeights from '../../shaders/attention_weights.wgsl?raw';
import cacheFill from '../../shaders/cache_fill.wgsl?raw';
import clipGradient from '../../shaders/clip_gradient.wgsl?raw';
import embedding from '../../shaders/embedding.wgsl?raw';
import embeddingBackward from '../../shaders/embedding_backward.wgsl?raw';
import embeddingFloat16 from '../../shaders/embedding_float16.wgsl?raw';
import linearBackwardInput from '../../shaders/linear_backward_input.wgsl?raw';
import linearBackwardInputParts from '../../shaders/linear_backward_input_parts.wgsl?raw';
import linearBackwardInputSubgroup from '../../shaders/linear_backward_input_subgroup.wgsl?raw';
import linearBackwardInputTile from '../../shaders/linear_backward_input_tile.wgsl?raw';
import linearBackwardInputVec4 from '../../shaders/linear_backward_input_vec4.wgsl?raw';
import linearBackwardWeight from '../../shaders/linear_backward_weight.wgsl?raw';
import linearBackwardWeightParts from '../../shaders/linear_backward_weight_parts.wgsl?raw';
import linearBackwardWeightSubgroup from '../../shaders/linear_backward_weight_subgroup.wgsl?raw';
import linearBackwardWeightTile from '../../shaders/linear_backward_weight_tile.wgsl?raw';
import linearBackwardWeightVec4 from '../../shaders/linear_backward_weight_vec4.wgsl?raw';
import linearBroadcast from '../../shaders/linear_broadcast.wgsl?raw';
import linearForward from '../../shaders/linear_forward.wgsl?raw';
import linearForwardParts from '../../shaders/linear_forward_parts.wgsl?raw';
import linearForwardSubgroup from '../../shaders/linear_forward_subgroup.wgsl?raw';
import linearForwardTile from '../../shaders/linear_forward_tile.wgsl?raw';
import linearForwardVec4 from '../../shaders/linear_forward_vec4.wgsl?raw';
import linearPairTile from '../../shaders/linear_pair_tile.wgsl?raw';
import linearRows from '../../shaders/linear_rows.wgsl?raw';
import linearSums from '../../shaders/linear_sums.wgsl?raw';
import logSoftmaxGather from '../../shaders/log_softmax_gather.wgsl?raw';
import logitsBackward from '../../shaders/logits_backward.wgsl?raw';
import loraBackwardA from '../../shaders/lora_backward_a.wgsl?raw';
import loraBackwardB from '../../shaders/lora_backward_b.wgsl?raw';
import loraMerge from '../../shaders/lora_merge.wgsl?raw';
import normSums from '../../shaders/norm_sums.wgsl?raw';
import packFloat16 from '../../shaders/pack_float16.wgsl?raw';
import philox from '../../shaders/philox.wgsl?raw';
import rmsNorm from '../../shaders/rms_norm.wgsl?raw';
import rmsNormBackward from '../../shaders/rms_norm_backward.wgsl?raw';
import rmsNormBackwardWeight from '../../shaders/rms_norm_backward_weight.wgsl?raw';
import rolloutStatistics from '../../shaders/rollout_statistics.wgsl?raw';
import rope from '../../shaders/rope.wgsl?raw';
import sample from '../../shaders/sample.wgsl?raw';
import sampleParts from '../../shaders/sample_parts.wgsl?raw';
import sampleShared from '../../shaders/sample_shared.wgsl?raw';
import scheduleRows from '../../shaders/schedule_rows.wgsl?raw';
import sequenceRatio from '../../shaders/sequence_ratio.wgsl?raw';
import sumSquares from '../../shaders/sum_squares.wgsl?raw';
import swiglu from '../../shaders/swiglu.wgsl?raw';
import swigluBackward from '../../shaders/swiglu_backward.wgsl?raw';
import tokenLoss from '../../shaders/token_loss.wgsl?raw';
import weightsFloat16 from '../../shaders/weights_float16.wgsl?raw';
import weightsFloat32 from '../../shaders/weights_float32.wgsl?raw';
import type { ShaderFile } from '../gpu/shader';
import { partsBefore } from '../run/shader-parts';

/** What several kernels share, by file: put before those whose heads name it. */
const PARTS: Readonly<Record<string, string>> = {
  attention_sixteen: attentionSixteen,
  attention_sums: attentionSums,
  linear_backward_input_parts: linearBackwardInputParts,
  linear_backward_weight_parts: linearBackwardWeightParts,
  linear_broadcast: linearBroadcast,
  linear_forward_parts: linearForwardParts,
  linear_rows: linearRows,
  linear_sums: linearSums,
  norm_sums: normSums,
  philox,
  sample_parts: sampleParts,
  weights_float16: weightsFloat16,
  weights_float32: weightsFloat32,
};

/** The same kernel over weights in halves. */
const overFloat16 = (name: string, code: string): ShaderFile => ({
  name: `${name}_float16`,
  code: code.replace('`weights_float32.wgsl`', '`weights_float16.wgsl`'),
});

function behindTheirParts<T extends Record<string, ShaderFile>>(files: T): Record<keyof T, ShaderFile> {
  const whole = ({ name, code }: ShaderFile): ShaderFile => {
    const parts = partsBefore(code);
    const missing = parts.find((part) => !(part in PARTS));
    if (missing) throw new Error(`internal: shader ${name}: no part named ${missing}`);
    return parts.length === 0
      ? { name, code }
      : { name, code, prelude: parts.map((part) => PARTS[part]).join('\n') };
  };
  return Object.fromEntries(Object.entries(files).map(([key, file]) => [key, whole(file)])) as Record<
    keyof T,
    ShaderFile
  >;
}

export const SHADERS = behindTheirParts({
  accumulateSlices: { name: 'accumulate_slices', code: accumulateSlices },
  adamw: { name: 'adamw', code: adamw },
  attention: { name: 'attention', code: attention },
  attentionBackwardKeyValue: { name: 'attention_backward_key_value', code: attentionBackwardKeyValue },
  attentionBackwardKeyValueSubgroup: {
    name: 'attention_backward_key_value_subgroup',
    code: attentionBackwardKeyValueSubgroup,
  },
  attentionBackwardKeyValueTile: {
    name: 'attention_backward_key_value_tile',
    code: attentionBackwardKeyValueTile,
  },
  attentionBackwardQuery: { name: 'attention_backward_query', code: attentionBackwardQuery },
  attentionBackwardQuerySubgroup: {
    name: 'attention_backward_query_subgroup',
    code: attentionBackwardQuerySubgroup,
  },
  attentionBackwardQueryTile: { name: 'attention_backward_query_tile', code: attentionBackwardQueryTile },
  attentionDecode: { name: 'attention_decode', code: attentionDecode },
  attentionDecodeMatrix: { name: 'attention_decode_matrix', code: attentionDecodeMatrix },
  attentionDecodeShared: { name: 'attention_decode_shared', code: attentionDecodeShared },
  attentionDecodeVec4: { name: 'attention_decode_vec4', code: attentionDecodeVec4 },
  attentionSubgroup: { name: 'attention_subgroup', code: attentionSubgroup },
  attentionTile: { name: 'attention_tile', code: attentionTile },
  attentionWeights: { name: 'attention_weights', code: attentionWeights },
  cacheFill: { name: 'cache_fill', code: cacheFill },
  clipGradient: { name: 'clip_gradient', code: clipGradient },
  embedding: { name: 'embedding', code: embedding },
  embeddingBackward: { name: 'embedding_backward', code: embeddingBackward },
  embeddingFloat16: { name: 'embedding_float16', code: embeddingFloat16 },
  linearBackwardInput: { name: 'linear_backward_input', code: linearBackwardInput },
  linearBackwardInputSubgroup: { name: 'linear_backward_input_subgroup', code: linearBackwardInputSubgroup },
  linearBackwardInputTile: { name: 'linear_backward_input_tile', code: linearBackwardInputTile },
  linearBackwardInputVec4: { name: 'linear_backward_input_vec4', code: linearBackwardInputVec4 },
  linearBackwardWeight: { name: 'linear_backward_weight', code: linearBackwardWeight },
  linearBackwardWeightSubgroup: {
    name: 'linear_backward_weight_subgroup',
    code: linearBackwardWeightSubgroup,
  },
  linearBackwardWeightTile: { name: 'linear_backward_weight_tile', code: linearBackwardWeightTile },
  linearBackwardWeightVec4: { name: 'linear_backward_weight_vec4', code: linearBackwardWeightVec4 },
  linearForward: { name: 'linear_forward', code: linearForward },
  linearForwardFloat16: overFloat16('linear_forward', linearForward),
  linearForwardSubgroup: { name: 'linear_forward_subgroup', code: linearForwardSubgroup },
  linearForwardSubgroupFloat16: overFloat16('linear_forward_subgroup', linearForwardSubgroup),
  linearForwardTile: { name: 'linear_forward_tile', code: linearForwardTile },
  linearForwardTileFloat16: overFloat16('linear_forward_tile', linearForwardTile),
  linearForwardVec4: { name: 'linear_forward_vec4', code: linearForwardVec4 },
  linearForwardVec4Float16: overFloat16('linear_forward_vec4', linearForwardVec4),
  linearPairTile: { name: 'linear_pair_tile', code: linearPairTile },
  linearPairTileFloat16: overFloat16('linear_pair_tile', linearPairTile),
  logSoftmaxGather: { name: 'log_softmax_gather', code: logSoftmaxGather },
  logitsBackward: { name: 'logits_backward', code: logitsBackward },
  loraBackwardA: { name: 'lora_backward_a', code: loraBackwardA },
  loraBackwardB: { name: 'lora_backward_b', code: loraBackwardB },
  loraMerge: { name: 'lora_merge', code: loraMerge },
  packFloat16: { name: 'pack_float16', code: packFloat16 },
  rmsNorm: { name: 'rms_norm', code: rmsNorm },
  rmsNormBackward: { name: 'rms_norm_backward', code: rmsNormBackward },
  rmsNormBackwardWeight: { name: 'rms_norm_backward_weight', code: rmsNormBackwardWeight },
  rolloutStatistics: { name: 'rollout_statistics', code: rolloutStatistics },
  rope: { name: 'rope', code: rope },
  sample: { name: 'sample', code: sample },
  sampleShared: { name: 'sample_shared', code: sampleShared },
  scheduleRows: { name: 'schedule_rows', code: scheduleRows },
  sequenceRatio: { name: 'sequence_ratio', code: sequenceRatio },
  sumSquares: { name: 'sum_squares', code: sumSquares },
  swiglu: { name: 'swiglu', code: swiglu },
  swigluBackward: { name: 'swiglu_backward', code: swigluBackward },
  tokenLoss: { name: 'token_loss', code: tokenLoss },
});
