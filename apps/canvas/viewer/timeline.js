/** The whole recording as a strip: where we are, the part that is played, marks, labeled and difficult frames. */

/** @import { Viewer } from './page.js' */
import { el } from '../dom.js';

const NEAR = 6; // CSS px: what of the range's ends can be grabbed

export class Timeline {
  /** @param {Viewer} viewer */
  constructor(viewer) {
    this.viewer = viewer;
    this.canvas = el('canvas', { 'aria-hidden': 'true' });
    this.head = el('div', { class: 'playhead' });
    this.hover = el('div', { class: 'hover', hidden: true });
    this.ends = /** @type {const} */ ([0, 1]).map((end) => el('div', { class: 'end', role: 'slider', tabindex: '0', hidden: true,
      'aria-label': end ? 'end of the range' : 'start of the range', 'aria-valuemin': '0', 'aria-valuemax': String(viewer.session.frames - 1),
      onkeydown: (/** @type {KeyboardEvent} */ event) => this.nudge(event, end) }));
    this.track = el('div', { class: 'film-strip', role: 'slider', tabindex: '0', 'aria-label': 'frame', 'aria-valuemin': '0',
      'aria-valuemax': String(viewer.session.frames - 1), 'aria-valuenow': '0' }, this.canvas, this.head, this.hover);
    this.element = el('div', { class: 'timeline' }, this.track, ...this.ends);
    this.observer = new ResizeObserver(() => this.draw());
    this.observer.observe(this.track);
    this.attach(viewer.signal);
  }

  /** @private */
  get width() {
    return this.track.clientWidth;
  }

  /** CSS px of a frame's middle. @private @param {number} frame */
  place(frame) {
    return ((frame + 0.5) / this.viewer.session.frames) * this.width;
  }

  /** @private @param {{clientX: number}} event */
  frameAt(event) {
    const share = (event.clientX - this.track.getBoundingClientRect().left) / Math.max(1, this.width);
    return Math.min(this.viewer.session.frames - 1, Math.max(0, Math.floor(share * this.viewer.session.frames)));
  }

  /** @private @param {AbortSignal} signal */
  attach(signal) {
    const { viewer, element } = this;
    /** @type {((frame: number) => void) | null} */
    let move = null;
    let wasPlaying = false;
    element.addEventListener('pointerdown', (event) => {
      if (event.button !== 0) return;
      const frame = this.frameAt(event);
      const end = this.endNear(event);
      if (end >= 0) move = (at) => this.moveEnd(end, at);
      else if (event.shiftKey) move = (at) => viewer.setRange([Math.min(frame, at), Math.max(frame, at)]);
      else {
        move = (at) => viewer.seek(at, { settle: false });
        wasPlaying = viewer.player.isPlaying;
        viewer.player.pause();
      }
      element.setPointerCapture(event.pointerId);
      element.classList.toggle('moving', end >= 0);
      if (end < 0) move(frame);
    }, { signal });
    element.addEventListener('pointermove', (event) => {
      this.point(event);
      move?.(this.frameAt(event));
    }, { signal });
    const stop = () => {
      if (!move) return;
      move = null;
      element.classList.remove('moving');
      viewer.seek(viewer.player.target);
      if (wasPlaying) viewer.player.play(viewer.player.direction);
      wasPlaying = false;
    };
    element.addEventListener('pointerup', stop, { signal });
    element.addEventListener('pointercancel', stop, { signal });
    element.addEventListener('pointerleave', () => { this.hover.hidden = true; }, { signal });
  }

  /** Which end of the range a pointer means, or -1. @private @param {PointerEvent} event */
  endNear(event) {
    const { range } = this.viewer;
    if (!range) return -1;
    const x = event.clientX - this.track.getBoundingClientRect().left;
    const far = range.map((frame, end) => Math.abs(x - this.place(frame + (end ? 0.5 : -0.5))));
    const end = far[0] < far[1] ? 0 : 1;
    return far[end] <= NEAR ? end : -1;
  }

