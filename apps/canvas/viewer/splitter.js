/** A bar between two parts of the page, which can be dragged or moved with the arrow keys. */

import { el } from '../dom.js';

const STEP = 16; // CSS px of a key press

/**
 * @param {string} name @param {'x' | 'y'} axis  along which it moves; the part after it is the one that has a size
 * @param {() => number} size CSS px @param {(px: number) => void} resize @param {AbortSignal} signal
 */
export function splitter(name, axis, size, resize, signal) {
  const bar = el('div', { class: `splitter ${axis}`, role: 'separator', tabindex: '0', 'aria-label': name,
    'aria-orientation': axis === 'x' ? 'vertical' : 'horizontal', 'aria-valuenow': size() });
  const at = (/** @type {PointerEvent} */ event) => (axis === 'x' ? event.clientX : event.clientY);
  let from = 0;
  let before = 0;
  const change = (/** @type {number} */ px) => {
    resize(px);
    bar.setAttribute('aria-valuenow', String(size()));
  };
  bar.addEventListener('pointerdown', (event) => {
    bar.setPointerCapture(event.pointerId);
    [from, before] = [at(event), size()];
  }, { signal });
  bar.addEventListener('pointermove', (event) => bar.hasPointerCapture(event.pointerId) && change(before + from - at(event)), { signal });
  bar.addEventListener('keydown', (event) => {
    const step = { ArrowLeft: STEP, ArrowUp: STEP, ArrowRight: -STEP, ArrowDown: -STEP }[event.key];
    if (!step || event.shiftKey || event.ctrlKey || event.altKey || event.metaKey) return;
    change(size() + step);
    event.preventDefault();
    event.stopPropagation();
  }, { signal });
  return bar;
}
