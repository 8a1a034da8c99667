/** The sources in space: skeletons, trails, cameras, floor; from anywhere, or as one of the cameras sees it. */

/** @import { Viewer } from '../page.js' */
/** @import { ChosenSource } from '../types.js' */
/** @import { Content, Figure } from '../../scene3d.js' */
/** @import { Vector } from '../../vectors.js' */
import { el, iconButton } from '../../dom.js';
import { Scene } from '../../scene3d.js';
import { add, distance, dot, mean, median, meetingPoint, minus, scaled, upOf } from '../../vectors.js';
import { roundUp } from './axis.js';
import { inkOn } from './ink.js';
import { pinsOf } from './pins.js';

const SPREAD = 2.6; // times the middle distance from the middle: room for most animals
const SETTLING = 0.05; // share of a new size that is taken over with every picture

export class SpacePanel {
  /** @param {Viewer} viewer */
  constructor(viewer) {
    this.viewer = viewer;
    const { session, signal } = viewer;
    this.cameras = session.cameras ?? [];
    this.up = upOf(this.cameras);
    this.stage = stageOf(session.bounds, this.cameras, this.up);
    this.follows = true;
    /** where the animal is, and how large */
    this.animal = { middle: this.stage.middle, reach: 0 };
    /** how high the lowest of its points have been, along up */
    this.ground = Infinity;
    this.scene = new Scene({ cameras: this.cameras, edges: session.edges, signal, content: () => this.content(), picked: (view) => this.see(view) });
    this.from = el('select', { 'aria-label': 'seen from', onchange: () => this.see(this.from.value) },
      el('option', { value: '', text: 'from anywhere' }), ...this.cameras.map(({ view }) => el('option', { value: view, text: `from ${view}` })));
    this.followed = el('button', { type: 'button', class: 'switch', 'aria-pressed': 'true', title: 'the animal stays in the middle', text: 'Follow', onclick: () => this.follow(!this.follows) });
    this.tools = el('span', { class: 'tools' }, this.cameras.length ? this.from : null, this.followed, iconButton('fit', 'show all again', () => this.reset()));
    this.note = el('p', { class: 'nothing', role: 'status' });
    this.scale = el('span', { class: 'scale' });
    this.element = el('section', { class: 'panel space', 'aria-label': 'in space' },
      el('header', {}, el('h3', { text: 'In space' }), this.tools),
      this.scene.canvas, this.scale, this.note);
    for (const name of /** @type {const} */ (['frame', 'poses', 'chosen', 'keypoint', 'settings'])) viewer.on(name, () => this.refresh());
    pinsOf(viewer).listen(() => this.refresh(), signal);
    this.refresh();
  }

  /** @param {string} view  of the camera to look through; empty: from anywhere */
  see(view) {
    this.from.value = this.scene.through?.view === view ? '' : view;
    this.scene.seeThrough(this.from.value || null);
    this.viewer.say(this.from.value ? `the scene as ${view} sees it` : 'the scene from anywhere');
  }

  /** @param {boolean} follows */
  follow(follows) {
    this.follows = follows;
    this.followed.setAttribute('aria-pressed', String(follows));
    this.scene.shift = [0, 0, 0];
    this.scene.draw();
  }

  reset() {
    this.from.value = '';
    this.scene.through = null;
    this.scene.reset();
    this.scene.draw();
  }

  /** Draw anew, once however often it is asked for until the next picture. */
  refresh() {
    if (this.isWaiting) return;
    this.isWaiting = true;
    requestAnimationFrame(() => {
      this.isWaiting = false;
      if (this.viewer.signal.aborted) return;
      this.explain();
      this.scene.draw();
    });
  }

  /** @private */
  explain() {
    const { chosen, session } = this.viewer;
    const isThere = chosen.some((source) => source.world);
    this.scene.canvas.hidden = !isThere && !this.cameras.length;
    this.note.hidden = isThere;
    this.tools.hidden = this.scene.canvas.hidden;
    this.note.textContent = session.sources.some((source) => source.world) ? 'No source with 3D points is shown: choose one in the list of sources.'
      : session.cameras ? 'No 3D points yet: smooth this recording, and the animal stands here.'
        : 'This recording has no calibration. With one, the views become points in space.';
  }

