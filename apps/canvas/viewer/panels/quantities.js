/** What can be plotted of a recording. */

/** @import { Recording, Source } from '../types.js' */

/**
 * @typedef {object} Quantity
 * @property {string} id
 * @property {string} title
 * @property {string} name  of the server's
 * @property {'px' | 'world'} space
 * @property {boolean} perView  whether each view has its own
 * @property {string} hint
 * @property {(source: Source, recording: Recording) => boolean} has
 */

/** @type {Quantity[]} */
export const QUANTITIES = [
  { id: 'x', title: 'x', name: 'x', space: 'px', perView: true, hint: 'across, in the active view', has: (source) => source.views.length > 0 },
  { id: 'y', title: 'y', name: 'y', space: 'px', perView: true, hint: 'down, in the active view', has: (source) => source.views.length > 0 },
  { id: 'speed-px', title: 'speed', name: 'speed', space: 'px', perView: true, hint: 'in the active view', has: (source) => source.views.length > 0 },
  { id: 'confidence', title: 'confidence', name: 'confidence', space: 'px', perView: true, hint: 'in the active view', has: (source) => source.confidence },
  { id: 'reprojection', title: 'reprojection', name: 'reprojection', space: 'px', perView: true, hint: 'how far the active view is from what all views say together',
    has: (source, { cameras }) => cameras !== null && source.kind !== 'truth' && source.views.length > 1 },
  { id: 'world-x', title: 'X', name: 'x', space: 'world', perView: false, hint: 'along the world', has: (source) => source.world },
  { id: 'world-y', title: 'Y', name: 'y', space: 'world', perView: false, hint: 'along the world', has: (source) => source.world },
  { id: 'world-z', title: 'Z', name: 'z', space: 'world', perView: false, hint: 'along the world', has: (source) => source.world },
  { id: 'speed', title: '3D speed', name: 'speed', space: 'world', perView: false, hint: 'in space', has: (source) => source.world },
];

const AT_FIRST = ['x', 'y', 'confidence', 'reprojection', 'speed'];

/** What at least one source has. @param {Source[]} sources @param {Recording} recording */
export function offered(sources, recording) {
  return QUANTITIES.filter((quantity) => sources.some((source) => quantity.has(source, recording)));
}

/** What is plotted: what a person chose, or at first some of each kind. @param {Quantity[]} there @param {string[] | null} chosen */
export function plotted(there, chosen) {
  return there.filter(({ id }) => (chosen ?? AT_FIRST).includes(id));
}

/**
 * The frames in which a source has something to say of a quantity in a view.
 * @param {Quantity} quantity @param {Source} source @param {Recording} recording @param {string} view
 */
export function says(quantity, source, recording, view) {
  return quantity.has(source, recording) && (!quantity.perView || source.views.includes(view));
}
