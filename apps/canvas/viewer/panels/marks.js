/** Event marks: frames and spans with a name. */

/** @import { Viewer } from '../page.js' */
/** @import { Mark } from '../types.js' */
import { el, freshId, iconButton } from '../../dom.js';
import { readSettings } from '../../settings.js';
import { saveFile } from './download.js';
import { beside } from './difficultrows.js';
import { marksFromCsv, marksToCsv } from './marksfile.js';
import { Sheet } from './marksheet.js';

const PULL = 5000; // ms after which marks of others are seen
const COLORS = ['#e69f00', '#56b4e9', '#009e73', '#cc79a7', '#d55e00', '#0072b2', '#f0e442'];

export class MarksPanel {
  /** @param {Viewer} viewer */
  constructor(viewer) {
    this.viewer = viewer;
    const { session, api, signal } = viewer;
    this.sheet = new Sheet({ rev: -1, marks: session.marks },
      { load: () => api.marks(session.name), save: (base, marks) => api.saveMarks(session.name, base, marks) }, () => this.changed());
    /** @private */
    this.shown = '';
    this.name = el('input', { type: 'text', value: 'event', maxlength: '80', 'aria-label': 'name of new marks', list: 'litpose-mark-names', spellcheck: 'false' });
    this.names = el('datalist', { id: 'litpose-mark-names' });
    this.state = el('div', { class: 'state', role: 'status', hidden: true });
    this.list = el('ul', { class: 'mark-list', 'aria-label': 'marks' });
    this.empty = el('p', { class: 'nothing', text: 'No marks yet. M marks the frame that is shown, Shift+M the range that is played.' });
    this.file = el('input', { type: 'file', accept: '.csv,text/csv', hidden: true, 'aria-hidden': 'true', tabindex: '-1', onchange: () => this.read() });
    this.element = el('section', { class: 'panel marks', 'aria-label': 'marks' },
      el('header', {}, this.name, this.names, el('button', { type: 'button', text: 'Mark', title: 'mark the frame that is shown (M)', onclick: () => this.add() }),
        el('button', { type: 'button', text: 'Mark range', title: 'mark the range that is played (Shift+M)', onclick: () => this.addSpan() })),
      this.state, this.list, this.empty, this.file,
      el('footer', {}, el('button', { type: 'button', text: 'Export CSV', onclick: () => this.write() }), el('button', { type: 'button', text: 'Import CSV', onclick: () => this.file.click() })));
    viewer.addCommands('Marks', [
      ['mark', 'mark this frame', ['M'], () => this.add()],
      ['mark-span', 'mark the range that is played', ['Shift+M'], () => this.addSpan()],
      ['mark-next', 'next mark', ['V'], () => this.step(1)],
      ['mark-previous', 'previous mark', ['Shift+V'], () => this.step(-1)],
    ]);
    const pull = () => !document.hidden && this.sheet.pull();
    document.addEventListener('visibilitychange', pull, { signal });
    window.addEventListener('focus', pull, { signal });
    this.timer = setInterval(pull, PULL);
    window.addEventListener('beforeunload', (event) => !this.sheet.isSaved && event.preventDefault(), { signal });
    this.update();
    this.sheet.pull();
  }

  /** @private */
  changed() {
    if (this.viewer.signal.aborted) return;
    this.viewer.setMarks(this.sheet.marks);
    this.update();
  }

  /** A mark at the frame that is shown. @param {number} [frame] @param {number | null} [end]  last frame of a span */
  add(frame = this.viewer.player.target, end = null) {
    const name = this.name.value.trim() || 'event';
    const alike = this.sheet.marks.find((mark) => mark.name === name);
    const others = new Set(this.sheet.marks.map((mark) => mark.name));
    const who = readSettings(localStorage, 'litpose-labeling').who;
    const mark = { id: freshId(), frame, end, name, color: alike?.color ?? COLORS[others.size % COLORS.length], note: '', who };
    this.sheet.set([...this.sheet.marks, mark]);
    this.viewer.say(end === null ? `${name} at frame ${frame}` : `${name} from frame ${frame} to ${end}`);
  }

  addSpan() {
    const { range } = this.viewer;
    if (range) this.add(range[0], range[1]);
    else this.viewer.say('choose a range first: [ and ] set its ends');
  }

  /** @param {string} id @param {Partial<Mark>} change */
  edit(id, change) {
    this.sheet.set(this.sheet.marks.map((mark) => (mark.id === id ? { ...mark, ...change } : mark)));
  }

  /** @param {Mark} mark */
  remove({ id, name, frame }) {
    this.sheet.set(this.sheet.marks.filter((mark) => mark.id !== id));
    this.viewer.say(`${name} at frame ${frame} deleted`);
    this.name.focus();
  }

