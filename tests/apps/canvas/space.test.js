import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cameraSight, orbitSight, segment, spot } from '../../../apps/canvas/sight.js';
import { floorAxes, meetingPoint, median, upOf } from '../../../apps/canvas/vectors.js';
import { fit, toScreen } from '../../../apps/canvas/zoom.js';

const near = (found, wanted, tolerance = 1e-9) => found.forEach((value, index) => assert.ok(Math.abs(value - wanted[index]) < tolerance, `${found} is not ${wanted}`));

test('cameras say where up is and what they look at', () => {
  const looksAt = (centre, target) => {
    const axis = target.map((value, index) => value - centre[index]);
    const length = Math.hypot(...axis);
    const z = axis.map((value) => value / length);
    const x = [-z[1], z[0], 0].map((value) => -value / Math.hypot(z[0], z[1]));
    const y = [z[1] * x[2] - z[2] * x[1], z[2] * x[0] - z[0] * x[2], z[0] * x[1] - z[1] * x[0]];
    return { rotation: [x, y, z] };
  };
  const centres = [[10, 0, 5], [0, 12, 4], [-9, -3, 6]];
  const cameras = centres.map((centre) => looksAt(centre, [1, 2, 0.5]));
  near(meetingPoint(centres, cameras), [1, 2, 0.5], 1e-3);
  assert.ok(upOf(cameras)[2] > 0.9);
});

test('one point far off does not move the middle of the animal', () => {
  near(median([[0, 0, 1], [1, 2, 3], [2, 1, 2], [1e6, -1e6, 1e6], [1, 1, 2]]), [1, 1, 2]);
});

test('the axes of the floor are a right-handed frame with up', () => {
  for (const up of [[0, 0, 1], [0.6, 0, 0.8], [1, 0, 0]]) {
    const [side, ahead] = floorAxes(up);
    const dot = (a, b) => a.reduce((sum, value, index) => sum + value * b[index], 0);
    near([dot(side, ahead), dot(side, up), dot(ahead, up), dot(side, side), dot(ahead, ahead)], [0, 0, 0, 1, 1]);
  }
});

test('from the side up is up, from above the floor is seen as it is', () => {
  const from = { up: [0, 0, 1], middle: [5, 5, 5], azimuth: 0, elevation: 0, scale: 10, width: 200, height: 100 };
  const level = orbitSight(from);
  near(level.screen(level.eye([5, 5, 5])), [100, 50]);
  near(level.screen(level.eye([5, 5, 7])), [100, 30]);
  const above = orbitSight({ ...from, elevation: Math.PI / 2 });
  near(above.screen(above.eye([5, 5, 9])), [100, 50]);
  const turned = orbitSight({ ...from, azimuth: 1.1, elevation: 0.4 });
  const a = turned.screen(turned.eye([5, 5, 5]));
  const b = turned.screen(turned.eye([6, 7, 8]));
  near([Math.hypot(b[0] - a[0], b[1] - a[1]) ** 2 / 100 + turned.eye([6, 7, 8])[2] ** 2], [14]); // lengths are kept
});

/** At (0, 0, -10), looking along z, y down. */
const CAMERA = { view: 'a', position: [0, 0, -10], rotation: [[1, 0, 0], [0, 1, 0], [0, 0, 1]], matrix: [[500, 0, 320], [0, 400, 240], [0, 0, 1]], size: [640, 480] };

test('through a camera points lie where its image has them', () => {
  const still = { factor: 1, x: 0, y: 0 };
  const sight = cameraSight(CAMERA, 1000, 480, still);
  const zoom = fit([640, 480], [1000, 480]);
  near(spot(sight, [2, -1, 10]), [...toScreen(zoom, (500 * 2) / 20 + 320, (400 * -1) / 20 + 240), 20]);
  near(sight.corners[0], [180, 0]);
  near(sight.corners[2], [820, 480]);
  assert.equal(spot(sight, [0, 0, -11]), null);
  const nearer = cameraSight(CAMERA, 1000, 480, { factor: 2, x: 30, y: -10 });
  const [x, y] = spot(sight, [2, -1, 10]);
  near(spot(nearer, [2, -1, 10]), [500 + 2 * (x - 500) + 30, 240 + 2 * (y - 240) - 10, 20]);
});

test('a line that goes behind the camera ends at it, one behind it is not drawn', () => {
  const sight = cameraSight(CAMERA, 640, 480, { factor: 1, x: 0, y: 0 });
  const [from, to] = segment(sight, [1, 0, 0], [1, 0, -30]);
  near(from, [500 / 10 + 320.5, 240.5]);
  assert.ok(to[0] > 1e4 && Math.abs(to[1] - 240.5) < 1e-6);
  assert.equal(segment(sight, [1, 0, -11], [2, 0, -30]), null);
});
