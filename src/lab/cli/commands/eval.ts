/** `lab eval`: its arguments. */
import { resolve } from 'node:path';
import type { Arguments, CommandSpec } from '../arguments';

export const EVAL: CommandSpec = {
  name: 'eval',
  summary: 'Answers held-out problems with a model and reports its accuracy with a 95% interval.',
  usage: '--model DIR|FILE --suite NAME [--problems N] [--samples N] [--seed N] [--json]',
  options: [
    {
      name: 'model',
      value: 'DIR|FILE',
      help: 'A checkpoint’s folder, or a .safetensors file beside its config.json.',
    },
    { name: 'suite', value: 'NAME', help: 'The set of problems.' },
    { name: 'problems', value: 'N', help: 'How many problems of the set (default 128).' },
    { name: 'samples', value: 'N', help: 'Sampled answers per problem, at temperature 1 (default 1).' },
    { name: 'seed', value: 'N', help: 'Decides the sampling (default 0).' },
    { name: 'json', help: 'Print the result as one JSON object on the last line.' },
  ],
};

export interface EvalRequest {
  /** An absolute path. */
  model: string;
  suite: string;
  problems: number;
  samples: number;
  seed: number;
  json: boolean;
}

/** @throws UsageError naming every wrong argument. */
export function readEvalRequest(args: Arguments): EvalRequest {
  const model = args.required('model', 'a checkpoint’s folder or a .safetensors file');
  const suite = args.required('suite', 'the name of a set of problems');
  const problems = args.integer('problems', 1, 100_000, 128);
  const samples = args.integer('samples', 1, 100_000, 1);
  const seed = args.integer('seed', 0, 4294967295, 0);
  args.check();
  return { model: resolve(model), suite, problems, samples, seed, json: args.on('json') };
}
