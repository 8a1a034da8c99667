/** One view: its image, the marks on it, and the part of it that is shown. */

/** @import { Cell, Ghost, Polyline, Value } from './types.js' */
import { el, iconButton } from './dom.js';
import { hasPlace } from './labels.js';
import { Pane } from './pane.js';
import { drawScene } from './scene.js';
import { fit, toScreen } from './zoom.js';

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
 * @property {(v: number) => void} sharpen  what is shown is larger than the copy of the image that is there
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
    /** the image, or a smaller copy of it @type {ImageBitmap | null} */
    this.bitmap = null;
    /** the frame that the image is of */
    this.shown = '';
    /** what the marks are drawn of @private */
    this.drawn = '';
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

  resize() {
    this.drawn = ''; // a canvas whose size is set is empty
    super.resize();
  }

  /** @param {import('./images.js').Picture} picture @param {string} frame */
  show({ bitmap, size }, frame) {
    const [width, height] = this.size;
    this.bitmap = bitmap;
    this.shown = frame;
    this.strip.textContent = '';
    this.size = size;
    if (!this.isChosen || width !== size[0] || height !== size[1]) this.fit();
    else this.paint();
  }

  /** How wide a copy of an image has to be to look here as the image does (px); 0: no copy does. @param {[number, number] | null} size */
  enough(size) {
    if (!size || this.isChosen) return 0;
    const width = Math.round(size[0] * fit(size, this.room).scale * devicePixelRatio);
    return width < size[0] ? width : 0;
  }

  /** Say that there is no image to show. @param {string} message @param {string} frame */
  fault(message, frame) {
    this.bitmap = null;
    this.shown = frame;
    this.drawn = '';
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
    const lacking = Math.min(1, scale * ratio) * this.size[0] - this.bitmap.width;
    context.imageSmoothingQuality = Math.abs(lacking) < 1 ? 'low' : 'medium'; // of the right size it is copied, which is ten times faster
    context.drawImage(this.bitmap, 0, 0, ...this.size);
    if (lacking >= 1) this.host.sharpen(this.v);
    this.draw();
  }

  /** Draw the marks again if others are to be seen; the image stays. */
  draw() {
    const context = this.marks.getContext('2d');
    if (!context) return;
    const scene = this.host.sceneOf(this.v);
    const drawn = JSON.stringify([this.zoom, scene && { ...scene, conflicts: [...scene.conflicts] }]);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    const ratio = devicePixelRatio;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, this.marks.width, this.marks.height);
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
