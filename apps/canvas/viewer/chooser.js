/** Another session: a list that is searched by typing, for a handful of sessions as for a thousand. */

/** @import { RecordingRow } from './types.js' */
/** @import { Viewer } from './page.js' */
import { el } from '../dom.js';

const MOST = 200; // rows that are shown at once; who looks further types

export class Chooser {
  /** @param {Viewer} viewer */
  constructor(viewer) {
    this.viewer = viewer;
    /** @type {RecordingRow[]} */
    this.rows = [];
    /** @private @type {RecordingRow[]} */
    this.found = [];
    /** @private */
    this.at = 0;
    this.search = el('input', { type: 'search', placeholder: 'Session', 'aria-label': 'find a session', spellcheck: 'false', autofocus: true,
      role: 'combobox', 'aria-expanded': 'true', 'aria-controls': 'litpose-sessions', 'aria-autocomplete': 'list',
      oninput: () => this.find(), onkeydown: (/** @type {KeyboardEvent} */ event) => this.press(event) });
    this.count = el('span', { class: 'hint', role: 'status' });
    this.list = el('div', { class: 'scroll sessions', role: 'listbox', id: 'litpose-sessions', 'aria-label': 'sessions' });
    this.element = el('dialog', { class: 'chooser', 'aria-label': 'choose a session' },
      el('header', {}, this.search, this.count, el('button', { type: 'button', text: 'Close', onclick: () => this.close() })), this.list);
  }

  async open() {
    if (this.element.open) return;
    this.element.showModal();
    this.search.select();
    try {
      this.rows = (await this.viewer.api.recordings()).sessions;
    } catch (error) {
      this.count.textContent = /** @type {Error} */ (error).message;
      return;
    }
    this.find();
  }

  close() {
    const wasOpen = this.element.open;
    this.element.close();
    if (wasOpen) this.viewer.focusTile();
    return wasOpen;
  }

  /** @private */
  find() {
    const words = this.search.value.toLowerCase().split(/\s+/).filter(Boolean);
    this.found = this.rows.filter(({ name }) => words.every((word) => name.toLowerCase().includes(word)));
    this.at = Math.max(0, words.length ? 0 : this.found.findIndex(({ name }) => name === this.viewer.session.name));
    const hidden = this.found.length - MOST;
    this.count.textContent = hidden > 0 ? `${this.found.length} sessions, the first ${MOST} are shown` : `${this.found.length} of ${this.rows.length} sessions`;
    this.draw();
  }

  /** @private @param {KeyboardEvent} event */
  press(event) {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 }[event.key];
    if (event.key === 'Enter' && this.found[this.at]) this.choose(this.found[this.at].name);
    if (!step) return;
    event.preventDefault();
    this.at = Math.min(Math.min(MOST, this.found.length) - 1, Math.max(0, this.at + step));
    this.mark();
  }

  /** @private @param {string} name */
  choose(name) {
    this.close();
    if (name !== this.viewer.session.name) this.viewer.leaveFor(name);
  }

  /** @private */
  draw() {
    this.list.replaceChildren(...this.found.slice(0, MOST).map((row, index) => {
      const has = [`${row.views.length} ${row.views.length === 1 ? 'view' : 'views'}`, row.predicted && `${row.predicted} predicted`, row.smoothed && 'smoothed', row.calibrated && 'calibrated'];
      return el('div', { class: 'option', role: 'option', id: `litpose-session-${index}`, onclick: () => this.choose(row.name) },
        el('span', { class: 'name', text: row.name }), el('span', { class: 'has', text: has.filter(Boolean).join(' · ') }));
    }));
    this.mark();
  }

  /** @private */
  mark() {
    [...this.list.children].forEach((option, index) => option.setAttribute('aria-selected', String(index === this.at)));
    this.search.setAttribute('aria-activedescendant', this.found.length ? `litpose-session-${this.at}` : '');
    this.list.children[this.at]?.scrollIntoView({ block: 'nearest' });
  }
}
