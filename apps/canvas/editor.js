/** Edits: shown at once, remembered for undo, put into the outbox. */

/** @import { Value } from './types.js' */
/** @import { Change, Entry, History } from './history.js' */
/** @import { Outbox } from './outbox.js' */
import { freshId } from './dom.js';
import { isSame, Labels } from './labels.js';

/** @typedef {{v: number, k: number, value: Value}} Wanted */

/** @param {Value} value @returns {Value} without its revision */
function bare({ x, y, state, origin }) {
  return { x, y, state, origin };
}

export class Editor {
  /** @param {Labels} labels @param {History} history @param {Outbox} outbox */
  constructor(labels, history, outbox) {
    this.labels = labels;
    this.history = history;
    this.outbox = outbox;
    /** What a drag has moved so far, not yet an edit. @private @type {Map<string, {frame: string, v: number, k: number, before: Value}>} */
    this.held = new Map();
  }

  get isHolding() {
    return this.held.size > 0;
  }

  /** Show values without saving them, while a hand still moves. @param {string} frame @param {Wanted[]} wanted */
  preview(frame, wanted) {
    for (const { v, k, value } of wanted) {
      const key = `${v} ${k}`;
      const cell = this.labels.at(frame, v, k);
      if (!this.held.has(key)) this.held.set(key, { frame, v, k, before: bare(cell) });
      this.labels.set(frame, v, k, { ...value, rev: cell.rev });
    }
  }

  /** Put back what a drag has moved. */
  cancel() {
    for (const { frame, v, k, before } of this.held.values()) {
      this.labels.set(frame, v, k, { ...before, rev: this.labels.at(frame, v, k).rev });
    }
    this.held.clear();
  }

  /** Make an edit of what was previewed. @param {string} title @returns {{group: string, changes: Change[]}} */
  commit(title) {
    const group = freshId();
    const changes = [...this.held.values()]
      .map(({ frame, v, k, before }) => ({ frame, v, k, before, after: bare(this.labels.at(frame, v, k)) }))
      .filter(({ before, after }) => !isSame(before, after));
    this.held.clear();
    this.record(group, title, changes);
    return { group, changes };
  }

  /**
   * Change labels of a frame. What is that way already stays untouched.
   * @param {string} frame @param {string} title @param {Wanted[]} wanted @param {string} [group] edits of one group are undone as one
   */
  edit(frame, title, wanted, group = freshId()) {
    const changes = wanted
      .map(({ v, k, value }) => ({ frame, v, k, before: bare(this.labels.at(frame, v, k)), after: bare(value) }))
      .filter(({ before, after }) => !isSame(before, after));
    for (const { v, k, after } of changes) this.labels.set(frame, v, k, { ...after, rev: this.labels.at(frame, v, k).rev });
    this.record(group, title, changes);
    return { group, changes };
  }

  /**
   * Take changes back, or make them again. What another person changed since stays as it is.
   * @param {Entry} entry @param {'before' | 'after'} to @returns {{changed: Change[], skipped: number}}
   */
  restore(entry, to) {
    const from = to === 'before' ? 'after' : 'before';
    const changed = entry.changes.filter((change) =>
      isSame(this.labels.at(change.frame, change.v, change.k), change[from]));
    for (const change of changed) {
      const { frame, v, k } = change;
      this.labels.set(frame, v, k, { ...change[to], rev: this.labels.at(frame, v, k).rev });
    }
    this.send(changed.map((change) => ({ ...change, after: change[to] })));
    return { changed, skipped: entry.changes.length - changed.length };
  }

  /** @private @param {string} group @param {string} title @param {Change[]} changes */
  record(group, title, changes) {
    if (!changes.length) return;
    this.history.push(group, title, changes);
    this.send(changes);
  }

  /** @private @param {Change[]} changes */
  send(changes) {
    const { views, keypoints } = this.labels;
    this.outbox.put(changes.map(({ frame, v, k, after }) => (
      { frame, view: views[v], keypoint: keypoints[k], ...after, base: this.labels.at(frame, v, k).rev })));
  }
}
