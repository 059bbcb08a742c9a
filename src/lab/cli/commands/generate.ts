/** `lab generate`: lets a model go on with a prompt. */
import type { Decoded } from '../../../model/decoder';
import { rollOut } from '../../../rl/rollouts';
import { formatFixed, formatNumber } from '../../../run/format';
import { Purpose } from '../../../run/random';
import { endsOf } from '../../../tasks/task';
import { loadModel, withAnswering } from '../answering';
import type { Arguments, CommandSpec } from '../arguments';
import type { Console } from '../console';
import { type Command, DONE } from '../dispatch';
import { endOnInterrupt } from '../interrupt';
import { describeAdapter } from '../progress';
import { readPrompt } from '../prompt-text';
import { withTestedGpu } from '../tested-gpu';

export const GENERATE: CommandSpec = {
  name: 'generate',
  summary: 'Continues a prompt with a model.',
  usage: '--model DIR|FILE --prompt "..." [--n N] [--temperature T] [--max-tokens N] [--seed N] [--json]',
  options: [
    {
      name: 'model',
      value: 'DIR|FILE',
      help: 'A folder with config.json and model.safetensors (a checkpoint is one), a .safetensors file beside its config.json, or the name of a shipped model.',
    },
    {
      name: 'prompt',
      value: 'TEXT',
      help: 'A sum such as "47 + 8 * 3", or any prompt in the words of the vocabulary, such as "BOS 4 7 L0 + 8 SOL"; any text for a model with a tokenizer of its own.',
    },
    { name: 'n', value: 'N', help: 'How many continuations (default 1).' },
    {
      name: 'temperature',
      value: 'T',
      help: 'Sampling temperature; 0 always takes the likeliest token (default 1).',
    },
    {
      name: 'max-tokens',
      value: 'N',
      help: 'The longest continuation (default: what the model’s task needs).',
    },
    { name: 'seed', value: 'N', help: 'Decides the sampling (default 0).' },
    { name: 'json', help: 'Print the result as one JSON object on the last line.' },
  ],
};

export interface GenerateRequest {
  model: string;
  prompt: string;
  n: number;
  /** 0 is greedy. */
  temperature: number;
  /** null: what the model’s task needs. */
  maxTokens: number | null;
  seed: number;
  json: boolean;
}

/** @throws UsageError naming every wrong argument. */
export function readGenerateRequest(args: Arguments): GenerateRequest {
  const model = args.required('model', 'a model’s folder or a .safetensors file');
  const prompt = args.required('prompt', 'a prompt');
  const n = args.integer('n', 1, 1024, 1);
  const temperature = args.number('temperature', 0, 5, 1);
  const maxTokens = args.integer('max-tokens', 1, 4096, null);
  const seed = args.integer('seed', 0, 4294967295, 0);
  args.check();
  return { model, prompt, n, temperature, maxTokens, seed, json: args.on('json') };
}

export const GENERATE_COMMAND: Command = {
  spec: GENERATE,
  async run(args, console) {
    const interrupt = endOnInterrupt();
    try {
      return await generate(readGenerateRequest(args), console);
    } finally {
      interrupt.dispose();
    }
  },
};

async function generate(request: GenerateRequest, console: Console): Promise<number> {
  const model = await loadModel(request.model);
  const { vocabulary } = model.task;
  const prompt = readPrompt(request.prompt, model.task);
  const { n, temperature, seed } = request;
  const limit = request.maxTokens ?? model.task.maxCompletionLength;
  const size = { rows: n, promptLength: prompt.length, completionLength: limit };
  const { adapter, completions } = await withTestedGpu(async (gpu) => ({
    adapter: describeAdapter(gpu.info),
    completions: await withAnswering(gpu, model, size, async (policy) => {
      const sampling = { temperature, top_k: 0, top_p: 1, endOfSequence: endsOf(vocabulary) };
      const randomness = { seed, purpose: Purpose.rollout, step: 0 };
      return (await rollOut(policy, [prompt], n, limit, sampling, randomness))[0];
    }),
  }));
  const words = (ids: readonly number[]) => ids.map((id) => vocabulary.decode([id]));
  if (!request.json) {
    console.out(`${vocabulary.readable(prompt)}\n`);
    for (const [i, each] of completions.entries()) {
      const ending = each.truncated ? ` (cut off at ${limit} tokens)` : '';
      console.out(`\n${i + 1}. ${vocabulary.readable(each.tokens, prompt)}${ending}\n`);
      console.out(`   ${vocabulary.decode(each.tokens)}\n`);
      console.out(
        `   log-probability ${formatNumber(logProbability(each))}: ${each.logps.map((l) => formatFixed(l, 2)).join(' ')}\n`,
      );
    }
    return DONE;
  }
  const result = {
    model: model.path,
    adapter,
    prompt: { text: vocabulary.readable(prompt), tokens: words(prompt), ids: prompt },
    temperature,
    seed,
    completions: completions.map((each) => ({
      text: vocabulary.readable(each.tokens, prompt),
      tokens: words(each.tokens),
      ids: each.tokens,
      logps: each.logps,
      logp: logProbability(each),
      truncated: each.truncated,
    })),
  };
  console.out(`${JSON.stringify(result)}\n`);
  return DONE;
}

/** Of the whole completion, in nats. */
const logProbability = ({ logps }: Decoded) => logps.reduce((sum, logp) => sum + logp, 0);