  /** @private @param {number} end @param {number} frame */
  moveEnd(end, frame) {
    const [first, last] = this.viewer.range ?? [0, 0];
    this.viewer.setRange(end ? [first, Math.max(first, frame)] : [Math.min(last, frame), last]);
  }

  /** @private @param {KeyboardEvent} event @param {0 | 1} end */
  nudge(event, end) {
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowDown: -10, ArrowUp: 10 }[event.key];
    if (!step || !this.viewer.range) return;
    this.moveEnd(end, Math.min(this.viewer.session.frames - 1, Math.max(0, this.viewer.range[end] + step)));
    event.preventDefault();
    event.stopPropagation();
  }

  /** Say what lies under the pointer. @private @param {PointerEvent} event */
  point(event) {
    const { viewer } = this;
    const frame = this.frameAt(event);
    const reach = (4 / Math.max(1, this.width)) * viewer.session.frames;
    const near = viewer.marks.find((mark) => frame >= mark.frame - reach && frame <= (mark.end ?? mark.frame) + reach);
    this.hover.textContent = [`${frame}`, viewer.timeText(frame), near?.name].filter(Boolean).join(' · ');
    this.hover.hidden = false;
    this.hover.style.left = `${Math.min(this.width - this.hover.offsetWidth, Math.max(0, this.place(frame) - this.hover.offsetWidth / 2))}px`;
    this.element.classList.toggle('at-end', this.endNear(event) >= 0);
  }

  /** The frame is another one. */
  moved() {
    const { viewer } = this;
    this.head.style.transform = `translateX(${this.place(viewer.frame) - 1}px)`;
    if (viewer.player.isPlaying) return; // nobody wants thirty numbers a second read out
    this.track.setAttribute('aria-valuenow', String(viewer.frame));
    this.track.setAttribute('aria-valuetext', `frame ${viewer.frame}, ${viewer.timeText(viewer.frame)}`);
  }

  draw() {
    const c = this.canvas.getContext('2d');
    const { viewer, width } = this;
    const height = this.track.clientHeight;
    if (!c || !width || !height) return;
    const ratio = devicePixelRatio;
    [this.canvas.width, this.canvas.height] = [Math.round(width * ratio), Math.round(height * ratio)];
    c.setTransform(ratio, 0, 0, ratio, 0, 0);
    const style = getComputedStyle(this.element);
    const color = (/** @type {string} */ name) => style.getPropertyValue(name);
    this.drawRange(c, height, color);
    const ticks = (/** @type {number[]} */ frames, /** @type {string} */ ink, /** @type {number} */ top, /** @type {number} */ bottom) => {
      c.fillStyle = ink;
      for (const frame of frames) c.fillRect(Math.round(this.place(frame)) - 0.75, top, 1.5, bottom - top);
    };
    ticks(viewer.session.labeled, color('--accent'), height - 8, height - 1);
    ticks(viewer.difficult, color('--bad'), 11, height - 10);
    for (const mark of viewer.marks) {
      const [from, to] = [this.place(mark.frame), this.place(mark.end ?? mark.frame)];
      c.fillStyle = mark.color;
      c.globalAlpha = 0.3;
      if (mark.end !== null) c.fillRect(from, 2, Math.max(2, to - from), 7);
      c.globalAlpha = 1;
      c.beginPath();
      c.moveTo(from - 4, 1);
      c.lineTo(from + 4, 1);
      c.lineTo(from, 9);
      c.fill();
    }
    this.moved();
  }

  /** @private @param {CanvasRenderingContext2D} c @param {number} height @param {(name: string) => string} color */
  drawRange(c, height, color) {
    const { range } = this.viewer;
    this.ends.forEach((end, index) => {
      end.hidden = !range;
      if (!range) return;
      end.style.left = `${this.place(range[index] + (index ? 0.5 : -0.5)) + this.track.offsetLeft}px`;
      end.setAttribute('aria-valuenow', String(range[index]));
    });
    if (!range) return;
    const [from, to] = [this.place(range[0] - 0.5), this.place(range[1] + 0.5)];
    c.fillStyle = color('--chosen');
    c.fillRect(from, 0, Math.max(2, to - from), height);
  }

  close() {
    this.observer.disconnect();
  }
}
