/**
 * Stacked plots of traces over one time axis, drawn on canvases. Curves are drawn when data or zoom change; what follows the films
 * and the pointer lies on a canvas of its own, so that a playing film redraws no curve.
 */

/** @import { Span } from './axis.js' */
/** @import { Trace } from './envelope.js' */
import { clock, ticksOf, timeTicks, valueText } from './axis.js';
import { columnsOf, limitsOf, valueAt } from './envelope.js';

export const GUTTER = 54; // px at the left for values
export const AXIS = 20; // px of the time axis
const LEAST_ROW = 44;
const MOST_ROW = 190;
const DOTS = 7; // px of a frame from which on samples are dots
const FONT = '10.5px system-ui, sans-serif';

/**
 * @typedef {{trace: Trace | null, color: string, dash: number[], name: string}} Line
 * @typedef {{title: string, unit: string, lines: Line[], note: string, limits: [number, number] | null}} Row  `note`: what is said in place of curves
 * @typedef {{panel: string, line: string, dim: string, text: string, accent: string, warn: string}} Theme
 * @typedef {{from: number, to: number, color: string, name: string}} Event  frames, to is behind the last
 */

/** @param {Element} element @returns {Theme} */
export function themeOf(element) {
  const style = getComputedStyle(element);
  const of = (/** @type {string} */ name) => style.getPropertyValue(name).trim();
  return { panel: of('--panel'), line: of('--line'), dim: of('--dim'), text: of('--text-color'), accent: of('--accent'), warn: of('--warn') };
}

/** The height of one plot of several. @param {number} height  px there are @param {number} count */
export function rowHeight(height, count) {
  return Math.min(MOST_ROW, Math.max(LEAST_ROW, Math.floor(height / Math.max(1, count))));
}

/** @param {Span} span @param {number} frame @param {number} width  of the plot, px @returns {number} px from its left, the middle of the frame */
export function frameX([from, to], frame, width) {
  return ((frame + 0.5 - from) / (to - from)) * width;
}

/** The frame at a place. @param {Span} span @param {number} x @param {number} width @param {number} total */
export function frameAt([from, to], x, width, total) {
  return Math.min(total - 1, Math.max(0, Math.floor(from + (x / width) * (to - from))));
}

/** @param {HTMLCanvasElement} canvas @param {number} width @param {number} height  CSS px @returns {CanvasRenderingContext2D | null} cleared */
export function prepared(canvas, width, height) {
  const ratio = devicePixelRatio;
  const size = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== size[0] || canvas.height !== size[1]) {
    [canvas.width, canvas.height] = size;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
  }
  const c = canvas.getContext('2d');
  c?.setTransform(ratio, 0, 0, ratio, 0, 0);
  c?.clearRect(0, 0, width, height);
  return c;
}

/**
 * The time axis, with what happened on it.
 * @param {CanvasRenderingContext2D} c @param {{span: Span, width: number, fps: number, theme: Theme, events: Event[], ticks: number[], range: Span | null}} show
 *   `width` of the plots; `ticks`: difficult frames
 */
export function paintAxis(c, { span, width, fps, theme, events, ticks, range }) {
  c.save();
  c.beginPath();
  c.rect(GUTTER, 0, width, AXIS);
  c.clip();
  c.translate(GUTTER, 0);
  if (range) {
    c.fillStyle = theme.accent;
    c.globalAlpha = 0.18;
    c.fillRect(...interval(span, range, width, 0, AXIS));
    c.globalAlpha = 1;
  }
  c.font = FONT;
  c.textBaseline = 'middle';
  c.textAlign = 'center';
  const { at, digits } = timeTicks(span, fps, width / 90);
  c.strokeStyle = theme.line;
  c.fillStyle = theme.dim;
  c.beginPath();
  for (const frame of at) {
    const x = Math.round(frameX(span, frame, width)) + 0.5;
    c.moveTo(x, AXIS - 4);
    c.lineTo(x, AXIS);
    c.fillText(clock(frame / fps, digits), Math.min(width - 18, Math.max(16, x)), 8);
  }
  c.stroke();
  c.fillStyle = theme.warn;
  for (const frame of ticks) {
    const x = frameX(span, frame, width);
    if (x < -3 || x > width + 3) continue;
    c.beginPath();
    c.moveTo(x - 3, AXIS);
    c.lineTo(x + 3, AXIS);
    c.lineTo(x, AXIS - 5);
    c.fill();
  }
  for (const event of events) {
    c.fillStyle = event.color;
    const [x, , w] = interval(span, [event.from, event.to], width, 0, 0);
    c.fillRect(x, 0, Math.max(2, w), 3);
  }
  c.restore();
}

