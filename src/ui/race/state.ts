/**
 * What the page knows of races: the form of the next one and those of this session, each folded from the streams of
 * its arms and the reports on them. A store of its own, as a race goes on beside the run of the page; `desk.ts` alone
 * writes it.
 */
import type { LabError } from '../../lab/protocol';
import type { RaceAxis } from '../../lab/race/bands';
import type { RaceProgress, RaceState } from '../../lab/race/protocol';
import type { RaceReport } from '../../lab/race/report';
import type { RaceSetup } from '../../lab/race/setup';
import type { RunEvent, RunEventOf, Score } from '../../run/events';
import type { ManifestIssue } from '../../run/manifest';
import type { RaceForm } from './form';

/** An arm on a seed, as far as its stream has come. */
export interface LaneView {
  arm: string;
  seed: number;
  /** Steps taken, of those there are. */
  steps: number;
  of: number;
  tokens: number;
  milliseconds: number;
  /** The newest evaluation on the race's suite. */
  accuracy: Score | null;
  accuracyAt: number | null;
  /** Predicted against true pass rate: of the newest evaluation that asked, else of the last step. */
  alignment: number | null;
  alignmentOf: 'held-out problems' | 'the step’s prompts' | null;
  ending: RunEventOf<'finished'> | null;
}

export interface RaceView {
  id: string;
  /** 1 for the first of the session. */
  number: number;
  setup: RaceSetup;
  suite: string;
  form: RaceForm;
  state: RaceState;
  error: LabError | null;
  progress: RaceProgress | null;
  deviceBytes: number | null;
  /** In the order in which they began. */
  lanes: readonly LaneView[];
  report: RaceReport | null;
}

export interface Races {
  /** The race is on screen in place of the run. */
  open: boolean;
  form: RaceForm;
  /** What was wrong in the link, until the form is changed. */
  linkIssues: readonly ManifestIssue[];
  /** Of this session, the newest last. */
  races: readonly RaceView[];
  shown: string | null;
  axis: RaceAxis;
  /** Share of the baseline's accuracy that the answer is about. */
  share: number;
}

/** Older ones are forgotten. */
export const MOST_RACES = 12;

export const UNDER_WAY: ReadonlySet<RaceState> = new Set(['preparing', 'running', 'pausing', 'paused']);

export const shownRace = ({ races, shown }: Races): RaceView | null =>
  races.find(({ id }) => id === shown) ?? null;

export const raceUnderWay = ({ races }: Races): RaceView | null =>
  races.find(({ state }) => UNDER_WAY.has(state)) ?? null;

/** The lanes with what an arm's stream said since. */
export function foldLane(
  lanes: readonly LaneView[],
  suite: string,
  arm: string,
  seed: number,
  events: readonly RunEvent[],
): readonly LaneView[] {
  const at = lanes.findIndex((lane) => lane.arm === arm && lane.seed === seed);
  let lane = at === -1 ? emptyLane(arm, seed) : lanes[at];
  for (const event of events) lane = heard(lane, suite, event);
  return at === -1 ? [...lanes, lane] : lanes.with(at, lane);
}

const emptyLane = (arm: string, seed: number): LaneView => ({
  arm,
  seed,
  steps: 0,
  of: 0,
  tokens: 0,
  milliseconds: 0,
  accuracy: null,
  accuracyAt: null,
  alignment: null,
  alignmentOf: null,
  ending: null,
});

function heard(lane: LaneView, suite: string, event: RunEvent): LaneView {
  switch (event.type) {
    case 'run_started':
      return { ...emptyLane(lane.arm, lane.seed), of: event.manifest.steps };
    case 'step_metrics': {
      const trained = event.metrics['masa/pass_rate_pearson'];
      const fromStep = trained !== undefined && lane.alignmentOf !== 'held-out problems';
      return {
        ...lane,
        steps: event.step + 1,
        tokens: event.metrics.num_tokens ?? lane.tokens,
        milliseconds: lane.milliseconds + event.step_ms,
        ...(fromStep && { alignment: trained, alignmentOf: 'the step’s prompts' as const }),
      };
    }
    case 'evaluation': {
      const r = event.suite === 'in-domain' ? event.alignment?.pass_rate_pearson : undefined;
      return {
        ...lane,
        ...(event.suite === suite && { accuracy: event.total, accuracyAt: event.step }),
        ...(r !== undefined && r !== null && { alignment: r, alignmentOf: 'held-out problems' as const }),
      };
    }
    case 'finished':
      return { ...lane, ending: event };
    default:
      return lane;
  }
}
