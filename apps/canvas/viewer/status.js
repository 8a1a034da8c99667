/** The foot: what is shown, in words and numbers, and, quietly, what has just happened. */

/** @import { Viewer } from './page.js' */
import { el } from '../dom.js';

const SPOKEN = 4000; // ms that a message stays

export class Status {
  /** @param {Viewer} viewer */
  constructor(viewer) {
    this.viewer = viewer;
    this.where = el('span', { class: 'where' });
    this.fault = el('span', { class: 'fault', role: 'alert' });
    this.spoken = el('span', { class: 'spoken', role: 'status', 'aria-live': 'polite' });
    this.element = el('div', { class: 'foot' }, this.where, this.fault, this.spoken);
    viewer.on('poses', () => this.update());
    viewer.on('chosen', () => this.update());
  }

  /** @param {string} text */
  say(text) {
    clearTimeout(this.silence);
    this.spoken.textContent = text;
    this.silence = setTimeout(() => { this.spoken.textContent = ''; }, SPOKEN);
  }

  update() {
    const { viewer } = this;
    const { session, keypoint, view, chosen, poses, frame } = viewer;
    const name = session.views[view]?.name;
    const values = chosen.map((source) => {
      const pose = poses.at(source, frame);
      const slot = pose?.slots[view] ?? -1;
      if (!pose || slot < 0) return null;
      const from = (slot * session.keypoints.length + keypoint) * pose.fields;
      const [x, y, confidence] = pose.xy.subarray(from, from + 3);
      if (Number.isNaN(x)) return `${source.name}: –`;
      return `${source.name}: ${x.toFixed(1)} ${y.toFixed(1)}${Number.isNaN(confidence) ? '' : ` (${confidence.toFixed(2)})`}`;
    });
    this.where.textContent = [session.keypoints[keypoint], name, ...values].filter(Boolean).join(' · ');
    const faults = chosen.filter((source) => poses.faults.has(source.id)).map((source) => `${source.name}: ${poses.faults.get(source.id)}`);
    const text = faults.join(' ');
    if (this.fault.textContent !== text) this.fault.textContent = text;
  }
}
