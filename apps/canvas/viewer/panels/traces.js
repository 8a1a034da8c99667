/**
 * The traces of the keypoint, linked to the films both ways: a line follows the frame that is shown, a click goes to a frame. The
 * wheel zooms at the pointer, dragging pans, dragging the line or the time axis scrubs, a double click shows all.
 */

/** @import { Viewer } from '../page.js' */
/** @import { Span } from './axis.js' */
/** @import { ChosenSource } from '../types.js' */
/** @import { Event as Happening, Line, Row, Theme } from './plots.js' */
/** @import { Quantity } from './quantities.js' */
import { el, iconButton } from '../../dom.js';
import { describeSpan, panSpan, showFrame, zoomSpan } from './axis.js';
import { traceOf } from './envelope.js';
import { inkOn } from './ink.js';
import { PinChooser, pinsOf } from './pins.js';
import { AXIS, frameAt, frameX, GUTTER, paintAxis, paintRow, paintValues, prepared, rowHeight, themeOf } from './plots.js';
import { offered, plotted, says } from './quantities.js';
import { attachGestures } from './tracegestures.js';
import { TraceStore } from './tracestore.js';

const MOST_BINS = 4000; // in sight: the server gives twice as many
const DASHES = [[], [5, 3], [2, 2], [8, 3, 2, 3]];

export class TracesPanel {
  /** @param {Viewer} viewer */
  constructor(viewer) {
    this.viewer = viewer;
    this.total = Math.max(1, viewer.session.frames);
    /** @type {Span} */
    this.span = [0, this.total];
    /** the frame under the pointer; -1: none */
    this.hovered = -1;
    /** the frame that was shown last */
    this.frame = viewer.frame;
    /** @type {Row[]} */
    this.rows = [];
    this.height = 0; // px of a row
    /** @private */
    this.chipped = '';
    this.store = new TraceStore(() => this.refresh(), viewer.signal);
    this.chips = el('div', { class: 'quantities', role: 'group', 'aria-label': 'what is plotted' });
    this.pinned = new PinChooser(viewer);
    this.where = el('span', { class: 'where' });
    this.most = el('button', { type: 'button', class: 'switch', title: 'leave one value in a hundred out of the limits at either end', text: 'No outliers',
      onclick: () => this.set({ most: !viewer.settings.most }) });
    this.axis = el('canvas', { class: 'axis', 'aria-hidden': 'true' });
    this.base = el('canvas', { role: 'img', 'aria-label': 'traces' });
    this.over = el('canvas', { class: 'over', 'aria-hidden': 'true' });
    this.plots = el('div', { class: 'plots', tabindex: '0', role: 'group', 'aria-label': 'traces: plus and minus zoom, shifted arrows pan, 0 shows all' }, this.base, this.over);
    this.plots.addEventListener('scroll', () => this.refresh(), { signal: viewer.signal });
    this.empty = el('p', { class: 'nothing', hidden: true });
    this.element = el('section', { class: 'panel traces', 'aria-label': 'traces' },
      el('header', {}, this.chips, this.pinned.element, el('span', { class: 'spring' }), this.where, this.most,
        iconButton('fit', 'show the whole recording', () => this.look([0, this.total]))),
      this.axis, this.plots, this.empty);
    attachGestures(this, viewer.signal);
    this.listen();
    this.refresh();
  }

  /** @private */
  listen() {
    const { viewer } = this;
    for (const name of /** @type {const} */ (['chosen', 'keypoint', 'range', 'marks', 'difficult', 'settings'])) viewer.on(name, () => this.refresh());
    viewer.on('frame', () => this.follow());
    pinsOf(viewer).listen(() => this.refresh(), viewer.signal);
    this.observer = new ResizeObserver(() => this.refresh());
    this.observer.observe(this.element);
    const theme = new MutationObserver(() => this.refresh());
    theme.observe(viewer.root, { attributes: true, attributeFilter: ['data-theme'] });
    viewer.signal.addEventListener('abort', () => theme.disconnect());
  }

  get fps() {
    return this.viewer.session.fps || 30;
  }

  /** The view whose pixels are plotted; of a recording without films, the first of a source. */
  get view() {
    const { session, view, chosen } = this.viewer;
    return session.views[view]?.name ?? chosen[0]?.views[0] ?? '';
  }

