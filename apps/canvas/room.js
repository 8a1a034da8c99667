/** The screen: bar, lists, views, and what floats over them. */

/** @import { Page } from './page.js' */
import { el, isTextField } from './dom.js';
import { FrameList } from './framelist.js';
import { Help, MOUSE } from './help.js';
import { IncomingDialog } from './incoming.js';
import { KeypointList } from './keypointlist.js';
import { press } from './keys.js';
import { arrange } from './layout.js';
import { LightPanel, SettingsPanel } from './panels.js';
import { Notices } from './notices.js';
import { Space } from './panel3d.js';
import { attachPointer } from './pointer.js';
import { Remarks } from './remarks.js';
import { CellTable } from './celltable.js';
import { Tile } from './tile.js';
import { Toolbar } from './toolbar.js';

const GATHERED = 60; // ms in which reasons to update the lists gather

export class Room {
  /** @param {Page} page */
  constructor(page) {
    this.page = page;
    const { settings, project } = page;
    this.enlarged = -1;
    /** whether lists show a frame that is no longer open @private */
    this.isFresh = false;
    this.notices = new Notices(page);
    this.remarks = new Remarks(page);
    this.frames = new FrameList(page);
    this.keypoints = new KeypointList(page);
    this.space = project.calibrated ? new Space(page) : null;
    this.help = new Help(page, MOUSE);
    this.table = new CellTable(page);
    this.incoming = new IncomingDialog(page);
    this.settings = new SettingsPanel(page);
    this.light = new LightPanel(page);
    this.toolbar = new Toolbar(page, this);
    this.tiles = project.views.map((name, v) => new Tile(name || project.name, v, {
      sceneOf: (view) => page.sceneOf(view),
      sharpen: (view) => page.pictures.sharpen(view),
      zoomed: (view) => settings.follow && this.follow(view),
      enlarge: (view) => this.enlarge(view),
      adjustLight: (view, anchor) => this.light.open(view, anchor),
    }));
    this.grid = el('div', { class: 'grid', role: 'group', 'aria-label': 'views' }, ...this.tiles.map((tile) => tile.element));
    this.body = el('div', { class: 'body' },
      el('aside', { class: 'left', 'aria-label': 'frames' }, this.frames.element, this.remarks.element),
      this.grid,
      el('aside', { class: 'right', 'aria-label': 'keypoints' }, this.keypoints.element, this.space?.element ?? null));
    page.root.append(el('div', { class: 'frame' }, this.toolbar.element, this.notices.banner, this.body, this.notices.foot),
      this.help.element, this.table.element, this.incoming.element, this.settings.element, this.light.element);
    const views = project.views.length;
    const glyph = views <= 6 ? 17 : views <= 9 ? 14 : 11; // px of a view's column in the list of keypoints
    page.root.style.setProperty('--glyph', `${glyph}px`);
    page.root.style.setProperty('--right', `${Math.max(236, 158 + glyph * views)}px`);
    this.attach();
    this.observer = new ResizeObserver(() => this.arrange());
    this.observer.observe(this.grid);
  }

  /** @private */
  attach() {
    const { page } = this;
    const { signal, labeling } = page;
    for (const tile of this.tiles) {
      attachPointer(tile, {
        cellsOf: (v) => page.cellsOf(v),
        active: () => page.k,
        select: (v, k) => page.select(v, k),
        place: (v, x, y, state) => labeling.place(v, x, y, state),
        grab: (v, k) => labeling.grab(v, k),
        drag: (x, y) => labeling.drag(x, y),
        drop: () => labeling.drop(),
        toggleOccluded: (v, k) => labeling.toggleOccluded(v, k),
      }, signal);
      tile.element.addEventListener('focus', () => page.select(tile.v, page.k), { signal });
    }
    page.root.addEventListener('keydown', (event) => this.press(event), { signal });
    window.addEventListener('pagehide', () => page.outbox.farewell(), { signal });
    window.addEventListener('online', () => page.outbox.flush(), { signal });
    window.addEventListener('beforeunload', (event) => page.outbox.trouble && page.outbox.size && event.preventDefault(), { signal });
  }

  /** @private @param {KeyboardEvent} event */
  press(event) {
    press(event, this.page, this.grid, (combo) => this.help.takesKey(combo, event));
  }

  /** Esc: end what is going on; with nothing going on leave the views, where Tab means the next keypoint. */
  escape() {
    const { page } = this;
    const root = /** @type {Document | ShadowRoot} */ (page.root.getRootNode());
    if (this.help.close() || this.table.close() || this.incoming.close() || this.settings.close() || this.light.close()) return this.focusTile();
    if (page.labeling.cancel()) return;
    if (page.loop.isPlaying || page.loop.offset) return page.loop.stop();
    if (isTextField(root.activeElement)) return this.focusTile();
    this.toolbar.focus();
  }

  focusTile() {
    this.tiles[this.page.v].element.focus({ preventScroll: true });
  }

  arrange() {
    arrange(this.grid, this.tiles, this.enlarged);
  }

  /** @param {number} v one view large and the others beside it; again: all alike */
  enlarge(v) {
    this.enlarged = this.enlarged === v ? -1 : v;
    this.arrange();
  }

