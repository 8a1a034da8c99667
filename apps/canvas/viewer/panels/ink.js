/** Colours that can be read: those of sources and keypoints are made for dark images, and panels may be white. */

const CONTRAST = 3; // of lines and marks against their ground, by WCAG 1.4.11

/** @param {string} color  #rrggbb @returns {[number, number, number]} 0 to 255 */
export function rgbOf(color) {
  const value = parseInt(color.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

/** Relative luminance by WCAG. @param {string} color */
export function luminance(color) {
  const [r, g, b] = rgbOf(color).map((part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** @param {string} a @param {string} b */
export function contrast(a, b) {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

/** @type {Map<string, string>} */
const known = new Map();

/**
 * The colour itself where it stands out from its ground; else the nearest darker or lighter one that does.
 * @param {string} color  #rrggbb @param {string} ground  #rrggbb
 */
export function inkOn(color, ground) {
  if (!/^#[0-9a-f]{6}$/i.test(color) || !/^#[0-9a-f]{6}$/i.test(ground)) return color;
  const key = color + ground;
  const before = known.get(key);
  if (before) return before;
  const goal = luminance(ground) > 0.2 ? 0 : 255;
  let ink = color;
  for (let share = 0.05; share < 1 && contrast(ink, ground) < CONTRAST; share += 0.05) {
    ink = `#${rgbOf(color).map((part) => Math.round(part + share * (goal - part)).toString(16).padStart(2, '0')).join('')}`;
  }
  known.set(key, ink);
  return ink;
}