/** @param {Span} span @param {Span} part @param {number} width @param {number} y @param {number} height @returns {[number, number, number, number]} a rectangle */
function interval([from, to], part, width, y, height) {
  const scale = width / (to - from);
  return [(part[0] - from) * scale, y, (part[1] - part[0]) * scale, height];
}

/**
 * One plot; what it shows is limited to what is in sight.
 * @param {CanvasRenderingContext2D} c @param {Row} row  its limits are set
 * @param {{span: Span, width: number, top: number, height: number, fps: number, theme: Theme, events: Event[], isMost: boolean}} place
 */
export function paintRow(c, row, { span, width, top, height, fps, theme, events, isMost }) {
  c.save();
  c.translate(0, top);
  c.font = FONT;
  const traces = row.lines.flatMap(({ trace }) => (trace ? [trace] : []));
  row.limits = limitsOf(traces, span, isMost);
  const inner = height - 6;
  const y = (/** @type {number} */ value) => (row.limits ? 3 + inner * (1 - (value - row.limits[0]) / (row.limits[1] - row.limits[0])) : 0);
  grid(c, row, { span, width, height, fps, theme, y });
  c.beginPath();
  c.rect(GUTTER, 0, width, height);
  c.clip();
  c.translate(GUTTER, 0);
  c.globalAlpha = 0.1;
  for (const event of events) {
    c.fillStyle = event.color;
    const box = interval(span, [event.from, event.to], width, 0, height);
    c.fillRect(box[0], 0, Math.max(1.5, box[2]), height);
  }
  c.globalAlpha = 1;
  for (const line of row.lines) if (line.trace) curve(c, line.trace, line, { span, width, y });
  heading(c, row, theme);
  c.restore();
}

/** What a plot shows, over its curves. @param {CanvasRenderingContext2D} c @param {Row} row @param {Theme} theme */
function heading(c, { title, unit, note }, theme) {
  const more = [unit, note].filter(Boolean).join(' · ');
  c.textAlign = 'left';
  c.textBaseline = 'top';
  c.font = FONT;
  const length = c.measureText(more).width;
  c.font = `600 ${FONT}`;
  const past = 10 + c.measureText(title).width;
  c.globalAlpha = 0.75;
  c.fillStyle = theme.panel;
  c.fillRect(2, 1, past + length + 4, 15);
  c.globalAlpha = 1;
  c.fillStyle = theme.text;
  c.fillText(title, 6, 4);
  c.font = FONT;
  c.fillStyle = theme.dim;
  c.fillText(more, past, 4);
}

