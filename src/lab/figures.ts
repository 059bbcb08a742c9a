/**
 * The trainer's own arithmetic of self-knowledge, gate, cutoff and hints, for whoever shows a run: the page reckons a
 * window of recorded steps with the very functions that made the step's metrics. Pure; nothing here is the lab's own.
 *
 * A door rather than a layer: the page imports from `lab`, not from what lies below it. Used by `ui/views`.
 */
export { type CalibrationBin, calibrationCurve } from '../rl/masa/alignment';
export {
  addTallies,
  type CutoffFigures,
  type CutoffTally,
  cutoffFigures,
  EMPTY_CUTOFF_TALLY,
  EMPTY_GATE_TALLY,
  type GateFigures,
  type GateTally,
  gateFigures,
} from '../rl/masa/audit';
export { expectedPassRate } from '../rl/masa/gate';
export { hintLift } from '../rl/masa/hints';
export { TALLY_WINDOW } from '../rl/masa/settings';
