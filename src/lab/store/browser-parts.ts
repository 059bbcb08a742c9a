/** What the library needs of a browser: the index in IndexedDB, locks across tabs. Used by the worker. */
import { type DBSchema, type IDBPDatabase, openDB } from 'idb';
import { NoRoomError, StorageError } from '../errors';
import type { RunEntry, RunIndex } from './entry';
import type { RunLocks } from './library';
import type { StorageState } from './protocol';

interface Schema extends DBSchema {
  runs: { key: string; value: RunEntry };
}

const DATABASE = 'masa-lab';
const DATABASE_VERSION = 1;

/** @throws StorageError where the browser has no IndexedDB for this page, or a newer page holds it. */
export async function openIndex(): Promise<RunIndex> {
  let database: IDBPDatabase<Schema>;
  try {
    database = await openDB<Schema>(DATABASE, DATABASE_VERSION, {
      upgrade: (db) => {
        db.createObjectStore('runs', { keyPath: 'id' });
      },
    });
  } catch (error) {
    throw new StorageError(
      `This browser keeps no database for this page (${error instanceof Error ? error.message : error}), so runs are not kept here.`,
      { cause: error },
    );
  }
  return {
    all: () => database.getAll('runs'),
    get: (id) => database.get('runs', id),
    async put(entry) {
      try {
        await database.put('runs', entry);
      } catch (error) {
        if (error instanceof DOMException && error.name === 'QuotaExceededError')
          throw new NoRoomError('index: there is no room left for this site’s files', 10_000, {
            cause: error,
          });
        throw error;
      }
    },
    delete: (id) => database.delete('runs', id),
  };
}

const LOCK = 'masa-lab run ';

/** Web Locks: the browser gives them free when a tab goes away, however it goes. */
export const WEB_LOCKS: RunLocks = {
  take: (id) =>
    new Promise((resolve, reject) => {
      const request = navigator.locks.request(`${LOCK}${id}`, { ifAvailable: true }, (lock) => {
        if (!lock) {
          resolve(null);
          return;
        }
        return new Promise<void>((release) => {
          // Settled only once it is free, so that whoever waits for that can take it again.
          resolve(async () => {
            release();
            await request;
          });
        });
      });
      request.catch(reject);
    }),
  async held() {
    const { held = [] } = await navigator.locks.query();
    return new Set(held.flatMap(({ name }) => (name?.startsWith(LOCK) ? [name.slice(LOCK.length)] : [])));
  },
};

/** What the browser says of this site's room; null where it does not say. */
export async function storageState(): Promise<StorageState | null> {
  try {
    const { usage = 0, quota = 0 } = await navigator.storage.estimate();
    return { usage, quota, persisted: await navigator.storage.persisted() };
  } catch {
    return null;
  }
}
