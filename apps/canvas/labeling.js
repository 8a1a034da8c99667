/** What a hand does to the labels of the frame on the screen. */

/** @import { State, Value } from './types.js' */
/** @import { Page } from './page.js' */
/** @import { Wanted } from './editor.js' */
import { freshId } from './dom.js';
import { derivedAt } from './followers.js';
import { hasPlace, isSource, UNLABELED, valueAt } from './labels.js';
import { isInside } from './zoom.js';

const NUDGES_TOGETHER = 800; // ms: nudges that follow each other closely are undone as one

export class Labeling {
  /** @param {Page} page */
  constructor(page) {
    this.page = page;
    /** @private */
    this.nudged = { group: '', key: '', time: 0 };
    /** view of the label under the hand */
    this.heldView = -1;
    this.heldKeypoint = -1;
  }

  get frame() {
    return this.page.frame?.id ?? '';
  }

  /** @param {number} v @param {number} k */
  at(v, k) {
    return this.page.labels.at(this.frame, v, k);
  }

  /** Show the active keypoint at a place; `drop` makes it an edit. @param {number} v @param {number} x @param {number} y @param {State} state */
  place(v, x, y, state) {
    const { page } = this;
    if (!isInside(x, y, page.tiles[v].size)) return page.say('that is outside the image');
    page.select(v, page.k);
    this.heldView = v;
    page.editor.preview(this.frame, [{ v, k: page.k, value: valueAt(x, y, state, 'manual') }]);
    page.tiles[v].draw();
    page.geometry.update([page.k]);
  }

  /** @param {number} v @param {number} k */
  grab(v, k) {
    this.page.select(v, k);
    [this.heldView, this.heldKeypoint] = [v, k];
  }

  /** @param {number} x @param {number} y */
  drag(x, y) {
    const { page, heldView: v } = this;
    const [width, height] = page.tiles[v].size;
    const value = valueAt(Math.min(width - 0.5, Math.max(-0.5, x)), Math.min(height - 0.5, Math.max(-0.5, y)), this.at(v, page.k).state, 'manual');
    page.editor.preview(this.frame, [{ v, k: page.k, value }]);
    page.tiles[v].draw();
    page.geometry.update([page.k]);
  }

  drop() {
    const { page } = this;
    if (!page.editor.isHolding) return;
    const wasPlaced = this.heldKeypoint < 0;
    const { k } = page;
    this.heldKeypoint = -1;
    const { group, changes } = page.editor.commit(`${wasPlaced ? 'place' : 'move'} ${page.project.keypoints[k]}`);
    this.changed(group, changes);
    if (wasPlaced && changes.length) this.advance(this.heldView);
  }

  cancel() {
    if (!this.page.editor.isHolding) return false;
    this.heldKeypoint = -1;
    this.page.editor.cancel();
    this.page.geometry.update([this.page.k]);
    this.page.redraw();
    return true;
  }

  /** Go to the next keypoint, as the person has chosen. @private @param {number} v */
  advance(v) {
    const { page } = this;
    const { advance } = page.settings;
    if (advance === 'off') return;
    const { k } = page;
    const placed = page.project.views.filter((_, view) => isSource(this.at(view, k))).length;
    if (advance === 'pair' && placed < Math.min(2, page.project.views.length)) return;
    const next = page.labels.nextUnlabeled(this.frame, v, k);
    if (next < 0) this.nextView(v);
    else page.select(v, next);
  }

  /** Go to the first keypoint that has no label. */
  begin() {
    const { views } = this.page.project;
    for (let v = 0; v < views.length; v++) {
      const k = this.page.labels.nextUnlabeled(this.frame, v, -1);
      if (k >= 0) return this.page.select(v, k);
    }
  }

