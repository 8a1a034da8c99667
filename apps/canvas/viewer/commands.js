/** Everything that can be done in the viewer, by name and key. */

/** @import { Command } from '../keys.js' */
/** @import { Viewer } from './page.js' */
import { SPEEDS } from './player.js';

/** @typedef {[string, string, string[], () => void]} Row id, title, keys, what to do */

/** What a mouse does. @type {[string, string][]} */
export const MOUSE = [
  ['click, drag on the timeline', 'go there; films follow'], ['⇧ drag on the timeline', 'choose a range'], ['click on a point', 'choose its keypoint'],
  ['drag in a film', 'pan'], ['wheel', 'zoom'], ['double click', 'enlarge the view'],
];

/** @param {Viewer} viewer @returns {Command[]} */
export function makeCommands(viewer) {
  return [
    ...group('Play', playCommands(viewer)),
    ...group('Frame', frameCommands(viewer)),
    ...group('Range', rangeCommands(viewer)),
    ...group('Keypoint and view', choiceCommands(viewer)),
    ...group('See', sightCommands(viewer)),
    ...group('Page', pageCommands(viewer)),
  ];
}

/** @param {string} name @param {Row[]} rows @returns {Command[]} */
export function group(name, rows) {
  return rows.map(([id, title, keys, run]) => ({ id, group: name, title, keys, run }));
}

/** @param {Viewer} viewer @returns {Row[]} */
function playCommands(viewer) {
  const { player } = viewer;
  const faster = (/** @type {number} */ step) => {
    const at = SPEEDS.findIndex((speed) => speed >= player.speed - 1e-6);
    viewer.setSpeed(SPEEDS[Math.min(SPEEDS.length - 1, Math.max(0, at + step))]);
  };
  const shuttle = (/** @type {1 | -1} */ direction) => {
    if (player.isPlaying && player.direction === direction) faster(1);
    else player.play(direction);
  };
  return [
    ['play', 'play or pause', ['Space'], () => player.toggle()],
    ['forward', 'play; again: faster', ['L'], () => shuttle(1)],
    ['pause', 'pause', ['K'], () => player.pause()],
    ['backward', 'play backwards; again: faster', ['J'], () => shuttle(-1)],
    ['slower', 'slower', ['<'], () => faster(-1)],
    ['faster', 'faster', ['>'], () => faster(1)],
    ['speed', 'as fast as it was filmed', ['Shift+Backspace'], () => viewer.setSpeed(1)],
  ];
}

/** @param {Viewer} viewer @returns {Row[]} */
function frameCommands(viewer) {
  const { player, session } = viewer;
  return [
    ['next', 'next frame', ['ArrowRight', '.'], () => player.step(1)],
    ['previous', 'previous frame', ['ArrowLeft', ','], () => player.step(-1)],
    ['next-10', '10 frames on', ['Shift+ArrowRight'], () => player.step(10)],
    ['previous-10', '10 frames back', ['Shift+ArrowLeft'], () => player.step(-10)],
    ['next-second', 'a second on', ['PageDown'], () => player.step(Math.round(session.fps))],
    ['previous-second', 'a second back', ['PageUp'], () => player.step(-Math.round(session.fps))],
    ['first', 'first frame', ['Home'], () => viewer.seek(0)],
    ['last', 'last frame', ['End'], () => viewer.seek(session.frames - 1)],
    ['go', 'type a frame number', ['G'], () => viewer.screen.bar.ask()],
    ...Array.from({ length: 10 }, (_, tenth) => /** @type {Row} */ ([`tenth-${tenth}`, `${10 * tenth} % of the recording`, [String(tenth)],
      () => viewer.seek(Math.round((tenth / 10) * (session.frames - 1)))])),
  ];
}

/** @param {Viewer} viewer @returns {Row[]} */
function rangeCommands(viewer) {
  const last = viewer.session.frames - 1;
  const here = () => (viewer.player.isPlaying ? viewer.frame : viewer.player.target); // also while films are on their way
  return [
    ['range-start', 'range from here', ['['], () => viewer.setRange([here(), Math.max(here(), viewer.range?.[1] ?? last)])],
    ['range-end', 'range to here', [']'], () => viewer.setRange([Math.min(here(), viewer.range?.[0] ?? 0), here()])],
    ['range-none', 'no range', ['Backspace'], () => viewer.setRange(null)],
    ['loop', 'again and again', ['R'], () => viewer.look.toggle('loop', 'again and again')],
  ];
}

