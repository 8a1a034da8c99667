/** What a person has set, kept by the browser: keys, sizes, brightness of views, name. */

/** @typedef {'off' | 'view' | 'pair'} Advance  after a point was placed: stay; next keypoint; next once two views have it */

/**
 * @typedef {object} Settings
 * @property {string} who
 * @property {string} color
 * @property {number} pointSize  radius, CSS px
 * @property {number} textSize  px
 * @property {Advance} advance
 * @property {boolean} letters  whether keys without Ctrl or Alt are shortcuts
 * @property {boolean} lines
 * @property {boolean} names
 * @property {boolean} curves
 * @property {boolean} previous
 * @property {boolean} follow
 * @property {boolean} left
 * @property {boolean} right
 * @property {number} warnPx  residuals above it are marked
 * @property {number} context  frames before and after in the loop
 * @property {Record<string, string[]>} keys  of commands that were given other keys
 * @property {Record<string, [number, number]>} light  brightness and contrast of views, 1 as they are
 */

const COLORS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#56b4e9', '#e69f00'];

/** @returns {Settings} */
function defaults() {
  return {
    who: '', color: COLORS[Math.floor(Math.random() * COLORS.length)], pointSize: 4.5, textSize: 12.5, advance: 'view',
    letters: true, lines: true, names: false, curves: true, previous: false, follow: false, left: true, right: true,
    warnPx: 5, context: 5, keys: {}, light: {},
  };
}

/**
 * @template {object} T
 * @param {Pick<Storage, 'getItem' | 'setItem'>} storage @param {string} key @param {T} fresh  where nothing is kept @returns {T}
 */
export function settingsOf(storage, key, fresh) {
  try {
    return { ...fresh, ...JSON.parse(storage.getItem(key) ?? '{}') };
  } catch {
    return fresh;
  }
}

/** @param {Pick<Storage, 'getItem' | 'setItem'>} storage @param {string} key @returns {Settings} */
export const readSettings = (storage, key) => settingsOf(storage, key, defaults());

/** @param {Pick<Storage, 'getItem' | 'setItem'>} storage @param {string} key @param {object} settings */
export function writeSettings(storage, key, settings) {
  try {
    storage.setItem(key, JSON.stringify(settings));
  } catch {
    // the storage is full or switched off: they hold until the page closes
  }
}
