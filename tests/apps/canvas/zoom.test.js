import assert from 'node:assert/strict';
import { test } from 'node:test';
import { centredOn, fit, isInside, keepInSight, pan, toImage, toScreen, zoomAt } from '../../../apps/canvas/zoom.js';

const near = (a, b, within = 1e-9) => a.forEach((value, index) => assert.ok(Math.abs(value - b[index]) < within, `${a} against ${b}`));

test('the centre of the first pixel is (0, 0), half a pixel inside the image', () => {
  near(toScreen({ scale: 10, x: 0, y: 0 }, 0, 0), [5, 5]);
  near(toImage({ scale: 10, x: 0, y: 0 }, 0, 0), [-0.5, -0.5]);
});

test('an image resized by s maps u to (u + 0.5) s - 0.5, as everywhere in the project', () => {
  const screenPixel = toScreen({ scale: 3, x: 0, y: 0 }, 7, 11).map((edge) => edge - 0.5); // a pixel's number, not its edge
  near(screenPixel, [(7 + 0.5) * 3 - 0.5, (11 + 0.5) * 3 - 0.5]);
});

test('screen and image are inverse at any zoom', () => {
  for (const scale of [0.05, 0.3, 1, 8, 64]) {
    const zoom = { scale, x: -37.25, y: 911.5 };
    near(toImage(zoom, ...toScreen(zoom, 123.456, -7.89)), [123.456, -7.89], 1e-9);
  }
});

test('the whole image fits, in the middle, whatever its shape', () => {
  for (const [image, tile] of [[[640, 512], [300, 300]], [[100, 900], [500, 200]], [[10, 10], [333, 777]]]) {
    const zoom = fit(image, tile);
    const first = toScreen(zoom, -0.5, -0.5);
    const last = toScreen(zoom, image[0] - 0.5, image[1] - 0.5);
    near([first[0] + last[0], first[1] + last[1]], tile);
    assert.ok(Math.min(...first) > -1e-9 && last[0] <= tile[0] + 1e-9 && last[1] <= tile[1] + 1e-9);
    assert.ok(Math.abs(last[0] - first[0] - tile[0]) < 1e-9 || Math.abs(last[1] - first[1] - tile[1]) < 1e-9);
  }
});

test('zooming keeps what is under the pointer there', () => {
  let zoom = { scale: 0.7, x: 12, y: -5 };
  const before = toImage(zoom, 140, 60);
  for (const factor of [1.3, 4, 0.5]) {
    zoom = zoomAt(zoom, factor, 140, 60, 0.01);
    near(toImage(zoom, 140, 60), before);
  }
});

test('zooming ends at its limits without moving the image away', () => {
  const zoom = zoomAt({ scale: 60, x: 0, y: 0 }, 100, 50, 50, 0.1);
  assert.equal(zoom.scale, 64);
  near(toImage(zoom, 50, 50), toImage({ scale: 60, x: 0, y: 0 }, 50, 50));
});

test('a point is brought to the middle of the tile', () => {
  near(toScreen(centredOn([33.25, 7.5], 4, [500, 300]), 33.25, 7.5), [250, 150]);
});

test('some of the image stays in sight however far it is pushed', () => {
  const pushed = keepInSight(pan({ scale: 1, x: 0, y: 0 }, 1e5, -1e5), [200, 100], [400, 300]);
  assert.ok(pushed.x < 400 && pushed.y + 100 > 0);
});

test('inside reaches to the outer edge of the last pixel and no further', () => {
  assert.ok(isInside(-0.5, 99.5, [200, 100]));
  assert.ok(!isInside(-0.51, 0, [200, 100]));
  assert.ok(!isInside(0, 99.51, [200, 100]));
});
