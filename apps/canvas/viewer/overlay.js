/**
 * What the sources say, drawn over a film: trails, ellipses, lines, points. With one source a colour is a keypoint, with several it is
 * a source; the shape of a point says its source in any case.
 */

/** @import { Zoom } from '../zoom.js' */
/** @import { Pose } from './poses.js' */
/** @import { ViewerSettings } from './settings.js' */
import * as mark from '../marks.js';
import { toScreen } from '../zoom.js';

const HALO = 'rgba(0, 0, 0, 0.6)';
const LEAST = 0.12; // opacity of what has no confidence at all

/**
 * @typedef {object} Layer  what one source says of the frame
 * @property {Pose} pose
 * @property {(Pose | null)[]} past  the frames before it, the last one first
 * @property {string} color
 * @property {boolean} isFaded  whether it has a confidence
 *
 * @typedef {object} Drawing
 * @property {Layer[]} layers
 * @property {number} v
 * @property {number} active  keypoint
 * @property {string[]} names
 * @property {string[]} colors  of keypoints
 * @property {[number, number][]} edges
 * @property {ViewerSettings} settings
 */

/** @typedef {(k: number) => string} Paint */

/** @param {CanvasRenderingContext2D} c @param {Zoom} zoom @param {Drawing} drawing */
export function drawOverlay(c, zoom, drawing) {
  const { layers, settings, colors } = drawing;
  const bySource = settings.paint === 'source' || (settings.paint === 'auto' && layers.length > 1);
  c.lineCap = 'round';
  c.lineJoin = 'round';
  const seen = layers.flatMap((layer, index) => {
    const at = placesOf(layer.pose, drawing.v, zoom, settings.fade && layer.isFaded);
    const paint = /** @type {Paint} */ (bySource ? () => layer.color : (k) => colors[k]);
    return at ? [{ layer, index, at, paint }] : [];
  });
  if (settings.trails !== 'off') for (const { layer, paint } of seen) drawTrails(c, zoom, drawing, layer, paint);
  if (settings.ellipses) for (const { layer, at, paint } of seen) drawEllipses(c, zoom, drawing, layer, at, paint);
  if (settings.lines) for (const { at, paint } of seen) drawLines(c, drawing.edges, at, paint);
  for (const { at, paint, index } of seen) drawPoints(c, at, paint, index, settings.pointSize);
  for (const { at } of seen) {
    const place = at[drawing.active];
    if (place) mark.focus(c, place.x, place.y, settings.pointSize + 1);
  }
  if (settings.names && seen.length) drawNames(c, drawing, seen[0].at, seen[0].paint);
}

/** @typedef {{x: number, y: number, alpha: number}} Place  on the screen, CSS px */

/** @param {Pose} pose @param {number} v @param {Zoom} zoom @param {boolean} isFaded @returns {(Place | null)[] | null} */
export function placesOf({ xy, slots, fields }, v, zoom, isFaded) {
  const slot = slots[v];
  if (slot === undefined || slot < 0) return null;
  const count = xy.length / fields / (1 + Math.max(...slots));
  return Array.from({ length: count }, (_, k) => {
    const from = (slot * count + k) * fields;
    if (Number.isNaN(xy[from])) return null;
    const [x, y] = toScreen(zoom, xy[from], xy[from + 1]);
    const confidence = xy[from + 2];
    return { x, y, alpha: isFaded && confidence === confidence ? LEAST + (1 - LEAST) * Math.min(1, Math.max(0, confidence)) : 1 };
  });
}

/** @param {CanvasRenderingContext2D} c @param {Zoom} zoom @param {Drawing} drawing @param {Layer} layer @param {Paint} paint */
function drawTrails(c, zoom, { v, active, settings }, { pose, past }, paint) {
  const poses = [pose, ...past];
  const places = poses.map((one) => one && placesOf(one, v, zoom, false));
  const keypoints = settings.trails === 'all' ? (places[0] ?? []).map((_, k) => k) : [active];
  c.lineWidth = 1.6;
  for (const k of keypoints) {
    c.strokeStyle = paint(k);
    const pieces = 4; // each a bit fainter than the one before
    for (let piece = 0; piece < pieces; piece++) {
      c.globalAlpha = 0.75 * (1 - piece / pieces);
      c.beginPath();
      let isDown = false;
      for (let i = Math.floor((piece * places.length) / pieces); i <= Math.floor(((piece + 1) * places.length) / pieces) && i < places.length; i++) {
        const place = places[i]?.[k];
        if (!place) isDown = false;
        else if (isDown) c.lineTo(place.x, place.y);
        else {
          c.moveTo(place.x, place.y);
          isDown = true;
        }
      }
      c.stroke();
    }
  }
  c.globalAlpha = 1;
}

