/** What the server says of frames: asked for once, kept while it is likely to be needed, with the edits that are still on their way. */

/** @import { FrameData } from './types.js' */
/** @import { Api } from './api.js' */
/** @import { Labels } from './labels.js' */
/** @import { Outbox } from './outbox.js' */

const KEPT = 300; // frames

export class Archive {
  /** @param {Pick<Api, 'frame'>} api @param {Labels} labels @param {Outbox} outbox */
  constructor(api, labels, outbox) {
    this.api = api;
    this.labels = labels;
    this.outbox = outbox;
    /** @private @type {Map<string, FrameData>} */
    this.known = new Map();
    /** @private @type {Map<string, Promise<FrameData>>} */
    this.coming = new Map();
  }

  /** @param {string} frame @param {string[]} needed  frames that must not be given up @returns {Promise<FrameData>} */
  async know(frame, needed) {
    const known = this.known.get(frame);
    if (known) return known;
    const coming = this.coming.get(frame) ?? this.api.frame(frame)
      .then((data) => this.keep(data, [frame, ...needed]))
      .finally(() => this.coming.delete(frame));
    this.coming.set(frame, coming);
    return coming;
  }

  /** Others have flagged a frame, or written a note, or wanted it labeled. @param {import('./types.js').FrameNews} news */
  async remarked({ id, flagged, note, queued }) {
    const known = this.known.get(id);
    if (!known) return;
    Object.assign(known, { flagged, note });
    if (Boolean(known.queued) === queued) return;
    known.queued = null;
    if (!queued) return;
    const { queued: by, proposals } = await this.api.frame(id);
    Object.assign(known, { queued: by, proposals });
  }

  /** @private @param {FrameData} data @param {string[]} needed */
  keep(data, needed) {
    const { labels } = this;
    this.known.set(data.id, data);
    labels.load(data.id, data.cells);
    for (const one of this.outbox.pending(data.id)) {
      const at = labels.place(one.view, one.keypoint);
      if (at) labels.set(data.id, at.v, at.k, { ...one, rev: labels.at(data.id, at.v, at.k).rev });
    }
    for (const old of this.known.keys()) {
      if (this.known.size <= KEPT) break;
      if (needed.includes(old)) continue;
      this.known.delete(old);
      labels.forget(old);
    }
    return data;
  }
}
