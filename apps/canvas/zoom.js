/**
 * Where image pixels lie on the screen. The only place that knows the convention of pixel centres: (0, 0) is the centre of
 * the top-left pixel, so the image's own edge is at -0.5, while a canvas draws the image from its edge.
 *
 * @typedef {object} Zoom
 * @property {number} scale  screen px (CSS) per image px
 * @property {number} x  of the image's left edge, CSS px from the tile's left
 * @property {number} y  of the image's top edge
 */

const CENTRE = 0.5;
export const MAX_SCALE = 64;

/** @param {Zoom} zoom @param {number} x @param {number} y @returns {[number, number]} */
export function toScreen(zoom, x, y) {
  return [(x + CENTRE) * zoom.scale + zoom.x, (y + CENTRE) * zoom.scale + zoom.y];
}

/** @param {Zoom} zoom @param {number} x @param {number} y @returns {[number, number]} */
export function toImage(zoom, x, y) {
  return [(x - zoom.x) / zoom.scale - CENTRE, (y - zoom.y) / zoom.scale - CENTRE];
}

/**
 * Whether a point of an image lies on it: from the outer edge of the first pixel to that of the last.
 * @param {number} x @param {number} y @param {[number, number]} size
 */
export function isInside(x, y, [width, height]) {
  return x >= -CENTRE && y >= -CENTRE && x <= width - CENTRE && y <= height - CENTRE;
}

/**
 * The zoom that shows the whole image in the middle of a tile.
 * @param {[number, number]} image @param {[number, number]} tile @returns {Zoom}
 */
export function fit([width, height], [tileWidth, tileHeight]) {
  const scale = Math.max(1e-3, Math.min(tileWidth / width, tileHeight / height));
  return { scale, x: (tileWidth - width * scale) / 2, y: (tileHeight - height * scale) / 2 };
}

/**
 * Zoom by a factor and keep what lies under a point of the screen there.
 * @param {Zoom} zoom @param {number} factor @param {number} x @param {number} y @param {number} least
 * @returns {Zoom}
 */
export function zoomAt(zoom, factor, x, y, least) {
  const scale = Math.min(MAX_SCALE, Math.max(least, zoom.scale * factor));
  const ratio = scale / zoom.scale;
  return { scale, x: x - (x - zoom.x) * ratio, y: y - (y - zoom.y) * ratio };
}

/** @param {Zoom} zoom @param {number} dx @param {number} dy @returns {Zoom} */
export function pan(zoom, dx, dy) {
  return { scale: zoom.scale, x: zoom.x + dx, y: zoom.y + dy };
}

/**
 * The zoom of a given scale that has an image point in the middle of the tile.
 * @param {[number, number]} point @param {number} scale @param {[number, number]} tile @returns {Zoom}
 */
export function centredOn([x, y], scale, [width, height]) {
  return { scale, x: width / 2 - (x + CENTRE) * scale, y: height / 2 - (y + CENTRE) * scale };
}

/**
 * Keep at least a part of the image in sight, so that no one loses it.
 * @param {Zoom} zoom @param {[number, number]} image @param {[number, number]} tile @returns {Zoom}
 */
export function keepInSight(zoom, [width, height], [tileWidth, tileHeight]) {
  const margin = 40;
  const clamp = (/** @type {number} */ at, /** @type {number} */ length, /** @type {number} */ tile) =>
    Math.min(tile - Math.min(margin, length), Math.max(Math.min(margin, length) - length, at));
  return {
    scale: zoom.scale,
    x: clamp(zoom.x, width * zoom.scale, tileWidth),
    y: clamp(zoom.y, height * zoom.scale, tileHeight),
  };
}
