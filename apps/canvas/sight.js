/**
 * From space to a screen: from anywhere around the scene with parallel rays, or through the lens of one of its cameras.
 *
 * @typedef {object} Sight
 * @property {(point: Vector) => Vector} eye  to coordinates of the eye; the third is the depth
 * @property {(eye: Vector) => [number, number]} screen  CSS px
 * @property {number} near  least depth that is in sight
 */

/** @import { Vector } from './vectors.js' */
/** @import { CameraPose } from './types.js' */
import { add, dot, floorAxes, minus, scaled } from './vectors.js';
import { fit, toScreen } from './zoom.js';

/**
 * @param {{up: Vector, middle: Vector, azimuth: number, elevation: number, scale: number, width: number, height: number}} from
 *   angles in rad, scale in px per world unit; the middle is in the middle of the screen
 * @returns {Sight & {right: Vector, top: Vector}} and the directions of the screen in space
 */
export function orbitSight({ up, middle, azimuth, elevation, scale, width, height }) {
  const [side, ahead] = floorAxes(up);
  const [ca, sa, ce, se] = [Math.cos(azimuth), Math.sin(azimuth), Math.cos(elevation), Math.sin(elevation)];
  const right = add(scaled(side, ca), scaled(ahead, sa));
  const into = add(scaled(side, -sa), scaled(ahead, ca));
  const top = add(scaled(up, ce), scaled(into, se));
  const depth = add(scaled(into, ce), scaled(up, -se));
  return {
    right, top, near: -Infinity,
    eye: (point) => {
      const from = minus(point, middle);
      return [dot(from, right), dot(from, top), dot(from, depth)];
    },
    screen: ([x, y]) => [width / 2 + scale * x, height / 2 - scale * y],
  };
}

/**
 * As a camera sees it, its lens taken as free of distortion: u = K (R (p - C)) / w.
 * @param {CameraPose} camera @param {number} width @param {number} height  of the screen
 * @param {{factor: number, x: number, y: number}} moved  zoom beyond the whole image, and by how much it is shifted, px
 * @returns {Sight & {corners: [number, number][]}} and where the image's corners are
 */
export function cameraSight({ position, rotation, matrix, size }, width, height, moved) {
  const centre = /** @type {Vector} */ (position);
  const rows = /** @type {Vector[]} */ (rotation);
  const [[fx, skew, cx], [, fy, cy]] = matrix;
  const whole = fit(size, [width, height]);
  const scale = whole.scale * moved.factor;
  const zoom = { scale, x: (width - size[0] * scale) / 2 + moved.x, y: (height - size[1] * scale) / 2 + moved.y };
  return {
    near: 1e-3 * Math.max(1e-9, Math.hypot(...centre)),
    eye: (point) => {
      const from = minus(point, centre);
      return [dot(rows[0], from), dot(rows[1], from), dot(rows[2], from)];
    },
    screen: ([x, y, z]) => toScreen(zoom, (fx * x + skew * y) / z + cx, (fy * y) / z + cy),
    corners: [[0, 0], [size[0], 0], [size[0], size[1]], [0, size[1]]].map(([x, y]) => toScreen(zoom, x - 0.5, y - 0.5)),
  };
}

/**
 * The part of a line that is in front of the eye.
 * @param {Sight} sight @param {Vector} a @param {Vector} b @returns {[[number, number], [number, number]] | null}
 */
export function segment(sight, a, b) {
  let [from, to] = [sight.eye(a), sight.eye(b)];
  const { near } = sight;
  if (from[2] < near && to[2] < near) return null;
  const cut = (/** @type {Vector} */ behind, /** @type {Vector} */ front) => add(behind, scaled(minus(front, behind), (near - behind[2]) / (front[2] - behind[2])));
  if (from[2] < near) from = cut(from, to);
  else if (to[2] < near) to = cut(to, from);
  return [sight.screen(from), sight.screen(to)];
}

/** Where a point is on the screen, and its depth; null behind the eye. @param {Sight} sight @param {Vector} point @returns {Vector | null} */
export function spot(sight, point) {
  const eye = sight.eye(point);
  if (!(eye[2] >= sight.near)) return null;
  return [...sight.screen(eye), eye[2]];
}
