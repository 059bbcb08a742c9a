/**
 * The training step of `train-step.ts` as a case for PyTorch: policy, batch, weights, and the loss and gradient norm
 * that ours has in its first step. Used by torch.mjs (`peers/torch_step.py` reads it).
 */
import { parameterShapes } from '../src/model/config';
import { initialWeights } from '../src/rl/initialise';
import { openOurs } from './ours';
import { OPTIMIZER } from './peers/peer';
import { SIZES } from './shapes';
import { makeBatch, rowsOf } from './train-step';

/** Hands over one case after the other: as JSON, and the weights one after the other as float32. */
export async function writePytorchCases(
  gpu: GPU,
  labels: readonly string[],
  write: (label: string, json: object, weights: Uint8Array) => void,
): Promise<void> {
  const ours = await openOurs(gpu, '');
  try {
    for (const size of SIZES.filter(({ label }) => labels.includes(label))) {
      const { config, label } = size;
      const weights = initialWeights(config, 1);
      const batch = await makeBatch(ours, size, weights, rowsOf(size));
      const trainer = await ours.trainer!(config, weights, batch);
      const { loss, gradientNorm } = await trainer.step();
      trainer.dispose?.();
      const shapes = parameterShapes(config).map(({ name, shape }) => [name, [...shape]] as const);
      const json = {
        config,
        shapes,
        tokens: batch.tokens,
        advantages: batch.advantages,
        old_logps: batch.oldLogps,
        optimizer: OPTIMIZER,
        loss,
        gradient_norm: gradientNorm,
      };
      write(label, json, Buffer.concat(shapes.map(([name]) => bytesOf(weights.get(name)!))));
    }
  } finally {
    ours.close();
  }
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array) =>
  new Uint8Array(buffer, byteOffset, byteLength);
