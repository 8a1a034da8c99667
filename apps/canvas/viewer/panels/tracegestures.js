/** What the hand does with the traces. */

/** @import { TracesPanel } from './traces.js' */
import { frameX, GUTTER } from './plots.js';

const NEAR = 5; // px: what of the line can be grabbed
const STILL = 4; // px: less is a click

/** @param {TracesPanel} panel @param {AbortSignal} signal */
export function attachGestures(panel, signal) {
  const { axis, plots } = panel;
  for (const surface of [axis, plots]) {
    attachDrag(panel, surface, surface === axis, signal);
    surface.addEventListener('wheel', (event) => wheel(panel, /** @type {WheelEvent} */ (event)), { signal, passive: false });
    surface.addEventListener('dblclick', () => panel.look([0, panel.total]), { signal });
    surface.addEventListener('pointerleave', () => {
      panel.hovered = -1;
      panel.drawOver();
    }, { signal });
  }
  plots.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === '+' || event.key === '=') panel.zoom(2);
    else if (event.key === '-') panel.zoom(0.5);
    else if (event.key === '0') panel.look([0, panel.total]);
    else if (event.shiftKey && event.key === 'ArrowLeft') panel.pan(-0.25);
    else if (event.shiftKey && event.key === 'ArrowRight') panel.pan(0.25);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }, { signal });
}

/** @param {TracesPanel} panel @param {WheelEvent} event */
function wheel(panel, event) {
  const x = event.offsetX - GUTTER;
  if (x < 0 && panel.plots.scrollHeight > panel.plots.clientHeight) return; // over the values it scrolls
  event.preventDefault();
  const [from, to] = panel.span;
  if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) panel.pan((event.deltaX || event.deltaY) / panel.width);
  else panel.zoom(Math.exp(-event.deltaY / 300), from + (Math.max(0, x) / panel.width) * (to - from));
}

/**
 * Drag: scrub on the axis or at the line, choose a range with Shift, else pan; a click goes to its frame.
 * @param {TracesPanel} panel @param {HTMLElement} surface @param {boolean} isAxis @param {AbortSignal} signal
 */
function attachDrag(panel, surface, isAxis, signal) {
  const { viewer } = panel;
  /** @type {{how: 'scrub' | 'range' | 'pan', x: number, frame: number, span: import('./axis.js').Span, moved: number} | null} */
  let drag = null;
  const place = (/** @type {PointerEvent} */ event) => event.clientX - surface.getBoundingClientRect().left;
  const isAtLine = (/** @type {number} */ x) => Math.abs(x - GUTTER - frameX(panel.span, viewer.frame, panel.width)) <= NEAR;
  surface.addEventListener('pointerdown', (event) => {
    const x = place(event);
    if (event.button !== 0 || x > panel.width + GUTTER) return; // the scroll bar
    const how = event.shiftKey ? 'range' : isAxis || isAtLine(x) ? 'scrub' : 'pan';
    drag = { how, x, frame: panel.frameAt(x), span: panel.span, moved: 0 };
    surface.setPointerCapture(event.pointerId);
    if (how === 'scrub') viewer.seek(drag.frame, { settle: false });
  }, { signal });
  surface.addEventListener('pointermove', (event) => {
    const x = place(event);
    const frame = panel.frameAt(x);
    if (!drag) {
      surface.classList.toggle('at-line', isAtLine(x));
      return hover(panel, x >= GUTTER ? frame : -1);
    }
    drag.moved = Math.max(drag.moved, Math.abs(x - drag.x));
    if (drag.how === 'scrub') viewer.seek(frame, { settle: false });
    else if (drag.moved < STILL) return;
    else if (drag.how === 'range') viewer.setRange([Math.min(drag.frame, frame), Math.max(drag.frame, frame)]);
    else {
      const [from, to] = drag.span;
      panel.span = drag.span;
      panel.pan((drag.x - x) / panel.width);
      if (to - from >= panel.total) panel.span = drag.span;
    }
  }, { signal });
  const end = (/** @type {PointerEvent} */ event) => {
    if (!drag) return;
    const { how, moved } = drag;
    drag = null;
    if (how === 'scrub' || (how === 'pan' && moved < STILL)) viewer.seek(panel.frameAt(place(event)), { settle: true });
  };
  surface.addEventListener('pointerup', end, { signal });
  surface.addEventListener('pointercancel', () => { drag = null; }, { signal });
}

/** @param {TracesPanel} panel @param {number} frame */
function hover(panel, frame) {
  if (panel.hovered === frame) return;
  panel.hovered = frame;
  panel.drawOver();
}
