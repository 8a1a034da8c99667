/**
 * Axes: which part of a recording is in sight, and where its round values lie. A frame is one unit wide: frame f lies between f
 * and f + 1, and its sample in the middle of them.
 *
 * @typedef {readonly [number, number]} Span  frames in sight, from and to; the recording is [0, frames]
 */

export const LEAST = 8; // frames: nearer nothing can be seen that the values do not say

/**
 * Zoom by a factor (above 1: nearer) and keep a frame where it is on the screen.
 * @param {Span} span @param {number} factor @param {number} at @param {number} total @returns {Span}
 */
export function zoomSpan([from, to], factor, at, total) {
  const length = Math.min(total, Math.max(Math.min(LEAST, total), (to - from) / factor));
  const start = at - ((at - from) / Math.max(1e-9, to - from)) * length;
  return into([start, start + length], total);
}

/** @param {Span} span @param {number} by  frames @param {number} total @returns {Span} */
export function panSpan([from, to], by, total) {
  return into([from + by, to + by], total);
}

/**
 * The span that shows a frame: as it is when it does already; else moved on by a page, with the frame near the edge it came in at.
 * @param {Span} span @param {number} frame @param {number} total @returns {Span}
 */
export function showFrame([from, to], frame, total) {
  const length = to - from;
  if (frame >= from && frame + 1 <= to) return [from, to];
  const start = frame >= to ? frame - 0.05 * length : frame - 0.95 * length;
  return into([start, start + length], total);
}

/** A span of the same length inside the recording. @param {Span} span @param {number} total @returns {Span} */
function into([from, to], total) {
  const length = Math.min(total, to - from);
  const start = Math.min(Math.max(0, from), total - length);
  return [start, start + length];
}

/** The round number (1, 2 or 5 times a power of ten) that is not below a value. @param {number} value */
export function roundUp(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  const factor = [1, 2, 5, 10].find((one) => one * power >= value * (1 - 1e-9)) ?? 10;
  return factor * power;
}

/**
 * Round values inside an interval, not more than so many.
 * @param {number} low @param {number} high @param {number} most @returns {{at: number[], digits: number}} and their decimals
 */
export function ticksOf(low, high, most) {
  if (!(high > low) || !Number.isFinite(high - low)) return { at: [], digits: 0 };
  const step = roundUp((high - low) / Math.max(1, most));
  const at = [];
  for (let index = Math.ceil(low / step - 1e-9) + 0; index * step <= high + 1e-9 * step; index++) at.push(index * step);
  return { at, digits: Math.max(0, -Math.floor(Math.log10(step) + 1e-9)) };
}

const CLOCK = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200]; // s

/**
 * Frames at round times, not more than so many; nearer than a second, at round parts of it.
 * @param {Span} span @param {number} fps @param {number} most @returns {{at: number[], digits: number}} and decimals of seconds
 */
export function timeTicks([from, to], fps, most) {
  const [low, high] = [from / fps, to / fps];
  const least = (high - low) / Math.max(1, most);
  if (!(least > 0)) return { at: [], digits: 0 };
  if (least <= 0.5) {
    const { at, digits } = ticksOf(low, high, most);
    return { at: at.map((seconds) => seconds * fps), digits };
  }
  const step = CLOCK.find((one) => one >= least) ?? 3600 * Math.ceil(least / 3600);
  const at = [];
  for (let index = Math.ceil(low / step - 1e-9) + 0; index * step <= high + 1e-9; index++) at.push(index * step * fps);
  return { at, digits: 0 };
}

/** A time as minutes and seconds, with hours where there are any. @param {number} seconds @param {number} [digits] */
export function clock(seconds, digits = 0) {
  const unit = 10 ** digits;
  const all = Math.round(Math.abs(seconds) * unit) / unit;
  const [h, m] = [Math.floor(all / 3600), Math.floor(all / 60) % 60];
  const s = (all % 60).toFixed(digits).padStart(digits ? digits + 3 : 2, '0');
  const sign = seconds < 0 && all > 0 ? '-' : '';
  return h ? `${sign}${h}:${String(m).padStart(2, '0')}:${s}` : `${sign}${m}:${s}`;
}

/** What is in sight, in frames and in time. @param {Span} span @param {number} fps */
export function describeSpan([from, to], fps) {
  const [first, last] = [Math.floor(from + 1e-6), Math.max(Math.floor(from + 1e-6), Math.ceil(to - 1e-6) - 1)];
  const digits = to - from > 60 * fps ? 0 : to - from > 2 * fps ? 1 : 3;
  return `frames ${first}–${last} · ${clock(first / fps, digits)}–${clock((last + 1) / fps, digits)}`;
}

/**
 * A value with as many digits as the axis around it makes sense of: a hundredth of what is in sight.
 * @param {number} value @param {number} reach  of the axis
 */
export function valueText(value, reach) {
  if (Number.isNaN(value)) return 'none';
  const digits = Math.min(6, Math.max(0, 2 - Math.floor(Math.log10(Math.max(1e-12, reach)))));
  return value.toFixed(digits);
}
