/**
 * What a policy thinks of a few texts, by the float64 reference: written beside an exported model, so that whoever opens
 * it elsewhere can see that it is the same policy (`check_logprobs.py`).
 */

import { logSoftmaxGather } from '../../model/reference/log-softmax';
import { forward, type Weights } from '../../model/reference/policy';
import { packRows } from '../../model/reference/rows';
import type { Problem } from '../../tasks/task';
import type { ExportedPolicy } from '../files';

export const EXPECTED_LOGPROBS_VERSION = 1;

export interface ExpectedRow {
  text: string;
  ids: number[];
  /** [ids - 1] natural logarithms: entry j of token j + 1 given those before it. */
  logprobs: number[];
}

/** Problems of each suite. */
const PROBLEMS = 2;

/** Held-out problems of every suite with their right answers, and the meta prompts of the same problems. */
function rowsOf({ task }: ExportedPolicy): number[][] {
  const { vocabulary, meta } = task;
  const answered = ({ prompt, answer }: Problem) => [
    ...prompt,
    ...vocabulary.encode('ANS'),
    ...answer,
    vocabulary.eos,
  ];
  return task.suites.flatMap((suite) =>
    Array.from({ length: PROBLEMS }, (_, index) => suite.problem(0, index)).flatMap((problem) => [
      answered(problem),
      ...(meta ? [meta.metaPrompt(problem)] : []),
    ]),
  );
}

/** The float64 copy of weights that the reference computes with. */
export const referenceWeights = ({ weights }: Pick<ExportedPolicy, 'weights'>): Weights =>
  new Map([...weights].map(([name, values]) => [name, Float64Array.from(values)]));

export function expectedLogprobs(policy: ExportedPolicy): ExpectedRow[] {
  const ids = rowsOf(policy);
  const packed = packRows(ids);
  const { logits } = forward(policy.config, referenceWeights(policy), packed);
  const { logp } = logSoftmaxGather(logits, packed.targets, policy.config.vocab_size);
  return ids.map((row, r) => {
    const { start, end } = packed.rows[r];
    return {
      text: policy.task.vocabulary.decode(row),
      ids: row,
      logprobs: Array.from(logp.subarray(start, end - 1)),
    };
  });
}
