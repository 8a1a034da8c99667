/**
 * A trace as the server sends it: the least and greatest value of every `step` frames, or the values themselves where `step` is 1.
 * NaN is missing.
 */

/** @import { Span } from './axis.js' */

const LEAST = 1e-5; // differences below are those of 32-bit floats

/**
 * @typedef {object} Trace
 * @property {number} start  first frame
 * @property {number} stop  behind the last one
 * @property {number} step  frames of a bin
 * @property {string} unit
 * @property {number} complete  share of the table that the server has read
 * @property {Float32Array} low
 * @property {Float32Array} high
 * @property {Float32Array | null} bandLow  of the posterior band, 95 %
 * @property {Float32Array | null} bandHigh
 */

/**
 * @param {{start: number, stop: number, step: number, unit: string, band: boolean, complete?: number}} head @param {Float32Array} values
 * @returns {Trace}
 */
export function traceOf({ start, stop, step, unit, band, complete = 1 }, values) {
  const bins = Math.ceil((stop - start) / step);
  if (values.length !== bins * (band ? 4 : 2)) throw new Error(`a trace of ${bins} bins came with ${values.length} values`);
  const row = (/** @type {number} */ index) => values.subarray(index * bins, (index + 1) * bins);
  return { start, stop, step, unit, complete, low: row(0), high: row(1), bandLow: band ? row(2) : null, bandHigh: band ? row(3) : null };
}

/** The least and greatest value around a frame, as far as the trace tells. @param {Trace} trace @param {number} frame @returns {[number, number]} */
export function valueAt({ start, step, low, high }, frame) {
  const bin = Math.floor((frame - start) / step);
  return bin >= 0 && bin < low.length ? [low[bin], high[bin]] : [NaN, NaN];
}

/** The bins that touch a span, first and behind the last. @param {Trace} trace @param {Span} span @returns {[number, number]} */
function binsOf({ start, step, low }, [from, to]) {
  return [Math.max(0, Math.floor((from - start) / step)), Math.min(low.length, Math.ceil((to - start) / step))];
}

/**
 * Values between which everything in sight lies, widened by the bands as far as the values keep a third of the height.
 * @param {Trace[]} traces @param {Span} span @param {boolean} [isMost]  leave out one value in a hundred at either end
 * @returns {[number, number] | null}
 */
export function limitsOf(traces, span, isMost = false) {
  const inner = extent(traces, span, isMost, (trace) => [trace.low, trace.high]);
  if (!inner) return null;
  const outer = extent(traces, span, isMost, (trace) => (trace.bandLow && trace.bandHigh ? [trace.bandLow, trace.bandHigh] : null)) ?? inner;
  const reach = inner[1] - inner[0] < LEAST ? 0 : inner[1] - inner[0];
  const room = reach > 0 ? reach : Infinity;
  const low = Math.min(inner[0], Math.max(outer[0], inner[0] - room));
  const high = Math.max(inner[1], Math.min(outer[1], inner[1] + room));
  const pad = high - low > LEAST ? 0.06 * (high - low) : Math.max(0.5, Math.abs(high) * 0.05);
  return [low - pad, high + pad];
}

/**
 * @param {Trace[]} traces @param {Span} span @param {boolean} isMost
 * @param {(trace: Trace) => [Float32Array, Float32Array] | null} rows @returns {[number, number] | null}
 */
function extent(traces, span, isMost, rows) {
  /** @type {[number[], number[]]} */
  const ends = [[], []];
  for (const trace of traces) {
    const pair = rows(trace);
    if (!pair) continue;
    const [first, last] = binsOf(trace, span);
    pair.forEach((row, side) => {
      for (let bin = first; bin < last; bin++) if (!Number.isNaN(row[bin])) ends[side].push(row[bin]);
    });
  }
  if (!ends[0].length) return null;
  const [lows, highs] = ends.map((values) => Float64Array.from(values).sort());
  const skipped = isMost ? Math.floor(0.01 * lows.length) : 0;
  return [lows[skipped], highs[highs.length - 1 - skipped]];
}

/**
 * What to draw: per column of the screen that has a value, the least and greatest value of the bins that fall on it. Columns are in
 * order; `gap` is set where a value is missing between a column and the one before it.
 * @param {Trace} trace @param {Span} span @param {number} width  px of the span
 * @returns {{x: number[], low: number[], high: number[], gap: boolean[], bandLow: number[], bandHigh: number[]}}
 */
export function columnsOf(trace, span, width) {
  const { start, step, low, high, bandLow, bandHigh } = trace;
  /** @type {ReturnType<typeof columnsOf>} */
  const out = { x: [], low: [], high: [], gap: [], bandLow: [], bandHigh: [] };
  const scale = width / (span[1] - span[0]);
  const isThinned = step * scale < 1; // several bins on a column
  let [first, last] = binsOf(trace, span);
  first = Math.max(0, first - 1); // the lines that leave the picture
  last = Math.min(low.length, last + 1);
  let isGap = true;
  let column = NaN;
  for (let bin = first; bin < last; bin++) {
    if (Number.isNaN(low[bin])) {
      isGap = true;
      continue;
    }
    const length = Math.min(step, trace.stop - start - bin * step);
    const x = (start + bin * step + length / 2 - span[0]) * scale;
    const here = isThinned ? Math.floor(x) : x;
    const at = out.x.length - 1;
    if (here === column && !isGap) {
      out.low[at] = Math.min(out.low[at], low[bin]);
      out.high[at] = Math.max(out.high[at], high[bin]);
      if (bandLow && bandHigh) {
        out.bandLow[at] = Math.min(out.bandLow[at], bandLow[bin]);
        out.bandHigh[at] = Math.max(out.bandHigh[at], bandHigh[bin]);
      }
      continue;
    }
    column = here;
    out.x.push(isThinned ? here + 0.5 : x);
    out.low.push(low[bin]);
    out.high.push(high[bin]);
    out.gap.push(isGap);
    out.bandLow.push(bandLow ? bandLow[bin] : NaN);
    out.bandHigh.push(bandHigh ? bandHigh[bin] : NaN);
    isGap = false;
  }
  return out;
}