  /** A view is complete: go on with the first one that lacks a keypoint, and that nothing is proposed for. @private @param {number} v */
  nextView(v) {
    const { page } = this;
    const { views, keypoints } = page.project;
    for (let step = 1; step < views.length; step++) {
      const other = (v + step) % views.length;
      const k = keypoints.findIndex((_, index) => this.at(other, index).state === 'unlabeled' && !page.geometry.shape.ghosts[other][index]);
      if (k < 0) continue;
      page.select(other, k);
      page.room.focusTile();
      return page.say(`${views[v]} is complete; ${views[other]} is next`);
    }
    page.say(views.length > 1 ? `${views[v]} is complete; accept takes what is proposed in the others` : 'every keypoint has a label');
  }

  /** @param {string} group @param {{k: number, frame: string, v: number}[]} changes */
  changed(group, changes) {
    this.page.followers.sourceMoved(group, changes);
    this.page.geometry.settle(changes.map(({ k }) => k));
    this.page.labelsChanged(changes);
  }

  /** @param {string} title @param {Wanted[]} wanted @param {string} [group] */
  edit(title, wanted, group) {
    if (!this.page.isReady) return;
    const done = this.page.editor.edit(this.frame, title, wanted, group);
    if (done.changes.length) this.changed(done.group, done.changes);
    return done.changes.length;
  }

  /** Move the active label; without one, begin where a proposal is, or in the middle of what is shown. @param {number} dx @param {number} dy px */
  nudge(dx, dy) {
    const { page } = this;
    const { v, k } = page;
    const cell = this.at(v, k);
    if (!hasPlace(cell)) return this.enter();
    const key = `${this.frame} ${v} ${k}`;
    const isNext = this.nudged.key === key && performance.now() - this.nudged.time < NUDGES_TOGETHER;
    this.nudged = { group: isNext ? this.nudged.group : freshId(), key, time: performance.now() };
    const [width, height] = page.tiles[v].size;
    const x = Math.min(width - 0.5, Math.max(-0.5, cell.x + dx));
    const y = Math.min(height - 0.5, Math.max(-0.5, cell.y + dy));
    this.edit(`nudge ${page.project.keypoints[k]}`, [{ v, k, value: valueAt(x, y, cell.state, 'manual') }], this.nudged.group);
  }

  /** Place the active keypoint without a mouse. */
  enter() {
    const { page } = this;
    const { v, k } = page;
    if (!page.isReady) return;
    const proposed = page.geometry.shape.ghosts[v][k] ?? page.proposalOf(v, k);
    const [x, y] = hasPlace(this.at(v, k)) ? [Number(this.at(v, k).x), Number(this.at(v, k).y)] : proposed ?? page.middleOf(v);
    if (!isInside(x, y, page.tiles[v].size)) return page.say('that is outside the image');
    const done = this.edit(`place ${page.project.keypoints[k]}`, [{ v, k, value: valueAt(x, y, 'visible', 'manual') }]);
    if (!done) this.advance(v);
  }

  /** visible, occluded, not in view, and round again */
  cycleState() {
    const { v, k } = this.page;
    const cell = this.at(v, k);
    const next = hasPlace(cell) ? (cell.state === 'visible' ? 'occluded' : 'absent') : 'visible';
    if (next === 'absent') return this.setAbsent();
    const ghost = this.page.geometry.shape.ghosts[v][k];
    if (hasPlace(cell)) this.edit('occluded', [{ v, k, value: { ...cell, state: next, origin: cell.origin === 'derived' ? 'derived' : 'manual' } }]);
    else if (cell.state === 'absent' && ghost) this.edit('visible', [{ v, k, value: valueAt(ghost[0], ghost[1], 'visible', 'derived') }]);
    else if (cell.state === 'absent') this.edit('unlabeled', [{ v, k, value: UNLABELED }]);
    else this.setAbsent();
  }

  setAbsent() {
    const { v, k } = this.page;
    this.edit('not in view', [{ v, k, value: { x: null, y: null, state: 'absent', origin: 'manual' } }]);
  }

