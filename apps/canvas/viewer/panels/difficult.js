/** The frames of the recording that are likely to be wrong, and why; a click goes there, a key sends one to be labeled. */

/** @import { Viewer } from '../page.js' */
/** @import { DifficultFrame, Ranking } from '../types.js' */
/** @import { Filter } from './difficultrows.js' */
import { el, iconButton } from '../../dom.js';
import { readSettings } from '../../settings.js';
import { beside, counted, kindsOf, listed, REASONS } from './difficultrows.js';

const LOOK = 1200; // ms between looks at a ranking that is being made
const MOST = 400; // rows

export class DifficultPanel {
  /** @param {Viewer} viewer */
  constructor(viewer) {
    this.viewer = viewer;
    /** @type {Ranking | null} */
    this.ranking = null;
    /** @type {Filter} */
    this.filter = { view: '', keypoint: '', kind: '', isNew: false, order: 'score' };
    /** the frames that are listed @type {DifficultFrame[]} */
    this.rows = [];
    /** frames that were sent from here, by number @type {Set<number>} */
    this.sent = new Set();
    /** @private */
    this.offered = '';
    this.source = el('select', { 'aria-label': 'frames that are difficult for', onchange: () => this.load() });
    this.state = el('div', { class: 'state', role: 'status' });
    this.filters = el('div', { class: 'filters' });
    this.list = el('div', { class: 'difficult-list', role: 'listbox', tabindex: '0', 'aria-label': 'difficult frames',
      onkeydown: (/** @type {KeyboardEvent} */ event) => this.press(event) });
    this.send = el('button', { type: 'button', text: 'Label it', title: 'send the frame that is shown to the labeling queue, all views with their predictions (Q)', onclick: () => this.queue() });
    this.element = el('section', { class: 'panel difficult', 'aria-label': 'difficult frames' },
      el('header', {}, this.source, this.send, iconButton('again', 'look again', () => this.load())), this.state, this.filters, this.list);
    viewer.addCommands('Difficult frames', [
      ['difficult-next', 'next difficult frame', ['D'], () => this.step(1)],
      ['difficult-previous', 'previous difficult frame', ['A'], () => this.step(-1)],
      ['queue', 'send this frame to the labeling queue', ['Q'], () => this.queue()],
    ]);
    viewer.on('chosen', () => this.offer());
    viewer.on('frame', () => this.mark());
    viewer.signal.addEventListener('abort', () => clearTimeout(this.timer));
    queueMicrotask(() => this.offer()); // the timeline that shows the frames is not made yet
  }

  /** The sources that can be ranked; the first that is shown is looked at first. @private */
  offer() {
    const { session, chosen } = this.viewer;
    const sources = session.sources.filter(({ kind }) => kind !== 'truth');
    const state = JSON.stringify(sources.map(({ id, version }) => [id, version]));
    if (state === this.offered) return;
    this.offered = state;
    const before = this.source.value;
    this.source.replaceChildren(...sources.map(({ id, name }) => el('option', { value: id, text: name })));
    const first = chosen.find(({ kind }) => kind === 'network') ?? chosen.find(({ kind }) => kind !== 'truth') ?? sources[0];
    this.source.value = sources.some(({ id }) => id === before) ? before : first?.id ?? '';
    this.source.hidden = sources.length < 2;
    this.load();
  }

  /** @private */
  async load() {
    clearTimeout(this.timer);
    const { viewer } = this;
    const source = this.source.value;
    if (source) {
      try {
        const ranking = await viewer.api.difficult(viewer.session.name, source);
        if (viewer.signal.aborted || source !== this.source.value) return;
        this.ranking = ranking;
        if (ranking.state === 'running') this.timer = setTimeout(() => this.load(), LOOK);
      } catch (error) {
        this.ranking = { state: 'failed', progress: 0, frames: [], stale: false, fault: /** @type {Error} */ (error).message };
      }
    }
    if (!viewer.signal.aborted) this.update();
  }

