/** One view: its image, the marks on it, and the part of it that is shown. */

/** @import { Cell, Ghost, Polyline, Value } from './types.js' */
import { el, iconButton } from './dom.js';
import { hasPlace } from './labels.js';
import { Pane } from './pane.js';
import { drawScene } from './scene.js';
import { toScreen } from './zoom.js';

/**
 * What is drawn over an image; arrays are over keypoints.
 * @typedef {object} Scene
 * @property {Cell[]} cells
 * @property {Cell[] | null} previous
 * @property {(Ghost | null)[]} ghosts
 * @property {([number, number, number] | null)[]} proposals
 * @property {(Polyline | null)[]} curves
 * @property {(number | null)[]} residuals
 * @property {boolean[]} suspects
 * @property {Map<number, {mine: Value, theirs: Value}>} conflicts
 * @property {number} active
 * @property {boolean} isActiveView
 * @property {number} held  keypoint under the hand, or -1
 * @property {string[]} names
 * @property {string[]} colors
 * @property {[number, number][]} edges
 * @property {{pointSize: number, textSize: number, lines: boolean, names: boolean, curves: boolean, warnPx: number}} settings
 *
 * @typedef {object} TileHost
 * @property {(v: number) => Scene | null} sceneOf  null: nothing is to be drawn over the image
 * @property {(bitmap: ImageBitmap) => ImageBitmap} smaller  a copy of the size at which the whole is shown, or the bitmap itself
 * @property {(v: number) => void} zoomed
 * @property {(v: number) => void} enlarge
 * @property {(v: number, anchor: HTMLElement) => void} adjustLight
 */

export class Tile extends Pane {
  /** @param {string} name @param {number} v @param {TileHost} host */
  constructor(name, v, host) {
    const image = el('canvas', { class: 'image', 'aria-hidden': 'true' });
    super(image);
    this.image = image;
    this.name = name;
    this.v = v;
    this.host = host;
    /** @type {ImageBitmap | null} */
    this.bitmap = null;
    /** the frame that the image is of */
    this.shown = '';
    this.count = el('span', { class: 'count' });
    this.remark = el('span', { class: 'remark' });
    this.element = el('section', { class: 'tile', tabindex: '0', 'aria-label': `view ${name}`, 'data-view': name },
      el('header', {}, el('h3', { text: name }), this.count, this.remark, el('span', { class: 'spring' }),
        iconButton('contrast', `brightness and contrast of ${name}`, (event) => host.adjustLight(v, /** @type {HTMLElement} */ (event.currentTarget)), { tabindex: '-1' }),
        iconButton('fit', `show all of ${name}`, () => this.fit(), { tabindex: '-1' }),
        iconButton('enlarge', `enlarge ${name}`, () => host.enlarge(v), { tabindex: '-1' })),
      this.stage);
  }

  zoomed() {
    this.host.zoomed(this.v);
  }

  /** @param {ImageBitmap} bitmap @param {string} frame */
  show(bitmap, frame) {
    const [width, height] = this.size;
    this.bitmap = bitmap;
    this.shown = frame;
    this.strip.textContent = '';
    this.size = /** @type {[number, number]} */ ([bitmap.width, bitmap.height]);
    if (!this.isChosen || width !== bitmap.width || height !== bitmap.height) this.fit();
    this.paint();
  }

  /** Say that there is no image to show. @param {string} message @param {string} frame */
  fault(message, frame) {
    this.bitmap = null;
    this.shown = frame;
    for (const canvas of [this.image, this.marks]) canvas.getContext('2d')?.reset();
    this.strip.textContent = message;
  }

  /** @param {number} labeled @param {number} total @param {number} suspects  keypoints of which this view disagrees with the others */
  remarkOn(labeled, total, suspects) {
    this.count.textContent = `${labeled}/${total}`;
    this.count.classList.toggle('full', labeled === total);
    this.remark.textContent = suspects ? `disagrees in ${suspects}` : '';
  }

  /** @param {[number, number]} light brightness and contrast, 1 as they are */
  adjust(light) {
    Pane.adjust(light, this.image);
  }

  paint() {
    const context = this.image.getContext('2d', { alpha: false });
    if (!context || !this.bitmap) return;
    const ratio = devicePixelRatio;
    const { scale, x, y } = this.zoom;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = '#0b0d0f';
    context.fillRect(0, 0, this.image.width, this.image.height);
    context.setTransform(ratio * scale, 0, 0, ratio * scale, ratio * x, ratio * y);
    context.imageSmoothingEnabled = scale * ratio < 3; // pixels are seen as such from there on
    const small = this.host.smaller(this.bitmap);
    const isReady = Math.abs(small.width - scale * ratio * this.bitmap.width) < 1; // then it is copied, which is ten times faster
    context.imageSmoothingQuality = isReady ? 'low' : 'medium';
    context.drawImage(isReady ? small : this.bitmap, 0, 0, this.bitmap.width, this.bitmap.height);
    this.draw();
  }

  /** Whether an image would be shown here whole, and smaller than it is. @param {ImageBitmap} bitmap */
  isOf({ width, height }) {
    return !this.isChosen && this.size[0] === width && this.size[1] === height && this.wholeScale * devicePixelRatio < 1;
  }

  /** Make an image as small as it is shown here. @param {ImageBitmap} bitmap */
  shrink(bitmap) {
    const [resizeWidth, resizeHeight] = this.size.map((side) => Math.max(1, Math.round(side * this.wholeScale * devicePixelRatio)));
    return createImageBitmap(bitmap, { resizeWidth, resizeHeight, resizeQuality: 'medium' });
  }

  /** Draw the marks again; the image stays. */
  draw() {
    const context = this.marks.getContext('2d');
    if (!context) return;
    const ratio = devicePixelRatio;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, this.marks.width, this.marks.height);
    const scene = this.host.sceneOf(this.v);
    if (scene) drawScene(context, this.zoom, scene, this.room);
  }

  /**
   * The label nearest to a point of the tile, within `reach` CSS px.
   * @param {Cell[]} cells @param {[number, number]} at @param {number} reach
   * @returns {{k: number, distance: number} | null}
   */
  hit(cells, at, reach) {
    let best = null;
    for (let k = 0; k < cells.length; k++) {
      const cell = cells[k];
      if (!hasPlace(cell)) continue;
      const [x, y] = toScreen(this.zoom, cell.x, cell.y);
      const distance = Math.hypot(x - at[0], y - at[1]);
      if (distance <= reach && (!best || distance < best.distance)) best = { k, distance };
    }
    return best;
  }
}
