/** The picture, a clip, and the traces as a file. */

/** @import { Viewer } from '../page.js' */
import { el } from '../../dom.js';

export class ExportPanel {
  /** @param {Viewer} viewer */
  constructor(viewer) {
    this.viewer = viewer;
    this.element = el('section', { class: 'panel export', 'aria-label': 'export' });
  }

  close() {}
}
