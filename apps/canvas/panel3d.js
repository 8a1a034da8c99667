/** The skeleton and the cameras in space, drawn on a canvas; drag turns it, the wheel zooms. */

/** @import { Page } from './page.js' */
import { el } from './dom.js';

/** @typedef {[number, number, number]} Vector */

const TURN = 0.008; // rad per px

export class Space {
  /** @param {Page} page */
  constructor(page) {
    this.page = page;
    this.azimuth = 0.7;
    this.elevation = 0.45;
    this.zoom = 1;
    this.canvas = el('canvas', { role: 'img', 'aria-label': 'the keypoints and the cameras in space' });
    this.element = el('div', { class: 'space' }, el('h3', { text: 'In space' }), this.canvas);
    this.up = upOf(page.project.cameras ?? []);
    this.observer = new ResizeObserver(() => this.draw());
    this.observer.observe(this.canvas);
    this.attach(page.signal);
  }

  /** @private @param {AbortSignal} signal */
  attach(signal) {
    this.canvas.addEventListener('pointerdown', (event) => this.canvas.setPointerCapture(event.pointerId), { signal });
    this.canvas.addEventListener('pointermove', (event) => {
      if (!event.buttons) return;
      this.azimuth -= TURN * event.movementX;
      this.elevation = Math.min(1.55, Math.max(-1.55, this.elevation + TURN * event.movementY));
      this.draw();
    }, { signal });
    this.canvas.addEventListener('wheel', (event) => {
      event.preventDefault();
      this.zoom = Math.min(30, Math.max(0.2, this.zoom * Math.exp(-event.deltaY / 500)));
      this.draw();
    }, { signal, passive: false });
    this.canvas.addEventListener('dblclick', () => {
      [this.azimuth, this.elevation, this.zoom] = [0.7, 0.45, 1];
      this.draw();
    }, { signal });
  }

  close() {
    this.observer.disconnect();
  }

