/**
 * The phases `meta` and `gate`: drawing the step's problems, asking for predictions, and deciding which problems are
 * rolled out. Without MASA it draws the problems, and that is all.
 */
import type { MasaState } from '../../run/masa-state';
import { Purpose } from '../../run/random';
import { decideGate, type GateDecision } from '../masa/gate';
import { fillPlan, type GatePlan, type GateRole } from '../masa/gate-plan';
import { classifyPrompt } from '../masa/prompt-classifier';
import { gatePlanSettings, gateSettings, metaThrough } from '../masa/settings';
import { NonFiniteError } from '../non-finite';
import { type Candidate, type StepContext, samplingSettings } from './context';
import { predict, readExpectations, readPassDistributions } from './predict';

export interface Selection {
  /** In the order of drawing. */
  candidates: Candidate[];
  /** null without a gate. */
  plan: GatePlan | null;
}

/** @param state null without MASA. */
export async function selectPrompts(context: StepContext, state: MasaState | null): Promise<Selection> {
  const { manifest, step } = context;
  const candidates: Candidate[] = [];
  const draw = async (from: number, count: number): Promise<Candidate[]> => {
    const drawn = await drawCandidates(context, from, count);
    candidates.push(...drawn);
    return drawn;
  };
  if (!manifest.masa_gate || state === null) {
    await draw(0, manifest.prompts_per_step);
    return { candidates, plan: null };
  }
  const { plan } = await fillPlan(
    gatePlanSettings(manifest),
    { seed: manifest.seed, step },
    async (from, count) => {
      const drawn = await draw(from, count);
      return context.timed('gate', () => judge(context, drawn, state));
    },
  );
  plan.roles.forEach((role, i) => {
    candidates[i].role = role;
  });
  for (const candidate of candidates) emitDecision(context, candidate, candidate.decision!, state);
  const { kept, gated, audited, tries, reason } = plan;
  context.emit({ type: 'gate_plan', v: 1, step, kept, gated, audited, tries, reason });
  return { candidates, plan };
}

/** Problems `from` to `from + count - 1` of the step, with their predictions where there are any. */
async function drawCandidates(context: StepContext, from: number, count: number): Promise<Candidate[]> {
  const { policy, manifest, task, step, control } = context;
  const drawn = Array.from(
    { length: count },
    (_, i): Candidate => ({
      index: from + i,
      problem: task.trainProblem(manifest.seed, step, from + i),
      meta: null,
      decision: null,
      role: 'open' satisfies GateRole,
    }),
  );
  const { meta } = task;
  if (manifest.masa_meta === 'off' || !meta) return drawn;
  const through = metaThrough(manifest);
  return context.timed('meta', async () => {
    const asked = await predict(
      policy,
      meta,
      drawn,
      manifest.masa_num_generations,
      samplingSettings(manifest, task),
      { seed: manifest.seed, purpose: Purpose.meta, step },
      through,
      () => control.proceed(),
    );
    if (asked.some(({ completions }) => completions.some((c) => !c.logps.every(Number.isFinite))))
      throw new NonFiniteError(step, 'the log-probabilities of its predictions are not finite');
    if (manifest.masa_num_generations === 0) {
      const read = await readExpectations(policy, meta, asked, through);
      return drawn.map((candidate, i) => ({ ...candidate, meta: read[i] }));
    }
    const read =
      manifest.masa_gate && manifest.masa_gate_rule === 'calibrated'
        ? await readPassDistributions(policy, meta, asked, through)
        : null;
    return drawn.map((candidate, i) => ({
      ...candidate,
      meta: { ...asked[i], passDistribution: read?.[i] ?? null },
    }));
  });
}

async function judge(
  { manifest }: StepContext,
  candidates: readonly Candidate[],
  state: MasaState,
): Promise<GateDecision[]> {
  const settings = gateSettings(manifest);
  return candidates.map((candidate) => {
    candidate.decision = decideGate(
      {
        passRates: candidate.meta?.predictions.map((p) => p.passRate) ?? [],
        passDistribution: candidate.meta?.passDistribution ?? null,
        classifier: state.classifier && classifyPrompt(state.classifier, candidate.problem.prompt),
      },
      settings,
      state.calibrator,
    );
    return candidate.decision;
  });
}

function emitDecision(
  { emit, step }: StepContext,
  { index, problem, role }: Candidate,
  decision: GateDecision,
  state: MasaState,
): void {
  const { family, tier, size, answer, prompt } = problem;
  const { settings, reading } = decision;
  emit({
    type: 'gate_decision',
    v: 1,
    step,
    index,
    problem: { family, tier, size, answer },
    prompt,
    rule: settings.rule,
    low: settings.low,
    high: settings.high,
    spread_limit: settings.spread,
    threshold: settings.threshold,
    pass_rates: [...reading.passRates],
    pass_distribution: reading.passDistribution && [...reading.passDistribution],
    mean: decision.mean,
    spread: decision.spread,
    expectation: decision.expectation,
    zero_variance: decision.zeroVariance,
    score: decision.score,
    verdict: decision.verdict,
    role,
    reason: decision.reason,
    calibrator_weights: state.calibrator && [...state.calibrator.weights],
  });
}
