/**
 * Skeletons and cameras in space, drawn on a canvas. Drag turns it, Shift or another button moves it, the wheel zooms, a double
 * click shows it as at first; through a camera, dragging moves the picture. The labeling page and the viewer share it.
 *
 * @typedef {object} Figure  a skeleton
 * @property {(Vector | null)[]} points  of the keypoints
 * @property {string[]} colors  of the keypoints
 * @property {string | null} line  colour of the bones; null: each that of its second keypoint
 * @property {(Vector | null)[][]} [trails]  where points came from, oldest first; null breaks a trail
 *
 * @typedef {object} Content
 * @property {Figure[]} figures
 * @property {Vector} middle  what the eye turns around
 * @property {number} reach  from the middle to the border of the picture, world units
 * @property {Vector} floor  a point of the floor
 * @property {number} tile  size of the floor's squares
 * @property {number} k  the active keypoint
 * @property {string} view  the active view
 */

/** @import { CameraPose } from './types.js' */
/** @import { Sight } from './sight.js' */
/** @import { Vector } from './vectors.js' */
import { el } from './dom.js';
import { cameraSight, orbitSight, segment, spot } from './sight.js';
import { add, dot, floorAxes, minus, scaled, upOf } from './vectors.js';

const TURN = 0.008; // rad per px
const STEEPEST = 1.55; // rad
const SQUARES = 5; // of the floor, from its middle

export class Scene {
  /**
   * @param {{cameras: CameraPose[], edges: [number, number][], content: () => Content, signal: AbortSignal,
   *   picked?: (view: string) => void}} show  `picked`: a camera was clicked
   */
  constructor({ cameras, edges, content, signal, picked = () => undefined }) {
    this.cameras = cameras;
    this.edges = edges;
    /** @private */
    this.content = content;
    this.up = upOf(cameras);
    this.azimuth = 0;
    this.elevation = 0;
    this.zoom = 1;
    /** what the eye was moved by, world units @type {Vector} */
    this.shift = [0, 0, 0];
    /** how the picture through a camera is zoomed and moved, px */
    this.moved = { factor: 1, x: 0, y: 0 };
    /** the camera that the scene is seen through @type {CameraPose | null} */
    this.through = null;
    this.canvas = el('canvas', { role: 'img', tabindex: '0', 'aria-label': 'the keypoints and the cameras in space' });
    this.reset();
    this.observer = new ResizeObserver(() => this.draw());
    this.observer.observe(this.canvas);
    this.attach(signal, picked);
  }

  close() {
    this.observer.disconnect();
  }

  reset() {
    this.azimuth = 0.7;
    this.elevation = 0.45;
    this.zoom = 1;
    this.shift = [0, 0, 0];
    this.moved = { factor: 1, x: 0, y: 0 };
  }

  /** @param {string | null} view  null: from anywhere */
  seeThrough(view) {
    this.through = this.cameras.find((camera) => camera.view === view) ?? null;
    this.moved = { factor: 1, x: 0, y: 0 };
    this.draw();
  }

  /** @param {number} right @param {number} down  rad, or px through a camera */
  turn(right, down) {
    this.azimuth -= right;
    this.elevation = Math.min(STEEPEST, Math.max(-STEEPEST, this.elevation + down));
    this.draw();
  }

  /** @param {number} dx @param {number} dy  px */
  move(dx, dy) {
    if (this.through) {
      this.moved.x += dx;
      this.moved.y += dy;
    } else if (this.last) {
      const { right, top, scale } = this.last;
      this.shift = add(this.shift, add(scaled(right, -dx / scale), scaled(top, dy / scale)));
    }
    this.draw();
  }

  /** @param {number} factor */
  zoomBy(factor) {
    if (this.through) {
      const before = this.moved.factor;
      this.moved.factor = Math.min(60, Math.max(0.2, before * factor));
      this.moved.x *= this.moved.factor / before;
      this.moved.y *= this.moved.factor / before;
    } else this.zoom = Math.min(60, Math.max(0.1, this.zoom * factor));
    this.draw();
  }