  /** px of the plots */
  get width() {
    return Math.max(1, this.plots.clientWidth - GUTTER);
  }

  /** @param {{plots?: string[], most?: boolean}} change */
  set(change) {
    Object.assign(this.viewer.settings, change);
    this.viewer.keepSettings();
    this.refresh();
  }

  /** @param {Span} span  to show */
  look(span) {
    this.span = span;
    this.refresh();
  }

  /** @param {number} factor @param {number} [at]  frame that stays where it is */
  zoom(factor, at = this.viewer.frame + 0.5) {
    this.look(zoomSpan(this.span, factor, at, this.total));
  }

  /** @param {number} share  of what is in sight */
  pan(share) {
    this.look(panSpan(this.span, share * (this.span[1] - this.span[0]), this.total));
  }

  /** @param {number} x  px from the left of the panel @returns {number} */
  frameAt(x) {
    return frameAt(this.span, x - GUTTER, this.width, this.total);
  }

  /** Another frame is shown: turn the page when the line leaves it, but leave somebody alone who looks elsewhere. @private */
  follow() {
    const { viewer } = this;
    const [from, to] = this.span;
    const was = this.frame;
    this.frame = viewer.frame;
    const isJump = Math.abs(this.frame - was) > this.fps;
    if ((was >= from && was < to) || isJump) {
      const span = showFrame(this.span, this.frame, this.total);
      if (span[0] !== from) return this.look(span);
    }
    this.drawOver();
  }

  /** Draw all anew, once however often it is asked for until then. */
  refresh() {
    if (this.isWaiting || this.viewer.signal.aborted) return;
    this.isWaiting = true;
    requestAnimationFrame(() => {
      this.isWaiting = false;
      if (!this.viewer.signal.aborted) this.draw();
    });
  }

  /**
   * The keypoints and sources of a quantity's plot.
   * @private @param {Quantity} quantity @param {Theme} theme @param {Set<string>} keys @param {boolean} isSeen  and not scrolled away @returns {Row}
   */
  row(quantity, theme, keys, isSeen) {
    const { viewer, span, width, total, view } = this;
    const { session } = viewer;
    const keypoints = pinsOf(viewer).with(viewer.keypoint);
    /** @type {Line[]} */
    const lines = [];
    const notes = new Set();
    let unit = '';
    viewer.chosen.forEach((source, index) => {
      if (!says(quantity, source, session, view)) return;
      for (const k of keypoints) {
        const key = [source.id, source.version, quantity.id, quantity.perView ? view : '', k].join('|');
        keys.add(key);
        const found = this.store.see(key, isSeen ? this.asker(source, quantity, view, k) : null, span, Math.min(MOST_BINS, width * devicePixelRatio), total);
        if (found.fault) notes.add(`${source.name}: ${found.fault}`);
        else if (found.building !== null) notes.add(`${source.name}: reading, ${Math.round(100 * found.building)} %`);
        unit = found.trace?.unit || unit;
        const isOne = keypoints.length === 1;
        lines.push({ trace: found.trace, name: isOne ? source.name : `${session.keypoints[k]}, ${source.name}`, dash: isOne ? [] : DASHES[index % DASHES.length],
          color: inkOn(isOne ? source.color : session.colors[k], theme.panel) });
      }
    });
    const title = quantity.perView && view && session.views.length > 1 ? `${quantity.title} · ${view}` : quantity.title;
    return { title, unit, lines, note: [...notes].join(' · '), limits: null };
  }

  /** @private @param {ChosenSource} source @param {Quantity} quantity @param {string} view @param {number} k */
  asker(source, quantity, view, k) {
    const { api, session, signal } = this.viewer;
    return async (/** @type {import('./tracestore.js').Wish} */ { start, stop, width }) => {
      const { head, values, status } = await api.traces(session.name, source.id, { quantity: quantity.name, space: quantity.space,
        view: quantity.perView ? view : undefined, keypoint: session.keypoints[k], start, stop, width }, signal);
      if (head.version && head.version !== source.version) this.viewer.lookAgain();
      return status === 202 ? { building: head.building } : traceOf(head, values);
    };
  }

  /** Marks, for the plots. @returns {Happening[]} */
  get events() {
    return this.viewer.marks.map((mark) => ({ from: mark.frame, to: (mark.end ?? mark.frame) + 1, color: mark.color, name: mark.name }));
  }

