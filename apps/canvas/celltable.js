/** The frame's coordinates as a table: what the views show, for those who do not see them. */

/** @import { Page } from './page.js' */
import { el } from './dom.js';
import { hasPlace } from './labels.js';

export class CellTable {
  /** @param {Page} page */
  constructor(page) {
    this.page = page;
    this.content = el('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'coordinates' });
    this.element = el('dialog', { class: 'cells', 'aria-label': 'coordinates' },
      el('header', {}, el('h2', { text: 'Coordinates, px' }), el('span', { class: 'spring' }),
        el('button', { type: 'button', text: 'Close', onclick: () => this.close() })), this.content);
  }

  toggle() {
    if (this.close()) return;
    this.element.showModal();
    this.update();
  }

  close() {
    const wasOpen = this.element.open;
    this.element.close();
    return wasOpen;
  }

  update() {
    if (!this.element.open) return;
    const { page } = this;
    const { project, labels, target, geometry } = page;
    const text = (/** @type {number} */ v, /** @type {number} */ k) => {
      const cell = labels.at(target, v, k);
      if (cell.state === 'unlabeled') return '';
      if (!hasPlace(cell)) return cell.state === 'absent' ? 'not in view' : 'occluded, no place';
      const residual = geometry.shape.residuals[v][k];
      const words = [cell.state === 'visible' ? '' : cell.state, cell.origin === 'manual' ? '' : cell.origin, residual === null ? '' : `residual ${residual.toFixed(1)}`];
      return [`${cell.x.toFixed(2)}, ${cell.y.toFixed(2)}`, ...words].filter(Boolean).join(' · ');
    };
    this.content.replaceChildren(el('table', {},
      el('thead', {}, el('tr', {}, el('th', { scope: 'col', text: 'keypoint' }), ...project.views.map((view) => el('th', { scope: 'col', text: view || 'x, y' })))),
      el('tbody', {}, ...project.keypoints.map((name, k) => el('tr', {}, el('th', { scope: 'row', text: name }),
        ...project.views.map((_, v) => el('td', { text: text(v, k) })))))));
  }
}
