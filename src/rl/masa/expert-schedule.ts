/**
 * When the meta side is cloned: from a step on, with a burst first, then every so many steps or when the audit's
 * Brier score rises. Pure: settings, state and a step's facts give the number of updates and the next state.
 */

export interface ExpertScheduleSettings {
  /** First step that may update. */
  from: number;
  /** Updates at the first step from `from` on that has examples; 0 for no burst. */
  burst: number;
  /** After it: `steps` updates every `every` steps from `from`; `brier` when the score rises. */
  trigger: 'steps' | 'brier';
  every: number;
  /** Updates at a time. */
  updates: number;
  /** Rise of the smoothed Brier score over its reference that triggers. */
  brierRise: number;
  /** Weight of the past in the smoothed score, 0 to below 1. */
  brierSmoothing: number;
}

/** Plain JSON; goes into checkpoints as it is. */
export interface ExpertScheduleState {
  version: 1;
  burstDone: boolean;
  /** Smoothed Brier score; null before the first. */
  brier: number | null;
  /** The lowest smoothed score since the last triggered update; null before the first. */
  reference: number | null;
}

export const INITIAL_EXPERT_SCHEDULE: Readonly<ExpertScheduleState> = {
  version: 1,
  burstDone: false,
  brier: null,
  reference: null,
};

/**
 * @param facts.examples how many the buffer holds: without any there is no update, and the burst waits.
 * @param facts.brier of this step's audit; null when it audited nothing, which changes nothing.
 */
export function scheduleExperts(
  state: Readonly<ExpertScheduleState>,
  settings: ExpertScheduleSettings,
  facts: { step: number; examples: number; brier: number | null },
): { updates: number; reason: string; state: ExpertScheduleState } {
  const brier =
    facts.brier === null
      ? state.brier
      : state.brier === null
        ? facts.brier
        : settings.brierSmoothing * state.brier + (1 - settings.brierSmoothing) * facts.brier;
  const reference = brier === null ? null : Math.min(brier, state.reference ?? brier);
  const next: ExpertScheduleState = { version: 1, burstDone: state.burstDone, brier, reference };
  const none = (reason: string) => ({ updates: 0, reason, state: next });

  if (facts.step < settings.from) return none(`cloning starts at step ${settings.from}`);
  if (facts.examples === 0) return none('no examples yet');
  if (!state.burstDone && settings.burst > 0)
    return {
      updates: settings.burst,
      reason: `burst at the first step from ${settings.from} on with examples`,
      state: { ...next, burstDone: true, reference: brier },
    };
  if (settings.trigger === 'steps') {
    if ((facts.step - settings.from) % settings.every !== 0)
      return none(`not one of every ${settings.every} steps`);
    return {
      updates: settings.updates,
      reason: `every ${settings.every} steps from ${settings.from}`,
      state: next,
    };
  }
  if (brier === null || reference === null || facts.brier === null) return none('no audit at this step');
  const rise = brier - reference;
  const said = `Brier score ${text(brier)}, ${text(rise)} above its lowest ${text(reference)}`;
  if (rise <= settings.brierRise) return none(`${said}: not more than ${settings.brierRise}`);
  // From here on the score is compared with where it stands now, or one lucky low would trigger for ever.
  return {
    updates: settings.updates,
    reason: `${said}: more than ${settings.brierRise}`,
    state: { ...next, reference: brier },
  };
}

const text = (value: number): string => String(Number(value.toPrecision(3)));
