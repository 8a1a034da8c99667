/** Draw what is known of one view over its image. */

/** @import { Scene } from './tile.js' */
/** @import { Zoom } from './zoom.js' */
import { hasPlace } from './labels.js';
import * as mark from './marks.js';
import { toScreen } from './zoom.js';

/**
 * @param {CanvasRenderingContext2D} c @param {Zoom} zoom @param {Scene} scene @param {[number, number]} room
 */
export function drawScene(c, zoom, scene, room) {
  c.lineCap = 'round';
  if (scene.settings.curves) drawCurves(c, zoom, scene, room);
  if (scene.previous) drawPrevious(c, zoom, scene);
  if (scene.settings.lines) drawBones(c, zoom, scene);
  drawProposed(c, zoom, scene);
  scene.cells.forEach((_, k) => k !== scene.active && drawCell(c, zoom, scene, k));
  drawCell(c, zoom, scene, scene.active); // over the others
  for (const [k, conflict] of scene.conflicts) drawConflict(c, zoom, scene, k, conflict);
  drawTags(c, zoom, scene);
}

/** @param {CanvasRenderingContext2D} c @param {Zoom} zoom @param {Scene} scene @param {[number, number]} room */
function drawCurves(c, zoom, scene, [width, height]) {
  const points = scene.curves[scene.active];
  if (!points) return;
  const far = 4 * Math.max(width, height);
  const near = points
    .map(([x, y]) => toScreen(zoom, x, y))
    .filter(([x, y]) => Math.abs(x) < far && Math.abs(y) < far);
  if (near.length > 1) mark.curve(c, near, scene.colors[scene.active]);
}

/** @param {CanvasRenderingContext2D} c @param {Zoom} zoom @param {Scene} scene */
function drawPrevious(c, zoom, scene) {
  c.globalAlpha = 0.45;
  (scene.previous ?? []).forEach((cell, k) => {
    if (hasPlace(cell)) mark.occluded(c, ...toScreen(zoom, cell.x, cell.y), Math.max(2, scene.settings.pointSize - 2), scene.colors[k]);
  });
  c.globalAlpha = 1;
}

/** The place of a keypoint: its label, or else what is proposed. @param {Scene} scene @param {number} k @returns {{at: [number, number], isLabel: boolean} | null} */
function placeOf(scene, k) {
  const cell = scene.cells[k];
  if (hasPlace(cell)) return { at: [cell.x, cell.y], isLabel: true };
  const proposed = cell.state === 'unlabeled' ? scene.ghosts[k] ?? scene.proposals[k] : null;
  return proposed ? { at: [proposed[0], proposed[1]], isLabel: false } : null;
}

/** @param {CanvasRenderingContext2D} c @param {Zoom} zoom @param {Scene} scene */
function drawBones(c, zoom, scene) {
  for (const [a, b] of scene.edges) {
    const from = placeOf(scene, a);
    const to = placeOf(scene, b);
    if (!from || !to) continue;
    const alpha = from.isLabel && to.isLabel ? 0.8 : 0.3;
    mark.bone(c, toScreen(zoom, ...from.at), toScreen(zoom, ...to.at), scene.colors[b], alpha);
  }
}

/** @param {CanvasRenderingContext2D} c @param {Zoom} zoom @param {Scene} scene */
function drawProposed(c, zoom, scene) {
  const radius = scene.settings.pointSize;
  scene.cells.forEach((cell, k) => {
    if (cell.state !== 'unlabeled') return;
    const color = scene.colors[k];
    const ghost = scene.ghosts[k];
    const proposed = scene.proposals[k];
    if (ghost) {
      const at = toScreen(zoom, ghost[0], ghost[1]);
      if (k === scene.active || scene.settings.names) mark.ellipse(c, ...at, zoom.scale, [ghost[2], ghost[3], ghost[4]], color);
      mark.ghost(c, ...at, radius, color);
      if (k === scene.active) mark.focus(c, ...at, radius + 1);
    } else if (proposed) {
      const at = toScreen(zoom, proposed[0], proposed[1]);
      c.globalAlpha = 0.35 + 0.65 * Math.min(1, Math.max(0, proposed[2]));
      mark.proposal(c, ...at, radius, color);
      c.globalAlpha = 1;
      if (k === scene.active) mark.focus(c, ...at, radius + 1);
    }
  });
}

