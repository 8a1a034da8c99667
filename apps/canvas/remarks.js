/** Flag and note of the frame. */

/** @import { Page } from './page.js' */
import { el, icon } from './dom.js';

export class Remarks {
  /** @param {Page} page */
  constructor(page) {
    this.page = page;
    this.flag = el('button', { type: 'button', class: 'flag', 'aria-pressed': 'false', onclick: () => this.toggleFlag() }, icon('flag'), el('span', { text: 'Flag' }));
    this.note = el('textarea', { rows: '2', placeholder: 'Note on this frame', 'aria-label': 'note on this frame', onchange: () => this.save() });
    this.why = el('p', { class: 'why' });
    this.unqueue = el('button', { type: 'button', text: 'Take out', title: 'take this frame out of the labeling queue', onclick: () => this.takeOut() });
    this.queued = el('div', { class: 'queued', role: 'note', 'aria-label': 'labeling queue', hidden: true }, this.why, this.unqueue);
    this.element = el('div', { class: 'remarks' }, this.queued, this.flag, this.note);
  }

  /** @param {boolean} [isNews]  of the frame that is open already */
  update(isNews = false) {
    const { frame } = this.page;
    this.flag.setAttribute('aria-pressed', String(frame?.flagged ?? false));
    const root = /** @type {Document | ShadowRoot} */ (this.note.getRootNode());
    if (!isNews || root.activeElement !== this.note) this.note.value = frame?.note ?? ''; // news do not take a note from under the hand
    const queued = frame?.queued;
    const isWaiting = Boolean(queued) && this.page.rows.isQueued(this.page.rows.rowOf(frame?.id ?? ''));
    this.queued.hidden = !isWaiting;
    this.why.textContent = queued ? [`To label${queued.who ? `, says ${queued.who}` : ''}`, queued.reason, queued.source && `Proposed by ${queued.source}`].filter(Boolean).join('. ') : '';
  }

  /** Take the frame out of the labeling queue. */
  async takeOut() {
    const { page } = this;
    const { frame } = page;
    if (!frame?.queued) return page.say('this frame is not in the labeling queue');
    try {
      await page.api.unqueue({ session: frame.session, frames: [frame.index], who: page.settings.who });
    } catch (error) {
      return page.room.trouble(`the frame is still in the queue: ${/** @type {Error} */ (error).message}`);
    }
    frame.queued = null;
    page.rows.queue(frame.id, false);
    this.update();
    page.room.frames.update();
    page.say('taken out of the labeling queue');
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
