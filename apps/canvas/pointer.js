/** What a mouse, pen or finger does in a tile. */

/** @import { Cell } from './types.js' */
/** @import { Tile } from './tile.js' */
import { hasPlace } from './labels.js';
import { attachWheel } from './pane.js';

/**
 * @typedef {object} Hand
 * @property {(v: number) => Cell[] | null} cellsOf  null while the view's image is not that of the frame
 * @property {() => number} active
 * @property {(v: number, k: number) => void} select
 * @property {(v: number, x: number, y: number, state: 'visible' | 'occluded') => void} place  the active keypoint
 * @property {(v: number, k: number) => void} grab
 * @property {(x: number, y: number) => void} drag  px of the image
 * @property {() => void} drop
 * @property {(v: number, k: number) => void} toggleOccluded
 */

const REACH = 12; // CSS px: what can be grabbed, at any zoom
const STILL = 3; // CSS px: less is no drag

/** @param {Tile} tile @param {Hand} hand @param {AbortSignal} signal */
export function attachPointer(tile, hand, signal) {
  /** @type {((event: PointerEvent) => void) | null} */
  let move = null;
  /** @type {((event: PointerEvent) => void) | null} */
  let release = null;
  const { v, marks: canvas } = tile;

  const startPan = (/** @type {PointerEvent} */ event) => {
    let [x, y] = [event.clientX, event.clientY];
    canvas.classList.add('panning');
    move = (next) => {
      tile.panBy(next.clientX - x, next.clientY - y);
      [x, y] = [next.clientX, next.clientY];
    };
    release = () => canvas.classList.remove('panning');
  };

  /** Hold a label; it does not jump to the pointer. */
  const startDrag = (/** @type {PointerEvent} */ event, /** @type {number} */ k, /** @type {Cell} */ cell) => {
    const [x, y] = tile.imagePoint(event);
    const offset = [Number(cell.x) - x, Number(cell.y) - y];
    let isMoved = false;
    const [startX, startY] = [event.clientX, event.clientY];
    move = (next) => {
      if (!isMoved && Math.hypot(next.clientX - startX, next.clientY - startY) < STILL) return;
      if (!isMoved) hand.grab(v, k);
      isMoved = true;
      const [atX, atY] = tile.imagePoint(next);
      hand.drag(atX + offset[0], atY + offset[1]);
    };
    release = () => isMoved && hand.drop();
  };

  const startPlace = (/** @type {PointerEvent} */ event, /** @type {'visible' | 'occluded'} */ state) => {
    const [x, y] = tile.imagePoint(event);
    hand.place(v, x, y, state);
    const k = hand.active();
    const cell = hand.cellsOf(v)?.[k];
    if (!cell || !hasPlace(cell)) return;
    startDrag(event, k, cell);
    const finish = release;
    release = (next) => {
      finish?.(next);
      hand.drop();
    };
  };

  const startLeft = (/** @type {PointerEvent} */ event, /** @type {Cell[]} */ cells) => {
    const at = tile.tilePoint(event);
    const hit = tile.hit(cells, at, REACH);
    const isPlaced = hasPlace(cells[hand.active()]);
    const isChoice = event.ctrlKey || event.metaKey;
    if (hit && (isPlaced || isChoice)) {
      hand.select(v, hit.k);
      startDrag(event, hit.k, cells[hit.k]);
    } else if (isChoice) return;
    else if (hit) {
      // On or near another label while this keypoint has none yet: a drag means that label, a click means here.
      const { k } = hit;
      startDrag(event, k, cells[k]);
      const [dragged, dropped] = [move, release];
      let isDragged = false;
      move = (next) => {
        isDragged ||= Math.hypot(next.clientX - event.clientX, next.clientY - event.clientY) >= STILL;
        if (isDragged) dragged?.(next);
      };
      release = (next) => {
        dropped?.(next);
        if (isDragged) return;
        hand.place(v, ...tile.imagePoint(event), 'visible');
        hand.drop();
      };
    } else startPlace(event, 'visible');
  };

  canvas.addEventListener('pointerdown', (event) => {
    if (move) return; // another button or finger of the same gesture
    tile.element.focus({ preventScroll: true });
    canvas.setPointerCapture(event.pointerId);
    const cells = hand.cellsOf(v);
    if (event.button === 1 || (event.button === 0 && event.shiftKey)) startPan(event);
    else if (cells && event.button === 0) startLeft(event, cells);
    else if (cells && event.button === 2) {
      const hit = tile.hit(cells, tile.tilePoint(event), REACH);
      if (hit) hand.toggleOccluded(v, hit.k);
      else startPlace(event, 'occluded');
    }
    event.preventDefault();
  }, { signal });
  canvas.addEventListener('pointermove', (event) => move?.(event), { signal });
  const end = (/** @type {PointerEvent} */ event) => {
    const finish = release;
    move = release = null;
    finish?.(event);
  };
  canvas.addEventListener('pointerup', end, { signal });
  canvas.addEventListener('pointercancel', end, { signal });
  canvas.addEventListener('contextmenu', (event) => event.preventDefault(), { signal });
  attachWheel(tile, signal);
}