/** @param {CanvasRenderingContext2D} c @param {Zoom} zoom @param {Scene} scene @param {number} k */
function drawCell(c, zoom, scene, k) {
  const cell = scene.cells[k];
  const radius = scene.settings.pointSize;
  const color = scene.colors[k];
  const ghost = scene.ghosts[k];
  if (cell.state === 'absent' && ghost) mark.absent(c, ...toScreen(zoom, ghost[0], ghost[1]), radius, color);
  if (!hasPlace(cell)) return;
  const at = toScreen(zoom, cell.x, cell.y);
  const residual = scene.residuals[k] ?? 0;
  if (scene.suspects[k] && ghost) {
    const there = toScreen(zoom, ghost[0], ghost[1]); // where the other views put it
    mark.bone(c, at, there, mark.BAD, 0.9);
    mark.ghost(c, ...there, radius, color);
  }
  if (scene.suspects[k]) mark.warningRing(c, ...at, radius, mark.BAD);
  else if (residual > scene.settings.warnPx) mark.warningRing(c, ...at, radius, mark.WARN);
  if (k === scene.held) mark.held(c, ...at, radius, color);
  else if (cell.state === 'visible') mark.visible(c, ...at, radius, color);
  else mark.occluded(c, ...at, radius, color);
  if (cell.origin === 'derived') mark.derivedRing(c, ...at, radius, color);
  if (k === scene.active && k !== scene.held) mark.focus(c, ...at, radius + (cell.origin === 'derived' ? 4 : 0));
}

/**
 * Both values of a label that two people changed.
 * @param {CanvasRenderingContext2D} c @param {Zoom} zoom @param {Scene} scene @param {number} k
 * @param {{mine: import('./types.js').Value, theirs: import('./types.js').Value}} conflict
 */
function drawConflict(c, zoom, scene, k, { mine, theirs }) {
  for (const [value, word] of /** @type {const} */ ([[mine, 'mine'], [theirs, 'theirs']])) {
    if (!hasPlace(value)) continue;
    const [x, y] = toScreen(zoom, value.x, value.y);
    mark.warningRing(c, x, y, scene.settings.pointSize, mark.BAD);
    if (word === 'mine') mark.ghost(c, x, y, scene.settings.pointSize, scene.colors[k]);
    mark.tag(c, x + 12, y + 20, `${scene.names[k]}: ${word}`, '#fff', 11);
  }
}

/** @param {CanvasRenderingContext2D} c @param {Zoom} zoom @param {Scene} scene */
function drawTags(c, zoom, scene) {
  const { names, textSize, warnPx, pointSize } = scene.settings;
  scene.cells.forEach((cell, k) => {
    const place = placeOf(scene, k);
    const residual = scene.residuals[k];
    const isActive = k === scene.active && scene.held < 0;
    const isWarned = residual !== null && cell.state !== 'unlabeled' && (scene.suspects[k] || residual > warnPx);
    if (!place || scene.conflicts.has(k) || !(names || isActive || isWarned)) return;
    const words = [names || isActive ? scene.names[k] : null, isWarned || (isActive && residual !== null) ? `${Number(residual).toFixed(1)} px` : null];
    const [x, y] = toScreen(zoom, ...place.at);
    const color = isWarned ? (scene.suspects[k] ? mark.BAD : mark.WARN) : isActive ? '#fff' : scene.colors[k];
    mark.tag(c, x + pointSize + 5, y - pointSize - 3, words.filter(Boolean).join('  '), color, textSize - 1.5);
  });
}
