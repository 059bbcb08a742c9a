/**
 * What a plain GRPO policy predicts of itself, to be seen beside a run's own predictions: kept from the last run of
 * this page that watched predictions without training on them, or read from a recorded run's events.
 *
 * A store of its own: it outlives the run on screen, and only the picture that compares listens.
 */
import { createStore } from 'zustand/vanilla';
import type { RunEvent } from '../../run/events';
import { EventReader } from '../../run/jsonl';
import type { Manifest } from '../../run/manifest';
import { EMPTY_HISTORY, type History, recordEvents } from '../history/history';
import { type PredictionPoint, predictionPoints, WINDOW } from '../views/self-knowledge';

export interface WatchedPolicy {
  /** Where it is from, in words: a file's name, or `the run before`. */
  source: string;
  /** The last step of the points. */
  step: number;
  points: readonly PredictionPoint[];
}

export interface Watched {
  policy: WatchedPolicy | null;
  /** Why the last file was not taken; empty when it was. */
  problem: string;
}

export const watchedStore = createStore<Watched>(() => ({ policy: null, problem: '' }));

/** Predictions are asked for, never rewarded, and nothing is made of them: the policy is plain GRPO's. */
export const isWatched = (manifest: Manifest): boolean =>
  manifest.masa_meta === 'observe' &&
  !manifest.masa_gate &&
  !manifest.masa_cutoff &&
  manifest.masa_hint_share === 0;

export function keepWatched(source: string, points: readonly PredictionPoint[]): void {
  const step = points.at(-1)?.step;
  if (step !== undefined) watchedStore.setState({ policy: { source, step, points }, problem: '' });
}

/** Reads a recorded run a piece at a time, so that a long one does not hold up the page. */
export async function openWatched(file: Pick<File, 'name' | 'stream'>): Promise<void> {
  try {
    const reader = new EventReader();
    const pieces = file.stream().getReader();
    let manifest: Manifest | null = null;
    let history: History = EMPTY_HISTORY;
    const take = (events: readonly RunEvent[]) => {
      const started = events.findLast((event) => event.type === 'run_started');
      manifest = started?.manifest ?? manifest;
      history = recordEvents(history, events);
    };
    for (let piece = await pieces.read(); !piece.done; piece = await pieces.read())
      take(reader.push(piece.value).map(({ event }) => event));
    const { last } = reader.end();
    if (last) take([last.event]);
    keepWatched(file.name, pointsOf(file.name, manifest, history));
  } catch (error) {
    watchedStore.setState({ problem: error instanceof Error ? error.message : String(error) });
  }
}

function pointsOf(name: string, manifest: Manifest | null, history: History): PredictionPoint[] {
  if (manifest === null || !isWatched(manifest))
    throw new Error(
      `${name}: expected a run of plain GRPO with its predictions watched, got ${manifest === null ? 'no run' : `masa_meta ${manifest.masa_meta}`}; record one with the preset grpo-observed`,
    );
  const points = predictionPoints(history.records.filter((record) => record.finished).slice(-WINDOW));
  if (points.length === 0)
    throw new Error(`${name}: expected predictions, got none; let the run go on for a step`);
  return points;
}
