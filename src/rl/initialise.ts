/** Random initial weights: what pre-training starts from. */
import { type LlamaConfig, parameterShapes } from '../model/config';
import { Purpose, Stream } from '../run/random';

/**
 * Weights by Hugging Face's names, a pure function of config and seed. Matrices are normal with deviation
 * 1 / sqrt(inputs), those that write into the residual stream divided by sqrt(2 layers) (GPT-2's scaling); the
 * embedding has deviation 0.05, norm weights are 1.
 */
export function initialWeights(config: LlamaConfig, seed: number): Map<string, Float32Array> {
  const residual = 1 / Math.sqrt(2 * config.num_hidden_layers);
  return new Map(
    parameterShapes(config).map(({ name, shape }, index) => {
      const size = shape.reduce((a, b) => a * b, 1);
      if (shape.length === 1) return [name, new Float32Array(size).fill(1)];
      const deviation = name.includes('embed_tokens')
        ? 0.05
        : (/o_proj|down_proj/.test(name) ? residual : 1) / Math.sqrt(shape[1]);
      const stream = new Stream(seed, Purpose.initialise, index);
      return [name, Float32Array.from({ length: size }, () => stream.normal(0, deviation))];
    }),
  );
}
