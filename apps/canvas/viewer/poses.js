/** Poses around the frame that is shown, in windows: nothing is asked for twice, and what comes next is there before it is needed. */

/** @import { ViewerApi } from './api.js' */
/** @import { ChosenSource } from './types.js' */

const BYTES = 1 << 19; // of a window, about
const KEPT = 96 << 20; // bytes of windows that are kept
const LONGEST = 512; // frames that the server sends at once
const AT_ONCE = 3; // requests
const AGAIN = 4000; // ms until a window that failed is asked for again

/**
 * What a source says of one frame. Keypoints are the recording's, coordinates px; NaN is missing.
 * @typedef {object} Pose
 * @property {Float32Array} xy  [views of the source, keypoints, fields]: x, y, confidence and, with variance, sxx, sxy, syy
 * @property {Float32Array | null} xyz  [keypoints, 3]
 * @property {number[]} slots  for every view of the recording its place in xy, -1 where the source has none
 * @property {number} fields
 *
 * @typedef {object} Frames  a window that has come
 * @property {number} start
 * @property {number} count
 * @property {number[]} slots
 * @property {number} fields
 * @property {Float32Array} values
 * @property {number} perFrame  numbers of a frame in px
 * @property {boolean} world
 * @property {number} used  when it was last looked at
 */

export class Poses {
  /**
   * @param {ViewerApi} api @param {string} session @param {string[]} views @param {number} keypoints
   * @param {{arrived: (source: ChosenSource) => void, changed: (source: ChosenSource) => void}} on  changed: the files are others than they were
   */
  constructor(api, session, views, keypoints, on) {
    this.api = api;
    this.session = session;
    this.views = views;
    this.keypoints = keypoints;
    this.on = on;
    /** @private @type {Map<string, Frames>} */
    this.kept = new Map();
    /** windows that are on their way @private @type {Map<string, AbortController>} */
    this.coming = new Map();
    /** windows that failed, and when @private @type {Map<string, number>} */
    this.failed = new Map();
    /** @private @type {{source: ChosenSource, at: number}[]} */
    this.wanted = [];
    /** what is wrong with a source, by id @type {Map<string, string>} */
    this.faults = new Map();
    /** @private */
    this.uses = 0;
  }

  /** Frames of a window: a power of two, as many as make about half a megabyte. @param {ChosenSource} source */
  widthOf(source) {
    const numbers = this.keypoints * (source.views.length * (source.variance ? 6 : 3) + (source.world ? 3 : 0));
    const frames = BYTES / 4 / Math.max(1, numbers);
    return Math.min(LONGEST, Math.max(32, 2 ** Math.floor(Math.log2(frames))));
  }

  /** @param {ChosenSource} source @param {number} frame @returns {Pose | null} null: not there yet, or the source has no such frame */
  at(source, frame) {
    const window = this.kept.get(keyOf(source, Math.floor(frame / this.widthOf(source))));
    const row = window ? frame - window.start : -1;
    if (!window || row < 0 || row >= window.count) return null;
    window.used = ++this.uses;
    const { values, perFrame, world, count, slots, fields } = window;
    const numbers = 3 * this.keypoints;
    const from = count * perFrame + row * numbers;
    return { xy: values.subarray(row * perFrame, (row + 1) * perFrame), xyz: world ? values.subarray(from, from + numbers) : null, slots, fields };
  }

  /**
   * Have the windows of a frame, of those before it that trails need, and of what is played next.
   * @param {ChosenSource[]} sources @param {number} frame @param {number} back  frames before it @param {number} ahead  frames after it, negative backwards
   */
  want(sources, frame, back, ahead) {
    this.wanted = [];
    for (const offset of [0, -back, ahead, 2 * ahead]) {
      for (const source of sources) {
        const at = Math.floor((frame + offset) / this.widthOf(source));
        if (frame + offset < 0 || frame + offset >= source.frames) continue;
        if (!this.wanted.some((one) => one.source.id === source.id && one.at === at)) this.wanted.push({ source, at });
      }
    }
    this.pump();
  }

  /** @private */
  pump() {
    for (const { source, at } of this.wanted) {
      const key = keyOf(source, at);
      const late = this.failed.get(key) ?? -AGAIN;
      if (this.coming.size >= AT_ONCE) return;
      if (!this.kept.has(key) && !this.coming.has(key) && performance.now() - late > AGAIN) this.load(key, source, at);
    }
  }

  /** @private @param {string} key @param {ChosenSource} source @param {number} at */
  async load(key, source, at) {
    const control = new AbortController();
    this.coming.set(key, control);
    const width = this.widthOf(source);
    try {
      const { head, values } = await this.api.poses(this.session, source.id, at * width, Math.min(source.frames, (at + 1) * width), control.signal);
      if (head.version && head.version !== source.version) this.on.changed(source);
      const count = head.stop - head.start;
      const perFrame = head.views.length * this.keypoints * head.fields.length;
      this.kept.set(key, { start: head.start, count, values, perFrame, fields: head.fields.length,
        slots: this.views.map((view) => head.views.indexOf(view)), world: values.length > count * perFrame, used: ++this.uses });
      this.faults.delete(source.id);
      this.forget();
    } catch (error) {
      if (control.signal.aborted) return;
      this.failed.set(key, performance.now());
      this.faults.set(source.id, /** @type {Error} */ (error).message);
    } finally {
      this.coming.delete(key);
    }
    this.on.arrived(source);
    this.pump();
  }

  /** Let go of what was not looked at for longest. @private */
  forget() {
    let bytes = 0;
    for (const [key, window] of [...this.kept].sort(([, a], [, b]) => b.used - a.used)) {
      bytes += window.values.byteLength;
      if (bytes > KEPT) this.kept.delete(key);
    }
  }

  close() {
    this.wanted = [];
    for (const control of this.coming.values()) control.abort();
    this.kept.clear();
  }
}

/** @param {ChosenSource} source @param {number} window */
const keyOf = (source, window) => `${source.id} ${source.version} ${window}`;
