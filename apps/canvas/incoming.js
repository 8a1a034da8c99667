/** What another program changed in the label files: shown, and decided by a person. */

/** @import { Exported, Incoming } from './types.js' */
/** @import { Page } from './page.js' */
import { el } from './dom.js';

/** @param {Exported} value x, y, and visible as a label file says it */
const words = ([x, y, visible]) =>
  x === null || y === null ? '–' : `${x.toFixed(1)}, ${y.toFixed(1)}${visible === 1 ? ' occluded' : ''}`;

export class IncomingDialog {
  /** @param {Page} page */
  constructor(page) {
    this.page = page;
    this.content = el('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'differences' });
    this.summary = el('p', { class: 'hint', role: 'status' });
    this.theirs = el('input', { type: 'checkbox' });
    this.accept = el('button', { type: 'button', text: 'Take the changes in', onclick: () => this.decide('accept') });
    this.reject = el('button', { type: 'button', text: 'Write ours over them', onclick: () => this.decide('reject') });
    this.element = el('dialog', { class: 'cells', 'aria-label': 'changed label files' },
      el('header', {}, el('h2', { text: 'Changed label files' }), this.summary, el('span', { class: 'spring' }),
        this.accept, this.reject, el('button', { type: 'button', text: 'Later', autofocus: true, onclick: () => this.close() })),
      el('label', { class: 'choice' }, this.theirs, el('span', { text: 'Where both changed, take theirs' })),
      this.content);
    /** @private @type {Incoming | null} */
    this.incoming = null;
  }

  close() {
    const wasOpen = this.element.open;
    this.element.close();
    return wasOpen;
  }

  async open() {
    try {
      this.incoming = await this.page.api.incoming();
    } catch (error) {
      return this.page.room.trouble(`the differences cannot be read: ${/** @type {Error} */ (error).message}`);
    }
    const { incoming } = this;
    if (!incoming) return this.page.room.notices.filesChanged(null);
    const clashes = incoming.cells.filter((cell) => cell.conflict).length;
    const parts = [`${incoming.changed} labels changed`, clashes && `${clashes} of them here too`,
      incoming.added && `${incoming.added} frames added`, incoming.gone.length && `${incoming.gone.length} frames removed`];
    this.summary.textContent = parts.filter(Boolean).join(', ');
    this.accept.disabled = incoming.faults.length > 0;
    this.theirs.disabled = clashes === 0;
    this.draw(incoming);
    if (!this.element.open) this.element.showModal();
  }

  /** @private @param {Incoming} incoming */
  draw(incoming) {
    const { columns } = this.page.rows;
    const frame = (/** @type {string} */ id) => {
      const row = this.page.rows.rowOf(id);
      return row < 0 ? id : `${columns.session[row]} ${columns.index[row]}`;
    };
    const heads = ['frame', 'view', 'keypoint', 'the file before', 'here', 'the file now'];
    this.content.replaceChildren(
      el('ul', { class: 'faults' }, ...incoming.faults.map((fault) => el('li', { text: fault }))),
      el('table', {}, el('thead', {}, el('tr', {}, ...heads.map((text) => el('th', { scope: 'col', text })))),
        el('tbody', {}, ...incoming.cells.map((cell) => el('tr', { class: cell.conflict ? 'clash' : null },
          ...[frame(cell.frame), cell.view, cell.keypoint, words(cell.base), words(cell.ours), words(cell.theirs)].map((text) => el('td', { text })))))));
  }

  /** @private @param {'accept' | 'reject'} decision */
  async decide(decision) {
    const { incoming, page } = this;
    if (!incoming) return;
    const theirs = this.theirs.checked
      ? incoming.cells.filter((cell) => cell.conflict).map((cell) => /** @type {[string, string, string]} */ ([cell.frame, cell.view, cell.keypoint])) : [];
    try {
      await page.api.decide({ decision, hashes: incoming.hashes, who: page.settings.who, theirs });
    } catch (error) {
      this.summary.textContent = /** @type {Error} */ (error).message;
      return;
    }
    this.close();
    page.room.notices.filesChanged(null);
    page.say(decision === 'accept' ? 'the changes were taken in' : 'the label files say again what is here');
    page.others.recount();
  }
}