  /** @private */
  draw() {
    const { viewer, span, width } = this;
    const there = offered(viewer.chosen, viewer.session);
    const shown = plotted(there, viewer.settings.plots);
    this.drawChips(there, shown);
    this.sayEmpty(there, shown);
    this.where.textContent = describeSpan(span, this.fps);
    this.most.setAttribute('aria-pressed', String(viewer.settings.most));
    const theme = themeOf(this.element);
    const { events } = this;
    const place = { span, width, fps: this.fps, theme, events };
    const axis = prepared(this.axis, width + GUTTER, AXIS);
    if (axis) paintAxis(axis, { ...place, ticks: viewer.difficult, range: viewer.range && [viewer.range[0], viewer.range[1] + 1] });
    const keys = new Set();
    this.height = rowHeight(this.plots.clientHeight, shown.length);
    const { scrollTop, clientHeight } = this.plots;
    const isSeen = (/** @type {number} */ index) => (index + 1) * this.height > scrollTop && index * this.height < scrollTop + clientHeight;
    this.rows = shown.map((quantity, index) => this.row(quantity, theme, keys, isSeen(index)));
    this.store.keep(keys);
    const c = prepared(this.base, width + GUTTER, this.height * shown.length);
    if (c) this.rows.forEach((row, index) => paintRow(c, row, { ...place, top: index * this.height, height: this.height, isMost: viewer.settings.most }));
    this.base.setAttribute('aria-label', `${shown.map((quantity) => quantity.title).join(', ')} of ${viewer.session.keypoints[viewer.keypoint]}, ${this.where.textContent}`);
    this.drawOver();
  }

  /** The line at the frame, and the values there or under the pointer. */
  drawOver() {
    const { viewer, span, width, rows, height } = this;
    const theme = themeOf(this.element);
    const c = prepared(this.over, width + GUTTER, height * rows.length);
    if (!c) return;
    const line = (/** @type {number} */ frame, /** @type {string} */ color, /** @type {number} */ thick) => {
      const x = Math.round(GUTTER + frameX(span, frame, width));
      if (x < GUTTER || x > GUTTER + width) return;
      c.fillStyle = color;
      c.fillRect(x - thick / 2, 0, thick, height * rows.length);
    };
    if (this.hovered >= 0) line(this.hovered, theme.dim, 1);
    line(viewer.frame, theme.accent, 2);
    const frame = this.hovered >= 0 ? this.hovered : viewer.frame;
    rows.forEach((row, index) => paintValues(c, row, { frame, width, top: index * height, theme }));
    const at = this.hovered >= 0 ? ` · at ${this.hovered}, ${viewer.timeText(this.hovered)}` : '';
    const text = describeSpan(span, this.fps) + at;
    if (this.where.textContent !== text) this.where.textContent = text;
  }

  /** @private @param {Quantity[]} there @param {Quantity[]} shown */
  drawChips(there, shown) {
    const ids = shown.map(({ id }) => id);
    const state = JSON.stringify([there.map(({ id }) => id), ids]);
    if (state === this.chipped) return;
    this.chipped = state;
    this.chips.replaceChildren(...there.map(({ id, title, hint }) => el('button', { type: 'button', class: 'chip', title: `${title}, ${hint}`, 'aria-pressed': String(ids.includes(id)), text: title,
      onclick: () => this.set({ plots: ids.includes(id) ? ids.filter((one) => one !== id) : [...ids, id] }) })));
  }

  /** @private @param {Quantity[]} there @param {Quantity[]} shown */
  sayEmpty(there, shown) {
    const { session, chosen } = this.viewer;
    const words = !session.sources.length ? 'Nothing has been predicted for this recording yet: train a model and predict it, and its traces are here.'
      : !chosen.length ? 'No source is shown: choose one in the list of sources.'
        : !there.length ? 'The chosen sources have nothing to plot.' : !shown.length ? 'Choose above what is plotted.' : '';
    this.empty.textContent = words;
    this.empty.hidden = !words;
    this.plots.hidden = this.axis.hidden = Boolean(words);
    this.pinned.element.hidden = !there.length;
  }

  close() {
    this.observer?.disconnect();
  }
}
