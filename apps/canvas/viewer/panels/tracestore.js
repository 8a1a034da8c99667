/**
 * The traces that plots ask for, and what came of it. Per trace one request travels at a time; meanwhile only the newest wish is
 * kept, so an answer is never older than one round trip, however fast the wheel turns. Until it is there the best of what is held is
 * drawn: the whole recording, once it has been in sight, always.
 */

/** @import { Span } from './axis.js' */
/** @import { Trace } from './envelope.js' */

const KEPT = 6; // answers of a trace beside the whole
const RETRY = 4000; // ms until what failed is tried again
const AGAIN = 700; // ms until a table that is being built is asked for again

/**
 * @typedef {{start: number, stop: number, width: number, step: number}} Wish  frames, and the bins to get them in
 * @typedef {{building: number}} Building  share of the table that is built
 * @typedef {{wish: Wish, trace: Trace}} Held  what was asked for is what it counts as: a server may give more or less
 * @typedef {object} Entry
 * @property {Held[]} held  newest last
 * @property {boolean} isAsking
 * @property {Wish | null} next
 * @property {number | null} building
 * @property {string} fault
 * @property {number} retryAt  when it may be asked for again, ms
 */

/**
 * What to ask for so that a span is sharp on a screen: bins of a power of two frames, one on a pixel or fewer, and half as much again
 * on either side, so that the next small move needs nothing.
 * @param {Span} span @param {number} width  px @param {number} total  frames @returns {Wish}
 */
export function wishFor([from, to], width, total) {
  const step = stepFor([from, to], width);
  const margin = (to - from) / 2;
  const start = Math.max(0, Math.floor((from - margin) / step) * step);
  const stop = Math.min(total, Math.ceil((to + margin) / step) * step);
  return { start, stop, step, width: Math.max(1, Math.ceil((stop - start) / step)) };
}

/** Frames of a bin. @param {Span} span @param {number} width */
function stepFor([from, to], width) {
  return 2 ** Math.max(0, Math.ceil(Math.log2((to - from) / Math.max(1, width)) - 1e-9));
}

export class TraceStore {
  /** @param {() => void} changed @param {AbortSignal} signal */
  constructor(changed, signal) {
    /** @private */
    this.changed = changed;
    /** @private */
    this.signal = signal;
    /** @private @type {Map<string, Entry>} */
    this.entries = new Map();
  }

  /**
   * The trace to draw now for a span, and ask for a sharper one where it is not sharp.
   * @param {string} key @param {((wish: Wish) => Promise<Trace | Building>) | null} ask  null: nobody looks at it, so what is held will do
   * @param {Span} span @param {number} width @param {number} total
   * @returns {{trace: Trace | null, isSharp: boolean, building: number | null, fault: string}}
   */
  see(key, ask, span, width, total) {
    const entry = this.entries.get(key) ?? { held: [], isAsking: false, next: null, building: null, fault: '', retryAt: 0 };
    this.entries.set(key, entry);
    const step = stepFor(span, width);
    const best = entry.held.filter(({ wish }) => wish.start <= Math.max(0, span[0]) && wish.stop >= Math.min(total, span[1]))
      .reduce((found, one) => (!found || one.wish.step < found.wish.step ? one : found), /** @type {Held | null} */ (null));
    const isSharp = best !== null && best.wish.step <= step && best.trace.complete >= 1;
    entry.next = isSharp || !ask || performance.now() < entry.retryAt ? null : wishFor(span, width, total);
    if (ask) this.send(entry, ask, total);
    return { trace: (best ?? entry.held.at(-1))?.trace ?? null, isSharp, building: entry.building, fault: entry.fault };
  }

  /** Forget the traces that are no longer shown. @param {Set<string>} keys */
  keep(keys) {
    for (const key of this.entries.keys()) if (!keys.has(key)) this.entries.delete(key);
  }

  /** Whether anything is being asked for. */
  get isBusy() {
    return [...this.entries.values()].some((entry) => entry.isAsking || entry.next);
  }

  /** @private @param {Entry} entry @param {(wish: Wish) => Promise<Trace | Building>} ask @param {number} total */
  async send(entry, ask, total) {
    const wish = entry.next;
    if (entry.isAsking || !wish) return;
    entry.isAsking = true;
    entry.next = null;
    try {
      const answer = await ask(wish);
      const share = 'building' in answer ? answer.building : answer.complete;
      entry.fault = '';
      entry.building = share < 1 || 'building' in answer ? share : null;
      if (!('building' in answer)) hold(entry, { wish, trace: answer }, total);
      if (entry.building !== null) {
        this.changed();
        await new Promise((resolve) => setTimeout(resolve, AGAIN));
      }
    } catch (error) {
      entry.fault = error instanceof Error ? error.message : String(error);
      const { status = 0 } = /** @type {{status?: number}} */ (error);
      const isFinal = status >= 400 && status < 500; // it will be said again
      entry.retryAt = isFinal ? Infinity : performance.now() + RETRY;
      const timer = isFinal ? undefined : setTimeout(this.changed, RETRY + 10);
      this.signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
    }
    entry.isAsking = false;
    if (!this.signal.aborted) this.changed(); // it sees again, and asks for what it wants by now
  }
}

/** Keep an answer, the whole recording, and the few before. @param {Entry} entry @param {Held} fresh @param {number} total */
function hold(entry, fresh, total) {
  const isWhole = (/** @type {Held} */ { wish }) => wish.start === 0 && wish.stop >= total;
  const isOut = (/** @type {Held} */ { wish, trace }) => trace.complete < 1 || (wish.start === fresh.wish.start && wish.stop === fresh.wish.stop && wish.step >= fresh.wish.step);
  const others = entry.held.filter((one) => !isOut(one));
  entry.held = [...others.filter(isWhole).slice(-1), ...others.filter((one) => !isWhole(one)).slice(-KEPT), fresh];
}