  /** @param {number} direction */
  step(direction) {
    const next = beside(this.sheet.marks.map(({ frame }) => frame), this.viewer.player.target, direction);
    if (next === null) this.viewer.say('there is no further mark');
    else this.viewer.seek(next);
  }

  /** @private */
  update() {
    const { marks, trouble, conflict } = this.sheet;
    this.names.replaceChildren(...[...new Set(marks.map(({ name }) => name))].map((value) => el('option', { value })));
    this.empty.hidden = marks.length > 0;
    this.sayState(trouble, conflict?.ids ?? []);
    const state = JSON.stringify(marks.map(({ id, frame, end, who }) => [id, frame, end, who]));
    if (state !== this.shown) {
      this.shown = state;
      this.list.replaceChildren(...marks.map((mark) => this.row(mark)));
    } else marks.forEach((mark, at) => this.refill(/** @type {HTMLElement} */ (this.list.children[at]), mark)); // a hand may be in one of the fields
  }

  /** Show what a mark is called by now. @private @param {HTMLElement} row @param {Mark} mark */
  refill(row, mark) {
    const active = /** @type {Document | ShadowRoot} */ (row.getRootNode()).activeElement;
    for (const field of /** @type {const} */ (['color', 'name', 'note'])) {
      const input = /** @type {HTMLInputElement} */ (row.querySelector(`.${field}`));
      if (input !== active && input.value !== mark[field]) input.value = mark[field];
    }
  }

  /** @private @param {string} trouble @param {string[]} conflicts */
  sayState(trouble, conflicts) {
    /** @type {(Node | string)[]} */
    let said = [];
    if (conflicts.length) {
      said = [el('span', { class: 'fault', text: `Another tab has changed ${conflicts.length === 1 ? 'a mark' : `${conflicts.length} marks`} that you have changed too.` }),
        el('button', { type: 'button', text: 'Keep mine', onclick: () => this.sheet.settle('mine') }),
        el('button', { type: 'button', text: 'Take theirs', onclick: () => this.sheet.settle('theirs') })];
    } else if (trouble) said = [el('span', { class: 'fault', text: `Not saved: ${trouble}` }), el('button', { type: 'button', text: 'Try again', onclick: () => this.sheet.flush() })];
    this.state.hidden = !said.length;
    this.state.replaceChildren(...said);
  }

  /** @private @param {Mark} mark */
  row(mark) {
    const { viewer } = this;
    const color = el('input', { type: 'color', class: 'color', value: mark.color, 'aria-label': `colour of the mark at frame ${mark.frame}`, onchange: () => this.edit(mark.id, { color: color.value }) });
    const text = (/** @type {'name' | 'note'} */ field, /** @type {string} */ hint) => {
      const input = el('input', { type: 'text', class: field, value: mark[field], maxlength: '200', placeholder: hint, 'aria-label': `${field} of the mark at frame ${mark.frame}`,
        onchange: () => this.edit(mark.id, { [field]: input.value.trim() || (field === 'name' ? mark.name : '') }),
        onkeydown: (/** @type {KeyboardEvent} */ event) => event.key === 'Enter' && viewer.focusTile() });
      return input;
    };
    const place = mark.end === null ? String(mark.frame) : `${mark.frame}–${mark.end}`;
    return el('li', { class: 'mark', title: mark.who ? `by ${mark.who}` : null }, color,
      el('button', { type: 'button', class: 'place', title: `go to frame ${mark.frame}`, text: place, onclick: () => this.go(mark) }),
      text('name', 'name'), text('note', 'note'), iconButton('delete', `delete the mark at frame ${mark.frame}`, () => this.remove(mark)));
  }

  /** @private @param {Mark} mark */
  go(mark) {
    if (mark.end !== null) this.viewer.setRange([mark.frame, mark.end]);
    this.viewer.seek(mark.frame);
  }

  /** @private */
  write() {
    const { session } = this.viewer;
    saveFile(`${session.name}_marks.csv`, new Blob([marksToCsv(this.sheet.marks, session.fps)], { type: 'text/csv' }));
  }

  /** @private */
  async read() {
    const file = this.file.files?.[0];
    if (!file) return;
    this.file.value = '';
    const { marks, faults } = marksFromCsv(await file.text(), this.viewer.session.frames, freshId);
    const isThere = (/** @type {Mark} */ one) => this.sheet.marks.some(({ frame, end, name }) => frame === one.frame && end === one.end && name === one.name);
    const fresh = marks.filter((mark) => !isThere(mark));
    if (fresh.length) this.sheet.set([...this.sheet.marks, ...fresh]);
    const double = marks.length - fresh.length;
    this.viewer.say([`${fresh.length} marks read`, double ? `${double} were there already` : '', ...faults.slice(0, 3), faults.length > 3 ? `and ${faults.length - 3} more faults` : ''].filter(Boolean).join('; '));
  }

  close() {
    clearInterval(this.timer);
    this.sheet.close();
  }
}
