/** Every keypoint and where it has been labeled: one glyph per view. */

/** @import { Cell } from './types.js' */
/** @import { Page } from './page.js' */
import { el } from './dom.js';

/** The look of a cell; its shape says the state. @param {Cell} cell @param {boolean} isProposed @param {boolean} isConflict */
function lookOf(cell, isProposed, isConflict) {
  const state = cell.state === 'unlabeled' && isProposed ? 'proposed' : cell.state;
  return ['glyph', state, cell.origin === 'derived' && state !== 'unlabeled' ? 'derived' : '', isConflict ? 'conflict' : ''].join(' ').trim();
}

export class KeypointList {
  /** @param {Page} page */
  constructor(page) {
    this.page = page;
    const { project } = page;
    this.summary = el('span', { class: 'summary' });
    /** @private */
    this.warned = '';
    this.done = el('span', { class: 'meter' });
    /** @type {HTMLElement[][]} */
    this.glyphs = [];
    /** what the glyphs of a row say, in words @type {HTMLElement[]} */
    this.counts = [];
    this.rows = project.keypoints.map((name, k) => this.row(name, k));
    this.heads = project.views.map((view, v) => el('button', { type: 'button', class: 'view', title: view, 'aria-label': `${short(view, v, project.views)}: view ${view}`, tabindex: '-1', onclick: () => page.select(v, page.k), text: short(view, v, project.views) }));
    this.warnings = el('ul', { class: 'warnings', 'aria-label': 'what looks wrong' });
    this.element = el('div', { class: 'keypoints' },
      el('div', { class: 'head' }, el('div', { class: 'progress' }, el('span', { class: 'track' }, this.done), this.summary),
        el('div', { class: 'heads' }, ...this.heads)),
      el('div', { class: 'list', role: 'group', 'aria-label': 'keypoints' }, ...this.rows), this.warnings);
  }

  /** @private @param {string} name @param {number} k */
  row(name, k) {
    const { page } = this;
    const { project } = page;
    const swatch = el('span', { class: 'swatch' });
    swatch.style.backgroundColor = project.colors[k];
    const glyphs = project.views.map((_, v) => {
      const glyph = el('span', { class: 'glyph', onclick: (/** @type {Event} */ event) => { page.select(v, k); event.stopPropagation(); } });
      glyph.style.color = project.colors[k];
      return glyph;
    });
    this.glyphs.push(glyphs);
    const count = el('span', { class: 'unseen' });
    this.counts.push(count);
    return el('button', { type: 'button', class: 'keypoint', onclick: () => { page.select(page.v, k); page.room.focusTile(); } },
      el('span', { class: 'index', text: k + 1 }), swatch, el('span', { class: 'name', text: name, title: name }), count, el('span', { class: 'glyphs' }, ...glyphs));
  }

  update() {
    const { page } = this;
    const { project, labels, target, geometry } = page;
    const conflicts = project.views.map((_, v) => page.others.conflictsOf(target, v));
    let labeled = 0;
    project.keypoints.forEach((_, k) => {
      let count = 0;
      project.views.forEach((_view, v) => {
        const cell = labels.at(target, v, k);
        const isProposed = Boolean(geometry.shape.ghosts[v][k] ?? page.proposalOf(v, k));
        const look = lookOf(cell, isProposed, conflicts[v].has(k));
        if (this.glyphs[k][v].className !== look) this.glyphs[k][v].className = look;
        if (cell.state !== 'unlabeled') count++;
      });
      labeled += count;
      this.counts[k].textContent = `labeled in ${count} of ${project.views.length} views`;
      this.rows[k].classList.toggle('suspect', geometry.shape.suspect[k] !== null);
    });
    const total = project.keypoints.length * project.views.length;
    this.done.style.width = `${(100 * labeled) / Math.max(1, total)}%`;
    this.summary.textContent = `${labeled} of ${total}`;
    this.warn();
    this.selected();
  }

  selected() {
    const { page } = this;
    this.rows.forEach((row, k) => {
      row.setAttribute('aria-pressed', String(k === page.k));
      this.glyphs[k].forEach((glyph, v) => glyph.toggleAttribute('data-active', k === page.k && v === page.v));
    });
    this.heads.forEach((head, v) => head.setAttribute('aria-pressed', String(v === page.v)));
    const row = this.rows[page.k];
    const list = row?.parentElement;
    if (!row || !list) return;
    if (row.offsetTop < list.scrollTop) list.scrollTop = row.offsetTop - 30;
    else if (row.offsetTop + 30 > list.scrollTop + list.clientHeight) list.scrollTop = row.offsetTop + 60 - list.clientHeight;
  }

  /** @private */
  warn() {
    const { page } = this;
    const { shape } = page.geometry;
    const { keypoints } = page.project;
    /** @type {[string, number][]} */
    const found = [];
    shape.suspect.forEach((view, k) => view !== null && found.push([`${keypoints[k]}: ${view} disagrees with the other views`, k]));
    for (const { a, b, z } of shape.bones) {
      if (Math.abs(z) > 4) found.push([`${keypoints[a]} to ${keypoints[b]} is unusually ${z > 0 ? 'long' : 'short'} (${Math.abs(z).toFixed(0)} times the spread)`, b]);
    }
    const text = JSON.stringify(found);
    if (text === this.warned) return;
    this.warned = text;
    this.warnings.replaceChildren(...found.map(([words, k]) => el('li', {}, el('button', { type: 'button', text: words, onclick: () => page.select(page.v, k) }))));
  }
}

/** A heading of a few letters: what tells the views apart. @param {string} view @param {number} v @param {string[]} views */
function short(view, v, views) {
  const digits = view.match(/\d+$/)?.[0];
  if (digits && new Set(views.map((name) => name.match(/\d+$/)?.[0])).size === views.length) return digits;
  const letters = [...view].slice(0, 2).join('');
  return new Set(views.map((name) => [...name].slice(0, 2).join(''))).size === views.length && letters ? letters : String(v + 1);
}
