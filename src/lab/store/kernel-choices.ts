/** Kernel choices in the browser: a small database of their own, so that deleting runs leaves them. Used by the worker. */
import { type DBSchema, openDB } from 'idb';
import type { ChoiceStore } from '../tuning';

interface Schema extends DBSchema {
  choices: { key: string; value: string };
}

const open = () =>
  openDB<Schema>('masa-lab-kernels', 1, {
    upgrade: (db) => {
      db.createObjectStore('choices');
    },
  });

/** A browser that keeps no database, as in some private windows, measures every time. */
export const BROWSER_CHOICES: ChoiceStore = {
  async recall(adapter) {
    try {
      return (await (await open()).get('choices', adapter)) ?? null;
    } catch {
      return null;
    }
  },
  async keep(adapter, choices) {
    try {
      await (await open()).put('choices', choices, adapter);
    } catch {
      // Measured again next time.
    }
  },
};
