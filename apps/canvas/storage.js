/** Operations that no server has acknowledged yet, in IndexedDB: they outlive the tab and the browser. */

/** @import { Operation, CellJson } from './types.js' */

/**
 * @typedef {Operation & {project: string, client: string, theirs?: CellJson, by?: string, refused?: string}} Kept
 *   theirs: the server kept this value instead, by: whose it is; refused: why the server does not take it
 *
 * @typedef {object} Shelf
 * @property {(kept: Kept[], drop?: string[]) => Promise<void>} put  in one transaction: all of it or nothing
 * @property {(ids: string[]) => Promise<void>} drop
 * @property {(project: string) => Promise<Kept[]>} all  in the order in which they were made
 */

const STORE = 'operations';

/** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
function settled(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** @param {IDBTransaction} transaction @returns {Promise<void>} */
function finished(transaction) {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = transaction.onerror = () => reject(transaction.error);
  });
}

/**
 * Open the browser's database; where there is none (private windows of some browsers) operations live in memory.
 * @param {string} name @returns {Promise<Shelf>}
 */
export async function openShelf(name = 'litpose-outbox') {
  try {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: 'id' }).createIndex('project', 'project');
    const database = await settled(request);
    return indexedShelf(database);
  } catch {
    return memoryShelf();
  }
}

/** @param {IDBDatabase} database @returns {Shelf} */
function indexedShelf(database) {
  /** @param {Kept[]} kept @param {string[]} [drop] */
  const put = (kept, drop = []) => {
    const transaction = database.transaction(STORE, 'readwrite', { durability: 'strict' });
    const store = transaction.objectStore(STORE);
    for (const id of drop) store.delete(id);
    for (const one of kept) store.put(one);
    return finished(transaction);
  };
  return {
    put,
    drop: (ids) => put([], ids),
    all: async (project) => {
      const index = database.transaction(STORE).objectStore(STORE).index('project');
      const kept = /** @type {Kept[]} */ (await settled(index.getAll(project)));
      return kept.sort((a, b) => a.seq - b.seq);
    },
  };
}

/** @returns {Shelf} */
export function memoryShelf() {
  /** @type {Map<string, Kept>} */
  const kept = new Map();
  return {
    put: async (added, drop = []) => {
      for (const id of drop) kept.delete(id);
      for (const one of added) kept.set(one.id, { ...one });
    },
    drop: async (ids) => ids.forEach((id) => kept.delete(id)),
    all: async (project) => [...kept.values()].filter((one) => one.project === project).sort((a, b) => a.seq - b.seq),
  };
}
