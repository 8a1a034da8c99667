/**
 * Edits on their way to the server. Each is kept in the browser until the server has said that it is on its disk; one
 * batch travels at a time, so an edit of a cell knows the revision that the edit before it was given.
 */

/** @import { CellJson, Operation, Result } from './types.js' */
/** @import { Kept, Shelf } from './storage.js' */
import { freshId } from './dom.js';

/**
 * @typedef {object} Post  how the outbox reaches the server
 * @property {(operations: Operation[], client: string, keepalive: boolean) => Promise<Result[]>} send
 * @property {(result: Result, operation: Kept) => void} acknowledged  the cell is `result.cell` now
 * @property {(operation: Kept) => void} conflicted  the server kept `operation.theirs`
 * @property {() => void} changed  the number of unsaved edits, or whether the server is reached
 */

const DELAY = 80; // ms in which edits gather
const LARGEST_BATCH = 256;
const LONGEST_PAUSE = 8000; // ms between attempts
const NOT_THEIR_FAULT = [401, 403, 404, 408, 409, 421, 429]; // 404: the server has another project open just now
const KEEPALIVE_BYTES = 60_000; // browsers let about 64 KB go on when a page closes

/** @param {{frame: string, view: string, keypoint: string}} one */
const cellKey = (one) => JSON.stringify([one.frame, one.view, one.keypoint]);

/** Only what the server is told. @param {Kept} kept @returns {Operation} */
function operationOf({ id, frame, view, keypoint, x, y, state, origin, base, seq }) {
  return { id, frame, view, keypoint, x, y, state, origin, base, seq };
}

export class Outbox {
  /** @param {Shelf} shelf @param {Post} post @param {{project: string, client: string, delay?: number}} of */
  constructor(shelf, post, { project, client, delay = DELAY }) {
    this.shelf = shelf;
    this.post = post;
    this.project = project;
    this.client = client;
    this.delay = delay;
    /** @private @type {Map<string, Kept>} */
    this.queue = new Map();
    /** @private @type {Map<string, Kept>} */
    this.flying = new Map();
    /** Edits that lost against another's, until a person has chosen. @type {Map<string, Kept>} */
    this.conflicts = new Map();
    /** Edits that the server will not take, with its reason. @type {Map<string, Kept>} */
    this.refused = new Map();
    /** Why the last attempt failed; null while the server answers. @type {string | null} */
    this.trouble = null;
    /** @private @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    /** @private */
    this.pause = 500;
    /** @private */
    this.clock = 0;
  }

  /** How many edits the server has not acknowledged. */
  get size() {
    return this.queue.size + this.flying.size;
  }

  /**
   * Take up edits that were left behind: by this tab before a reload, or by tabs that are gone.
   * @param {(client: string) => Promise<boolean>} isGone
   */
  async adopt(isGone) {
    const kept = await this.shelf.all(this.project);
    const gone = new Map(
      await Promise.all([...new Set(kept.map((one) => one.client))].map(async (client) =>
        /** @type {[string, boolean]} */ ([client, client === this.client || (await isGone(client))]))),
    );
    for (const one of kept.filter((each) => gone.get(each.client))) {
      const shelf = one.theirs ? this.conflicts : one.refused ? this.refused : this.queue;
      if (!this.queue.has(cellKey(one)) || shelf !== this.queue) shelf.set(cellKey(one), one);
    }
    if (this.size) this.later(0);
    this.post.changed();
  }

  /**
   * Put edits into the outbox. An edit that still waits for the same cell is replaced.
   * @param {Omit<Operation, 'id' | 'seq'>[]} edits
   */
  put(edits) {
    const drop = [];
    const kept = [];
    for (const edit of edits) {
      const key = cellKey(edit);
      const waiting = this.queue.get(key);
      if (waiting) drop.push(waiting.id);
      this.clock = Math.max(1000 * Date.now(), this.clock + 1); // grows over reloads too
      const one = { ...edit, id: freshId(), seq: this.clock, project: this.project, client: this.client };
      if (waiting) one.base = waiting.base;
      this.queue.delete(key);
      this.queue.set(key, one);
      kept.push(one);
    }
    this.shelf.put(kept, drop).catch((error) => this.fail(`the browser cannot keep edits: ${error}`));
    this.post.changed();
    if (!this.trouble && this.timer === undefined) this.later(this.delay); // no later for an edit that follows soon
  }

  /** The newest unacknowledged edits of a frame, to be shown instead of what the server has. @param {string} frame */
  pending(frame) {
    const newest = new Map([...this.flying, ...this.queue]);
    return [...newest.values()].filter((one) => one.frame === frame);
  }

  /** @param {{frame: string, view: string, keypoint: string}} cell */
  isPending(cell) {
    return this.queue.has(cellKey(cell)) || this.flying.has(cellKey(cell));
  }

