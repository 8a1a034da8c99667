/** Everything that can be done, by name and key. */

/** @import { Command } from './keys.js' */
/** @import { Page } from './page.js' */

/** @param {Page} page @returns {Command[]} */
export function makeCommands(page) {
  return [
    ...group('Label', labelCommands(page)),
    ...group('Keypoint and view', choiceCommands(page)),
    ...group('Frame', frameCommands(page)),
    ...group('See', sightCommands(page)),
    ...group('Page', pageCommands(page)),
  ];
}

/** @typedef {[string, string, string[], () => void]} Row id, title, keys, what to do */

/** @param {string} name @param {Row[]} rows @returns {Command[]} */
function group(name, rows) {
  return rows.map(([id, title, keys, run]) => ({ id, group: name, title, keys, run }));
}

/** @param {Page} page @returns {Row[]} */
function labelCommands(page) {
  const { labeling } = page;
  /** @type {Row[]} */
  const nudges = [];
  for (const [name, dx, dy] of /** @type {const} */ ([['Left', -1, 0], ['Right', 1, 0], ['Up', 0, -1], ['Down', 0, 1]])) {
    for (const [prefix, px] of /** @type {const} */ ([['', 1], ['Shift+', 10], ['Alt+', 0.1]])) {
      nudges.push([`nudge-${name.toLowerCase()}-${px}`, `move ${name.toLowerCase()} by ${px} px`, [`${prefix}Arrow${name}`],
        () => labeling.nudge(dx * px, dy * px)]);
    }
  }
  return [
    ['place', 'place at the ghost, the prediction, or the middle', ['Enter'], () => labeling.enter()],
    ['state', 'visible, occluded, not in view', ['V'], () => labeling.cycleState()],
    ['delete', 'delete in this view', ['X', 'Delete'], () => labeling.remove('view')],
    ['delete-all', 'delete in all views', ['Shift+X'], () => labeling.remove('views')],
    ['accept', 'accept all ghosts of the frame', ['T'], () => labeling.acceptGhosts('frame')],
    ['accept-keypoint', 'accept the ghosts of this keypoint', ['Shift+T'], () => labeling.acceptGhosts('keypoint')],
    ['predictions', 'accept the predictions of this keypoint', ['P'], () => labeling.acceptProposals('keypoint')],
    ['predictions-all', 'accept all predictions of the frame', ['Shift+P'], () => labeling.acceptProposals('frame')],
    ['copy', 'copy what is missing from the frame before', ['C'], () => labeling.copyPrevious('frame')],
    ['copy-keypoint', 'copy this keypoint from the frame before', ['Shift+C'], () => labeling.copyPrevious('keypoint')],
    ['undo', 'undo', ['Ctrl+Z'], () => labeling.travel('undo')],
    ['redo', 'redo', ['Ctrl+Shift+Z', 'Ctrl+Y'], () => labeling.travel('redo')],
    ['mine', 'conflict: take mine', ['Y'], () => page.others.settle('mine')],
    ['theirs', 'conflict: keep theirs', ['Shift+Y'], () => page.others.settle('theirs')],
    ...nudges,
  ];
}

/** @param {Page} page @returns {Row[]} */
function choiceCommands(page) {
  const around = (/** @type {number} */ at, /** @type {number} */ total) => (at + total) % total;
  const keypoint = (/** @type {number} */ step) => page.select(page.v, around(page.k + step, page.project.keypoints.length));
  const view = (/** @type {number} */ step) => {
    page.select(around(page.v + step, page.project.views.length), page.k);
    page.room.focusTile();
  };
  return [
    ['keypoint-next', 'next keypoint', ['Tab'], () => keypoint(1)],
    ['keypoint-previous', 'previous keypoint', ['Shift+Tab'], () => keypoint(-1)],
    ['keypoint-unlabeled', 'next keypoint without a label in this view', ['U'], () => {
      const next = page.labels.nextUnlabeled(page.target, page.v, page.k);
      if (next >= 0) page.select(page.v, next);
    }],
    ['view-next', 'next view', ['W'], () => view(1)],
    ['view-previous', 'previous view', ['Q'], () => view(-1)],
    ...Array.from({ length: 9 }, (_, index) => /** @type {Row} */ ([`keypoint-${index + 1}`, `keypoint ${index + 1}`, [String(index + 1)],
      () => index < page.project.keypoints.length && page.select(page.v, index)])),
  ];
}

