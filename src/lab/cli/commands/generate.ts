/** `lab generate`: its arguments. */
import { resolve } from 'node:path';
import type { Arguments, CommandSpec } from '../arguments';

export const GENERATE: CommandSpec = {
  name: 'generate',
  summary: 'Continues a prompt with a model.',
  usage: '--model DIR|FILE --prompt "..." [--n N] [--temperature T] [--max-tokens N] [--seed N] [--json]',
  options: [
    {
      name: 'model',
      value: 'DIR|FILE',
      help: 'A checkpoint’s folder, or a .safetensors file beside its config.json.',
    },
    { name: 'prompt', value: 'TEXT', help: 'The prompt, as the task writes its problems.' },
    { name: 'n', value: 'N', help: 'How many continuations (default 1).' },
    {
      name: 'temperature',
      value: 'T',
      help: 'Sampling temperature; 0 always takes the likeliest token (default 1).',
    },
    { name: 'max-tokens', value: 'N', help: 'The longest continuation (default 80).' },
    { name: 'seed', value: 'N', help: 'Decides the sampling (default 0).' },
    { name: 'json', help: 'Print the result as one JSON object on the last line.' },
  ],
};

export interface GenerateRequest {
  /** An absolute path. */
  model: string;
  prompt: string;
  n: number;
  /** 0 is greedy. */
  temperature: number;
  maxTokens: number;
  seed: number;
  json: boolean;
}

/** @throws UsageError naming every wrong argument. */
export function readGenerateRequest(args: Arguments): GenerateRequest {
  const model = args.required('model', 'a checkpoint’s folder or a .safetensors file');
  const prompt = args.required('prompt', 'a prompt');
  const n = args.integer('n', 1, 1024, 1);
  const temperature = args.number('temperature', 0, 5, 1);
  const maxTokens = args.integer('max-tokens', 1, 4096, 80);
  const seed = args.integer('seed', 0, 4294967295, 0);
  args.check();
  return { model: resolve(model), prompt, n, temperature, maxTokens, seed, json: args.on('json') };
}