  /** Send what waits, now. */
  async flush() {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (!this.flying.size) {
      const [first] = this.queue.values(); // edits that another tab left behind go under its name
      for (const [key, one] of this.queue) {
        if (this.flying.size === LARGEST_BATCH || one.client !== first.client) break;
        this.flying.set(key, one);
        this.queue.delete(key);
      }
    }
    if (!this.flying.size || this.busy) return;
    this.busy = true;
    const batch = [...this.flying.values()];
    try {
      this.arrived(batch, await this.post.send(batch.map(operationOf), batch[0].client, false));
    } catch (error) {
      await this.failed(batch, /** @type {Error & {status?: number}} */ (error));
    } finally {
      this.busy = false;
    }
    this.post.changed();
    if (this.size && !this.trouble) this.later(this.queue.size > LARGEST_BATCH ? 0 : this.delay);
  }

  /** The page goes away: send what fits without waiting. What does not fit is sent when the project is opened again. */
  farewell() {
    let room = KEEPALIVE_BYTES;
    const batch = [];
    for (const one of [...this.flying.values(), ...this.queue.values()]) {
      if (one.client !== this.client) continue;
      const operation = operationOf(one);
      room -= new TextEncoder().encode(JSON.stringify(operation)).length + 1;
      if (room < 0) break;
      batch.push(operation);
    }
    if (batch.length) this.post.send(batch, this.client, true).catch(() => undefined);
  }

  /** Forget an edit that lost, or that was refused. @param {{frame: string, view: string, keypoint: string}} cell */
  settle(cell) {
    const key = cellKey(cell);
    const ids = [this.conflicts.get(key)?.id, this.refused.get(key)?.id].filter((id) => id !== undefined);
    if (!ids.length) return;
    this.conflicts.delete(key);
    this.refused.delete(key);
    this.shelf.drop(ids);
    this.post.changed();
  }

  close() {
    clearTimeout(this.timer);
    this.closed = true;
  }

  /** @private @param {number} delay */
  later(delay) {
    clearTimeout(this.timer);
    if (!this.closed) this.timer = setTimeout(() => this.flush(), delay);
  }

  /** @private @param {Kept[]} batch @param {Result[]} results */
  arrived(batch, results) {
    const answers = new Map(results.map((result) => [result.id, result]));
    const done = [];
    for (const one of batch) {
      const result = answers.get(one.id);
      if (!result) continue; // not answered: it stays, and is sent again
      const key = cellKey(one);
      const newer = this.queue.get(key);
      this.flying.delete(key);
      if (result.status === 'refused') this.refuse(one, result.reason ?? 'no reason was given');
      else if (result.status !== 'conflict') {
        if (newer) newer.base = result.cell[4];
        this.post.acknowledged(result, one);
        done.push(one.id);
      } else if (this.isOwn(one, result.cell)) {
        this.queue.set(key, { ...(newer ?? one), id: newer?.id ?? freshId(), base: result.cell[4] });
        if (!newer) this.shelf.put([/** @type {Kept} */ (this.queue.get(key))], [one.id]);
        else done.push(one.id);
      } else {
        if (newer) done.push(one.id);
        this.queue.delete(key);
        const lost = { ...(newer ?? one), theirs: result.cell, by: result.who };
        this.conflicts.set(key, lost);
        this.shelf.put([lost]);
        this.post.conflicted(lost);
      }
    }
    this.shelf.drop(done);
    this.trouble = null;
    this.pause = 500;
  }

  /**
   * Whether the server's value is one that this page wrote itself, without having heard that it arrived.
   * @private @param {Kept} one @param {CellJson} cell
   */
  isOwn(one, [x, y, state]) {
    return one.x === x && one.y === y && one.state === state;
  }

  /** @private @param {Kept[]} batch @param {Error & {status?: number}} error */
  async failed(batch, error) {
    const status = error.status ?? 0;
    const isFault = status >= 400 && status < 500 && !NOT_THEIR_FAULT.includes(status);
    if (isFault && batch.length === 1) {
      this.flying.delete(cellKey(batch[0]));
      this.refuse(batch[0], error.message);
    } else if (isFault) {
      // One of them is at fault: halves find it, and the others go through.
      for (const one of batch.slice(Math.ceil(batch.length / 2))) {
        this.flying.delete(cellKey(one));
        if (this.queue.has(cellKey(one))) this.shelf.drop([one.id]);
        else this.queue.set(cellKey(one), one);
      }
    } else {
      this.fail(error.message);
    }
  }

  /** @private @param {Kept} one @param {string} reason */
  refuse(one, reason) {
    const refused = { ...one, refused: reason };
    this.refused.set(cellKey(one), refused);
    this.shelf.put([refused]);
  }

  /** @private @param {string} message */
  fail(message) {
    this.trouble = message;
    this.post.changed();
    this.later(this.pause * (0.75 + Math.random() / 2));
    this.pause = Math.min(LONGEST_PAUSE, this.pause * 2);
  }
}
