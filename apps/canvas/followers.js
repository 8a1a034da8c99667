/** Labels that the geometry has derived follow the labels that they were derived from. */

/** @import { Page } from './page.js' */
/** @import { Ghost, State, Value } from './types.js' */
/** @import { Wanted } from './editor.js' */
import { hasPlace, valueAt } from './labels.js';
import { isInside } from './zoom.js';

const MOVES = 1e-3; // px: below it a derived point stays

/** What a ghost makes a label; outside the image it is not in view. @param {Ghost} ghost @param {State} state @param {[number, number]} size @returns {Value} */
export function derivedAt([x, y], state, size) {
  return isInside(x, y, size) ? valueAt(x, y, state, 'derived') : { x: null, y: null, state: 'absent', origin: 'derived' };
}

export class Followers {
  /** @param {Page} page */
  constructor(page) {
    this.page = page;
    /** keypoints of which a source moved in the frame that is open, with the edit that did it @private @type {Map<number, string>} */
    this.moved = new Map();
  }

  /** @param {string} group  the edit @param {{k: number}[]} changes */
  sourceMoved(group, changes) {
    for (const { k } of changes) this.moved.set(k, group);
  }

  /** The geometry has answered. @param {string} frame @param {number[]} keypoints */
  answered(frame, keypoints) {
    const { editor, geometry } = this.page;
    const { ghosts } = geometry.shape;
    for (const k of keypoints) {
      const group = this.moved.get(k);
      if (editor.isHolding) editor.preview(frame, this.places(frame, k, ghosts));
      else if (group !== undefined && !geometry.isStale(k)) { // else the source has moved on since this was asked
        this.moved.delete(k);
        this.carry(frame, group, this.places(frame, k, ghosts));
      }
    }
  }

  /** The frame is left: what derives from the last that moved in it follows when the geometry has answered. @param {string} frame */
  async leave(frame) {
    const { moved, page } = this;
    if (!moved.size) return;
    this.moved = new Map();
    const sizes = page.tiles.map((tile) => tile.size);
    const ghosts = await page.geometry.ghostsOf(frame, [...moved.keys()]);
    for (const [k, group] of moved) this.carry(frame, group, this.places(frame, k, ghosts, sizes));
  }

  /**
   * Where derived points of a keypoint have to go.
   * @private @param {string} frame @param {number} k @param {(Ghost | null)[][]} ghosts @param {[number, number][]} [sizes]
   * @returns {Wanted[]}
   */
  places(frame, k, ghosts, sizes) {
    return this.page.project.views.flatMap((_, v) => {
      const cell = this.page.labels.at(frame, v, k);
      const ghost = ghosts[v][k];
      if (cell.origin !== 'derived' || cell.state === 'unlabeled' || !ghost) return [];
      if (hasPlace(cell) && Math.hypot(ghost[0] - cell.x, ghost[1] - cell.y) < MOVES) return [];
      return [{ v, k, value: derivedAt(ghost, hasPlace(cell) ? cell.state : 'visible', sizes?.[v] ?? this.page.tiles[v].size) }];
    });
  }

  /** Let them go there, as a part of the edit that moved the source. @private @param {string} frame @param {string} group @param {Wanted[]} wanted */
  carry(frame, group, wanted) {
    const { changes } = this.page.editor.edit(frame, 'derived points follow', wanted, group);
    if (changes.length) this.page.labelsChanged(changes);
  }
}
