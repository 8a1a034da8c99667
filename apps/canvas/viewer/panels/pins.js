/** Keypoints that are looked at beside the active one, in traces and trails. */

/** @import { Viewer } from '../page.js' */
import { el } from '../../dom.js';

/** @type {WeakMap<Viewer, Pins>} */
const known = new WeakMap();

export class Pins {
  constructor() {
    /** @type {Set<number>} */
    this.keypoints = new Set();
    /** @private @type {Set<() => void>} */
    this.listeners = new Set();
  }

  /** @param {number} k */
  toggle(k) {
    if (!this.keypoints.delete(k)) this.keypoints.add(k);
    for (const listener of this.listeners) listener();
  }

  /** The active keypoint and the pinned ones, in order. @param {number} active @returns {number[]} */
  with(active) {
    return [...new Set([active, ...this.keypoints])].sort((a, b) => a - b);
  }

  /** @param {() => void} listener @param {AbortSignal} signal */
  listen(listener, signal) {
    this.listeners.add(listener);
    signal.addEventListener('abort', () => this.listeners.delete(listener));
  }
}

/** Those of a viewer. @param {Viewer} viewer */
export function pinsOf(viewer) {
  const pins = known.get(viewer) ?? new Pins();
  known.set(viewer, pins);
  return pins;
}

/** Pins more keypoints, and takes them away. */
export class PinChooser {
  /** @param {Viewer} viewer */
  constructor(viewer) {
    this.viewer = viewer;
    this.more = el('select', { 'aria-label': 'plot another keypoint too', onchange: () => this.add() });
    this.chips = el('span', { class: 'pinned' });
    this.element = el('span', { class: 'pinned' }, this.chips, this.more);
    viewer.on('keypoint', () => this.update());
    pinsOf(viewer).listen(() => this.update(), viewer.signal);
    this.update();
  }

  /** @private */
  add() {
    const k = Number(this.more.value);
    this.more.value = '';
    pinsOf(this.viewer).toggle(k);
  }

  /** @private */
  update() {
    const { viewer } = this;
    const { keypoints, colors } = viewer.session;
    const pins = pinsOf(viewer);
    const others = keypoints.map((name, k) => ({ name, k })).filter(({ k }) => k !== viewer.keypoint && !pins.keypoints.has(k));
    this.more.replaceChildren(el('option', { value: '', text: '+ keypoint' }), ...others.map(({ name, k }) => el('option', { value: k, text: name })));
    this.more.hidden = keypoints.length < 2;
    this.chips.replaceChildren(...[...pins.keypoints].map((k) => {
      const swatch = el('span', { class: 'swatch' });
      swatch.style.backgroundColor = colors[k];
      return el('button', { type: 'button', title: `no longer plot ${keypoints[k]}`, 'aria-label': `no longer plot ${keypoints[k]}`, onclick: () => pins.toggle(k) }, swatch, keypoints[k], '×');
    }));
  }
}
