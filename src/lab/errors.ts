/** What goes wrong, as the page and the command line tell it: a stable code, what is wrong, what to do. */
import { DeviceError, DeviceLost, type Gpu, GpuUnavailable } from '../gpu/device';
import { ConfigError } from '../model/config';
import { ModelFolderError } from '../model/model-folder';
import { MemoryPlanError } from '../model/plan';
import { SafetensorsError } from '../model/safetensors';
import { NonFiniteError } from '../rl/non-finite';
import { CheckpointError } from '../run/checkpoint';
import { JsonError } from '../run/json';
import { ManifestError } from '../run/manifest';
import { TokenizerError } from '../tasks/text/tokenizer';
import type { LabError } from './protocol';

/** A model or case that could not be fetched or read at all. */
export class ModelFileError extends Error {
  constructor(
    message: string,
    readonly remedy = 'Check the name; the shipped models are in public/models.',
  ) {
    super(message);
    this.name = 'ModelFileError';
  }
}

/** The adapter computes something else than PyTorch does. @param reason what is out of tolerance. */
export class SelfTestError extends Error {
  constructor(reason: string) {
    super(`This adapter computes wrong numbers: ${reason}.`);
    this.name = 'SelfTestError';
  }
}

/** The run could not be written down, on a full disk say; the message has the remedy. */
export class StorageError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StorageError';
  }
}

/** There is no room to write more. Nothing is lost yet: what was to be written is still in memory. */
export class NoRoomError extends StorageError {
  constructor(
    message: string,
    /** Bytes that were to be written, about. */
    readonly needed: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'NoRoomError';
  }
}

/** @param gpu its failure, if any, is the cause of whatever was thrown. */
export function explainError(thrown: unknown, gpu: Gpu | null): LabError {
  const failure = gpu?.failure();
  const error = failure instanceof DeviceLost ? failure : thrown;
  if (error instanceof GpuUnavailable)
    return { code: error.code, message: error.message, remedy: error.remedy };
  if (error instanceof DeviceLost)
    return {
      code: 'device-lost',
      message: `The GPU device was lost: ${(error.info.message || error.info.reason).replace(/\.$/, '')}.`,
      remedy: 'Go on from the last checkpoint (Recover in the page, --resume on the command line).',
    };
  if (error instanceof SelfTestError)
    return {
      code: 'self-test',
      message: error.message,
      remedy:
        'Update the graphics driver or the browser, or choose another adapter. Nothing is trained on one that fails.',
    };
  if (error instanceof MemoryPlanError)
    return { code: 'memory-plan', message: error.message, remedy: error.remedy };
  if (error instanceof DeviceError)
    return {
      code: 'memory-plan',
      message: error.message,
      remedy:
        'Lower micro_batch_tokens, prompts_per_step or num_generations, set gradient_checkpointing to block, and close other pages that use the GPU.',
    };
  if (error instanceof NonFiniteError)
    return {
      code: 'non-finite',
      message: error.message,
      remedy:
        'Recover goes back to the last checkpoint; lower learning_rate or max_grad_norm before running on.',
    };
  if (error instanceof ManifestError)
    return {
      code: 'manifest',
      message: error.message,
      remedy: 'Correct the named settings.',
      issues: error.issues,
    };
  if (error instanceof CheckpointError)
    return { code: 'checkpoint', message: error.message, remedy: 'Use another checkpoint of the run.' };
  if (error instanceof ConfigError || error instanceof SafetensorsError || error instanceof JsonError)
    return {
      code: 'model-file',
      message: error.message,
      remedy: 'Use an unchanged copy of the model’s files.',
    };
  if (error instanceof ModelFolderError || error instanceof TokenizerError)
    return {
      code: 'model-file',
      message: error.message,
      remedy: 'What can be opened is described in docs/formats/models.md.',
    };
  if (error instanceof NoRoomError)
    return {
      code: 'storage',
      message: error.message,
      remedy: 'Delete runs or checkpoints that are no longer needed, then try again.',
    };
  if (error instanceof StorageError) return { code: 'storage', message: error.message, remedy: '' };
  if (error instanceof ModelFileError)
    return { code: 'model-file', message: error.message, remedy: error.remedy };
  return {
    code: 'internal',
    message: error instanceof Error ? error.message : String(error),
    remedy: 'Load the run again; if it happens again, please report it with the steps that led here.',
  };
}