  /** @private @param {AbortSignal} signal @param {(view: string) => void} picked */
  attach(signal, picked) {
    const { canvas } = this;
    let travelled = 0;
    canvas.addEventListener('mousedown', (event) => event.preventDefault(), { signal }); // keys stay where they were
    canvas.addEventListener('pointerdown', (event) => {
      canvas.setPointerCapture(event.pointerId);
      travelled = 0;
    }, { signal });
    canvas.addEventListener('pointermove', (event) => {
      if (!event.buttons) return;
      travelled += Math.abs(event.movementX) + Math.abs(event.movementY);
      if (this.through || event.shiftKey || !(event.buttons & 1)) this.move(event.movementX, event.movementY);
      else this.turn(TURN * event.movementX, TURN * event.movementY);
    }, { signal });
    canvas.addEventListener('pointerup', (event) => {
      const view = travelled < 4 && event.button === 0 && this.cameraAt(event.offsetX, event.offsetY);
      if (view) picked(view);
    }, { signal });
    canvas.addEventListener('contextmenu', (event) => event.preventDefault(), { signal });
    canvas.addEventListener('wheel', (event) => {
      event.preventDefault();
      this.zoomBy(Math.exp(-event.deltaY / 500));
    }, { signal, passive: false });
    canvas.addEventListener('dblclick', () => {
      this.reset();
      this.draw();
    }, { signal });
    canvas.addEventListener('keydown', (event) => this.press(event), { signal });
  }