/** @param {Viewer} viewer @returns {Row[]} */
function choiceCommands(viewer) {
  const around = (/** @type {number} */ at, /** @type {number} */ total) => (at + total) % total;
  const keypoint = (/** @type {number} */ step) => viewer.select(viewer.view, around(viewer.keypoint + step, viewer.session.keypoints.length));
  const view = (/** @type {number} */ step) => {
    viewer.select(around(viewer.view + step, viewer.films.length), viewer.keypoint);
    viewer.focusTile();
  };
  return [
    ['keypoint-next', 'next keypoint', ['ArrowDown'], () => keypoint(1)],
    ['keypoint-previous', 'previous keypoint', ['ArrowUp'], () => keypoint(-1)],
    ['view-next', 'next view', ['W'], () => view(1)],
    ['view-previous', 'previous view', ['Shift+W'], () => view(-1)],
  ];
}

/** @param {Viewer} viewer @returns {Row[]} */
function sightCommands(viewer) {
  const zoom = (/** @type {number} */ factor) => {
    const film = viewer.films[viewer.view];
    film.zoomBy(factor, ...film.middle);
  };
  const light = (/** @type {number} */ brightness, /** @type {number} */ contrast) => viewer.look.lightBy(viewer.view, brightness, contrast);
  return [
    ['hide', 'what is drawn over the films', ['H'], () => viewer.look.toggle('overlay', 'what was found')],
    ['lines', 'skeleton lines', ['S'], () => viewer.look.toggle('lines', 'skeleton lines')],
    ['names', 'names of keypoints', ['N'], () => viewer.look.toggle('names', 'names')],
    ['fade', 'confidence as opacity', ['O'], () => viewer.look.toggle('fade', 'confidence as opacity')],
    ['ellipses', 'ellipses of 95 %', ['E'], () => viewer.look.toggle('ellipses', 'ellipses')],
    ['trails', 'trails: none, of the keypoint, of all', ['T'], () => viewer.look.nextTrails()],
    ['paint', 'colour by source or keypoint', ['C'], () => viewer.look.nextPaint()],
    ['fit', 'show the whole image in all views', ['F'], () => viewer.films.forEach((film) => film.fit())],
    ['zoom-in', 'zoom in', ['+', '='], () => zoom(1.25)],
    ['zoom-out', 'zoom out', ['-'], () => zoom(0.8)],
    ['centre', 'look at the keypoint in all views', ['Z'], () => viewer.look.centre()],
    ['enlarge', 'enlarge the view', ['Enter'], () => viewer.screen.enlarge(viewer.view)],
    ['brighter', 'brighter', ['Shift+ArrowUp'], () => light(0.1, 0)],
    ['darker', 'darker', ['Shift+ArrowDown'], () => light(-0.1, 0)],
    ['contrast-more', 'more contrast', ['}'], () => light(0, 0.1)],
    ['contrast-less', 'less contrast', ['{'], () => light(0, -0.1)],
    ['light-reset', 'brightness and contrast as they are', ['\\'], () => light(0, 0)],
    ['points-larger', 'larger points', ['Ctrl+ArrowUp'], () => viewer.look.resizePoints(0.5)],
    ['points-smaller', 'smaller points', ['Ctrl+ArrowDown'], () => viewer.look.resizePoints(-0.5)],
  ];
}

/** @param {Viewer} viewer @returns {Row[]} */
function pageCommands(viewer) {
  return [
    ['sessions', 'another session', ['/'], () => viewer.screen.chooser.open()],
    ['help', 'keys and help', ['?', 'F1'], () => viewer.screen.help.toggle()],
    ['right', 'column on the right', ['Ctrl+J'], () => viewer.look.toggle('right', 'column on the right')],
    ['lower', 'traces', ['Ctrl+B'], () => viewer.look.toggle('lower', 'traces')],
    ['leave', 'close, or leave the films', ['Escape'], () => viewer.screen.escape()],
  ];
}
