/** Keypoints that are looked at beside the active one, in traces and trails. */

/** @import { Viewer } from '../page.js' */

/** @type {WeakMap<Viewer, Pins>} */
const known = new WeakMap();

export class Pins {
  constructor() {
    /** @type {Set<number>} */
    this.keypoints = new Set();
    /** @private @type {Set<() => void>} */
    this.listeners = new Set();
  }

  /** @param {number} k */
  toggle(k) {
    if (!this.keypoints.delete(k)) this.keypoints.add(k);
    for (const listener of this.listeners) listener();
  }

  /** The active keypoint and the pinned ones, in order. @param {number} active @returns {number[]} */
  with(active) {
    return [...new Set([active, ...this.keypoints])].sort((a, b) => a - b);
  }

  /** @param {() => void} listener @param {AbortSignal} signal */
  listen(listener, signal) {
    this.listeners.add(listener);
    signal.addEventListener('abort', () => this.listeners.delete(listener));
  }
}

/** Those of a viewer. @param {Viewer} viewer */
export function pinsOf(viewer) {
  const pins = known.get(viewer) ?? new Pins();
  known.set(viewer, pins);
  return pins;
}
