/** How the films look: what is drawn over them, in which colours; light, and where they are zoomed to. */

/** @import { Film } from './film.js' */
/** @import { Viewer } from './page.js' */
import { drawOverlay, placesOf } from './overlay.js';

const REACH = 12; // CSS px: how near a point a click must be

export class Look {
  /** @param {Viewer} viewer */
  constructor(viewer) {
    this.viewer = viewer;
  }

  /** Whether colours stand for sources. */
  get isBySource() {
    const { settings, chosen } = this.viewer;
    return settings.paint === 'source' || (settings.paint === 'auto' && chosen.length > 1);
  }

  /** The frame that belongs to what a film shows. @param {Film} film */
  frameOf(film) {
    return film.isLive ? film.shown : this.viewer.frame;
  }

  /** @param {Film} film @param {CanvasRenderingContext2D} context */
  draw(film, context) {
    const { viewer } = this;
    const { settings, session } = viewer;
    film.drawn = this.frameOf(film);
    if (!settings.overlay || film.drawn < 0) return;
    drawOverlay(context, film.zoom, { layers: this.layersOf(film.drawn), v: film.v, active: viewer.keypoint, names: session.keypoints,
      colors: session.colors, edges: session.edges, settings });
  }

  /** @param {number} frame @returns {import('./overlay.js').Layer[]} */
  layersOf(frame) {
    const { poses, chosen, settings } = this.viewer;
    return chosen.flatMap((source) => {
      const pose = poses.at(source, frame);
      const past = settings.trails === 'off' ? [] : Array.from({ length: settings.trail }, (_, back) => poses.at(source, frame - back - 1));
      return pose ? [{ pose, past, color: source.color, isFaded: source.confidence }] : [];
    });
  }

  /** The keypoint under a point of the tile, or -1. @param {Film} film @param {[number, number]} at */
  hit(film, at) {
    let best = { k: -1, distance: REACH };
    if (!this.viewer.settings.overlay) return -1;
    for (const { pose } of this.layersOf(this.frameOf(film))) {
      placesOf(pose, film.v, film.zoom, false)?.forEach((place, k) => {
        const distance = place ? Math.hypot(place.x - at[0], place.y - at[1]) : Infinity;
        if (distance < best.distance) best = { k, distance };
      });
    }
    return best.k;
  }

  /** Move all films to where the active keypoint is, each as far in as the active one. */
  centre() {
    const { films, view, keypoint, chosen, poses, session } = this.viewer;
    const zoom = Math.max(2, films[view].zoom.scale / films[view].wholeScale);
    for (const film of films) {
      const pose = chosen.map((source) => poses.at(source, this.frameOf(film))).find((one) => one && one.slots[film.v] >= 0);
      if (!pose) continue;
      const from = (pose.slots[film.v] * session.keypoints.length + keypoint) * pose.fields;
      if (!Number.isNaN(pose.xy[from])) film.centre([pose.xy[from], pose.xy[from + 1]], film.wholeScale * zoom);
    }
  }

  nextPaint() {
    const { viewer } = this;
    viewer.settings.paint = this.isBySource ? 'keypoint' : 'source';
    viewer.say(`colours are those of ${viewer.settings.paint}s`);
    this.apply();
  }

  nextTrails() {
    const { viewer } = this;
    const order = /** @type {const} */ (['off', 'active', 'all']);
    viewer.settings.trails = order[(order.indexOf(viewer.settings.trails) + 1) % 3];
    viewer.say({ off: 'no trails', active: 'trail of the keypoint', all: 'trails of all keypoints' }[viewer.settings.trails]);
    viewer.wantPoses();
    this.apply();
  }

  /** @param {'overlay' | 'lines' | 'names' | 'fade' | 'ellipses' | 'loop' | 'right' | 'lower'} name @param {string} words */
  toggle(name, words) {
    const { viewer } = this;
    viewer.settings[name] = !viewer.settings[name];
    viewer.say(`${words} ${viewer.settings[name] ? 'on' : 'off'}`);
    this.apply();
  }

  /** @param {number} step CSS px */
  resizePoints(step) {
    const { settings } = this.viewer;
    settings.pointSize = Math.min(12, Math.max(1.5, settings.pointSize + step));
    this.apply();
  }

  /** Change brightness and contrast of a view; twice 0 resets both. @param {number} v @param {number} brightness @param {number} contrast */
  lightBy(v, brightness, contrast) {
    const { settings, session } = this.viewer;
    const { name } = session.views[v];
    const [b, c] = settings.light[name] ?? [1, 1];
    const clamp = (/** @type {number} */ value) => Math.min(4, Math.max(0.2, Math.round(value * 100) / 100));
    settings.light[name] = brightness || contrast ? [clamp(b + brightness), clamp(c + contrast)] : [1, 1];
    this.apply();
  }

  /** Settings have changed: keep them and show what they say. */
  apply() {
    const { viewer } = this;
    const { settings, films, player } = viewer;
    viewer.keepSettings();
    player.isLooping = settings.loop;
    for (const film of films) film.adjust(settings.light[film.view.name] ?? [1, 1]);
    viewer.screen.apply();
    viewer.redraw();
    viewer.emit('settings');
  }
}
