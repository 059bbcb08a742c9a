/** Kernel choices of the command line: one small file below `.cache/`, by adapter. */
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
