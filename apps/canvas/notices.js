/** What has to be known: edits that are not saved, conflicts, faults; and, quietly, what has just happened. */

/** @import { Page } from './page.js' */
import { el } from './dom.js';
import { hasPlace } from './labels.js';

const PATIENCE = 2500; // ms that edits may take to be saved before anything is said
const SPOKEN = 4000; // ms that a message stays

export class Notices {
  /** @param {Page} page */
  constructor(page) {
    this.page = page;
    this.unsaved = el('div', { class: 'notice unsaved', role: 'alert', hidden: true });
    this.conflict = el('div', { class: 'notice conflict', role: 'alert', hidden: true });
    this.refused = el('div', { class: 'notice refused', role: 'alert', hidden: true });
    this.fault = el('div', { class: 'notice fault', role: 'alert', hidden: true });
    this.files = el('div', { class: 'notice files', role: 'alert', hidden: true });
    this.banner = el('div', { class: 'notices' }, this.fault, this.unsaved, this.conflict, this.refused, this.files);
    this.where = el('span', { class: 'where', role: 'status' });
    this.spoken = el('span', { class: 'spoken', role: 'status', 'aria-live': 'polite' });
    this.foot = el('div', { class: 'foot' }, this.where, this.spoken);
    /** @private */
    this.since = 0;
    /** @private @type {Map<HTMLElement, string>} */
    this.said = new Map();
  }

  /** @param {string} text */
  say(text) {
    clearTimeout(this.silence);
    this.spoken.textContent = text;
    this.silence = setTimeout(() => { this.spoken.textContent = ''; }, SPOKEN);
  }

  /** What is active, in words. */
  status() {
    const { page } = this;
    const { project, v, k } = page;
    const cell = page.labels.at(page.target, v, k);
    const at = hasPlace(cell) ? `, ${cell.x.toFixed(1)} ${cell.y.toFixed(1)}` : '';
    const residual = page.geometry.shape.residuals[v]?.[k];
    const words = cell.state === 'absent' ? 'not in view' : cell.state;
    const origin = cell.state === 'unlabeled' || cell.origin === 'manual' ? '' : `, ${cell.origin}`;
    const px = residual === null || residual === undefined ? '' : `, residual ${residual.toFixed(1)} px`;
    const view = project.views[v] ? ` · ${project.views[v]}` : '';
    this.where.textContent = `${k + 1} of ${project.keypoints.length} · ${project.keypoints[k]}${view} · ${words}${origin}${at}${px}`;
  }

  update() {
    const { page } = this;
    if (!page.room) return;
    this.updateUnsaved();
    this.updateConflict();
    const refused = [...page.outbox.refused.values()];
    this.set(this.refused, refused.length ? `${refused[0].keypoint} of ${refused[0].view || 'this view'} cannot be saved: ${refused[0].refused}` : '',
      ['Forget it', () => page.outbox.settle(refused[0])]);
    page.room.toolbar.update();
  }

  /** @private */
  updateUnsaved() {
    const { outbox } = this.page;
    const count = outbox.size;
    if (!count) this.since = 0;
    else if (!this.since) {
      this.since = performance.now();
      setTimeout(() => this.update(), PATIENCE + 50);
    }
    const isLate = count > 0 && (outbox.trouble !== null || performance.now() - this.since > PATIENCE);
    const reason = outbox.trouble ?? 'the server is slow';
    const edits = count === 1 ? '1 edit' : `${count} edits`;
    this.set(this.unsaved, isLate ? `${edits} not saved: ${reason}. This browser keeps them and tries again.` : '',
      ['Try now', () => outbox.flush()]);
  }

  /** @private */
  updateConflict() {
    const { others, outbox } = this.page;
    const one = others.conflict;
    if (!one?.theirs) return this.set(this.conflict, '');
    const value = (/** @type {number | null} */ x, /** @type {number | null} */ y, /** @type {string} */ state) =>
      x === null || y === null ? (state === 'absent' ? 'not in view' : state) : `${x.toFixed(1)} ${y.toFixed(1)}${state === 'visible' ? '' : ` ${state}`}`;
    const more = outbox.conflicts.size > 1 ? ` (1 of ${outbox.conflicts.size})` : '';
    this.set(this.conflict,
      `${one.keypoint}${one.view ? ` in ${one.view}` : ''} was changed by ${one.by || 'someone else'} too${more}. Yours: ${value(one.x, one.y, one.state)}. Theirs: ${value(one.theirs[0], one.theirs[1], one.theirs[2])}.`,
      ['Take mine (Y)', () => others.settle('mine')], ['Keep theirs (⇧Y)', () => others.settle('theirs')]);
  }

  /** @param {string} message */
  trouble(message) {
    this.set(this.fault, message);
  }

  /** Another program has changed the label files, or nothing is different any more. @param {import('./types.js').FilesChanged | null} event */
  filesChanged(event) {
    const count = (/** @type {number} */ n, /** @type {string} */ word, more = '') => n && `${n} ${word}${n === 1 ? '' : 's'}${more}`;
    const counts = event && [count(event.cells, 'label'), count(event.added, 'frame', ' added'),
      count(event.gone, 'frame', ' removed'), count(event.faults.length, 'fault')].filter(Boolean).join(', ');
    this.set(this.files, counts ? `Another program changed the label files: ${counts}. Nothing was overwritten.` : '',
      ['See the differences', () => this.page.room.incoming.open()], ['Later', () => this.set(this.files, '')]);
  }

  /** @private @param {HTMLElement} notice @param {string} text @param {...[string, () => void]} actions */
  set(notice, text, ...actions) {
    if (this.said.get(notice) === text) return;
    this.said.set(notice, text);
    notice.hidden = !text;
    notice.replaceChildren(el('span', { text }),
      ...(text ? actions.map(([word, run]) => el('button', { type: 'button', text: word, onclick: run })) : []));
  }
}