  draw() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const c = this.canvas.getContext('2d');
    if (!c || !width || !height) return;
    const ratio = devicePixelRatio;
    [this.canvas.width, this.canvas.height] = [Math.round(width * ratio), Math.round(height * ratio)];
    c.setTransform(ratio, 0, 0, ratio, 0, 0);
    const { xyz } = this.page.geometry.shape;
    const cameras = this.page.project.cameras ?? [];
    const points = /** @type {(Vector | null)[]} */ (xyz);
    const known = /** @type {Vector[]} */ (points.filter(Boolean));
    const middle = known.length ? mean(known) : meetingPoint(cameras.map((camera) => /** @type {Vector} */ (camera.position)), cameras);
    const reach = known.length > 1
      ? 1.25 * Math.max(...known.map((point) => distance(point, middle)))
      : 1.25 * Math.max(1e-9, ...cameras.map((camera) => distance(/** @type {Vector} */ (camera.position), middle)));
    const look = this.projector(middle, (this.zoom * Math.min(width, height)) / 2 / Math.max(reach, 1e-9), width, height);
    const style = getComputedStyle(this.canvas);
    this.drawFloor(c, look, middle, reach, style);
    this.drawCameras(c, look, reach, style);
    this.drawSkeleton(c, look, points);
  }

  /**
   * From space to the canvas: parallel rays, seen from azimuth and elevation around the up direction of the cameras.
   * @private @param {Vector} middle @param {number} scale @param {number} width @param {number} height
   * @returns {(point: Vector) => [number, number, number]} x, y in CSS px, and depth
   */
  projector(middle, scale, width, height) {
    const { up } = this;
    const side = unit(cross(up, Math.abs(up[0]) < 0.9 ? [1, 0, 0] : [0, 1, 0]));
    const ahead = cross(side, up);
    const [ca, sa, ce, se] = [Math.cos(this.azimuth), Math.sin(this.azimuth), Math.cos(this.elevation), Math.sin(this.elevation)];
    const right = add(scaled(side, ca), scaled(ahead, sa));
    const into = add(scaled(side, -sa), scaled(ahead, ca));
    const top = add(scaled(up, ce), scaled(into, se));
    const depth = add(scaled(into, ce), scaled(up, -se));
    return (point) => {
      const d = minus(point, middle);
      return [width / 2 + scale * dot(d, right), height / 2 - scale * dot(d, top), dot(d, depth)];
    };
  }

  /** @private @param {CanvasRenderingContext2D} c @param {(point: Vector) => [number, number, number]} look @param {Vector} middle @param {number} reach @param {CSSStyleDeclaration} style */
  drawFloor(c, look, middle, reach, style) {
    const { up } = this;
    const side = unit(cross(up, Math.abs(up[0]) < 0.9 ? [1, 0, 0] : [0, 1, 0]));
    const ahead = cross(side, up);
    const floor = minus(middle, scaled(up, reach * 0.8));
    c.strokeStyle = style.getPropertyValue('--line');
    c.lineWidth = 1;
    const at = (/** @type {number} */ i, /** @type {number} */ j) => look(add(floor, add(scaled(side, i * reach / 3), scaled(ahead, j * reach / 3))));
    c.beginPath();
    for (let i = -4; i <= 4; i++) {
      for (const [a, b] of [[at(i, -4), at(i, 4)], [at(-4, i), at(4, i)]]) {
        c.moveTo(a[0], a[1]);
        c.lineTo(b[0], b[1]);
      }
    }
    c.stroke();
  }

  /** @private @param {CanvasRenderingContext2D} c @param {(point: Vector) => [number, number, number]} look @param {number} reach @param {CSSStyleDeclaration} style */
  drawCameras(c, look, reach, style) {
    c.font = '500 10.5px system-ui, sans-serif';
    const { project, v } = this.page;
    for (const camera of project.cameras ?? []) {
      const centre = /** @type {Vector} */ (camera.position);
      const isActive = camera.view === project.views[v];
      c.strokeStyle = c.fillStyle = style.getPropertyValue(isActive ? '--accent' : '--dim');
      const size = 0.16 * reach / this.zoom;
      const [w, h] = camera.size;
      const m = Math.max(w, h);
      const axes = /** @type {Vector[]} */ (camera.rotation);
      const corners = [[-w, -h], [w, -h], [w, h], [-w, h]].map(([x, y]) =>
        look(add(centre, add(add(scaled(axes[0], (size * x) / m), scaled(axes[1], (size * y) / m)), scaled(axes[2], 1.4 * size)))));
      const tip = look(centre);
      c.lineWidth = isActive ? 1.6 : 1;
      c.beginPath();
      corners.forEach((corner, index) => {
        const next = corners[(index + 1) % 4];
        c.moveTo(tip[0], tip[1]);
        c.lineTo(corner[0], corner[1]);
        c.lineTo(next[0], next[1]);
      });
      c.stroke();
      c.fillText(camera.view, tip[0] + 5, tip[1] - 5);
    }
  }

  /** @private @param {CanvasRenderingContext2D} c @param {(point: Vector) => [number, number, number]} look @param {(Vector | null)[]} points */
  drawSkeleton(c, look, points) {
    const { colors, edges } = this.page.project;
    const seen = points.map((point) => point && look(point));
    c.lineCap = 'round';
    c.lineWidth = 2;
    for (const [a, b] of edges) {
      const [from, to] = [seen[a], seen[b]];
      if (!from || !to) continue;
      c.strokeStyle = colors[b];
      c.beginPath();
      c.moveTo(from[0], from[1]);
      c.lineTo(to[0], to[1]);
      c.stroke();
    }
    const order = seen.map((_, k) => k).filter((k) => seen[k]).sort((a, b) => Number(seen[b]?.[2]) - Number(seen[a]?.[2]));
    for (const k of order) {
      const [x, y] = /** @type {[number, number, number]} */ (seen[k]);
      const isActive = k === this.page.k;
      c.beginPath();
      c.arc(x, y, isActive ? 5 : 3.2, 0, 2 * Math.PI);
      c.fillStyle = colors[k];
      c.fill();
      if (!isActive) continue;
      c.lineWidth = 1.5;
      c.strokeStyle = getComputedStyle(this.canvas).color;
      c.stroke();
    }
  }
}

/** @param {Vector} a @param {Vector} b @returns {Vector} */
const add = (a, b) => [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
/** @param {Vector} a @param {Vector} b @returns {Vector} */
const minus = (a, b) => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
/** @param {Vector} a @param {number} s @returns {Vector} */
const scaled = (a, s) => [a[0] * s, a[1] * s, a[2] * s];
/** @param {Vector} a @param {Vector} b */
const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
/** @param {Vector} a @param {Vector} b @returns {Vector} */
const cross = (a, b) => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
/** @param {Vector} a @returns {Vector} */
const unit = (a) => scaled(a, 1 / Math.max(1e-12, Math.hypot(...a)));
/** @param {Vector} a @param {Vector} b */
const distance = (a, b) => Math.hypot(...minus(a, b));
/** @param {Vector[]} points @returns {Vector} */
const mean = (points) => scaled(points.reduce(add, [0, 0, 0]), 1 / points.length);

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
