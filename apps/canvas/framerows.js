/** The table of frames: tens of thousands of them, in columns; which are listed, and what comes next. */

/** @import { FrameColumns } from './types.js' */

/** @typedef {'all' | 'unlabeled' | 'unfinished' | 'flagged' | 'queued' | 'worst'} Filter */

/** @type {FrameColumns} */
const NONE = { id: [], session: [], index: [], labeled: [], total: 0, flagged: [], note: [], worst: [], queued: [] };

export class FrameRows {
  constructor() {
    this.columns = NONE;
    /** @type {Filter} */
    this.filter = 'all';
    this.words = '';
    /** rows that are listed, in their order @type {number[]} */
    this.order = [];
    /** @private @type {Map<string, number>} */
    this.rows = new Map();
    /** @private @type {Map<number, number>} */
    this.places = new Map();
  }

  /** @param {FrameColumns} columns */
  load(columns) {
    this.columns = columns;
    this.rows = new Map(columns.id.map((id, row) => [id, row]));
    this.choose(this.filter, this.words);
  }

  /**
   * List the frames that a filter lets through. They stay listed when labeling changes what they are.
   * @param {Filter} filter @param {string} words  of the session, the number of the frame, or the note
   */
  choose(filter, words = this.words) {
    const { id, session, index, note, labeled, total, flagged, worst } = this.columns;
    const sought = words.trim().toLowerCase();
    /** @type {Record<Filter, (row: number) => boolean>} */
    const tests = {
      all: () => true,
      unlabeled: (row) => labeled[row] === 0,
      unfinished: (row) => labeled[row] > 0 && labeled[row] < total,
      flagged: (row) => flagged[row],
      queued: (row) => this.isQueued(row),
      worst: (row) => worst[row] !== null,
    };
    const isListed = tests[filter];
    const has = (/** @type {number} */ row) => !sought || String(index[row]) === sought
      || session[row].toLowerCase().includes(sought) || note[row]?.toLowerCase().includes(sought);
    [this.filter, this.words] = [filter, words];
    this.order = id.map((_, row) => row).filter((row) => isListed(row) && has(row));
    if (filter === 'worst') this.order.sort((a, b) => Number(worst[b]) - Number(worst[a]));
    this.places = new Map(this.order.map((row, place) => [row, place]));
  }

  /** Whether a frame is wanted, and not labeled yet. @param {number} row */
  isQueued(row) {
    const { queued, labeled, total } = this.columns;
    return queued[row] && labeled[row] < total;
  }

  /** @param {string} id @returns {number} -1 for a frame that is not there */
  rowOf(id) {
    return this.rows.get(id) ?? -1;
  }

  /** Place of a frame in the list, -1 if the filter hides it. @param {string} id */
  placeOf(id) {
    return this.places.get(this.rowOf(id)) ?? -1;
  }

  /** The frame `step` places further on; null beyond the ends. @param {string} id @param {number} step @returns {string | null} */
  neighbour(id, step) {
    const place = this.placeOf(id);
    if (place < 0) return this.order.length ? this.columns.id[this.order[step > 0 ? 0 : this.order.length - 1]] : null;
    const row = this.order[place + step];
    return row === undefined ? null : this.columns.id[row];
  }

  /** The next listed frame that is not finished. @param {string} id @param {1 | -1} step @returns {string | null} */
  unfinished(id, step) {
    const { labeled, total } = this.columns;
    const place = this.placeOf(id);
    const start = place < 0 ? (step > 0 ? -1 : this.order.length) : place;
    for (let at = start + step; at >= 0 && at < this.order.length; at += step) {
      if (labeled[this.order[at]] < total) return this.columns.id[this.order[at]];
    }
    return null;
  }

  /** Where to begin: the first frame that somebody wants labeled, else one that is not finished, else the first. @returns {string | null} */
  firstUnfinished() {
    const { id, labeled, total } = this.columns;
    const wanted = id.findIndex((_, row) => this.isQueued(row));
    const row = wanted < 0 ? labeled.findIndex((count) => count < total) : wanted;
    return id[row < 0 ? 0 : row] ?? null;
  }

  /** Frames that are likely to be opened next, the likeliest first. @param {string} id @returns {string[]} */
  near(id) {
    const found = [this.neighbour(id, 1), this.neighbour(id, 2), this.neighbour(id, -1), this.unfinished(id, 1)];
    return [...new Set(found)].filter((one) => one !== null && one !== id).map(String);
  }

  /** @param {string} id @param {number} labeled */
  count(id, labeled) {
    const row = this.rowOf(id);
    if (row >= 0) this.columns.labeled[row] = labeled;
  }

  /** @param {string} id @param {number | null} px */
  measure(id, px) {
    const row = this.rowOf(id);
    if (row >= 0) this.columns.worst[row] = px;
  }

  /** @param {string} id @param {{flagged: boolean, note: string}} remark */
  annotate(id, { flagged, note }) {
    const row = this.rowOf(id);
    if (row >= 0) [this.columns.flagged[row], this.columns.note[row]] = [flagged, note];
  }

  /** @param {string} id @param {boolean} isQueued */
  queue(id, isQueued) {
    const row = this.rowOf(id);
    if (row >= 0) this.columns.queued[row] = isQueued;
  }
}
