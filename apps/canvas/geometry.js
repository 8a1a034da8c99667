/**
 * Live geometry from the server: curves, ghosts, residuals. One question travels at a time; while it does, what changes is
 * gathered into the next one, which is made from the labels of the moment when it leaves. So an answer is never older than
 * one round trip, however fast the hand.
 */

/** @import { BoneLength, Ghost, GeometryAnswer, Polyline } from './types.js' */
/** @import { Labels } from './labels.js' */
import { isSource } from './labels.js';

const FIRST_PAUSE = 250; // ms before a question that failed is asked again

/** @param {number} pause ms @returns {number} */
const longer = (pause) => Math.min(8000, 2 * pause);

/** @param {number} ms */
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** What is known of one frame; arrays over views and keypoints. */
export class Shape {
  /** @param {number} views @param {number} keypoints */
  constructor(views, keypoints) {
    const table = () => Array.from({ length: views }, () => new Array(keypoints).fill(null));
    /** @type {(Polyline | null)[][]} */
    this.curves = table();
    /** @type {(Ghost | null)[][]} */
    this.ghosts = table();
    /** @type {(number | null)[][]} */
    this.residuals = table();
    /** @type {(number[] | null)[]} */
    this.xyz = new Array(keypoints).fill(null);
    /** the view that disagrees with the others @type {(string | null)[]} */
    this.suspect = new Array(keypoints).fill(null);
    /** @type {BoneLength[]} */
    this.bones = [];
  }

  /** The largest residual, px; null without any. @returns {number | null} */
  get worst() {
    const known = /** @type {number[]} */ (this.residuals.flat().filter((px) => px !== null));
    return known.length ? Math.max(...known) : null;
  }
}

export class Geometry {
  /**
   * @param {Labels} labels @param {[number, number][]} edges
   * @param {(body: {seq: number, frame: string, points: Record<string, ([number, number] | null)[]>}) => Promise<GeometryAnswer>} ask
   * @param {(frame: string, keypoints: number[]) => void} answered
   */
  constructor(labels, edges, ask, answered) {
    this.labels = labels;
    this.edges = edges;
    /** @private */
    this.ask = ask;
    /** @private */
    this.answered = answered;
    /** @private */
    this.seq = 0;
    /** @private @type {string} */
    this.frame = '';
    /** @private @type {Set<number>} */
    this.stale = new Set();
    this.shape = new Shape(labels.views.length, labels.keypoints.length);
  }

  /** Begin anew with another frame. @param {string} frame */
  open(frame) {
    this.frame = frame;
    this.shape = new Shape(this.labels.views.length, this.labels.keypoints.length);
    this.stale = new Set(this.labels.keypoints.keys());
    return this.run();
  }

  /** Keypoints have moved; ask about them. @param {Iterable<number>} keypoints */
  update(keypoints) {
    for (const k of keypoints) this.stale.add(k);
    return this.run();
  }

  /** Keypoints have come to rest; ask about them and the bones that end at them. @param {Iterable<number>} keypoints */
  settle(keypoints) {
    const moved = new Set(keypoints);
    const ends = this.edges.filter(([a, b]) => moved.has(a) || moved.has(b)).flat();
    return this.update([...moved, ...ends]);
  }

  /** Whether a keypoint has moved since it was asked about. @param {number} k */
  isStale(k) {
    return this.stale.has(k);
  }

  /**
   * The ghosts of a frame that is no longer shown, asked for until there is an answer.
   * @param {string} frame @param {number[]} keypoints @returns {Promise<(Ghost | null)[][]>}
   */
  async ghostsOf(frame, keypoints) {
    for (let pause = FIRST_PAUSE; !this.closed; pause = longer(pause)) {
      try {
        const { ghosts } = await this.ask({ seq: 0, frame, points: this.points(frame, keypoints) });
        return this.labels.views.map((view) => ghosts[view] ?? []);
      } catch {
        await sleep(pause);
      }
    }
    return this.labels.views.map(() => []);
  }

  /** @private */
  async run() {
    if (this.busy) return;
    this.busy = true;
    let pause = FIRST_PAUSE;
    while (this.stale.size && !this.closed) {
      const frame = this.frame;
      const keypoints = [...this.stale];
      this.stale.clear();
      try {
        const answer = await this.ask({ seq: ++this.seq, frame, points: this.points(frame, keypoints) });
        if (frame === this.frame && answer.seq === this.seq) this.take(answer, keypoints);
        pause = FIRST_PAUSE;
      } catch {
        if (frame === this.frame) for (const k of keypoints) this.stale.add(k);
        await sleep(pause);
        pause = longer(pause);
      }
    }
    this.busy = false;
  }

  close() {
    this.closed = true;
  }

  /** @private @param {string} frame @param {number[]} keypoints @returns {Record<string, ([number, number] | null)[]>} */
  points(frame, keypoints) {
    const { views, keypoints: names } = this.labels;
    return Object.fromEntries(views.map((view, v) => {
      /** @type {([number, number] | null)[]} */
      const row = new Array(names.length).fill(null);
      for (const k of keypoints) {
        const cell = this.labels.at(frame, v, k);
        if (isSource(cell)) row[k] = [/** @type {number} */ (cell.x), /** @type {number} */ (cell.y)];
      }
      return [view, row];
    }));
  }

  /** @private @param {GeometryAnswer} answer @param {number[]} keypoints */
  take(answer, keypoints) {
    const { shape } = this;
    for (const k of keypoints) {
      shape.xyz[k] = answer.xyz[k] ?? null;
      shape.suspect[k] = answer.suspect[k] ?? null;
      this.labels.views.forEach((view, v) => {
        shape.curves[v][k] = answer.curves[view]?.[k] ?? null;
        shape.ghosts[v][k] = answer.ghosts[view]?.[k] ?? null;
        shape.residuals[v][k] = answer.residuals[view]?.[k] ?? null;
      });
    }
    const index = (/** @type {number | string} */ one) => typeof one === 'number' ? one : this.labels.keypoints.indexOf(one);
    const about = answer.bones.map((bone) => ({ ...bone, a: index(bone.a), b: index(bone.b) }));
    const asked = new Set(keypoints);
    shape.bones = [...shape.bones.filter((bone) => !asked.has(bone.a) || !asked.has(bone.b)), ...about];
    this.answered(this.frame, keypoints);
  }
}
