/** Every kernel of the engine, by the name of its file in `shaders/`. */

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
import attentionSubgroup from '../../shaders/attention_subgroup.wgsl?raw';
import attentionTile from '../../shaders/attention_tile.wgsl?raw';
import attentionWeights from '../../shaders/attention_weights.wgsl?raw';
import cacheFill from '../../shaders/cache_fill.wgsl?raw';
import clipGradient from '../../shaders/clip_gradient.wgsl?raw';
import embedding from '../../shaders/embedding.wgsl?raw';
import embeddingBackward from '../../shaders/embedding_backward.wgsl?raw';
import embeddingFloat16 from '../../shaders/embedding_float16.wgsl?raw';
import linearBackwardInput from '../../shaders/linear_backward_input.wgsl?raw';
import linearBackwardInputSubgroup from '../../shaders/linear_backward_input_subgroup.wgsl?raw';
import linearBackwardInputTile from '../../shaders/linear_backward_input_tile.wgsl?raw';
import linearBackwardInputVec4 from '../../shaders/linear_backward_input_vec4.wgsl?raw';
import linearBackwardWeight from '../../shaders/linear_backward_weight.wgsl?raw';
import linearBackwardWeightSubgroup from '../../shaders/linear_backward_weight_subgroup.wgsl?raw';
import linearBackwardWeightTile from '../../shaders/linear_backward_weight_tile.wgsl?raw';
import linearBackwardWeightVec4 from '../../shaders/linear_backward_weight_vec4.wgsl?raw';
import linearForward from '../../shaders/linear_forward.wgsl?raw';
import linearForwardSubgroup from '../../shaders/linear_forward_subgroup.wgsl?raw';
import linearForwardTile from '../../shaders/linear_forward_tile.wgsl?raw';
import linearForwardVec4 from '../../shaders/linear_forward_vec4.wgsl?raw';
import linearPairTile from '../../shaders/linear_pair_tile.wgsl?raw';
import logSoftmaxGather from '../../shaders/log_softmax_gather.wgsl?raw';
import logitsBackward from '../../shaders/logits_backward.wgsl?raw';
import loraBackwardA from '../../shaders/lora_backward_a.wgsl?raw';
import loraBackwardB from '../../shaders/lora_backward_b.wgsl?raw';
import loraMerge from '../../shaders/lora_merge.wgsl?raw';
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
import type { ShaderFile } from '../gpu/kernel';

const SAMPLING = `${philox}\n${sampleParts}`;

export const SHADERS = {
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
  embeddingFloat16: { name: 'embedding_float16', code: `${embeddingFloat16}\n${weightsFloat16}` },
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
  linearForward: {
    name: 'linear_forward',
    code: `${linearForward}\n${weightsFloat32}`,
  },
  linearForwardFloat16: {
    name: 'linear_forward_float16',
    code: `${linearForward}\n${weightsFloat16}`,
  },
  linearForwardSubgroup: {
    name: 'linear_forward_subgroup',
    code: `${linearForwardSubgroup}\n${weightsFloat32}`,
  },
  linearForwardSubgroupFloat16: {
    name: 'linear_forward_subgroup_float16',
    code: `${linearForwardSubgroup}\n${weightsFloat16}`,
  },
  linearForwardTile: {
    name: 'linear_forward_tile',
    code: `${linearForwardTile}\n${weightsFloat32}`,
  },
  linearForwardTileFloat16: {
    name: 'linear_forward_tile_float16',
    code: `${linearForwardTile}\n${weightsFloat16}`,
  },
  linearForwardVec4: {
    name: 'linear_forward_vec4',
    code: `${linearForwardVec4}\n${weightsFloat32}`,
  },
  linearForwardVec4Float16: {
    name: 'linear_forward_vec4_float16',
    code: `${linearForwardVec4}\n${weightsFloat16}`,
  },
  linearPairTile: { name: 'linear_pair_tile', code: linearPairTile },
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
  sample: { name: 'sample', code: sample, prelude: SAMPLING },
  sampleShared: { name: 'sample_shared', code: sampleShared, prelude: SAMPLING },
  scheduleRows: { name: 'schedule_rows', code: scheduleRows },
  sequenceRatio: { name: 'sequence_ratio', code: sequenceRatio },
  sumSquares: { name: 'sum_squares', code: sumSquares },
  swiglu: { name: 'swiglu', code: swiglu },
  swigluBackward: { name: 'swiglu_backward', code: swigluBackward },
  tokenLoss: { name: 'token_loss', code: tokenLoss },
} satisfies Record<string, ShaderFile>;
