/**
 * What the index knows of a kept run: enough for the table of runs and for an offer to go on, without reading the
 * run itself. Everything in it can be worked out again from the run's folder. Used by the store and by the page.
 */
import { z } from 'zod';
import type { RunEvent } from '../../run/events';
import { parseJson, SMALL_JSON } from '../../run/json';
import type { Manifest } from '../../run/manifest';

/** Of the run's own folder: what its stream does not say. A newer version is read as far as it is known. */
export const ABOUT_VERSION = 1;

const parentSchema = z.object({
  /** Id of the run it was forked from, which may be gone by now. */
  run: z.string(),
  /** That run's name when it was forked. */
  name: z.string().max(200),
  step: z.int().min(0),
});
export type Parent = z.output<typeof parentSchema>;

/** The contents of run.json. What does not fit is left at its default: it is no reason to refuse a run. */
export const aboutSchema = z.object({
  version: z.number().catch(ABOUT_VERSION),
  name: z.string().max(200).catch(''),
  parent: parentSchema.nullable().catch(null),
  created: z.iso.datetime().catch('1970-01-01T00:00:00.000Z'),
  tags: z.array(z.string().max(60)).max(50).catch([]),
  notes: z.string().max(20_000).catch(''),
  pinned: z.boolean().catch(false),
  /** Steps of checkpoints that are never removed by themselves. */
  pinned_checkpoints: z.array(z.int().min(0)).catch([]),
});
export type About = z.output<typeof aboutSchema>;

export interface KeptCheckpoint {
  step: number;
  bytes: number;
  /** The run was evaluated at this step. */
  evaluated: boolean;
  pinned: boolean;
}

/** `unfinished` is a run whose page went away, `stopped` one that was ended by hand. */
export type RunStatus = 'unfinished' | 'stopped' | 'failed' | 'completed';

export interface Accuracy {
  suite: string;
  step: number;
  correct: number;
  samples: number;
  accuracy: number;
  low: number;
  high: number;
}

export interface RunEntry {
  id: string;
  name: string;
  manifest: Manifest;
  parent: Parent | null;
  created: string;
  updated: string;
  status: RunStatus;
  /** Steps finished. */
  steps: number;
  /** Tokens generated for training. */
  tokens: number;
  /** Time of the steps and evaluations. */
  seconds: number;
  /** The newest evaluation of the suite that is trained for; null before the first. */
  accuracy: Accuracy | null;
  tags: string[];
  notes: string;
  pinned: boolean;
  bytes: number;
  /** Oldest first. All of them are whole. */
  checkpoints: KeptCheckpoint[];
}

/** The figures of an entry that come from the stream. */
export type Figures = Pick<RunEntry, 'status' | 'steps' | 'tokens' | 'seconds' | 'accuracy'>;

export const NO_FIGURES: Figures = { status: 'unfinished', steps: 0, tokens: 0, seconds: 0, accuracy: null };

/** The figures after one more event. Suites come in the task's order, the one that is trained for first. */
export function addToFigures(figures: Figures, event: RunEvent): Figures {
  switch (event.type) {
    case 'run_started':
      return { ...figures, status: 'unfinished' };
    case 'step_metrics':
      return {
        ...figures,
        steps: event.step + 1,
        tokens: event.metrics.num_tokens ?? figures.tokens,
        seconds: figures.seconds + event.step_ms / 1000,
      };
    case 'evaluation': {
      const seconds = figures.seconds + event.duration_ms / 1000;
      const suite = figures.accuracy?.suite ?? event.suite;
      if (event.suite !== suite) return { ...figures, seconds };
      return { ...figures, seconds, accuracy: { suite, step: event.step, ...event.total } };
    }
    case 'finished':
      return { ...figures, status: event.reason };
    default:
      return figures;
  }
}

export function aboutOf(entry: RunEntry): About {
  const { name, parent, created, tags, notes, pinned, checkpoints } = entry;
  return {
    version: ABOUT_VERSION,
    name,
    parent,
    created,
    tags,
    notes,
    pinned,
    pinned_checkpoints: checkpoints.filter((each) => each.pinned).map((each) => each.step),
  };
}

/** What run.json says; defaults for all of it when it is missing or no JSON. */
export function readAbout(bytes: Uint8Array | null): About {
  try {
    return aboutSchema.parse(bytes ? parseJson(bytes, 'run.json', SMALL_JSON) : {});
  } catch {
    return aboutSchema.parse({});
  }
}

/** The index itself; the browser's is in IndexedDB. It is written after what it tells of. */
export interface RunIndex {
  all(): Promise<RunEntry[]>;
  get(id: string): Promise<RunEntry | undefined>;
  put(entry: RunEntry): Promise<void>;
  delete(id: string): Promise<void>;
}

/** The manifest in manifest.json; null when it is cut short or not there, as in a folder that was never finished. */
export function readManifestFile(bytes: Uint8Array | null): unknown | null {
  if (!bytes) return null;
  try {
    return parseJson(bytes, 'manifest.json', SMALL_JSON);
  } catch {
    return null;
  }
}
