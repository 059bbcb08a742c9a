import { expect, test } from 'vitest';
import type { Decoded } from '../../model/decoder';
import { eventSchema, type RunEvent, type RunEventOf } from '../../run/events';
import { parseManifest } from '../../run/manifest';
import { masaStateSchema } from '../../run/masa-state';
import { LADDER } from '../../tasks/ladder';
import { cutoffLimit } from '../masa/cutoff';
import { decideGate } from '../masa/gate';
import type { GateRole } from '../masa/gate-plan';
import { classifyPrompt } from '../masa/prompt-classifier';
import { gateSettings, initialMasaState, metaIsUsed, TALLY_WINDOW, usesMasa } from '../masa/settings';
import { auditStep, nextState, type StepAudit } from './audit';
import type { Candidate, SolutionGroup, StepContext } from './context';

const manifest = parseManifest({
  masa_meta: 'observe',
  masa_gate: true,
  masa_gate_rule: 'calibrated',
  masa_cutoff: true,
});
const decoded = (length: number): Decoded => ({
  tokens: new Array(length).fill(7),
  logps: [],
  entropies: [],
  truncated: false,
});
const candidate = (index: number, role: GateRole, passCount: number): Candidate => {
  const passDistribution = Array.from({ length: 9 }, (_, c) => (c === passCount ? 1 : 0));
  const state = initialMasaState(manifest, 64);
  return {
    index,
    problem: LADDER.trainProblem(0, 0, index),
    meta: {
      prompt: [1],
      completions: [],
      predictions: [],
      passDistribution,
      expectedLength: null,
      tokens: 5,
    },
    decision: decideGate(
      { passRates: [], passDistribution, classifier: null },
      gateSettings(manifest),
      state.calibrator,
    ),
    role,
  };
};
const groupOf = (of: Candidate, rewards: number[]): SolutionGroup => ({
  candidate: of,
  cutoff: cutoffLimit([5], { statistic: 'median', multiple: 2, minimum: 1 }, 80),
  rollouts: rewards.map((reward) => ({
    prompt: of.problem.prompt,
    hintSource: null,
    seen: decoded(4),
    cut: false,
    full: null,
    reward,
    shaping: 0,
    counted: true,
  })),
  zeroVariance: new Set(rewards).size === 1,
});

test('a step says what its audit cost and saw, audited prompts and audited cuts together', () => {
  const kept = candidate(0, 'open', 4);
  const audited = candidate(2, 'audited', 0);
  const candidates = [kept, candidate(1, 'gated', 8), audited];
  const group = groupOf(kept, [1, 0]);
  group.rollouts[1] = { ...group.rollouts[1], seen: decoded(10), cut: true, full: decoded(17) };
  const events: RunEvent[] = [];
  const context = {
    manifest,
    task: LADDER,
    step: 3,
    emit: (event: RunEvent) => events.push(event),
  } as unknown as StepContext;
  const audit = auditStep(context, candidates, [group, groupOf(audited, [0, 0])]);
  for (const event of events) eventSchema.parse(event);
  const [cutoff, said] = events as [RunEventOf<'cutoff'>, RunEventOf<'audit'>];
  expect(cutoff).toMatchObject({ type: 'cutoff', index: 0, limit: 10, cut: [1], audited: [1] });
  // 2 audited rollouts of 4 tokens, and 7 tokens beyond the limit of 10.
  expect([said.tokens, audit.tokens]).toEqual([15, 15]);
  expect(said.gate).toEqual({
    entries: [{ index: 2, rewards: [0, 0], lengths: [4, 4], zero_variance: true }],
    tally: audit.gate,
  });
  expect(audit.gate).toMatchObject({ gated: 2, sampledZero: 1, keptInformative: 1, metaTokens: 15 });
  expect(said.cutoff!.entries).toEqual([{ index: 0, rollout: 1, limit: 10, length: 17, correct: false }]);
});

const nothing: StepAudit = { gate: null, cutoff: null, tokens: 0 };

test('the learners see what was rolled out, in the order of drawing, and never what was only predicted', () => {
  const first = initialMasaState(manifest, LADDER.vocabulary.tableSize);
  const candidates = [candidate(0, 'audited', 8), candidate(1, 'gated', 0), candidate(2, 'open', 4)];
  // Kept groups come before audited ones.
  const groups = [groupOf(candidates[2], [1, 0]), groupOf(candidates[0], [1, 1])];
  const after = nextState(first, candidates, groups, nothing);
  expect(after.calibrator!.outcomes).toBe(2);
  expect(after.calibrator).toEqual(nextState(first, candidates, [groups[1], groups[0]], nothing).calibrator);
  expect(after.meta_tokens).toBe(15);
  expect(first.calibrator!.outcomes).toBe(0);

  const control = parseManifest({ masa_gate: true, masa_gate_rule: 'classifier' });
  const blank = initialMasaState(control, LADDER.vocabulary.tableSize);
  expect(blank.calibrator).toBeNull();
  const taught = nextState(blank, candidates, groups, nothing);
  expect(taught.classifier!.outcomes).toBe(2);
  expect(classifyPrompt(taught.classifier!, candidates[0].problem.prompt)).toBeGreaterThan(0.5);
});

test('sums are kept for the latest steps alone, and the state is of the checkpoint’s form', () => {
  let state = initialMasaState(manifest, LADDER.vocabulary.tableSize);
  const kept = candidate(0, 'open', 4);
  const context = { manifest, task: LADDER, step: 0, emit: () => {} } as unknown as StepContext;
  for (let step = 0; step < TALLY_WINDOW + 5; step++) {
    const groups = [groupOf(kept, [1, 0])];
    state = nextState(state, [kept], groups, auditStep(context, [kept], groups));
  }
  expect(state.gate_tallies).toHaveLength(TALLY_WINDOW);
  expect(state.cutoff_tallies).toHaveLength(TALLY_WINDOW);
  expect(state.meta_tokens).toBe(5 * (TALLY_WINDOW + 5));
  expect(masaStateSchema.parse(JSON.parse(JSON.stringify(state)))).toEqual(state);
});

test.each([
  [{}, false, false],
  [{ masa_meta: 'observe' }, true, false],
  [{ masa_meta: 'observe', masa_hint_share: 0.5 }, true, true],
  [{ masa_meta: 'observe', masa_gate: true, masa_gate_rule: 'classifier' }, true, false],
  [{ masa_meta: 'observe', masa_gate: true }, true, true],
  [{ masa_meta: 'train' }, true, true],
  [{ masa_gate: true, masa_gate_rule: 'classifier' }, true, false],
] as const)('%j: MASA takes part %s, predictions are a cost of training %s', (settings, uses, used) => {
  const m = parseManifest(settings);
  expect([usesMasa(m), metaIsUsed(m)]).toEqual([uses, used]);
});
