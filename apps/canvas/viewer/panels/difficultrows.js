/** Which difficult frames are listed. */

/** @import { DifficultFrame } from '../types.js' */

/** What reasons are about, by the words that the ranking uses. @type {[string, string, RegExp][]} */
export const REASONS = [
  ['confidence', 'low confidence', /confidence|not found/],
  ['scatter', 'networks disagree', /scatter/],
  ['views', 'views disagree', /other .*views? puts? it|views could agree/],
  ['jump', 'jumps', /jumps/],
  ['bone', 'bone length', /bone to/],
  ['posture', 'unusual posture', /what poses look like/],
  ['smoother', 'smoother disagrees', /the smoother/],
  ['swap', 'exchanged', /looks exchanged/],
];

/** The kinds of a frame's reasons. @param {string[]} reasons @returns {string[]} */
export function kindsOf(reasons) {
  return REASONS.filter(([, , pattern]) => reasons.some((reason) => pattern.test(reason))).map(([id]) => id);
}

/**
 * @typedef {{view: string, keypoint: string, kind: string, isNew: boolean, order: 'score' | 'frame'}} Filter  empty: any; `isNew`: neither sent
 *   nor labeled
 */

/** @param {DifficultFrame[]} frames @param {Filter} filter @returns {DifficultFrame[]} */
export function listed(frames, { view, keypoint, kind, isNew, order }) {
  const kept = frames.filter((one) => (!view || one.view === view) && (!keypoint || one.keypoint === keypoint) && (!kind || kindsOf(one.reasons).includes(kind))
    && (!isNew || (!one.queued && !one.labeled)));
  return kept.sort((a, b) => (order === 'frame' ? a.frame - b.frame : b.score - a.score || a.frame - b.frame));
}

/** What can be chosen of a filter: the values that there are, as often as they are. @param {string[][]} values  of every frame @returns {[string, number][]} */
export function counted(values) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const value of values.flat()) if (value) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1]);
}

/** The nearest frame in a list before or after another. @param {number[]} frames @param {number} frame @param {number} direction  1 or -1 @returns {number | null} */
export function beside(frames, frame, direction) {
  const further = frames.filter((one) => (one - frame) * direction > 0);
  return further.length ? (direction > 0 ? Math.min(...further) : Math.max(...further)) : null;
}