  /** @private @param {KeyboardEvent} event */
  press(event) {
    const step = /** @type {Record<string, [number, number]>} */ ({ ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] })[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (step && (event.shiftKey || this.through)) this.move(-20 * step[0], -20 * step[1]);
    else if (step) this.turn(0.12 * step[0], 0.12 * step[1]);
    else if (event.key === '+' || event.key === '=' || event.key === '-') this.zoomBy(event.key === '-' ? 0.8 : 1.25);
    else if (event.key === '0') {
      this.reset();
      this.draw();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** @private @param {number} x @param {number} y */
  cameraAt(x, y) {
    return this.tips?.find((tip) => Math.hypot(tip.x - x, tip.y - y) < 14)?.view ?? null;
  }

  draw() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const c = this.canvas.getContext('2d');
    if (!c || !width || !height) return;
    const ratio = devicePixelRatio;
    [this.canvas.width, this.canvas.height] = [Math.round(width * ratio), Math.round(height * ratio)];
    c.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.paint(c, width, height);
  }

  /** @param {CanvasRenderingContext2D} c @param {number} width @param {number} height  CSS px */
  paint(c, width, height) {
    const content = this.content();
    const style = getComputedStyle(this.canvas);
    const sight = this.sightOf(content, width, height);
    c.lineJoin = c.lineCap = 'round';
    this.drawFloor(c, sight, content, style);
    this.drawCameras(c, sight, content, style);
    for (const figure of content.figures) this.drawTrails(c, sight, figure);
    this.drawFigures(c, sight, content, style);
  }

  /** @private @param {Content} content @param {number} width @param {number} height @returns {Sight} */
  sightOf({ middle, reach }, width, height) {
    if (this.through) return cameraSight(this.through, width, height, this.moved);
    const scale = (this.zoom * Math.min(width, height)) / 2 / Math.max(reach, 1e-9);
    const sight = orbitSight({ up: this.up, middle: add(middle, this.shift), azimuth: this.azimuth, elevation: this.elevation, scale, width, height });
    this.last = { right: sight.right, top: sight.top, scale };
    return sight;
  }

  /** Squares that stand still in space, as many as are around the middle. @private @param {CanvasRenderingContext2D} c @param {Sight} sight @param {Content} content @param {CSSStyleDeclaration} style */
  drawFloor(c, sight, { middle, floor, tile }, style) {
    const [side, ahead] = floorAxes(this.up);
    const on = minus(middle, scaled(this.up, dot(minus(middle, floor), this.up)));
    const [i0, j0] = [side, ahead].map((axis) => Math.round(dot(on, axis) / tile));
    const base = minus(on, add(scaled(side, dot(on, side)), scaled(ahead, dot(on, ahead))));
    const at = (/** @type {number} */ i, /** @type {number} */ j) => add(base, add(scaled(side, (i0 + i) * tile), scaled(ahead, (j0 + j) * tile)));
    c.strokeStyle = style.getPropertyValue('--line');
    c.lineWidth = 1;
    c.beginPath();
    for (let i = -SQUARES; i <= SQUARES; i++) {
      stroke(c, segment(sight, at(i, -SQUARES), at(i, SQUARES)));
      stroke(c, segment(sight, at(-SQUARES, i), at(SQUARES, i)));
    }
    c.stroke();
  }

  /** @private @param {CanvasRenderingContext2D} c @param {Sight} sight @param {Content} content @param {CSSStyleDeclaration} style */
  drawCameras(c, sight, { reach, view }, style) {
    c.font = '500 10.5px system-ui, sans-serif';
    /** @type {{x: number, y: number, view: string}[]} */
    this.tips = [];
    for (const camera of this.cameras) {
      const isActive = camera.view === view;
      c.strokeStyle = c.fillStyle = style.getPropertyValue(isActive ? '--accent' : '--dim');
      c.lineWidth = isActive ? 1.6 : 1;
      if (camera === this.through) {
        const { corners } = /** @type {ReturnType<typeof cameraSight>} */ (sight);
        c.strokeRect(corners[0][0], corners[0][1], corners[2][0] - corners[0][0], corners[2][1] - corners[0][1]);
        continue;
      }
      const centre = /** @type {Vector} */ (camera.position);
      const size = (0.16 * reach) / (this.through ? 1 : this.zoom);
      const [w, h] = camera.size;
      const m = Math.max(w, h);
      const axes = /** @type {Vector[]} */ (camera.rotation);
      const corners = [[-w, -h], [w, -h], [w, h], [-w, h]].map(([x, y]) =>
        add(centre, add(add(scaled(axes[0], (size * x) / m), scaled(axes[1], (size * y) / m)), scaled(axes[2], 1.4 * size))));
      c.beginPath();
      corners.forEach((corner, index) => {
        stroke(c, segment(sight, centre, corner));
        stroke(c, segment(sight, corner, corners[(index + 1) % 4]));
      });
      c.stroke();
      const tip = spot(sight, centre);
      if (!tip) continue;
      c.fillText(camera.view, tip[0] + 5, tip[1] - 5);
      this.tips.push({ x: tip[0], y: tip[1], view: camera.view });
    }
  }

  /** @private @param {CanvasRenderingContext2D} c @param {Sight} sight @param {Figure} figure */
  drawTrails(c, sight, { trails = [], colors, line }) {
    trails.forEach((trail, k) => {
      c.strokeStyle = line ?? colors[k];
      c.lineWidth = 1.4;
      for (let index = 1; index < trail.length; index++) {
        const [from, to] = [trail[index - 1], trail[index]];
        if (!from || !to) continue;
        c.globalAlpha = 0.75 * (index / trail.length);
        c.beginPath();
        stroke(c, segment(sight, from, to));
        c.stroke();
      }
    });
    c.globalAlpha = 1;
  }

  /** @private @param {CanvasRenderingContext2D} c @param {Sight} sight @param {Content} content @param {CSSStyleDeclaration} style */
  drawFigures(c, sight, { figures, k: active }, style) {
    c.lineWidth = 2;
    for (const { points, colors, line } of figures) {
      for (const [a, b] of this.edges) {
        const [from, to] = [points[a], points[b]];
        if (!from || !to) continue;
        c.strokeStyle = line ?? colors[b];
        c.beginPath();
        stroke(c, segment(sight, from, to));
        c.stroke();
      }
    }
    const spots = figures.flatMap(({ points, colors }) => points.flatMap((point, k) => {
      const at = point && spot(sight, point);
      return at ? [{ at, k, color: colors[k] }] : [];
    }));
    for (const { at, k, color } of spots.sort((a, b) => b.at[2] - a.at[2])) {
      const isActive = k === active;
      c.beginPath();
      c.arc(at[0], at[1], isActive ? 5 : figures.length > 1 ? 2.6 : 3.2, 0, 2 * Math.PI);
      c.fillStyle = color;
      c.fill();
      if (!isActive) continue;
      c.lineWidth = 1.5;
      c.strokeStyle = style.color;
      c.stroke();
    }
  }
}

/** @param {CanvasRenderingContext2D} c @param {[[number, number], [number, number]] | null} line */
function stroke(c, line) {
  if (!line) return;
  c.moveTo(...line[0]);
  c.lineTo(...line[1]);
}
