/** Vectors in space, and what the cameras of a rig say of it. */

/** @typedef {[number, number, number]} Vector */

/** @param {Vector} a @param {Vector} b @returns {Vector} */
export const add = (a, b) => [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
/** @param {Vector} a @param {Vector} b @returns {Vector} */
export const minus = (a, b) => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
/** @param {Vector} a @param {number} s @returns {Vector} */
export const scaled = (a, s) => [a[0] * s, a[1] * s, a[2] * s];
/** @param {Vector} a @param {Vector} b */
export const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
/** @param {Vector} a @param {Vector} b @returns {Vector} */
export const cross = (a, b) => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
/** @param {Vector} a @returns {Vector} */
export const unit = (a) => scaled(a, 1 / Math.max(1e-12, Math.hypot(...a)));
/** @param {Vector} a @param {Vector} b */
export const distance = (a, b) => Math.hypot(...minus(a, b));
/** @param {Vector[]} points @returns {Vector} */
export const mean = (points) => scaled(points.reduce(add, [0, 0, 0]), 1 / points.length);

/** The middle value in every coordinate: one point far off does not move it. @param {Vector[]} points @returns {Vector} */
export function median(points) {
  const middle = (/** @type {number} */ axis) => points.map((point) => point[axis]).sort((a, b) => a - b)[points.length >> 1];
  return [middle(0), middle(1), middle(2)];
}

/** Two directions on the floor, across each other, for a direction up. @param {Vector} up @returns {[Vector, Vector]} */
export function floorAxes(up) {
  const side = unit(cross(up, Math.abs(up[0]) < 0.9 ? [1, 0, 0] : [0, 1, 0]));
  return [side, cross(side, up)];
}

/** Where is up: cameras are held upright, so it is against their y axes on the whole. @param {{rotation: number[][]}[]} cameras @returns {Vector} */
export function upOf(cameras) {
  const sum = cameras.reduce((all, { rotation }) => minus(all, /** @type {Vector} */ (rotation[1])), /** @type {Vector} */ ([0, 0, 0]));
  return Math.hypot(...sum) > 1e-6 ? unit(sum) : [0, 0, 1];
}

/**
 * The point that the cameras look at: the nearest to all their axes, found by going along each to its foot a few times.
 * @param {Vector[]} centres @param {{rotation: number[][]}[]} cameras @returns {Vector}
 */
export function meetingPoint(centres, cameras) {
  if (!centres.length) return [0, 0, 0];
  let at = mean(centres);
  for (let step = 0; step < 60; step++) {
    at = mean(centres.map((centre, v) => {
      const axis = /** @type {Vector} */ (cameras[v].rotation[2]);
      return add(centre, scaled(axis, dot(minus(at, centre), axis)));
    }));
  }
  return at;
}
