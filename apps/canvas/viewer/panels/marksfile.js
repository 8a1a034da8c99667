/** Marks as a table of comma-separated values. */

/** @import { Mark } from '../types.js' */

const COLUMNS = ['frame', 'end', 'time_s', 'name', 'color', 'note', 'who'];

/** @param {string} value */
export const quoted = (value) => (/[",\r\n]/.test(value) || value !== value.trim() ? `"${value.replaceAll('"', '""')}"` : value);

/** @param {Mark[]} marks @param {number} fps @returns {string} */
export function marksToCsv(marks, fps) {
  const rows = marks.map(({ frame, end, name, color, note, who }) => [frame, end ?? '', (frame / fps).toFixed(4), name, color, note, who]);
  return [COLUMNS, ...rows].map((row) => row.map((value) => quoted(String(value))).join(',')).join('\r\n') + '\r\n';
}

/** Rows of a table, with quotes as RFC 4180 has them. @param {string} text @returns {string[][]} */
export function rowsOf(text) {
  /** @type {string[][]} */
  const rows = [];
  /** @type {string[]} */
  let row = [];
  let value = '';
  let isQuoted = false;
  const plain = text.replace(/^\ufeff/, '');
  for (let at = 0; at <= plain.length; at++) {
    const sign = plain[at];
    if (isQuoted && sign === '"' && plain[at + 1] === '"') value += plain[++at];
    else if (sign === '"' && (isQuoted || value === '')) isQuoted = !isQuoted;
    else if (isQuoted && sign !== undefined) value += sign;
    else if (sign === ',') {
      row.push(value);
      value = '';
    } else if (sign === '\n' || sign === undefined) {
      row.push(value.replace(/\r$/, ''));
      if (row.some((one) => one.trim() !== '')) rows.push(row);
      [row, value] = [[], ''];
    } else value += sign;
  }
  return rows;
}

/**
 * Marks from a table that has at least a column `frame`; others may miss or stand in another order.
 * @param {string} text @param {number} frames  of the recording @param {() => string} freshId
 * @returns {{marks: Mark[], faults: string[]}} faults name the line
 */
export function marksFromCsv(text, frames, freshId) {
  const [head = [], ...rows] = rowsOf(text);
  const places = new Map(head.map((name, place) => [name.trim().toLowerCase(), place]));
  if (!places.has('frame')) return { marks: [], faults: [`the first line must name the columns, one of them "frame"; it is "${head.join(',').slice(0, 80)}"`] };
  /** @type {Mark[]} */
  const marks = [];
  /** @type {string[]} */
  const faults = [];
  rows.forEach((row, index) => {
    const of = (/** @type {string} */ name) => (row[places.get(name) ?? -1] ?? '').trim();
    const frame = frameOf(of('frame'), frames);
    const end = of('end') === '' ? null : frameOf(of('end'), frames);
    if (frame === undefined) faults.push(`row ${index + 2}: frame "${of('frame')}" is not a number from 0 to ${frames - 1}`);
    else if (end === undefined || (end !== null && end < frame)) faults.push(`row ${index + 2}: end "${of('end')}" is not a frame from ${frame} to ${frames - 1}`);
    else marks.push({ id: freshId(), frame, end, name: of('name') || 'mark', color: /^#[0-9a-f]{6}$/i.test(of('color')) ? of('color') : '#e69f00', note: of('note'), who: of('who') });
  });
  return { marks, faults };
}

/** @param {string} text @param {number} frames @returns {number | undefined} */
function frameOf(text, frames) {
  const frame = Number(text);
  return text !== '' && Number.isInteger(frame) && frame >= 0 && frame < frames ? frame : undefined;
}