  /** Start the ranking. @private */
  async rank() {
    const { viewer } = this;
    try {
      await viewer.api.rank(viewer.session.name, this.source.value);
      this.ranking = { state: 'running', progress: 0, frames: this.ranking?.frames ?? [], stale: false, fault: '' };
      this.update();
      this.timer = setTimeout(() => this.load(), LOOK / 4);
    } catch (error) {
      viewer.say(/** @type {Error} */ (error).message);
    }
  }

  /** @private */
  update() {
    this.sayState();
    this.offerFilters();
    this.refilter();
  }

  /** @private */
  sayState() {
    const { ranking } = this;
    const start = (/** @type {string} */ text) => el('button', { type: 'button', class: 'primary', text, onclick: () => this.rank() });
    /** @type {(Node | string)[]} */
    let said = [];
    if (!this.source.value) said = [el('p', { class: 'nothing', text: 'Once a model has predicted this recording, the frames where it is likely to be wrong are listed here.' })];
    else if (!ranking) said = [el('p', { class: 'nothing', text: 'Looking' })];
    else if (ranking.state === 'running') {
      const percent = Math.round(100 * (ranking.progress || 0));
      said = [el('span', { text: `Reading the recording, ${percent} %` }), el('progress', { value: percent, max: 100, 'aria-label': 'ranking' })];
    } else if (ranking.state === 'absent') said = [el('p', { class: 'nothing', text: 'Which frames are worth a label? Confidence, disagreement of networks and views, jumps, bone lengths and the smoother are read.' }), start('Find difficult frames')];
    else if (ranking.state === 'failed') said = [el('p', { class: 'fault', text: ranking.fault || 'The ranking failed.' }), start('Try again')];
    else if (ranking.stale) said = [el('p', { class: 'stale', text: 'The predictions have changed since this was found.' }), start('Find again')];
    else if (!ranking.frames.length) said = [el('p', { class: 'nothing', text: 'No frame stands out.' })];
    this.state.replaceChildren(...said);
    this.state.hidden = !said.length;
  }

  /** @private */
  offerFilters() {
    const frames = this.ranking?.frames ?? [];
    this.filters.hidden = !frames.length;
    const words = new Map(REASONS.map(([id, text]) => [id, text]));
    const choice = (/** @type {'view' | 'keypoint' | 'kind'} */ name, /** @type {string} */ any, /** @type {[string, number][]} */ values) => {
      const select = el('select', { 'aria-label': any, onchange: () => { this.filter[name] = select.value; this.refilter(); } },
        el('option', { value: '', text: any }), ...values.map(([value, count]) => el('option', { value, text: `${words.get(value) ?? value} (${count})` })));
      if (!values.some(([value]) => value === this.filter[name])) this.filter[name] = '';
      select.value = this.filter[name];
      return select;
    };
    const isNew = el('input', { type: 'checkbox', checked: this.filter.isNew, onchange: () => { this.filter.isNew = isNew.checked; this.refilter(); } });
    const order = el('select', { 'aria-label': 'order', onchange: () => { this.filter.order = /** @type {Filter['order']} */ (order.value); this.refilter(); } },
      el('option', { value: 'score', text: 'worst first' }), el('option', { value: 'frame', text: 'in time' }));
    order.value = this.filter.order;
    this.filters.replaceChildren(
      choice('kind', 'any reason', counted(frames.map(({ reasons }) => kindsOf(reasons)))), choice('keypoint', 'any keypoint', counted(frames.map(({ keypoint }) => [keypoint]))),
      ...(this.viewer.session.views.length > 1 ? [choice('view', 'any view', counted(frames.map(({ view }) => [view])))] : []),
      el('span', { class: 'line' }, order, el('label', {}, isNew, 'not yet labeled'), el('span', { class: 'count' })));
  }

  /** @private */
  refilter() {
    this.rows = listed(this.ranking?.frames ?? [], this.filter).slice(0, MOST);
    this.list.replaceChildren(...this.rows.map((one) => this.row(one)));
    this.list.hidden = !this.rows.length;
    const count = this.filters.querySelector('.count');
    if (count) count.textContent = `${this.rows.length}`;
    this.viewer.setDifficult(this.rows.map(({ frame }) => frame));
    this.mark();
  }

