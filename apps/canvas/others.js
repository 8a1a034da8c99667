/** What others do: their edits arrive, their conflicts are shown, and where they are is known. */

/** @import { Presence, RemoteCell, Result } from './types.js' */
/** @import { Page } from './page.js' */
/** @import { Kept } from './storage.js' */
import { cellFromJson, isSame } from './labels.js';

const HELLO = 20_000; // ms between signs of life

export class Others {
  /** @param {Page} page */
  constructor(page) {
    this.page = page;
    /** @type {Presence[]} */
    this.present = [];
    this.rev = page.project.rev;
    /** @private @type {EventSource | null} */
    this.source = null;
    /** @private @type {ReturnType<typeof setInterval> | undefined} */
    this.timer = undefined;
    /** @private @type {ReturnType<typeof setTimeout> | undefined} */
    this.reload = undefined;
    /** @private @type {ReturnType<typeof setTimeout> | undefined} */
    this.retry = undefined;
    /** @private */
    this.pause = 1000; // ms until the next attempt to listen
  }

  /** Listen while the tab is seen: browsers open six connections to a server, for all tabs together. */
  listen() {
    const { signal } = this.page;
    document.addEventListener('visibilitychange', () => (document.hidden ? this.deafen() : this.connect()), { signal });
    this.connect();
    this.timer = setInterval(() => !document.hidden && this.here(this.page.target), HELLO);
  }

  /** @private */
  connect() {
    if (this.source) return;
    this.source = this.page.api.events(this.rev, {
      labels: (event) => this.edited(event.rev, event.cells),
      frames: (event) => this.remarked(event),
      presence: (present) => {
        this.present = present.filter((one) => one.client !== this.page.client);
        this.page.room.presenceChanged();
      },
      files: (event) => this.page.room.notices.filesChanged(event),
      trouble: ({ error }) => this.page.room.trouble(error ?? ''),
      open: () => {
        this.pause = 1000;
        if (this.page.outbox.trouble) this.page.outbox.flush();
      },
      closed: () => {
        this.deafen(); // the browser would ask again for what was missed since this page was opened
        this.retry = setTimeout(() => !document.hidden && this.connect(), this.pause);
        this.pause = Math.min(15_000, 2 * this.pause);
      },
    });
  }

  /** @private */
  deafen() {
    clearTimeout(this.retry);
    this.source?.close();
    this.source = null;
  }

  close() {
    this.deafen();
    clearInterval(this.timer);
    clearTimeout(this.reload);
  }

  /** @param {string} frame */
  here(frame) {
    const { client, settings, api } = this.page;
    api.presence({ client, who: settings.who || 'someone', color: settings.color, frame }).catch(() => undefined);
  }

  /** @private @param {number} rev @param {RemoteCell[]} cells */
  edited(rev, cells) {
    const { page } = this;
    this.rev = Math.max(this.rev, rev);
    /** @type {Set<number>} */
    const moved = new Set();
    for (const one of cells) {
      const at = page.remote(one);
      if (at && one.frame === page.target) moved.add(at.k);
      if (at) page.rows.count(one.frame, page.labels.count(one.frame));
    }
    if (moved.size) {
      page.geometry.settle(moved);
      page.labelsChanged([{ frame: page.target }]);
    }
    page.room.later();
  }

  /**
   * Frames were labeled, flagged, noted, queued, or came and went.
   * @private @param {{listed: boolean, frames: import('./types.js').FrameNews[]}} event
   */
  remarked({ listed, frames }) {
    const { page } = this;
    if (listed) this.recount();
    const known = [];
    for (const one of frames) {
      if (!page.labels.has(one.id)) { // else this page counts for itself, with what is on its way
        page.rows.count(one.id, one.labeled);
        page.rows.measure(one.id, one.worst);
      }
      page.rows.annotate(one.id, one);
      page.rows.queue(one.id, one.queued);
      known.push(page.archive.remarked(one));
    }
    page.room.remarks.update(true);
    page.room.later();
    Promise.all(known).then(() => {
      page.room.remarks.update(true);
      page.redraw();
    }).catch(() => undefined); // the server is gone: what is shown is of before
  }

  /** Ask for the table of frames again, once it is quiet. */
  recount() {
    clearTimeout(this.reload);
    this.reload = setTimeout(async () => {
      try {
        this.page.rows.load(await this.page.api.frames());
        this.page.room.frames.update();
      } catch {
        // the server is gone; the next edit of another asks again
      }
    }, 3000);
  }

  /** @param {Result} result @param {Kept} operation */
  acknowledged(result, operation) {
    const { labels, outbox } = this.page;
    const at = labels.place(operation.view, operation.keypoint);
    outbox.settle(operation); // a newer edit of the same label settles what was in conflict
    if (!at || !labels.has(operation.frame)) return;
    const now = labels.at(operation.frame, at.v, at.k);
    const cell = cellFromJson(result.cell);
    // A newer edit, or a hand that holds the label, stays on the screen; it only learns the revision.
    const isNewer = outbox.isPending(operation) || !isSame(now, operation);
    labels.set(operation.frame, at.v, at.k, isNewer ? { ...now, rev: cell.rev } : cell);
  }

  /** The server kept another's value. @param {Kept} operation */
  conflicted(operation) {
    const { labels, room } = this.page;
    const at = labels.place(operation.view, operation.keypoint);
    if (at && operation.theirs) labels.set(operation.frame, at.v, at.k, cellFromJson(operation.theirs));
    this.page.redraw();
    room.later();
    room.notices.update();
  }

  /** Conflicts of one view. @param {string} frame @param {number} v @returns {Map<number, {mine: import('./types.js').Value, theirs: import('./types.js').Value}>} */
  conflictsOf(frame, v) {
    const { outbox, labels } = this.page;
    const found = new Map();
    for (const one of outbox.conflicts.values()) {
      const at = labels.place(one.view, one.keypoint);
      if (one.frame === frame && at?.v === v && one.theirs) found.set(at.k, { mine: one, theirs: cellFromJson(one.theirs) });
    }
    return found;
  }

  /** The conflict that the keys are about: the active label's, or else the first. @returns {Kept | undefined} */
  get conflict() {
    const { outbox, project, v, k, target } = this.page;
    const all = [...outbox.conflicts.values()];
    return all.find((one) => one.frame === target && one.view === project.views[v] && one.keypoint === project.keypoints[k])
      ?? all.find((one) => one.frame === target) ?? all[0];
  }

  /** @param {'mine' | 'theirs'} whose */
  async settle(whose) {
    const { page, conflict } = this;
    if (!conflict?.theirs) return page.say('there is no conflict');
    await page.know(conflict.frame);
    const at = page.labels.place(conflict.view, conflict.keypoint);
    page.loop.stop();
    await page.open(conflict.frame);
    if (!page.isReady || page.target !== conflict.frame) return; // another frame was opened meanwhile: it stays
    const { x, y, state, origin } = conflict;
    if (at) page.select(at.v, at.k);
    if (at && whose === 'mine') page.labeling.edit(`take mine of ${conflict.keypoint}`, [{ ...at, value: { x, y, state, origin } }]);
    page.outbox.settle(conflict); // not before the edit is in the outbox
    page.redraw();
    page.room.later();
    page.say(whose === 'mine' ? 'yours was taken' : 'theirs was kept');
  }
}
