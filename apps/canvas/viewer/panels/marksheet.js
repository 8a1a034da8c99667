/**
 * The marks of a recording as this tab has them, and as the server has them. A change is shown at once and sent; what another tab did
 * meanwhile is merged mark by mark, and only a mark that both have changed is asked about.
 */

/** @import { Mark, MarkSheet } from '../types.js' */
import { ApiError } from '../../api.js';

const AGAIN = 3000; // ms until a server that did not answer is tried again

/** @param {Mark | undefined} a @param {Mark | undefined} b */
const isSame = (a, b) => JSON.stringify(a && ordered(a)) === JSON.stringify(b && ordered(b));
/** @param {Mark} mark */
const ordered = ({ id, frame, end, name, color, note, who }) => [id, frame, end, name, color, note, who];
/** @param {Mark[]} marks */
const byId = (marks) => new Map(marks.map((mark) => [mark.id, mark]));
/** @param {Mark[]} marks */
export const inOrder = (marks) => [...marks].sort((a, b) => a.frame - b.frame || (a.end ?? a.frame) - (b.end ?? b.frame));

/**
 * What two have made of the same marks. Where both changed one, differently, `mine` is kept and its id is among the conflicts.
 * @param {Mark[]} base @param {Mark[]} mine @param {Mark[]} theirs @returns {{marks: Mark[], conflicts: string[]}}
 */
export function merge(base, mine, theirs) {
  const [was, own, other] = [byId(base), byId(mine), byId(theirs)];
  /** @type {Mark[]} */
  const marks = [];
  const conflicts = [];
  for (const id of new Set([...own.keys(), ...other.keys()])) {
    const [before, here, there] = [was.get(id), own.get(id), other.get(id)];
    const isMine = !isSame(before, here);
    if (isMine && !isSame(before, there) && !isSame(here, there)) conflicts.push(id);
    const kept = isMine ? here : there;
    if (kept) marks.push(kept);
  }
  return { marks: inOrder(marks), conflicts };
}

export class Sheet {
  /**
   * @param {MarkSheet} start @param {{load: () => Promise<MarkSheet>, save: (base: number, marks: Mark[]) => Promise<MarkSheet>}} server
   * @param {() => void} changed
   */
  constructor(start, server, changed) {
    this.marks = inOrder(start.marks);
    /** what the server has, as far as this tab knows */
    this.known = start;
    this.server = server;
    this.changed = changed;
    /** why the last change is not saved; empty: it is */
    this.trouble = '';
    /** marks that both have changed @type {{ids: string[], theirs: MarkSheet} | null} */
    this.conflict = null;
    this.isSaving = false;
    this.isClosed = false;
  }

  get isSaved() {
    return JSON.stringify(inOrder(this.known.marks).map(ordered)) === JSON.stringify(this.marks.map(ordered));
  }

  /** @param {Mark[]} marks */
  set(marks) {
    this.marks = inOrder(marks);
    this.changed();
    return this.flush();
  }

  /** Send what is not saved. */
  async flush() {
    if (this.isSaving || this.conflict || this.isClosed) return;
    this.isSaving = true;
    clearTimeout(this.timer);
    while (!this.isSaved && !this.conflict && !this.isClosed) {
      const sent = this.marks;
      try {
        this.known = { ...await this.server.save(this.known.rev, sent), marks: sent };
        this.trouble = '';
      } catch (error) {
        const { rev } = this.known;
        const isStale = error instanceof ApiError && error.status === 409 && (await this.pull());
        if (isStale && (this.conflict || this.known.rev !== rev)) continue; // with what others did, once more
        this.trouble ||= /** @type {Error} */ (error).message;
        this.timer = setTimeout(() => this.flush(), AGAIN);
        break;
      }
    }
    this.isSaving = false;
    this.changed();
  }

  /** Take in what others did. @returns {Promise<boolean>} whether the server answered */
  async pull() {
    const { known } = this;
    let theirs;
    try {
      theirs = await this.server.load();
    } catch {
      return false; // a change that cannot be saved says so
    }
    if (theirs.rev === (this.conflict?.theirs ?? this.known).rev) return true;
    if (this.known !== known || this.isClosed) return true; // saved meanwhile: the answer may be of before, and lack what was saved
    const { marks, conflicts } = merge(known.marks, this.marks, theirs.marks);
    this.conflict = conflicts.length ? { ids: conflicts, theirs } : null;
    if (!this.conflict) this.known = theirs;
    this.marks = marks;
    this.trouble = '';
    this.changed();
    await this.flush(); // of what a conflict held back
    return true;
  }

  /** End a conflict. @param {'mine' | 'theirs'} whose */
  settle(whose) {
    if (!this.conflict) return;
    const { ids, theirs } = this.conflict;
    const other = byId(theirs.marks);
    this.conflict = null;
    this.known = theirs;
    const marks = whose === 'mine' ? this.marks
      : [...this.marks.filter(({ id }) => !ids.includes(id)), ...ids.flatMap((id) => other.get(id) ?? [])];
    return this.set(marks);
  }

  close() {
    this.isClosed = true;
    clearTimeout(this.timer);
  }
}
