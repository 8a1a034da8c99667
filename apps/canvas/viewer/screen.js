/** The screen of the viewer: bar, films, timeline, traces below, the column on the right, and what floats over them. */

/** @import { Viewer } from './page.js' */
import { el, isTextField } from '../dom.js';
import { Help } from '../help.js';
import { press } from '../keys.js';
import { arrange } from '../layout.js';
import { attachWheel } from '../pane.js';
import { LightPanel } from '../panels.js';
import { Bar } from './bar.js';
import { Chooser } from './chooser.js';
import { MOUSE } from './commands.js';
import { DifficultPanel } from './panels/difficult.js';
import { ExportPanel } from './panels/export.js';
import { MarksPanel } from './panels/marks.js';
import { SourcesPanel } from './panels/sources.js';
import { SpacePanel } from './panels/space.js';
import { TracesPanel } from './panels/traces.js';
import { Status } from './status.js';
import { splitter } from './splitter.js';
import { Timeline } from './timeline.js';

const STILL = 3; // CSS px: less is no drag
/** @type {[string, string][]} */
const TABS = [['difficult', 'Difficult'], ['marks', 'Marks'], ['export', 'Export']];

export class Screen {
  /** @param {Viewer} viewer */
  constructor(viewer) {
    this.viewer = viewer;
    const { settings, session, films, signal } = viewer;
    /** the view that is large, or -1 */
    this.enlarged = -1;
    viewer.on('frame', () => this.moved());
    this.bar = new Bar(viewer);
    this.status = new Status(viewer);
    this.timeline = new Timeline(viewer);
    this.help = new Help(viewer, MOUSE);
    this.chooser = new Chooser(viewer);
    this.light = new LightPanel({ project: { views: session.views.map((view) => view.name) }, settings,
      room: { applySettings: () => viewer.look.apply(), lightBy: (v, b, c) => viewer.look.lightBy(v, b, c) } });
    this.panels = { sources: new SourcesPanel(viewer), traces: new TracesPanel(viewer), space: new SpacePanel(viewer),
      difficult: new DifficultPanel(viewer), marks: new MarksPanel(viewer), export: new ExportPanel(viewer) };
    this.grid = el('div', { class: 'grid', role: 'group', 'aria-label': 'views' }, ...films.map((film) => film.element));
    this.select = el('select', { 'aria-label': 'keypoint', onchange: () => {
      viewer.select(viewer.view, this.select.selectedIndex);
      viewer.focusTile();
    } }, ...session.keypoints.map((name) => el('option', { text: name })));
    this.swatch = el('span', { class: 'swatch' });
    this.tabs = TABS.map(([id, word]) => el('button', { type: 'button', class: 'tab', role: 'tab', id: `litpose-tab-${id}`, 'aria-controls': `litpose-page-${id}`, text: word,
      onclick: () => this.openTab(id), onkeydown: (/** @type {KeyboardEvent} */ event) => this.stepTab(event) }));
    this.pages = TABS.map(([id]) => el('div', { class: 'page', role: 'tabpanel', id: `litpose-page-${id}`, 'aria-labelledby': `litpose-tab-${id}` }, this.panels[/** @type {'marks'} */ (id)].element));
    this.lower = el('div', { class: 'lower' }, this.panels.traces.element);
    this.right = el('aside', { class: 'right', 'aria-label': 'sources, space, frames' }, this.panels.sources.element,
      el('div', { class: 'keypoint-choice' }, this.swatch, this.select),
      this.panels.space.element, el('div', { class: 'tabs', role: 'tablist', 'aria-label': 'lists' }, ...this.tabs), ...this.pages);
    const toLower = splitter('height of the traces', 'y', () => settings.lowerHeight, (px) => this.resize('lowerHeight', px, 90, 620), signal);
    const toRight = splitter('width of the column', 'x', () => settings.rightWidth, (px) => this.resize('rightWidth', px, 220, 640), signal);
    this.body = el('div', { class: 'viewer-body' },
      el('div', { class: 'middle' }, this.grid, this.timeline.element, toLower, this.lower), toRight, this.right);
    viewer.root.append(el('div', { class: 'frame' }, this.bar.element, this.body, this.status.element),
      this.help.element, this.chooser.element, this.light.element);
    this.observer = new ResizeObserver(() => this.arrange());
    this.observer.observe(this.grid);
    this.attach(signal);
    this.openTab(settings.tab);
    this.selected();
  }

