/**
 * Where a run stands: all that a checkpoint has to hold, taken from a policy and put back. The trainer adds its own
 * counts; `checkpoint-files.ts` makes files of it.
 */
import type { NamedTensors } from '../model/parameters';
import type { OptimizerName, Policy } from '../model/policy';
import type { MasaState } from '../run/masa-state';

/** AdamW's count of updates and its two running means of each weight. */
export interface OptimizerState {
  steps: number;
  mean: NamedTensors;
  square: NamedTensors;
}

/** What is on the device. */
export interface PolicySnapshot {
  weights: NamedTensors;
  optimizerSteps: number;
  mean: NamedTensors;
  square: NamedTensors;
  /** Of the optimiser that clones experts; null without one. */
  experts: OptimizerState | null;
  /** Weights of the meta adapter and its optimiser's state; null without one. */
  adapter: (OptimizerState & { weights: NamedTensors }) | null;
}

export interface TrainerSnapshot extends PolicySnapshot {
  step: number;
  numTokens: number;
  /** Of training, evaluations not counted. */
  numFlops: number;
  decodeSteps: number;
  /** null without MASA. */
  masa: MasaState | null;
}

export async function snapshotPolicy(policy: Policy): Promise<PolicySnapshot> {
  const { steps, mean, square } = await optimizerState(policy, 'policy');
  return {
    weights: await policy.download('weights'),
    optimizerSteps: steps,
    mean,
    square,
    experts: policy.capacity.experts ? await optimizerState(policy, 'experts') : null,
    adapter: policy.adapter && {
      weights: await policy.adapter.parameters.download('weights'),
      ...(await optimizerState(policy, 'adapter')),
    },
  };
}

/** What the snapshot has nothing of stays as it is: a run that goes on with a part it did not have begins that part. */
export function restorePolicy(policy: Policy, snapshot: PolicySnapshot): void {
  const { weights, optimizerSteps: steps, mean, square, experts, adapter } = snapshot;
  policy.parameters.upload(weights, 'weights');
  restoreOptimizer(policy, 'policy', { steps, mean, square });
  if (experts && policy.capacity.experts) restoreOptimizer(policy, 'experts', experts);
  if (adapter && policy.adapter) {
    policy.adapter.parameters.upload(adapter.weights);
    restoreOptimizer(policy, 'adapter', adapter);
  }
}

/** A run that goes on by another gate rule, or with other learners, begins with ones that know nothing yet. */
export function restoredMasaState(first: MasaState | null, held: MasaState | null): MasaState | null {
  if (first === null || held === null) return first;
  return {
    ...held,
    calibrator: first.calibrator && (held.calibrator ?? first.calibrator),
    classifier: first.classifier && (held.classifier ?? first.classifier),
    experts: first.experts && (held.experts ?? first.experts),
    outcomes: first.outcomes && (held.outcomes ?? first.outcomes),
  };
}

async function optimizerState(policy: Policy, name: OptimizerName): Promise<OptimizerState> {
  const { steps, moments } = policy.optimizer(name);
  return { steps, mean: await moments.download('mean'), square: await moments.download('square') };
}

function restoreOptimizer(
  policy: Policy,
  name: OptimizerName,
  { steps, mean, square }: OptimizerState,
): void {
  const optimizer = policy.optimizer(name);
  optimizer.steps = steps;
  optimizer.moments.upload(mean, 'mean');
  optimizer.moments.upload(square, 'square');
}
