/** What of the viewer stands in the address of the page. */

/** @import { Viewer } from './page.js' */

const REST = 400; // ms that a frame must be shown before the address names it

/**
 * @typedef {object} Address
 * @property {string} session
 * @property {number} [frame]
 * @property {string[]} [sources]
 * @property {string} [keypoint]
 * @property {[number, number]} [range]
 */

const OURS = ['session', 'frame', 'sources', 'keypoint', 'range'];

/** @param {Record<string, string>} query @returns {Address} */
export function readAddress({ session = '', frame, sources, keypoint, range }) {
  const ends = range?.split('-').map(Number) ?? [];
  return {
    session,
    ...(frame && Number.isInteger(Number(frame)) && { frame: Number(frame) }),
    ...(sources !== undefined && { sources: sources.split(',').filter(Boolean).map(decodeURIComponent) }),
    ...(keypoint && { keypoint }),
    ...(ends.length === 2 && ends.every(Number.isInteger) && ends[0] <= ends[1] && { range: /** @type {[number, number]} */ (ends) }),
  };
}

/**
 * The part of an address after its path; what is not ours in it stays.
 * @param {string} search  as it is now @param {Address} address
 */
export function writeAddress(search, { session, frame, sources, keypoint, range }) {
  const query = new URLSearchParams(search);
  for (const name of OURS) query.delete(name);
  query.set('session', session);
  if (frame) query.set('frame', String(frame));
  if (sources) query.set('sources', sources.map(encodeURIComponent).join(','));
  if (keypoint) query.set('keypoint', keypoint);
  if (range) query.set('range', range.join('-'));
  return `?${query}`;
}

/** The address of the page, which follows the viewer once nothing moves. */
export class Link {
  /** @param {Viewer} viewer */
  constructor(viewer) {
    this.viewer = viewer;
    /** the frame that the address names */
    this.frame = 0;
    viewer.signal.addEventListener('abort', () => clearTimeout(this.timer));
  }

  soon() {
    clearTimeout(this.timer);
    if (!this.viewer.signal.aborted) this.timer = setTimeout(() => this.write(), REST);
  }

  /** @private */
  write() {
    const { session, frame, chosen, keypoint, range, player } = this.viewer;
    if (!player.isSettled) return;
    this.frame = frame;
    const search = writeAddress(location.search, { session: session.name, frame, sources: chosen.map((source) => source.id),
      keypoint: keypoint ? session.keypoints[keypoint] : undefined, range: range ?? undefined });
    if (search !== location.search) history.replaceState(history.state, '', `${location.pathname}${search}${location.hash}`);
  }
}
