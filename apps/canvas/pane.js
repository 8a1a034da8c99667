/** The part of an image that a tile shows: zoom and pan, kept when the tile changes its size. */

/** @import { Zoom } from './zoom.js' */
import { el } from './dom.js';
import { centredOn, fit, keepInSight, pan, toImage, toScreen, zoomAt } from './zoom.js';

export class Pane {
  /** @param {...HTMLElement} layers  lie over each other; the canvas of the marks among them */
  constructor(...layers) {
    /** of the image, px @type {[number, number]} */
    this.size = [1, 1];
    /** @type {Zoom} */
    this.zoom = { scale: 1, x: 0, y: 0 };
    /** whether the person has chosen a zoom, which then stays */
    this.isChosen = false;
    this.marks = el('canvas', { class: 'marks', 'aria-hidden': 'true' });
    this.strip = el('div', { class: 'strip' });
    this.stage = el('div', { class: 'stage' }, ...layers, this.marks, this.strip);
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(this.stage);
  }

  /** Draw the image and the marks again. */
  paint() {}

  /** The person has zoomed. */
  zoomed() {}

  /** Size of the room for the image, CSS px. @returns {[number, number]} */
  get room() {
    return [this.stage.clientWidth, this.stage.clientHeight];
  }

  /** The scale that shows the whole image. */
  get wholeScale() {
    return fit(this.size, this.room).scale;
  }

  /** @returns {[number, number]} CSS px of the tile */
  get middle() {
    const [width, height] = this.room;
    return [width / 2, height / 2];
  }

  /** @param {[number, number]} point of the image */
  isInSight(point) {
    const [x, y] = toScreen(this.zoom, ...point);
    const [width, height] = this.room;
    return x > 0 && y > 0 && x < width && y < height;
  }

  resize() {
    const [width, height] = this.room;
    if (!width || !height) return;
    const before = this.dimensions ?? [width, height];
    this.dimensions = [width, height];
    for (const canvas of this.stage.querySelectorAll(':scope > canvas')) {
      Object.assign(canvas, { width: Math.round(width * devicePixelRatio), height: Math.round(height * devicePixelRatio) });
    }
    if (this.isChosen) this.zoom = pan(this.zoom, (width - before[0]) / 2, (height - before[1]) / 2);
    else this.zoom = fit(this.size, [width, height]);
    this.paint();
  }

  /** @param {[number, number]} light brightness and contrast, 1 as they are @param {HTMLElement} image */
  static adjust([brightness, contrast], image) {
    image.style.filter = brightness === 1 && contrast === 1 ? '' : `brightness(${brightness}) contrast(${contrast})`;
  }

  fit() {
    this.isChosen = false;
    this.change(fit(this.size, this.room));
  }

  /** @param {number} factor @param {number} x @param {number} y of the tile, CSS px */
  zoomBy(factor, x, y) {
    this.isChosen = true;
    this.change(zoomAt(this.zoom, factor, x, y, this.wholeScale / 4));
    this.zoomed();
  }

  /** @param {number} dx @param {number} dy CSS px */
  panBy(dx, dy) {
    this.isChosen = true;
    this.change(pan(this.zoom, dx, dy));
  }

  /** @param {[number, number]} point @param {number} scale */
  centre(point, scale) {
    this.isChosen = true;
    this.change(centredOn(point, scale, this.room));
  }

  /** @private @param {Zoom} zoom */
  change(zoom) {
    this.zoom = keepInSight(zoom, this.size, this.room);
    this.paint();
  }

  /** A point of the window in px of the image. @param {{clientX: number, clientY: number}} event @returns {[number, number]} */
  imagePoint(event) {
    return toImage(this.zoom, ...this.tilePoint(event));
  }

  /** @param {{clientX: number, clientY: number}} event @returns {[number, number]} CSS px of the tile */
  tilePoint(event) {
    const box = this.marks.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  close() {
    this.observer.disconnect();
  }
}

/** Zoom with the wheel. @param {Pane} pane @param {AbortSignal} signal */
export function attachWheel(pane, signal) {
  pane.marks.addEventListener('wheel', (event) => {
    event.preventDefault();
    const step = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 * event.deltaY : event.deltaY;
    pane.zoomBy(Math.exp(-Math.max(-240, Math.min(240, step)) / 400), ...pane.tilePoint(event));
  }, { signal, passive: false });
}