/** @param {CanvasRenderingContext2D} c @param {Zoom} zoom @param {Drawing} drawing @param {Layer} layer @param {(Place | null)[]} at @param {Paint} paint */
function drawEllipses(c, zoom, { v }, { pose: { xy, slots, fields } }, at, paint) {
  if (fields < 6) return;
  at.forEach((place, k) => {
    const from = (slots[v] * at.length + k) * fields + 3;
    if (place && xy[from] === xy[from]) mark.ellipse(c, place.x, place.y, zoom.scale, [xy[from], xy[from + 1], xy[from + 2]], paint(k));
  });
}

/** @param {CanvasRenderingContext2D} c @param {[number, number][]} edges @param {(Place | null)[]} at @param {Paint} paint */
function drawLines(c, edges, at, paint) {
  c.beginPath();
  for (const [a, b] of edges) {
    const [from, to] = [at[a], at[b]];
    if (!from || !to || Math.min(from.alpha, to.alpha) < 0.4) continue; // the edge of a faint line would be all that is seen of it
    c.moveTo(from.x, from.y);
    c.lineTo(to.x, to.y);
  }
  c.lineWidth = 3.4;
  c.strokeStyle = 'rgba(0, 0, 0, 0.4)';
  c.stroke();
  c.lineWidth = 1.6;
  for (const [a, b] of edges) {
    const [from, to] = [at[a], at[b]];
    if (!from || !to) continue;
    c.globalAlpha = 0.9 * Math.min(from.alpha, to.alpha);
    c.strokeStyle = paint(b);
    c.beginPath();
    c.moveTo(from.x, from.y);
    c.lineTo(to.x, to.y);
    c.stroke();
  }
  c.globalAlpha = 1;
}

/** @param {CanvasRenderingContext2D} c @param {(Place | null)[]} at @param {Paint} paint @param {number} index  of the source @param {number} size */
function drawPoints(c, at, paint, index, size) {
  at.forEach((place, k) => {
    if (!place) return;
    c.globalAlpha = place.alpha;
    trace(c, index, place.x, place.y, size + 1.3);
    c.fillStyle = HALO;
    c.fill();
    trace(c, index, place.x, place.y, size);
    c.fillStyle = paint(k);
    c.fill();
  });
  c.globalAlpha = 1;
}

/** The outline of a source's points: circle, square, diamond, triangle. @param {CanvasRenderingContext2D} c @param {number} index @param {number} x @param {number} y @param {number} r */
function trace(c, index, x, y, r) {
  c.beginPath();
  if (index % 4 === 0) c.arc(x, y, r, 0, 2 * Math.PI);
  else if (index % 4 === 1) c.rect(x - 0.9 * r, y - 0.9 * r, 1.8 * r, 1.8 * r);
  else if (index % 4 === 2) {
    c.moveTo(x, y - 1.25 * r);
    c.lineTo(x + 1.25 * r, y);
    c.lineTo(x, y + 1.25 * r);
    c.lineTo(x - 1.25 * r, y);
    c.closePath();
  } else {
    c.moveTo(x, y - 1.2 * r);
    c.lineTo(x + 1.15 * r, y + 0.9 * r);
    c.lineTo(x - 1.15 * r, y + 0.9 * r);
    c.closePath();
  }
}

/** @param {CanvasRenderingContext2D} c @param {Drawing} drawing @param {(Place | null)[]} at @param {Paint} paint */
function drawNames(c, { names, settings }, at, paint) {
  at.forEach((place, k) => {
    if (!place) return;
    c.globalAlpha = Math.max(0.35, place.alpha);
    mark.tag(c, place.x + settings.pointSize + 3, place.y - settings.pointSize - 1, names[k], paint(k), settings.textSize - 2);
  });
  c.globalAlpha = 1;
}
