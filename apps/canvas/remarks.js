/** Flag and note of the frame. */

/** @import { Page } from './page.js' */
import { el, icon } from './dom.js';

export class Remarks {
  /** @param {Page} page */
  constructor(page) {
    this.page = page;
    this.flag = el('button', { type: 'button', class: 'flag', 'aria-pressed': 'false', onclick: () => this.toggleFlag() }, icon('flag'), el('span', { text: 'Flag' }));
    this.note = el('textarea', { rows: '2', placeholder: 'Note on this frame', 'aria-label': 'note on this frame', onchange: () => this.save() });
    this.element = el('div', { class: 'remarks' }, this.flag, this.note);
  }

  update() {
    const { frame } = this.page;
    this.flag.setAttribute('aria-pressed', String(frame?.flagged ?? false));
    this.note.value = frame?.note ?? '';
  }

  toggleFlag() {
    const { frame } = this.page;
    if (!frame) return;
    frame.flagged = !frame.flagged;
    this.update();
    this.save();
    this.page.say(frame.flagged ? 'flagged' : 'flag removed');
  }

  write() {
    if (!this.page.settings.left) this.page.room.togglePanel('left');
    this.note.focus();
  }

  /** @private */
  async save() {
    const { page } = this;
    const { frame } = page;
    if (!frame) return;
    frame.note = this.note.value;
    page.rows.annotate(frame.id, frame);
    page.room.frames.update();
    try {
      await page.api.annotate(frame.id, { flagged: frame.flagged, note: frame.note, who: page.settings.who });
      page.room.trouble('');
    } catch (error) {
      page.room.trouble(`the note is not saved: ${/** @type {Error} */ (error).message}. Change it again to try again.`);
    }
  }
}
