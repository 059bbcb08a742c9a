/**
 * A reference case read and checked: configuration, batch, weights, and the truth to compare with. The format is
 * described in `public/reference/README.md`. Used by the tests of reference and engine, `lab check` and the self-test.
 * Nothing about a case's sizes is assumed.
 */
import { z } from 'zod';
import { type LlamaConfig, parameterShapes, parseLlamaConfig } from '../config';
import { readSafetensors, requireTensor, type SafeTensor, SafetensorsError } from '../safetensors';
import type { Weights } from './policy';
import type { LossType } from './token-loss';
import type { OptimiserSettings, PolicyLossOptions, TrainingBatch } from './training';

const real = z.number();
const caseSchema = z.object({
  config: z.unknown(),
  loss_type: z.enum(['grpo', 'bnpo', 'dr_grpo', 'dapo']),
  beta: real,
  epsilon: real,
  epsilon_high: real,
  max_completion_length: real,
  optimizer: z.object({
    learning_rate: real,
    weight_decay_matrices: real,
    betas: z.tuple([real, real]),
    eps: real,
    max_grad_norm: real,
  }),
  expected: z.object({
    loss: real,
    losses: z.record(z.string().regex(/^(grpo|bnpo|dr_grpo|dapo)(\+kl)?$/), real),
    grad_norm: real,
    entropy: real,
    'clip_ratio/low_mean': real,
    'clip_ratio/high_mean': real,
    loss_curve: z.array(real),
    grad_norm_curve: z.array(real),
  }),
});

/** The KL weight of the entries `LOSS_TYPE+kl` of `expected.losses`. */
export const CASE_KL_BETA = 0.04;

export interface ReferenceCase {
  config: LlamaConfig;
  rows: number;
  length: number;
  batch: TrainingBatch;
  loss: PolicyLossOptions;
  optimiser: OptimiserSettings;
  /** Under Hugging Face's names, in the order of `parameterShapes`; views of the file. */
  weights: Map<string, Float32Array>;
  expected: z.output<typeof caseSchema>['expected'] & {
    /** [rows, length, V] */
    logits: Float32Array;
    /** [rows, length - 1] */
    logps: Float32Array;
    gradients: Map<string, Float32Array>;
    /** Weights after as many updates as `loss_curve` has points. */
    after: Map<string, Float32Array>;
  };
}

/** A file that is no reference case. */
export class ReferenceCaseError extends Error {
  constructor(message: string) {
    super(`reference case: ${message}`);
    this.name = 'ReferenceCaseError';
  }
}

/**
 * Reads a case from its parsed `.json` and the bytes of its `.safetensors` (kept: the arrays are views of them).
 * @throws ReferenceCaseError, ConfigError or SafetensorsError, naming what is wrong.
 */
export function readReferenceCase(json: unknown, bytes: ArrayBuffer | Uint8Array): ReferenceCase {
  const parsed = caseSchema.safeParse(json);
  if (!parsed.success)
    throw new ReferenceCaseError(
      parsed.error.issues
        .map((i) => `${i.path.map(String).join('.') || 'the whole'}: ${i.message}`)
        .join('; '),
    );
  const { expected, optimizer, ...c } = parsed.data;
  const config = parseLlamaConfig(c.config);
  const { tensors } = readSafetensors(bytes);
  const shape = tensors.get('input_ids')?.shape;
  if (shape?.length !== 2 || shape[0] < 1 || shape[1] < 2)
    throw new SafetensorsError('tensor "input_ids"', `expected [rows, length >= 2], got ${shape ?? 'none'}`);
  const [rows, length] = shape;
  const floats = (name: string, ...sizes: number[]) => requireTensor(tensors, name, 'F32', sizes);
  const ids = requireTensor(tensors, 'input_ids', 'I32', [rows, length]);
  const outside = ids.find((id) => id < 0 || id >= config.vocab_size);
  if (outside !== undefined)
    throw new ReferenceCaseError(`input_ids: expected tokens below ${config.vocab_size}, got ${outside}`);
  const split = <T extends Int32Array | Float32Array>(flat: T, width: number) =>
    Array.from({ length: rows }, (_, r) => flat.subarray(r * width, (r + 1) * width));
  return {
    config,
    rows,
    length,
    batch: {
      ids: split(ids, length),
      mask: split(requireTensor(tensors, 'completion_mask', 'I32', [rows, length - 1]), length - 1),
      oldLogps: split(floats('old_logps', rows, length - 1), length - 1),
      refLogps: split(floats('ref_logps', rows, length - 1), length - 1),
      advantages: floats('advantages', rows),
    },
    loss: {
      lossType: c.loss_type,
      beta: c.beta,
      epsilon: c.epsilon,
      epsilonHigh: c.epsilon_high,
      importanceSamplingLevel: 'token',
      maxCompletionLength: c.max_completion_length,
    },
    optimiser: {
      learningRate: optimizer.learning_rate,
      beta1: optimizer.betas[0],
      beta2: optimizer.betas[1],
      epsilon: optimizer.eps,
      weightDecay: optimizer.weight_decay_matrices,
      maxGradNorm: optimizer.max_grad_norm,
    },
    weights: parameters(config, tensors, 'weight/'),
    expected: {
      ...expected,
      logits: floats('logits', rows, length, config.vocab_size),
      logps: floats('logps', rows, length - 1),
      gradients: parameters(config, tensors, 'grad/'),
      after: parameters(config, tensors, 'after10/'),
    },
  };
}

/** The loss options behind a key of `expected.losses`, such as `dapo+kl`. */
export function lossOfKey(key: string, base: PolicyLossOptions): PolicyLossOptions {
  const [lossType, kl] = key.split('+');
  return { ...base, lossType: lossType as LossType, beta: kl ? CASE_KL_BETA : 0 };
}

/** Single-precision weights for the float64 reference. */
export function toFloat64(weights: ReadonlyMap<string, Float32Array>): Weights {
  return new Map([...weights].map(([name, w]) => [name, Float64Array.from(w)]));
}

function parameters(
  config: LlamaConfig,
  tensors: ReadonlyMap<string, SafeTensor>,
  prefix: string,
): Map<string, Float32Array> {
  return new Map(
    parameterShapes(config).map(({ name, shape }) => [
      name,
      requireTensor(tensors, `${prefix}${name}`, 'F32', shape),
    ]),
  );
}