  /** A frame has been opened. */
  frameChanged() {
    const { page } = this;
    page.project.views.forEach((view, v) => {
      const size = page.frame?.sizes[view];
      if (size && !this.tiles[v].bitmap) this.tiles[v].size = size;
    });
    this.arrange();
    this.remarks.update(); // at once: what is typed there belongs to the frame
    this.isFresh = true;
    this.later();
  }

  /** The active view or keypoint is another. */
  selected() {
    const { page } = this;
    this.tiles.forEach((tile) => tile.element.classList.toggle('active', tile.v === page.v));
    this.keypoints.selected();
    this.notices.status();
  }

  /** Bring lists up to date, after the picture that shows the marks, and once for an edit and what geometry says of it: no dot waits for a list. */
  later() {
    if (this.isWaiting) return;
    this.isWaiting = true;
    setTimeout(() => requestAnimationFrame(() => setTimeout(() => {
      this.isWaiting = false;
      if (this.page.signal.aborted) return;
      this.update();
      if (this.isFresh) this.selected();
      this.isFresh = false;
    })), GATHERED);
  }

  /** @private */
  update() {
    const { page } = this;
    const total = page.project.keypoints.length;
    this.keypoints.update();
    this.frames.update();
    this.toolbar.update();
    this.space?.draw();
    this.table.update();
    this.notices.update();
    this.notices.status();
    this.tiles.forEach((tile, v) => tile.remarkOn(page.labels.countView(page.target, v), total,
      page.geometry.shape.suspect.filter((view) => view === page.project.views[v]).length));
  }

  loopChanged() {
    const { loop } = this.page;
    const sign = loop.offset > 0 ? `+${loop.offset}` : String(loop.offset);
    this.page.root.classList.toggle('away', loop.offset !== 0 || loop.isPlaying);
    this.tiles.forEach((tile) => tile.stage.setAttribute('data-offset', loop.offset ? `${sign} frames` : loop.isPlaying ? 'this frame' : ''));
    this.toolbar.update();
  }

  presenceChanged() {
    this.toolbar.update();
    this.frames.update();
  }

  /** Move all views to where the active keypoint is, each as far in as the active one. @param {number} [from] */
  follow(from = this.page.v) {
    const tile = this.tiles[from];
    const zoom = tile.zoom.scale / tile.wholeScale;
    for (const other of this.tiles) {
      const at = this.page.whereabouts(other.v);
      if (at && (other !== tile || !tile.isInSight(at))) other.centre(at, other.wholeScale * zoom);
    }
  }

  /** @param {'follow' | 'lines' | 'names' | 'curves' | 'previous'} name @param {string} words */
  toggle(name, words) {
    const { settings } = this.page;
    settings[name] = !settings[name];
    this.page.say(`${words} ${settings[name] ? 'on' : 'off'}`);
    if (name === 'follow' && settings.follow) this.follow();
    this.applySettings();
  }

  hideMarks() {
    this.page.isHidden = !this.page.isHidden;
    this.page.say(this.page.isHidden ? 'marks hidden' : 'marks shown');
    this.applySettings();
  }

  /** @param {'left' | 'right'} side */
  togglePanel(side) {
    this.page.settings[side] = !this.page.settings[side];
    this.applySettings();
  }

  /** @param {number} step CSS px */
  resizeMarks(step) {
    const { settings } = this.page;
    settings.pointSize = Math.min(14, Math.max(1.5, settings.pointSize + step));
    this.applySettings();
  }

  /** Change brightness and contrast of a view; twice 0 resets both. @param {number} v @param {number} brightness @param {number} contrast */
  lightBy(v, brightness, contrast) {
    const name = this.page.project.views[v];
    const [b, c] = this.page.settings.light[name] ?? [1, 1];
    const clamp = (/** @type {number} */ value) => Math.min(4, Math.max(0.2, Math.round(value * 100) / 100));
    this.page.settings.light[name] = brightness || contrast ? [clamp(b + brightness), clamp(c + contrast)] : [1, 1];
    this.applySettings();
  }

  /** Settings have changed: keep them and show what they say. */
  applySettings() {
    const { page } = this;
    const { settings } = page;
    page.keepSettings();
    page.root.style.setProperty('--text', `${settings.textSize}px`);
    this.body.classList.toggle('without-left', !settings.left);
    this.body.classList.toggle('without-right', !settings.right);
    this.tiles.forEach((tile, v) => tile.adjust(settings.light[page.project.views[v]] ?? [1, 1]));
    this.toolbar.update();
    page.redraw();
  }

  /** @param {string} message  why a frame cannot be shown; empty: it can */
  trouble(message) {
    this.notices.trouble(message);
  }

  /** The project has no frame yet. */
  empty() {
    this.grid.replaceChildren(el('div', { class: 'empty' },
      el('h2', { text: 'No frames to label yet' }),
      el('p', { text: 'Extract frames from the videos of the project first; they appear here, the same instants in all views.' })));
  }

  close() {
    this.observer.disconnect();
    this.space?.close();
    for (const tile of this.tiles) tile.close();
    this.page.root.replaceChildren();
  }
}
