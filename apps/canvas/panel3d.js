/** The labels of a frame in space. */

/** @import { Page } from './page.js' */
/** @import { CameraPose } from './types.js' */
/** @import { Vector } from './vectors.js' */
import { el } from './dom.js';
import { Scene } from './scene3d.js';
import { distance, mean, meetingPoint, minus, scaled, upOf } from './vectors.js';

export class Space {
  /** @param {Page} page */
  constructor(page) {
    const { project } = page;
    const cameras = project.cameras ?? [];
    const up = upOf(cameras);
    this.scene = new Scene({
      cameras, edges: project.edges, signal: page.signal,
      content: () => {
        const points = /** @type {(Vector | null)[]} */ (page.geometry.shape.xyz);
        const known = /** @type {Vector[]} */ (points.filter(Boolean));
        return {
          figures: [{ points, colors: project.colors, line: null }], k: page.k, view: project.views[page.v],
          ...standing(known, cameras, up),
        };
      },
    });
    this.element = el('div', { class: 'space' }, el('h3', { text: 'In space' }), this.scene.canvas);
  }

  draw() {
    this.scene.draw();
  }

  close() {
    this.scene.close();
  }
}

/** Where the scene stands by the points themselves; without any, by the cameras. @param {Vector[]} points @param {CameraPose[]} cameras @param {Vector} up */
function standing(points, cameras, up) {
  const centres = cameras.map((camera) => /** @type {Vector} */ (camera.position));
  const middle = points.length ? mean(points) : meetingPoint(centres, cameras);
  const reach = 1.25 * Math.max(1e-9, ...(points.length > 1 ? points : centres).map((point) => distance(point, middle)));
  return { middle, reach, floor: minus(middle, scaled(up, reach * 0.8)), tile: reach / 3 };
}
