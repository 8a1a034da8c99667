/** What the films show, with what lies over them, as one image at the size of the videos. */

/** @import { Viewer } from '../page.js' */
import { bestGrid } from '../../layout.js';
import { drawOverlay } from '../overlay.js';

const LARGEST = 16000; // px: what browsers still draw
const LABEL = 0.022; // of a view's height: size of its name

/**
 * Where views lie in one picture.
 * @param {[number, number][]} sizes  px @returns {{columns: number, cell: [number, number], width: number, height: number, scale: number}}
 *   scale: below 1 where the picture would be larger than a browser can draw
 */
export function sheetOf(sizes) {
  const cell = /** @type {[number, number]} */ ([Math.max(...sizes.map(([width]) => width)), Math.max(...sizes.map(([, height]) => height))]);
  const { columns } = bestGrid(sizes, 1600, 1000, 0, 0);
  const rows = Math.ceil(sizes.length / columns);
  const scale = Math.min(1, LARGEST / (columns * cell[0]), LARGEST / (rows * cell[1]));
  return { columns, cell, width: Math.round(columns * cell[0] * scale), height: Math.round(rows * cell[1] * scale), scale };
}

/** @param {Viewer} viewer @returns {Promise<Blob>} a PNG @throws {Error} when the browser cannot draw it */
export async function takePicture(viewer) {
  const { films } = viewer;
  const { columns, cell, width, height, scale } = sheetOf(films.map((film) => film.size));
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [width, height];
  const c = canvas.getContext('2d');
  if (!c) throw new Error('this browser cannot draw so large a picture');
  c.fillStyle = '#0b0d0f';
  c.fillRect(0, 0, width, height);
  films.forEach((film, at) => {
    c.save();
    c.scale(scale, scale);
    c.translate((at % columns) * cell[0], Math.floor(at / columns) * cell[1]);
    paintFilm(c, viewer, film);
    c.restore();
  });
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, 'image/png'));
  if (!blob) throw new Error('this browser cannot keep so large a picture');
  return blob;
}

/** @param {CanvasRenderingContext2D} c @param {Viewer} viewer @param {Viewer['films'][number]} film */
function paintFilm(c, viewer, film) {
  const { settings, session, look } = viewer;
  const [width, height] = film.size;
  c.beginPath();
  c.rect(0, 0, width, height);
  c.clip();
  if (film.isLive) {
    const [brightness, contrast] = settings.light[film.view.name] ?? [1, 1];
    c.filter = `brightness(${brightness}) contrast(${contrast})`;
    c.drawImage(film.video, 0, 0, width, height);
    c.filter = 'none';
  }
  const frame = look.frameOf(film);
  const zoom = { scale: film.wholeScale, x: 0, y: 0 }; // as large on the image as on the screen when all of it is in sight
  c.save();
  c.scale(1 / zoom.scale, 1 / zoom.scale);
  if (settings.overlay && frame >= 0) {
    drawOverlay(c, zoom, { layers: look.layersOf(frame), v: film.v, active: -1, names: session.keypoints, colors: session.colors, edges: session.edges, settings });
  }
  c.restore();
  const size = Math.max(11, Math.round(LABEL * height));
  c.font = `600 ${size}px system-ui, sans-serif`;
  const text = [film.view.name, `frame ${frame}`].filter(Boolean).join(' · ');
  c.fillStyle = 'rgba(11, 13, 15, 0.6)';
  c.fillRect(0, 0, c.measureText(text).width + size, 1.6 * size);
  c.fillStyle = '#ffffff';
  c.fillText(text, size / 2, 1.15 * size);
}