/** @param {CanvasRenderingContext2D} c @param {Row} row @param {{span: Span, width: number, height: number, fps: number, theme: Theme, y: (value: number) => number}} place */
function grid(c, { limits }, { span, width, height, fps, theme, y }) {
  c.strokeStyle = theme.line;
  c.fillStyle = theme.dim;
  c.lineWidth = 1;
  c.textAlign = 'right';
  c.textBaseline = 'middle';
  c.beginPath();
  for (const frame of timeTicks(span, fps, width / 90).at) {
    const x = Math.round(GUTTER + frameX(span, frame, width)) + 0.5;
    if (x >= GUTTER) {
      c.moveTo(x, 0);
      c.lineTo(x, height);
    }
  }
  const { at, digits } = limits ? ticksOf(limits[0], limits[1], Math.max(2, height / 34)) : { at: [], digits: 0 };
  for (const value of at) {
    const level = Math.round(y(value)) + 0.5;
    c.moveTo(GUTTER, level);
    c.lineTo(GUTTER + width, level);
    c.fillText(value.toFixed(digits), GUTTER - 6, Math.min(height - 7, Math.max(7, level)));
  }
  c.moveTo(0, height - 0.5);
  c.lineTo(GUTTER + width, height - 0.5);
  c.globalAlpha = 0.8;
  c.stroke();
  c.globalAlpha = 1;
}

/**
 * @param {CanvasRenderingContext2D} c @param {Trace} trace @param {Line} line
 * @param {{span: Span, width: number, y: (value: number) => number}} place
 */
function curve(c, trace, { color, dash }, { span, width, y }) {
  const { x, low, high, gap, bandLow, bandHigh } = columnsOf(trace, span, width);
  c.fillStyle = c.strokeStyle = color;
  if (trace.bandLow) {
    c.globalAlpha = 0.16;
    for (let first = 0; first < x.length;) {
      let last = first + 1;
      while (last < x.length && !gap[last]) last++;
      c.beginPath();
      for (let at = first; at < last; at++) c.lineTo(x[at], y(bandHigh[at]));
      for (let at = last - 1; at >= first; at--) c.lineTo(x[at], y(bandLow[at]));
      c.fill();
      first = last;
    }
    c.globalAlpha = 1;
  }
  c.setLineDash(dash);
  c.lineWidth = 1.2;
  c.lineJoin = 'round';
  c.beginPath();
  let end = 0;
  for (let at = 0; at < x.length; at++) {
    // Of a bin the value nearer to the one before comes first: the line crosses as little as can be.
    const isDown = Math.abs(high[at] - end) < Math.abs(low[at] - end);
    const [first, last] = isDown ? [high[at], low[at]] : [low[at], high[at]];
    if (gap[at]) c.moveTo(x[at] - 0.5, y(first));
    c.lineTo(x[at], y(first));
    if (first !== last) c.lineTo(x[at], y(last));
    end = last;
  }
  c.stroke();
  c.setLineDash([]);
  if (width / (span[1] - span[0]) < DOTS || trace.step > 1) return;
  x.forEach((left, at) => {
    c.beginPath();
    c.arc(left, y(low[at]), 2, 0, 2 * Math.PI);
    c.fill();
  });
}

/**
 * The values of a row at a frame, in the colours of their lines, at its right end.
 * @param {CanvasRenderingContext2D} c @param {Row} row @param {{frame: number, width: number, top: number, theme: Theme}} place
 */
export function paintValues(c, row, { frame, width, top, theme }) {
  if (!row.limits) return;
  const reach = row.limits[1] - row.limits[0];
  c.font = FONT;
  c.textAlign = 'right';
  c.textBaseline = 'top';
  let right = GUTTER + width - 6;
  for (const { trace, color } of [...row.lines].reverse()) {
    if (!trace) continue;
    const [low, high] = valueAt(trace, frame);
    const text = low === high || Number.isNaN(low) ? valueText(low, reach) : `${valueText(low, reach)} to ${valueText(high, reach)}`;
    const length = c.measureText(text).width;
    c.globalAlpha = 0.85;
    c.fillStyle = theme.panel;
    c.fillRect(right - length - 12, top + 2, length + 14, 15);
    c.globalAlpha = 1;
    c.fillStyle = theme.text;
    c.fillText(text, right, top + 4);
    c.fillStyle = color;
    c.fillRect(right - length - 9, top + 6, 6, 6);
    right -= length + 20;
  }
}