/** @param {Page} page @returns {Row[]} */
function frameCommands(page) {
  const go = (/** @type {string | null} */ id) => (id ? page.open(id) : page.say('there is no further frame in the list'));
  return [
    ['frame-next', 'next frame', ['D'], () => go(page.rows.neighbour(page.target, 1))],
    ['frame-previous', 'previous frame', ['A'], () => go(page.rows.neighbour(page.target, -1))],
    ['frame-unfinished', 'next unfinished frame', ['Shift+D'], () => go(page.rows.unfinished(page.target, 1))],
    ['frame-unfinished-back', 'previous unfinished frame', ['Shift+A'], () => go(page.rows.unfinished(page.target, -1))],
    ['frame-find', 'find a frame', ['G'], () => page.room.frames.find()],
    ['flag', 'flag the frame', ['K'], () => page.room.remarks.toggleFlag()],
    ['note', 'write a note on the frame', ['Shift+N'], () => page.room.remarks.write()],
    ['unqueue', 'take the frame out of the labeling queue', ['Shift+K'], () => page.room.remarks.takeOut()],
    ['loop', 'play the frames around it', ['Space'], () => page.loop.toggle()],
    ['loop-back', 'one frame back in the video', [','], () => page.loop.by(-1)],
    ['loop-forward', 'one frame on in the video', ['.'], () => page.loop.by(1)],
  ];
}

/** @param {Page} page @returns {Row[]} */
function sightCommands(page) {
  const light = (/** @type {number} */ brightness, /** @type {number} */ contrast) => page.room.lightBy(page.v, brightness, contrast);
  const zoom = (/** @type {number} */ factor) => {
    const tile = page.tiles[page.v];
    tile.zoomBy(factor, ...tile.middle);
  };
  return [
    ['fit', 'show the whole image in all views', ['F'], () => page.tiles.forEach((tile) => tile.fit())],
    ['zoom-in', 'zoom in', ['+', '='], () => zoom(1.25)],
    ['zoom-out', 'zoom out', ['-'], () => zoom(0.8)],
    ['follow', 'all views follow the keypoint', ['Z'], () => page.room.toggle('follow', 'views follow the keypoint')],
    ['enlarge', 'enlarge the view', ['M'], () => page.room.enlarge(page.v)],
    ['hide', 'hide all marks', ['H'], () => page.room.hideMarks()],
    ['lines', 'skeleton lines', ['L'], () => page.room.toggle('lines', 'skeleton lines')],
    ['names', 'names of all keypoints', ['N'], () => page.room.toggle('names', 'names')],
    ['curves', 'epipolar curves', ['E'], () => page.room.toggle('curves', 'epipolar curves')],
    ['previous', 'labels of the frame before', ['B'], () => page.room.toggle('previous', 'labels of the frame before')],
    ['brighter', 'brighter', [']'], () => light(0.1, 0)],
    ['darker', 'darker', ['['], () => light(-0.1, 0)],
    ['contrast-more', 'more contrast', ['}'], () => light(0, 0.1)],
    ['contrast-less', 'less contrast', ['{'], () => light(0, -0.1)],
    ['light-reset', 'brightness and contrast as they are', ['\\'], () => page.room.lightBy(page.v, 0, 0)],
    ['points-larger', 'larger marks', ['Shift++', 'Ctrl+ArrowUp'], () => page.room.resizeMarks(0.5)],
    ['points-smaller', 'smaller marks', ['_', 'Ctrl+ArrowDown'], () => page.room.resizeMarks(-0.5)],
  ];
}

/** @param {Page} page @returns {Row[]} */
function pageCommands(page) {
  return [
    ['help', 'keys and help', ['?', 'F1'], () => page.room.help.toggle()],
    ['table', 'coordinates as a table', ['I'], () => page.room.table.toggle()],
    ['left', 'list of frames', ['Ctrl+B'], () => page.room.togglePanel('left')],
    ['right', 'list of keypoints', ['Ctrl+J'], () => page.room.togglePanel('right')],
    ['leave', 'stop, close, or leave the views', ['Escape'], () => page.room.escape()],
  ];
}
