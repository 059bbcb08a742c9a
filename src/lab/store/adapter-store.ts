/**
 * What the browser keeps of its adapters, kernel choices, passed self-tests and first kernels: in a small database of
 * their own, so that deleting runs leaves them. Used by the worker.
 */
import { type DBSchema, openDB } from 'idb';
import type { TestStore } from '../adapter-test';
import type { ChoiceStore } from '../tuning';

/** One store for all, so that a page of an earlier version in another tab does not hold up this one. */
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

/** @param prefix of the keys that are this store's. */
function storeOf(prefix: string): TestStore {
  return {
    async recall(adapter) {
      try {
        return (await (await opened).get('choices', prefix + adapter)) ?? null;
      } catch {
        return null;
      }
    },
    async keep(adapter, text) {
      try {
        await (await opened).put('choices', text, prefix + adapter);
      } catch {
        // Measured or tested again next time.
      }
    },
    async forget(adapter) {
      try {
        await (await opened).delete('choices', prefix + adapter);
      } catch {
        // A browser that keeps no database has nothing to forget.
      }
    },
  };
}

/** A browser that keeps no database, as in some private windows, measures every time, */
export const BROWSER_CHOICES: ChoiceStore = storeOf('');
/** and tests before the first rollout. */
export const BROWSER_TESTS: TestStore = storeOf('self-test | ');
/** Without it, kernels are compiled when they are bound. */
export const BROWSER_KERNELS: ChoiceStore = storeOf('kernels | ');