  /** @private @returns {Content} */
  content() {
    const { viewer, stage } = this;
    const { session, keypoint: k } = viewer;
    const ground = getComputedStyle(this.element).getPropertyValue('--panel').trim();
    const figures = viewer.chosen.filter((source) => source.world).flatMap((source) => this.figure(source, ground) ?? []);
    this.locate(figures[0]);
    const isNear = this.follows && this.animal.reach > 0;
    const { middle, reach } = isNear ? { middle: this.animal.middle, reach: this.animal.reach } : stage;
    const tile = roundUp(reach / 4);
    const text = `squares of ${tile} ${session.unit || 'units'}`;
    if (this.scale.textContent !== text) this.scale.textContent = text;
    const floor = Number.isFinite(this.ground) ? scaled(this.up, this.ground) : stage.floor;
    return { figures, middle, reach, floor, tile, k, view: session.views[viewer.view]?.name ?? '' };
  }

  /** @private @param {ChosenSource} source @param {string} ground @returns {Figure | null} */
  figure(source, ground) {
    const { viewer } = this;
    const xyz = viewer.poses.at(source, viewer.frame)?.xyz;
    if (!xyz) return null;
    const { settings, session } = viewer;
    const ink = inkOn(source.color, ground);
    const colors = session.colors.map((color) => (viewer.look.isBySource ? ink : inkOn(color, ground)));
    const trailed = settings.trails === 'off' ? [] : settings.trails === 'all' ? session.keypoints.map((_, k) => k) : pinsOf(viewer).with(viewer.keypoint);
    return { points: session.keypoints.map((_, k) => pointOf(xyz, k)), colors, line: viewer.look.isBySource ? ink : null, trails: this.trails(source, trailed) };
  }

  /** Where keypoints came from, oldest first. @private @param {ChosenSource} source @param {number[]} keypoints @returns {(Vector | null)[][]} */
  trails(source, keypoints) {
    const { viewer } = this;
    /** @type {(Vector | null)[][]} */
    const trails = viewer.session.keypoints.map(() => []);
    if (!keypoints.length) return trails;
    for (let frame = Math.max(0, viewer.frame - viewer.settings.trail); frame <= viewer.frame; frame++) {
      const xyz = viewer.poses.at(source, frame)?.xyz;
      for (const k of keypoints) trails[k].push(xyz ? pointOf(xyz, k) : null);
    }
    return trails;
  }

  /** Find the animal; its size settles slowly, so that the picture does not breathe. @private @param {Figure | undefined} figure */
  locate(figure) {
    const known = /** @type {Vector[]} */ (figure?.points.filter(Boolean) ?? []);
    if (known.length < 2) return;
    const middle = median(known);
    const far = known.map((point) => distance(point, middle)).sort((a, b) => a - b);
    const size = Math.max(1e-9, SPREAD * far[far.length >> 1]);
    this.ground = Math.min(this.ground, groundOf(known, this.up));
    const reach = this.animal.reach ? this.animal.reach + SETTLING * (size - this.animal.reach) : size;
    this.animal = { middle, reach };
  }

  close() {
    this.scene.close();
  }
}

/** How high the feet are: the second lowest point, since one may be lost. @param {Vector[]} points @param {Vector} up */
export function groundOf(points, up) {
  const heights = points.map((point) => dot(point, up)).sort((a, b) => a - b);
  return heights[Math.min(1, heights.length - 1)];
}

/** @param {Float32Array} xyz  of all keypoints @param {number} k @returns {Vector | null} */
function pointOf(xyz, k) {
  const at = 3 * k;
  return Number.isNaN(xyz[at] + xyz[at + 1] + xyz[at + 2]) ? null : [xyz[at], xyz[at + 1], xyz[at + 2]];
}

/**
 * Where everything happens: the box that the points of the recording fill, or else what the cameras look at.
 * @param {[[number, number, number], [number, number, number]] | null} bounds @param {import('../../types.js').CameraPose[]} cameras @param {Vector} up
 * @returns {{middle: Vector, reach: number, floor: Vector}}
 */
export function stageOf(bounds, cameras, up) {
  if (!bounds) {
    const centres = cameras.map((camera) => /** @type {Vector} */ (camera.position));
    const middle = meetingPoint(centres, cameras);
    const reach = Math.max(1e-9, ...centres.map((centre) => distance(centre, middle)), cameras.length ? 0 : 1);
    return { middle, reach, floor: minus(middle, scaled(up, 0.3 * reach)) };
  }
  const [low, high] = bounds;
  const middle = mean([low, high]);
  const corners = Array.from({ length: 8 }, (_, index) => /** @type {Vector} */ ([0, 1, 2].map((axis) => (index >> axis & 1 ? high : low)[axis])));
  const heights = corners.map((corner) => dot(minus(corner, middle), up)).sort((a, b) => a - b);
  const lowest = (heights[0] + heights[1] + heights[2] + heights[3]) / 4; // the lower side of the box
  return { middle, reach: Math.max(1.25 * distance(middle, high), 1e-9), floor: add(middle, scaled(up, lowest)) };
}
