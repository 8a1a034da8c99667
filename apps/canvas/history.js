/** Undo and redo across frames and views, kept in the browser: neither a reload nor a closed tab loses them. */

/** @import { Value } from './types.js' */

/**
 * @typedef {{frame: string, v: number, k: number, before: Value, after: Value}} Change
 * @typedef {{group: string, title: string, changes: Change[]}} Entry
 */

const LONGEST = 400;
const KEPT = 6; // tabs whose histories are kept

/**
 * Return the key of this tab's history. A new tab goes on with that of the tab that was closed last, if there is one.
 * @param {Storage} storage @param {string} project @param {string} client  this tab
 * @param {(client: string) => Promise<boolean>} isGone  whether a tab is closed
 */
export async function historyKey(storage, project, client, isGone) {
  const head = `litpose-undo-${project}-`;
  const own = head + client;
  if (storage.getItem(own) !== null) return own;
  const others = Object.keys(storage).filter((key) => key.startsWith(head));
  const kept = others.map((key) => ({ key, at: timeOf(storage.getItem(key)) })).sort((a, b) => b.at - a.at);
  const gone = [];
  for (const one of kept) if (await isGone(one.key.slice(head.length))) gone.push(one.key);
  const [last, ...older] = gone;
  if (last) {
    storage.setItem(own, storage.getItem(last) ?? '');
    storage.removeItem(last);
  }
  for (const key of older.slice(KEPT)) storage.removeItem(key);
  return own;
}

/** @param {string | null} text @returns {number} when a history was kept, ms */
function timeOf(text) {
  try {
    return JSON.parse(text ?? 'null')?.at ?? 0;
  } catch {
    return 0;
  }
}

export class History {
  /** @param {Pick<Storage, 'getItem' | 'setItem'>} storage @param {string} key */
  constructor(storage, key) {
    /** @private */
    this.storage = storage;
    /** @private */
    this.key = key;
    /** @type {Entry[]} */
    this.past = [];
    /** @type {Entry[]} */
    this.future = [];
    try {
      const kept = JSON.parse(storage.getItem(key) ?? 'null');
      if (kept) [this.past, this.future] = [kept.past, kept.future];
    } catch {
      // of an older version, or cut off: there is then nothing to undo
    }
  }

  /**
   * Remember changes. Those of the group that came last are taken back together with it.
   * @param {string} group @param {string} title @param {Change[]} changes
   */
  push(group, title, changes) {
    const last = this.past.at(-1);
    this.future = [];
    if (last?.group === group) {
      for (const change of changes) {
        const same = last.changes.find((one) => one.frame === change.frame && one.v === change.v && one.k === change.k);
        if (same) same.after = change.after;
        else last.changes.push(change);
      }
    } else {
      this.past.push({ group, title, changes });
      this.past.splice(0, this.past.length - LONGEST);
    }
    this.save();
  }

  /** @returns {Entry | undefined} the changes to take back */
  undo() {
    const entry = this.past.pop();
    if (entry) this.future.push(entry);
    this.save();
    return entry;
  }

  /** @returns {Entry | undefined} the changes to make again */
  redo() {
    const entry = this.future.pop();
    if (entry) this.past.push(entry);
    this.save();
    return entry;
  }

  /** @private */
  save() {
    for (;;) {
      try {
        this.storage.setItem(this.key, JSON.stringify({ at: Date.now(), past: this.past, future: this.future }));
        return;
      } catch {
        if (!this.past.length) return; // the storage is full of other things
        this.past.splice(0, Math.ceil(this.past.length / 2));
      }
    }
  }
}
