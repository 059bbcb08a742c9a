/** `lab eval`: accuracy of a model on the benchmark sets, or on the held-out problems that runs evaluate on. */
import { answerSuite } from '../../../rl/evaluate';
import { type LoadedModel, loadModel, withAnswering } from '../answering';
import type { Arguments, CommandSpec } from '../arguments';
import { scoreBenchmarks } from '../benchmark-scoring';
import { describeBenchmarks } from '../benchmark-table';
import { type Console, sayTo } from '../console';
import { type Command, DONE } from '../dispatch';
import { endOnInterrupt } from '../interrupt';
import { describeAdapter } from '../progress';
import { StatusLine } from '../status-line';
import { chooseProblems, heldOutName } from '../suite-names';
import { describeSuite, type SuiteScore, suiteScore } from '../suite-score';
import { withTestedGpu } from '../tested-gpu';

export const EVAL: CommandSpec = {
  name: 'eval',
  summary:
    'Answers problems that are never trained on with a model, and reports its accuracy (mean@k) and pass@k with 95% intervals.',
  usage:
    '--model DIR|FILE --suite in-domain|out-of-domain|all|held-out|NAME [--problems N] [--samples N] [--temperature T] [--max-tokens N] [--seed N] [--json]',
  options: [
    {
      name: 'model',
      value: 'DIR|FILE',
      help: 'A folder with config.json and model.safetensors (a checkpoint is one, a run has several), a .safetensors file beside its config.json, or the name of a shipped model.',
    },
    {
      name: 'suite',
      value: 'NAME',
      help: 'The problems. Benchmark sets, as the paper groups them: in-domain (six of mathematics), out-of-domain (thirteen of logic, science and coding), all (or benchmarks), one group (mathematics, logic, science, coding), or one set by its name. Held-out problems, those a run evaluates itself on: held-out, or one suite of them, such as held-out/in-domain.',
    },
    {
      name: 'problems',
      value: 'N',
      help: 'How many problems of each set or suite, the same ones for every model (default 128; a benchmark set has 60).',
    },
    { name: 'samples', value: 'N', help: 'Answers per problem, the k of mean@k and pass@k (default 1).' },
    {
      name: 'temperature',
      value: 'T',
      help: 'Sampling temperature; 0 always takes the likeliest token (default 1).',
    },
    { name: 'max-tokens', value: 'N', help: 'The longest answer (default: what the model’s task needs).' },
    { name: 'seed', value: 'N', help: 'Decides the sampling (default 0).' },
    { name: 'json', help: 'Print the result as one JSON object on the last line.' },
  ],
  list: {
    title: 'Intervals and averages',
    entries: [
      {
        name: 'mean@k',
        help: 'Share of right answers among k to each problem; Wilson 95% over all the answers.',
      },
      {
        name: 'pass@k',
        help: 'Chance of a right one among k answers, averaged over problems; Wilson 95% over the problems.',
      },
      {
        name: 'mean',
        help: 'Of several sets: unweighted over sets, as in the paper. Its interval combines those of the sets as independent estimates (Zou and Donner 2008): other answers for mean@k, other problems for pass@k.',
      },
      {
        name: 'guess, base',
        help: 'Score of a uniform guess among well-formed answers, and of the task’s shipped base model (8 answers to all problems, temperature 1, at most 80 tokens).',
      },
    ],
  },
};

export interface EvalRequest {
  model: string;
  suite: string;
  problems: number;
  samples: number;
  /** 0 is greedy. */
  temperature: number;
  /** null: what the task needs. */
  maxTokens: number | null;
  seed: number;
  json: boolean;
}

/** @throws UsageError naming every wrong argument. */
export function readEvalRequest(args: Arguments): EvalRequest {
  const model = args.required('model', 'a model’s folder or a .safetensors file');
  const suite = args.required('suite', 'the name of a set of problems');
  const problems = args.integer('problems', 1, 100_000, 128);
  const samples = args.integer('samples', 1, 1024, 1);
  const temperature = args.number('temperature', 0, 5, 1);
  const maxTokens = args.integer('max-tokens', 1, 4096, null);
  const seed = args.integer('seed', 0, 4294967295, 0);
  args.check();
  return { model, suite, problems, samples, temperature, maxTokens, seed, json: args.on('json') };
}

export const EVAL_COMMAND: Command = {
  spec: EVAL,
  async run(args, console) {
    const interrupt = endOnInterrupt();
    try {
      return await evaluateModel(readEvalRequest(args), console);
    } finally {
      interrupt.dispose();
    }
  },
};

async function evaluateModel(request: EvalRequest, console: Console): Promise<number> {
  const started = performance.now();
  const model = await loadModel(request.model);
  const { task } = model;
  const completionLength = request.maxTokens ?? task.maxCompletionLength;
  const chosen = chooseProblems(task, request.suite);
  if ('benchmarks' in chosen) return evaluateSets(request, model, chosen.benchmarks, console);
  const status = new StatusLine(console);
  const size = {
    rows: request.problems * request.samples,
    promptLength: task.maxPromptLength,
    completionLength,
  };
  const { adapter, scores } = await withTestedGpu(async (gpu) => ({
    adapter: describeAdapter(gpu.info),
    scores: await withAnswering(gpu, model, size, async (policy) => {
      const scores: SuiteScore[] = [];
      for (const suite of chosen.suites) {
        const { problems, samples, temperature, seed } = request;
        const answered = await answerSuite(
          policy,
          task,
          suite,
          { problems, samples, temperature, max_completion_length: completionLength, seed },
          (_, finished) =>
            status.draw(
              `${heldOutName(suite)}: ${finished.filter((done) => done).length}/${finished.length} answers`,
            ),
        );
        scores.push(suiteScore(heldOutName(suite), answered));
      }
      return scores;
    }),
  }));
  status.erase();
  const say = sayTo(console, request.json);
  for (const each of scores) say(describeSuite(each));
  if (request.json) {
    const { suite: _, json: __, model: ___, maxTokens: ____, ...settings } = request;
    const result = {
      model: model.path,
      ...settings,
      max_completion_length: completionLength,
      adapter,
      seconds: (performance.now() - started) / 1000,
      // A single suite's score stands at the top too, where it is easiest to reach.
      ...(scores.length === 1 ? scores[0] : {}),
      problems: request.problems,
      suites: scores,
    };
    console.out(`${JSON.stringify(result)}\n`);
  }
  return DONE;
}

/** The benchmark sets of these names, a line each as they are done, then all with their averages. */
async function evaluateSets(
  request: EvalRequest,
  model: LoadedModel,
  names: string[],
  console: Console,
): Promise<number> {
  const started = performance.now();
  const { task } = model;
  const { problems, samples, temperature, seed } = request;
  const completionLength = request.maxTokens ?? task.maxCompletionLength;
  const status = new StatusLine(console);
  const { adapter, report } = await scoreBenchmarks(
    model,
    { names, problems, samples, temperature, seed, max_completion_length: completionLength },
    { started: ({ name }, place, of) => status.draw(`${name}: set ${place + 1} of ${of}`) },
  );
  status.erase();
  sayTo(console, request.json)(describeBenchmarks(report));
  if (request.json) {
    const seconds = (performance.now() - started) / 1000;
    const result = {
      model: model.path,
      suite: request.suite,
      problems,
      samples,
      temperature,
      seed,
      max_completion_length: completionLength,
      adapter,
      seconds,
      ...report,
    };
    console.out(`${JSON.stringify(result)}\n`);
  }
  return DONE;
}