  /** @private @param {DifficultFrame} one */
  row(one) {
    const { viewer } = this;
    const isSent = one.queued || this.sent.has(one.frame);
    const badge = one.labeled ? 'labeled' : isSent ? 'to label' : '';
    return el('div', { class: 'difficult-row', role: 'option', 'aria-selected': 'false', 'data-frame': one.frame, onclick: () => this.go(one) },
      el('span', { class: 'number', text: one.frame }), el('span', { class: 'time', text: viewer.timeText(one.frame) }),
      badge ? el('span', { class: `badge ${one.labeled ? 'done' : 'sent'}`, text: badge }) : null,
      ...one.reasons.map((reason) => el('span', { class: 'reason', text: reason, title: one.reasons.join('\n') })));
  }

  /** Mark the frame that is shown. @private */
  mark() {
    const frame = String(this.viewer.frame);
    for (const row of /** @type {NodeListOf<HTMLElement>} */ (this.list.querySelectorAll('.difficult-row'))) {
      const isHere = row.dataset.frame === frame;
      if (String(isHere) === row.getAttribute('aria-selected')) continue;
      row.setAttribute('aria-selected', String(isHere));
      if (isHere && !this.viewer.player.isPlaying) row.scrollIntoView({ block: 'nearest' });
    }
  }

  /** @param {DifficultFrame} one */
  go(one) {
    const { viewer } = this;
    const view = viewer.session.views.findIndex(({ name }) => name === one.view);
    const keypoint = viewer.session.keypoints.indexOf(one.keypoint);
    viewer.select(view < 0 ? viewer.view : view, keypoint < 0 ? viewer.keypoint : keypoint);
    viewer.seek(one.frame);
  }

  /** To the next in time; in the list, the next in its order. @param {number} direction */
  step(direction) {
    const { viewer } = this;
    const here = this.rows.findIndex(({ frame }) => frame === viewer.player.target);
    const next = here >= 0 ? this.rows[here + direction]
      : this.filter.order === 'score' ? this.rows[0] : this.rows.find(({ frame }) => frame === beside(this.rows.map((row) => row.frame), viewer.frame, direction));
    if (next) this.go(next);
    else viewer.say(this.rows.length ? 'that was the last one in the list' : 'no difficult frames are listed');
  }

  /** @private @param {KeyboardEvent} event */
  press(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || event.ctrlKey || event.altKey || event.shiftKey) return;
    this.step(step);
    event.preventDefault();
    event.stopPropagation();
  }

  /** Send the frame that is shown to be labeled, in all views; again: take it back. */
  async queue() {
    const { viewer } = this;
    const frame = viewer.player.target;
    const { name } = viewer.session;
    const who = readSettings(localStorage, 'litpose-labeling').who;
    const isSent = this.sent.has(frame) || this.ranking?.frames.some((one) => one.frame === frame && one.queued);
    viewer.say(isSent ? `taking frame ${frame} back` : `sending frame ${frame}`);
    this.send.disabled = true;
    try {
      if (isSent) {
        await viewer.api.unqueue({ session: name, frames: [frame], who });
        this.sent.delete(frame);
      } else {
        const { faults } = await viewer.api.queue({ session: name, frames: [frame], source: this.source.value, who });
        if (faults.length) throw new Error(faults.join(' '));
        this.sent.add(frame);
      }
      for (const one of this.ranking?.frames ?? []) if (one.frame === frame) one.queued = !isSent;
      viewer.say(isSent ? `frame ${frame} is no longer in the labeling queue` : `frame ${frame} is in the labeling queue`);
    } catch (error) {
      viewer.say(`frame ${frame}: ${/** @type {Error} */ (error).message}`);
    }
    this.send.disabled = false;
    if (!viewer.signal.aborted) this.refilter();
  }

  close() {
    clearTimeout(this.timer);
  }
}
