/** Kernel choices of the command line: one small file below `.cache/`, by adapter, and how long they may take to make. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ChoiceStore } from '../tuning';
import { repositoryRoot } from './repository';

/** A folder that cannot be written to, or a damaged file, only means that kernels are measured again. */
export function fileChoices(path = join(repositoryRoot(), '.cache', 'kernel-choices.json')): ChoiceStore {
  const all = (): Record<string, string> => {
    try {
      const known: unknown = JSON.parse(readFileSync(path, 'utf8'));
      return typeof known === 'object' && known !== null ? (known as Record<string, string>) : {};
    } catch {
      return {};
    }
  };
  return {
    async recall(adapter) {
      const known = all()[adapter];
      return typeof known === 'string' ? known : null;
    },
    async keep(adapter, choices) {
      try {
        mkdirSync(dirname(path), { recursive: true });
        // Renamed into place: another run may be reading.
        const fresh = `${path}.${process.pid}`;
        writeFileSync(fresh, JSON.stringify({ ...all(), [adapter]: choices }, null, 1));
        renameSync(fresh, path);
      } catch {
        // Measured again next time.
      }
    },
  };
}

/** A run of so many steps takes minutes, in which what was not measured would go by a guess. */
const MANY_STEPS = 50;
/** Far more than all of it takes; a driver that compiles for longer is not waited for. */
const MOST_MS = 20_000;

/**
 * Nobody watches a run of the command line and nothing is measured at rest there: before one of many steps all that can
 * be chosen is, once for an adapter.
 */
export const choosingMs = (steps: number): number | undefined => (steps >= MANY_STEPS ? MOST_MS : undefined);
