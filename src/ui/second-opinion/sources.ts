/**
 * Which policies can be tried and evaluated beside training: the run's as it is, any kept step, and those that come
 * with the page. A source is named by a text, so that a list can choose it. Pure; knows no React.
 */
import { SHIPPED_POLICIES, type ShippedPolicy } from '../../lab/second-opinion/shipped';
import type { RunEntry } from '../../lab/store/entry';
import { formatCount } from '../../run/format';
import { DEFAULT_MANIFEST, type Manifest } from '../../run/manifest';
import { armOf, nameOf } from '../runs/table';
import type { PageState } from '../state/store';

/** `name` is the run's, `label` says which of its policies. */
export type Source = { name: string; label: string } & (
  | { kind: 'run'; manifest: Manifest }
  | { kind: 'kept'; run: RunEntry; step: number }
  | { kind: 'shipped'; shipped: ShippedPolicy }
);

export interface SourceOption {
  /** Names the source. */
  value: string;
  label: string;
  /** What it is listed under. */
  group: string;
}

const THE_RUN = 'run';
const KEPT = /^kept (\S+) (\d+)$/;
/** Names a step of a kept run. */
export const keptName = (run: string, step: number) => `kept ${run} ${step}`;
const shippedName = (name: string) => `shipped ${name}`;

/** Steps of a kept run whose state is there, the newest first. */
const stepsOf = (run: RunEntry): number[] =>
  [...new Set([run.steps, ...run.checkpoints.map(({ step }) => step)])]
    .filter((step) => step > 0)
    .sort((a, b) => b - a);

/** What of the page decides which sources there are. */
export interface Facts {
  /** Settings of the run on the trainer; null where a recording is on screen. */
  loaded: Manifest | null;
  list: readonly RunEntry[] | null;
  elsewhere: readonly string[];
}

export const factsOf = ({ lab, runs, replay }: PageState): Facts => ({
  loaded: replay ? null : (lab.loaded?.manifest ?? null),
  list: runs.list,
  elsewhere: runs.elsewhere,
});

/** Kept runs that can be read: not open in another tab, with at least one step. */
const readable = ({ list, elsewhere }: Facts): RunEntry[] =>
  (list ?? []).filter((run) => !elsewhere.includes(run.id) && stepsOf(run).length > 0);

export function sourceOptions(facts: Facts): SourceOption[] {
  return [
    ...(facts.loaded ? [{ value: THE_RUN, label: 'The run’s policy, as it is now', group: 'This run' }] : []),
    ...SHIPPED_POLICIES.map(({ name, label, trained }) => ({
      value: shippedName(name),
      label,
      group: trained ? 'Trained, shipped with the page' : 'Base models',
    })),
    ...readable(facts).flatMap((run) =>
      stepsOf(run).map((step) => ({
        value: keptName(run.id, step),
        label: `${nameOf(run)}, step ${formatCount(step)}`,
        group: 'Kept runs',
      })),
    ),
  ];
}

/** What is taken until something is chosen, and where the choice is gone. */
export const usualSource = (facts: Facts): string =>
  facts.loaded ? THE_RUN : shippedName(SHIPPED_POLICIES[0].name);

/** The source that a name stands for; the usual one where it stands for none. */
export function findSource(facts: Facts, chosen: string | null): { value: string; source: Source } {
  const value = sourceOptions(facts).some((option) => option.value === chosen) ? chosen! : usualSource(facts);
  const kept = KEPT.exec(value);
  if (kept) {
    const run = readable(facts).find(({ id }) => id === kept[1])!;
    const step = Number(kept[2]);
    const name = nameOf(run);
    return { value, source: { kind: 'kept', run, step, name, label: `${name}, step ${formatCount(step)}` } };
  }
  const manifest = facts.loaded;
  if (value === THE_RUN && manifest) {
    const name = manifest.name || `${armOf(manifest)}, seed ${manifest.seed}`;
    return { value, source: { kind: 'run', manifest, name, label: name } };
  }
  const shipped = SHIPPED_POLICIES.find(({ name }) => shippedName(name) === value)!;
  return { value, source: { kind: 'shipped', shipped, name: shipped.name, label: shipped.label } };
}

/** The settings that belong to a source; of a shipped one only the task is known before it is read. */
export function manifestOfSource(source: Source): Manifest {
  if (source.kind === 'run') return source.manifest;
  if (source.kind === 'kept') return source.run.manifest;
  return { ...DEFAULT_MANIFEST, task: source.shipped.task };
}

/** Whether predictions go through an adapter that can be exported. */
export const hasAdapter = (source: Source): boolean =>
  source.kind === 'shipped'
    ? source.shipped.files.some((file) => file.startsWith('adapter'))
    : manifestOfSource(source).meta_adapter !== 'none';