  /** @param {number} v @param {number} k */
  toggleOccluded(v, k) {
    this.page.select(v, k);
    const cell = this.at(v, k);
    const state = cell.state === 'occluded' ? 'visible' : 'occluded';
    this.edit(state, [{ v, k, value: { ...cell, state, origin: cell.origin === 'derived' ? 'derived' : 'manual' } }]);
  }

  /** @param {'view' | 'views'} where */
  remove(where) {
    const { page } = this;
    const views = where === 'view' ? [page.v] : page.project.views.map((_, v) => v);
    this.edit(`delete ${page.project.keypoints[page.k]}`, views.map((v) => ({ v, k: page.k, value: UNLABELED })));
  }

  /** Take what the geometry proposes. @param {'keypoint' | 'frame'} of */
  acceptGhosts(of) {
    this.accept(of, 'accept ghosts', 'there is nothing to accept: two views of a keypoint make its ghosts', (v, k) => {
      const ghost = this.page.geometry.shape.ghosts[v][k];
      return ghost && derivedAt(ghost, 'visible', this.page.tiles[v].size);
    });
  }

  /** Take what a network proposes. @param {'keypoint' | 'frame'} of */
  acceptProposals(of) {
    this.accept(of, 'accept predictions', 'there is no prediction for what is unlabeled', (v, k) => {
      const proposed = this.page.proposalOf(v, k);
      return proposed && valueAt(proposed[0], proposed[1], 'visible', 'confirmed');
    });
  }

  /** @param {'keypoint' | 'frame'} of */
  copyPrevious(of) {
    const previous = this.page.frame?.previous;
    if (!previous || !this.page.labels.has(previous)) return this.page.say('there is no frame before this one');
    this.accept(of, 'copy from the frame before', 'the frame before has nothing for what is unlabeled here', (v, k) => {
      const cell = this.page.labels.at(previous, v, k);
      return cell.state === 'unlabeled' ? null : { ...cell, origin: 'manual' };
    });
  }

  /**
   * Fill what is unlabeled, with what lies inside the image.
   * @private @param {'keypoint' | 'frame'} of @param {string} title @param {string} nothing
   * @param {(v: number, k: number) => Value | null} find
   */
  accept(of, title, nothing, find) {
    const { page } = this;
    const keypoints = of === 'keypoint' ? [page.k] : page.project.keypoints.map((_, k) => k);
    const wanted = page.project.views.flatMap((_, v) => keypoints.flatMap((k) => {
      const value = this.at(v, k).state === 'unlabeled' ? find(v, k) : null;
      const isGood = value && (!hasPlace(value) || isInside(value.x, value.y, page.tiles[v].size));
      return isGood ? [{ v, k, value }] : [];
    }));
    if (!wanted.length) return page.say(nothing);
    this.edit(title, wanted);
    page.say(`${title}: ${wanted.length}`);
  }

  /** @param {'undo' | 'redo'} which */
  async travel(which) {
    const { page } = this;
    if (page.editor.isHolding) return this.cancel();
    const { history } = page.editor;
    const next = (which === 'undo' ? history.past : history.future).at(-1);
    if (!next) return page.say(`nothing to ${which}`);
    for (const frame of new Set(next.changes.map((change) => change.frame))) await page.know(frame);
    if (next !== (which === 'undo' ? history.past : history.future).at(-1)) return; // another key was faster
    if (which === 'undo') history.undo();
    else history.redo();
    const { changed, skipped } = page.editor.restore(next, which === 'undo' ? 'before' : 'after');
    const first = next.changes[0];
    await page.open(first.frame);
    page.select(first.v, first.k);
    page.geometry.settle(changed.filter(({ frame }) => frame === this.frame).map(({ k }) => k));
    page.labelsChanged(changed);
    page.say(`${which}: ${next.title}${skipped ? `, but ${skipped} changed by others since` : ''}`);
  }
}