  /** @private @param {AbortSignal} signal */
  attach(signal) {
    const { viewer } = this;
    viewer.root.addEventListener('keydown', (event) => press(event, viewer, this.grid, (combo) => this.help.takesKey(combo, event)), { signal });
    document.addEventListener('visibilitychange', () => !document.hidden && viewer.player.join(), { signal });
    for (const film of viewer.films) {
      film.element.addEventListener('focus', () => viewer.select(film.v, viewer.keypoint), { signal });
      this.attachPointer(film, signal);
      attachWheel(film, signal);
    }
  }

  /** Drag pans, a click chooses a keypoint. @private @param {import('./film.js').Film} film @param {AbortSignal} signal */
  attachPointer(film, signal) {
    const { viewer } = this;
    const canvas = film.marks;
    /** @type {{x: number, y: number, isMoved: boolean} | null} */
    let held = null;
    canvas.addEventListener('pointerdown', (event) => {
      if (event.button > 1) return;
      canvas.setPointerCapture(event.pointerId);
      held = { x: event.clientX, y: event.clientY, isMoved: false };
    }, { signal });
    canvas.addEventListener('pointermove', (event) => {
      if (!held) return;
      const [dx, dy] = [event.clientX - held.x, event.clientY - held.y];
      if (!held.isMoved && Math.hypot(dx, dy) < STILL) return;
      film.panBy(dx, dy);
      held = { x: event.clientX, y: event.clientY, isMoved: true };
      canvas.classList.add('panning');
    }, { signal });
    const release = (/** @type {PointerEvent} */ event) => {
      const hit = held && !held.isMoved ? viewer.look.hit(film, film.tilePoint(event)) : -1;
      if (hit >= 0) viewer.select(film.v, hit);
      held = null;
      canvas.classList.remove('panning');
    };
    canvas.addEventListener('pointerup', release, { signal });
    canvas.addEventListener('pointercancel', release, { signal });
    canvas.addEventListener('dblclick', () => this.enlarge(film.v), { signal });
  }

  /** Esc: close what is open; with nothing open leave the films for the bar. */
  escape() {
    const { viewer } = this;
    const root = /** @type {Document | ShadowRoot} */ (viewer.root.getRootNode());
    if (this.help.close() || this.chooser.close() || this.light.close()) return viewer.focusTile();
    if (isTextField(root.activeElement)) return viewer.focusTile();
    this.bar.focus();
  }

  /** @param {string} id */
  openTab(id) {
    const { settings } = this.viewer;
    const at = Math.max(0, TABS.findIndex(([name]) => name === id));
    settings.tab = TABS[at][0];
    this.tabs.forEach((tab, index) => {
      tab.setAttribute('aria-selected', String(index === at));
      tab.tabIndex = index === at ? 0 : -1;
      this.pages[index].hidden = index !== at;
    });
    this.viewer.keepSettings();
  }

  /** @private @param {KeyboardEvent} event */
  stepTab(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const at = this.tabs.findIndex((tab) => tab.tabIndex === 0);
    const next = (at + step + TABS.length) % TABS.length;
    this.openTab(TABS[next][0]);
    this.tabs[next].focus();
    event.preventDefault();
    event.stopPropagation();
  }

  arrange() {
    arrange(this.grid, this.viewer.films, this.enlarged);
  }

  /** @param {number} v one view large and the others beside it; again: all alike */
  enlarge(v) {
    this.enlarged = this.enlarged === v ? -1 : v;
    this.arrange();
  }

  /** @private @param {'lowerHeight' | 'rightWidth'} side @param {number} px @param {number} least @param {number} most */
  resize(side, px, least, most) {
    this.viewer.settings[side] = Math.round(Math.min(most, Math.max(least, px)));
    this.viewer.keepSettings();
    this.apply();
  }

  /** Another keypoint or view is the active one. */
  selected() {
    const { viewer } = this;
    this.select.selectedIndex = viewer.keypoint;
    this.swatch.style.backgroundColor = viewer.session.colors[viewer.keypoint];
    for (const film of viewer.films) film.element.classList.toggle('active', film.v === viewer.view);
    this.status.update();
  }

  /** Another frame is shown. */
  moved() {
    this.bar.moved();
    this.timeline.moved();
    this.status.update();
  }

  /** @param {string} text */
  say(text) {
    this.status.say(text);
  }

  /** Show what the settings say. */
  apply() {
    const { root, settings } = this.viewer;
    root.style.setProperty('--text', `${settings.textSize}px`);
    root.style.setProperty('--right-width', `${settings.rightWidth}px`);
    root.style.setProperty('--lower-height', `${settings.lowerHeight}px`);
    this.body.classList.toggle('without-right', !settings.right);
    this.body.classList.toggle('without-lower', !settings.lower);
    this.bar.update();
  }

  close() {
    this.observer.disconnect();
    this.timeline.close();
    for (const panel of Object.values(this.panels)) panel.close();
  }
}
