/**
 * How a label looks. Shape says the state and colour says the keypoint, so that neither needs the other: filled is visible, hollow
 * is occluded, crossed is not in view, dashed is not a label yet.
 */

const HALO = 'rgba(0, 0, 0, 0.72)';
const TAG = 'rgba(12, 14, 16, 0.82)';
export const WARN = '#ffb020';
export const BAD = '#ff5a52';

/** @typedef {CanvasRenderingContext2D} Context */

/** @param {Context} c @param {number} x @param {number} y @param {number} r */
function circle(c, x, y, r) {
  c.beginPath();
  c.arc(x, y, r, 0, 2 * Math.PI);
}

/**
 * Stroke the path in a colour over a dark edge, to be seen on any image.
 * @param {Context} c @param {string} color @param {number} width @param {number[]} [dash]  of the colour; the edge has none
 */
function outlined(c, color, width, dash = []) {
  c.lineWidth = width + 2;
  c.strokeStyle = HALO;
  c.stroke();
  c.setLineDash(dash);
  c.lineWidth = width;
  c.strokeStyle = color;
  c.stroke();
  c.setLineDash([]);
}

/** @param {Context} c @param {number} x @param {number} y @param {number} r @param {string} color */
export function visible(c, x, y, r, color) {
  circle(c, x, y, r + 1.6);
  c.fillStyle = HALO;
  c.fill();
  circle(c, x, y, r);
  c.fillStyle = color;
  c.fill();
  circle(c, x, y, Math.max(0.7, r * 0.22));
  c.fillStyle = 'rgba(255, 255, 255, 0.9)';
  c.fill();
}

/** @param {Context} c @param {number} x @param {number} y @param {number} r @param {string} color */
export function occluded(c, x, y, r, color) {
  circle(c, x, y, r);
  outlined(c, color, 1.8);
}

/** @param {Context} c @param {number} x @param {number} y @param {number} r @param {string} color */
export function absent(c, x, y, r, color) {
  c.beginPath();
  c.moveTo(x - r, y - r);
  c.lineTo(x + r, y + r);
  c.moveTo(x + r, y - r);
  c.lineTo(x - r, y + r);
  outlined(c, color, 1.8);
}

/** A place that the geometry proposes. @param {Context} c @param {number} x @param {number} y @param {number} r @param {string} color */
export function ghost(c, x, y, r, color) {
  circle(c, x, y, r + 1);
  outlined(c, color, 1.6, [2.6, 2.2]);
}

/** A place that a network proposes. @param {Context} c @param {number} x @param {number} y @param {number} r @param {string} color */
export function proposal(c, x, y, r, color) {
  const d = r + 1.5;
  c.beginPath();
  c.moveTo(x, y - d);
  c.lineTo(x + d, y);
  c.lineTo(x, y + d);
  c.lineTo(x - d, y);
  c.closePath();
  outlined(c, color, 1.4, [2.4, 1.8]);
}

/** The ring of a label that was computed from other views. @param {Context} c @param {number} x @param {number} y @param {number} r @param {string} color */
export function derivedRing(c, x, y, r, color) {
  circle(c, x, y, r + 4);
  c.setLineDash([2.5, 2.5]);
  c.lineWidth = 1.1;
  c.strokeStyle = color;
  c.stroke();
  c.setLineDash([]);
}

/** The keypoint being labeled: four ticks that leave its pixel free. @param {Context} c @param {number} x @param {number} y @param {number} r */
export function focus(c, x, y, r) {
  const near = r + 3.5;
  const far = r + 9;
  c.beginPath();
  for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
    c.moveTo(x + dx * near, y + dy * near);
    c.lineTo(x + dx * far, y + dy * far);
  }
  outlined(c, '#fff', 1.6);
}

/** While it is dragged the mark is hollow, so that the image under it can be seen. @param {Context} c @param {number} x @param {number} y @param {number} r @param {string} color */
export function held(c, x, y, r, color) {
  circle(c, x, y, r + 2);
  outlined(c, color, 1.4);
  circle(c, x, y, 0.9);
  c.fillStyle = '#fff';
  c.fill();
}

/** @param {Context} c @param {number} x @param {number} y @param {number} r @param {string} color */
export function warningRing(c, x, y, r, color) {
  circle(c, x, y, r + 6);
  outlined(c, color, 1.6);
}

/**
 * The ellipse that holds the point with 95 %.
 * @param {Context} c @param {number} x @param {number} y @param {number} scale
 * @param {[number, number, number]} covariance  sxx, sxy, syy in px^2 of the image
 * @param {string} color
 */
export function ellipse(c, x, y, scale, [sxx, sxy, syy], color) {
  const [major, minor, angle] = axesOf(sxx, sxy, syy);
  const reach = 2.448 * scale; // sqrt of the 0.95 quantile of chi^2 with two degrees of freedom
  c.beginPath();
  c.ellipse(x, y, Math.max(1, reach * major), Math.max(1, reach * minor), angle, 0, 2 * Math.PI);
  c.globalAlpha = 0.13;
  c.fillStyle = color;
  c.fill();
  c.globalAlpha = 0.75;
  c.lineWidth = 1;
  c.strokeStyle = color;
  c.stroke();
  c.globalAlpha = 1;
}

/**
 * The axes of a covariance: standard deviations along the longer and the shorter one, and the angle of the longer, rad.
 * @param {number} sxx @param {number} sxy @param {number} syy @returns {[number, number, number]}
 */
export function axesOf(sxx, sxy, syy) {
  const mean = (sxx + syy) / 2;
  const spread = Math.hypot((sxx - syy) / 2, sxy);
  const angle = Math.atan2(2 * sxy, sxx - syy) / 2;
  return [Math.sqrt(Math.max(0, mean + spread)), Math.sqrt(Math.max(0, mean - spread)), angle];
}

/** @param {Context} c @param {[number, number][]} points  of the screen @param {string} color */
export function curve(c, points, color) {
  c.beginPath();
  points.forEach(([x, y], index) => (index ? c.lineTo(x, y) : c.moveTo(x, y)));
  c.lineJoin = 'round';
  outlined(c, color, 1.3);
  c.globalAlpha = 0.35; // thin and long, it needs more light than a mark
  c.lineWidth = 1.3;
  c.strokeStyle = '#fff';
  c.stroke();
  c.globalAlpha = 1;
}

/** @param {Context} c @param {[number, number]} from @param {[number, number]} to @param {string} color @param {number} alpha */
export function bone(c, from, to, color, alpha) {
  c.beginPath();
  c.moveTo(...from);
  c.lineTo(...to);
  c.globalAlpha = alpha;
  outlined(c, color, 1.5);
  c.globalAlpha = 1;
}

/** A word beside a mark. @param {Context} c @param {number} x @param {number} y @param {string} text @param {string} color @param {number} size */
export function tag(c, x, y, text, color, size) {
  c.font = `500 ${size}px system-ui, sans-serif`;
  const width = c.measureText(text).width + 8;
  const height = size + 6;
  const left = Math.min(x, Math.max(0, c.canvas.clientWidth - width - 2));
  const top = Math.max(1, y - height);
  c.fillStyle = TAG;
  c.beginPath();
  c.roundRect(left, top, width, height, 3);
  c.fill();
  c.fillStyle = color;
  c.textBaseline = 'middle';
  c.fillText(text, left + 4, top + height / 2 + 0.5);
}
