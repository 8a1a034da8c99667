/** Marks of instants and spans that people set. */

/** @import { Viewer } from '../page.js' */
import { el } from '../../dom.js';

export class MarksPanel {
  /** @param {Viewer} viewer */
  constructor(viewer) {
    this.viewer = viewer;
    this.element = el('section', { class: 'panel marks', 'aria-label': 'marks' });
  }

  close() {}
}
