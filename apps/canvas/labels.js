/** The labels of the frames that the page has seen: one cell per view and keypoint. */

/** @import { Cell, CellJson, Value } from './types.js' */

/** @type {Cell} */
export const UNLABELED = Object.freeze({ x: null, y: null, state: 'unlabeled', origin: 'manual', rev: 0 });

/** @param {CellJson} json @returns {Cell} */
export function cellFromJson([x, y, state, origin, rev]) {
  return { x, y, state, origin, rev };
}

/** Whether two labels say the same, whatever their revisions. @param {Value} a @param {Value} b */
export function isSame(a, b) {
  return a.x === b.x && a.y === b.y && a.state === b.state && (a.origin === b.origin || a.state === 'unlabeled');
}

/** Whether a label has a place in the image. @param {Value} value @returns {value is Value & {x: number, y: number}} */
export function hasPlace(value) {
  return value.x !== null && value.y !== null && (value.state === 'visible' || value.state === 'occluded');
}

/** Whether a point may be computed from this label: it has a place that was not itself computed. @param {Value} value */
export function isSource(value) {
  return hasPlace(value) && value.origin !== 'derived' && value.origin !== 'prediction';
}

/** @param {number} x @param {number} y @param {Value['state']} state @param {Value['origin']} origin @returns {Value} */
export const valueAt = (x, y, state, origin) => ({ x, y, state, origin });

export class Labels {
  /** @param {string[]} views @param {string[]} keypoints */
  constructor(views, keypoints) {
    this.views = views;
    this.keypoints = keypoints;
    /** @private @type {Map<string, number>} */
    this.viewIndex = new Map(views.map((name, index) => [name, index]));
    /** @private @type {Map<string, number>} */
    this.keypointIndex = new Map(keypoints.map((name, index) => [name, index]));
    /** @private @type {Map<string, Cell[]>} */
    this.frames = new Map();
  }

  /** @param {string} frame */
  has(frame) {
    return this.frames.has(frame);
  }

  /** @param {string} frame */
  forget(frame) {
    this.frames.delete(frame);
  }

  /**
   * Take a frame's labels from the server.
   * @param {string} frame @param {Record<string, Record<string, CellJson>>} cells
   */
  load(frame, cells) {
    const table = new Array(this.views.length * this.keypoints.length).fill(UNLABELED);
    this.frames.set(frame, table);
    for (const [view, row] of Object.entries(cells)) {
      for (const [keypoint, json] of Object.entries(row)) {
        const at = this.place(view, keypoint);
        if (at) this.set(frame, at.v, at.k, cellFromJson(json));
      }
    }
  }

  /** The indices of a view and a keypoint; null for names of another version of the project. @param {string} view @param {string} keypoint */
  place(view, keypoint) {
    const v = this.viewIndex.get(view);
    const k = this.keypointIndex.get(keypoint);
    return v === undefined || k === undefined ? null : { v, k };
  }

  /** @param {string} frame @param {number} v @param {number} k @returns {Cell} */
  at(frame, v, k) {
    return this.frames.get(frame)?.[v * this.keypoints.length + k] ?? UNLABELED;
  }

  /** @param {string} frame @param {number} v @param {number} k @param {Cell} cell */
  set(frame, v, k, cell) {
    const table = this.frames.get(frame);
    if (table) table[v * this.keypoints.length + k] = Object.freeze({ ...cell });
  }

  /** How many cells of a frame have been labeled. @param {string} frame */
  count(frame) {
    return (this.frames.get(frame) ?? []).filter((cell) => cell.state !== 'unlabeled').length;
  }

  /** How many keypoints of one view have been labeled. @param {string} frame @param {number} v */
  countView(frame, v) {
    let count = 0;
    for (let k = 0; k < this.keypoints.length; k++) if (this.at(frame, v, k).state !== 'unlabeled') count++;
    return count;
  }

  /**
   * The first keypoint after `k` that a view has no label for, around the end of the list; -1 if there is none.
   * @param {string} frame @param {number} v @param {number} k
   */
  nextUnlabeled(frame, v, k) {
    const total = this.keypoints.length;
    for (let step = 1; step <= total; step++) {
      const other = (k + step) % total;
      if (this.at(frame, v, other).state === 'unlabeled') return other;
    }
    return -1;
  }
}
