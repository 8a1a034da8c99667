/** What a person has set in the viewer, kept by the browser. */

/**
 * @typedef {object} ViewerSettings
 * @property {number} pointSize  radius, CSS px
 * @property {number} textSize  px
 * @property {boolean} letters  whether keys without Ctrl or Alt are shortcuts
 * @property {boolean} overlay  whether anything is drawn over the films
 * @property {boolean} lines
 * @property {boolean} names
 * @property {boolean} fade  confidence as opacity
 * @property {boolean} ellipses
 * @property {'off' | 'active' | 'all'} trails
 * @property {number} trail  frames
 * @property {'auto' | 'source' | 'keypoint'} paint  what a colour stands for; auto: the source where there are several
 * @property {boolean} loop  play the range, or the whole, again and again
 * @property {number} speed
 * @property {boolean} right
 * @property {boolean} lower
 * @property {number} rightWidth  px
 * @property {number} lowerHeight  px
 * @property {string} tab  of the right column
 * @property {Record<string, string[]>} keys
 * @property {Record<string, [number, number]>} light
 * @property {Record<string, string>} colors  of sources, by name
 * @property {string[] | null} plots  ids of the quantities whose traces are shown; null: what the recording has
 * @property {boolean} most  leave rare outliers out of the plots' limits
 */

/** @returns {ViewerSettings} */
export function fresh() {
  return {
    pointSize: 3.5, textSize: 12.5, letters: true, overlay: true, lines: true, names: false, fade: true, ellipses: false, trails: 'off',
    trail: 30, paint: 'auto', loop: false, speed: 1, right: true, lower: true, rightWidth: 296, lowerHeight: 190, tab: 'difficult',
    keys: {}, light: {}, colors: {}, plots: null, most: false,
  };
}

/** Bright enough for dark images, and told apart by the colour blind as far as eight can be. */
const PALETTE = ['#ff9f1c', '#35b7ff', '#7ae582', '#ff6fb5', '#ffe14d', '#c79bff', '#ff6b5e', '#5ee0d0'];

/** @param {import('./types.js').Source[]} sources @param {import('./types.js').Source} source @param {Record<string, string>} own */
export function colorOf(sources, source, own) {
  const others = sources.filter((one) => one.kind !== 'truth');
  return own[source.name] ?? (source.kind === 'truth' ? '#ffffff' : PALETTE[Math.max(0, others.indexOf(source)) % PALETTE.length]);
}

/** What is shown when nobody has chosen: the smoother, or else the first network. @param {import('./types.js').Source[]} sources */
export function firstOf(sources) {
  const first = sources.find((source) => source.kind === 'smoother') ?? sources.find((source) => source.kind === 'network') ?? sources[0];
  return first ? [first.id] : [];
}
