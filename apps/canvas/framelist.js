/** The list of frames: only the rows in sight are there, so fifty thousand are as quick as fifty. */

/** @import { Page } from './page.js' */
/** @import { Filter } from './framerows.js' */
import { el, icon } from './dom.js';

const ROW = 26; // px
/** @type {[Filter, string, string][]} */
const FILTERS = [
  ['all', 'All', 'all frames'], ['unlabeled', 'New', 'without any label'], ['unfinished', 'Part', 'begun and not finished'],
  ['flagged', 'Flag', 'flagged'], ['queued', 'Queue', 'in the labeling queue'], ['worst', 'Worst', 'largest reprojection error first'],
];

export class FrameList {
  /** @param {Page} page */
  constructor(page) {
    this.page = page;
    this.filters = FILTERS.map(([filter, word, title]) =>
      el('button', { type: 'button', class: 'chip', title, 'data-filter': filter, onclick: () => this.choose(filter), text: word }));
    this.search = el('input', {
      type: 'search', placeholder: 'Frame, session, note', 'aria-label': 'find frames', spellcheck: 'false',
      oninput: () => this.choose(page.rows.filter), onkeydown: (/** @type {KeyboardEvent} */ event) => this.enter(event),
    });
    this.done = el('span', { class: 'meter' });
    this.summary = el('span', { class: 'summary' });
    this.sheet = el('div', { class: 'sheet' });
    this.list = el('div', { class: 'rows', tabindex: '0', role: 'listbox', 'aria-label': 'frames', onscroll: () => this.update(), onkeydown: (/** @type {KeyboardEvent} */ event) => this.step(event) }, this.sheet);
    this.element = el('div', { class: 'frames' },
      el('div', { class: 'head' }, this.search, el('div', { class: 'chips', role: 'group', 'aria-label': 'which frames' }, ...this.filters),
        el('div', { class: 'progress' }, el('span', { class: 'track' }, this.done), this.summary)),
      this.list);
    /** the frame that was last brought into sight */
    this.shown = '';
    this.observer = new ResizeObserver(() => this.update());
    this.observer.observe(this.list);
    page.signal.addEventListener('abort', () => this.observer.disconnect());
  }

  find() {
    if (!this.page.settings.left) this.page.room.togglePanel('left');
    this.search.select();
    this.search.focus();
  }

  /** @private @param {Filter} filter */
  choose(filter) {
    this.page.rows.choose(filter, this.search.value);
    this.shown = '';
    this.update();
    this.page.room.toolbar.update();
  }

  /** @private @param {KeyboardEvent} event */
  enter(event) {
    const { rows } = this.page;
    if (event.key !== 'Enter' || !rows.order.length) return;
    this.page.open(rows.columns.id[rows.order[0]]);
    this.page.room.focusTile();
  }

  /** @private @param {KeyboardEvent} event */
  step(event) {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 }[event.key];
    if (!step) return;
    const next = this.page.rows.neighbour(this.page.target, step);
    if (next) this.page.open(next);
    event.preventDefault();
    event.stopPropagation();
  }

  update() {
    const { rows, target } = this.page;
    const { order, columns } = rows;
    this.filters.forEach((chip) => chip.setAttribute('aria-pressed', String(chip.dataset.filter === rows.filter)));
    const finished = columns.labeled.reduce((count, labeled) => count + Number(labeled >= columns.total), 0);
    this.done.style.width = `${columns.id.length ? (100 * finished) / columns.id.length : 0}%`;
    this.summary.textContent = `${finished} of ${columns.id.length} complete`;
    this.sheet.style.height = `${order.length * ROW}px`;
    if (this.shown !== target) {
      this.shown = target;
      this.reveal(rows.placeOf(target));
    }
    const height = this.list.clientHeight || 600;
    const first = Math.max(0, Math.floor(this.list.scrollTop / ROW) - 4);
    const last = Math.min(order.length, first + Math.ceil(height / ROW) + 8);
    const made = [];
    for (let place = first; place < last; place++) made.push(this.row(order[place], place));
    this.sheet.replaceChildren(...made);
  }

  /** @private @param {number} place */
  reveal(place) {
    if (place < 0) return;
    const { scrollTop, clientHeight } = this.list;
    const top = place * ROW;
    if (top < scrollTop + ROW) this.list.scrollTop = top - 2 * ROW;
    else if (top + 2 * ROW > scrollTop + clientHeight) this.list.scrollTop = top + 3 * ROW - clientHeight;
  }

  /** @private @param {number} row @param {number} place */
  row(row, place) {
    const { page } = this;
    const { rows } = page;
    const { columns } = rows;
    const id = columns.id[row];
    const share = columns.total ? columns.labeled[row] / columns.total : 0;
    const worst = columns.worst[row];
    const bar = el('span', { class: 'meter' });
    bar.style.width = `${100 * share}%`;
    const number = columns.index[row] >= 0 ? String(columns.index[row]) : String(row + 1);
    const isLate = worst !== null && worst > page.settings.warnPx;
    const line = el('div', {
      class: 'row', role: 'option', 'aria-selected': String(id === page.target), onclick: () => page.open(id),
      title: [columns.session[row], `frame ${number}`, `${columns.labeled[row]} of ${columns.total} labels`, columns.note[row]].filter(Boolean).join('\n'),
    },
    el('span', { class: `track${share >= 1 ? ' full' : ''}` }, bar),
    el('span', { class: 'number', text: number }),
    el('span', { class: 'session', text: columns.session[row] }),
    ...page.others.present.filter((one) => one.frame === id).map((one) => {
      const dot = el('span', { class: 'dot', title: one.who });
      dot.style.backgroundColor = one.color;
      return dot;
    }),
    rows.isQueued(row) ? queueMark() : null,
    columns.note[row] ? icon('note') : null,
    columns.flagged[row] ? flagIcon() : null,
    worst === null ? null : el('span', { class: isLate ? 'px late' : 'px', text: worst.toFixed(1) }));
    line.style.top = `${place * ROW}px`;
    return line;
  }
}

/** It waits to be labeled. */
function queueMark() {
  const made = icon('queue');
  made.classList.add('queued');
  return made;
}

function flagIcon() {
  const made = icon('flag');
  made.classList.add('flagged');
  return made;
}
