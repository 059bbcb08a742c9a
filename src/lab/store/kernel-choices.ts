/** Kernel choices in the browser: a small database of their own, so that deleting runs leaves them. Used by the worker. */
import { type DBSchema, openDB } from 'idb';
import type { ChoiceStore } from '../tuning';

interface Schema extends DBSchema {
  choices: { key: string; value: string };
}

/** Opened with the worker, while the device is being asked for: a first database takes a tenth of a second. */
const opened = openDB<Schema>('masa-lab-kernels', 1, {
  upgrade: (db) => {
    db.createObjectStore('choices');
  },
});
// Told by whoever needs it.
opened.catch(() => {});

/** A browser that keeps no database, as in some private windows, measures every time. */
export const BROWSER_CHOICES: ChoiceStore = {
  async recall(adapter) {
    try {
      return (await (await opened).get('choices', adapter)) ?? null;
    } catch {
      return null;
    }
  },
  async keep(adapter, choices) {
    try {
      await (await opened).put('choices', choices, adapter);
    } catch {
      // Measured again next time.
    }
  },
};
