import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readFileSync } from 'node:fs';
import { labelOf } from '../../../apps/canvas/keys.js';
import { makeCommands } from '../../../apps/canvas/viewer/commands.js';
import { readAddress, writeAddress } from '../../../apps/canvas/viewer/address.js';
import { NextPicture } from '../../../apps/canvas/viewer/nextpicture.js';
import { placesOf } from '../../../apps/canvas/viewer/overlay.js';
import { Poses } from '../../../apps/canvas/viewer/poses.js';
import { colorOf, firstOf } from '../../../apps/canvas/viewer/settings.js';
import { Times, timeText } from '../../../apps/canvas/viewer/times.js';

test('a frame asked for by a time in its interval is the one that begins nearest to what is shown', () => {
  const uneven = new Times(0, 30, Float64Array.from([0.5, 0.55, 0.61, 0.7, 0.71]));
  for (const times of [new Times(108000, 29.97, null), new Times(108000, 30, null), uneven]) {
    for (const frame of [0, 1, 3, times.frames - 1]) {
      assert.equal(times.nearest(times.start(frame)), frame);
      assert.equal(times.nearest(times.start(frame) + 4e-7), frame, 'browsers round to microseconds');
      assert.equal(times.nearest(times.start(frame) - 4e-7), frame);
      for (const share of [0.25, 0.5, 0.75]) {
        const at = times.inside(frame, share);
        assert.ok(at > times.start(frame) && at < times.start(frame + 1));
        assert.ok(Math.abs(times.position(at) - frame - share) < 1e-6);
      }
    }
  }
  assert.equal(uneven.frames, 5);
  assert.equal(uneven.nearest(99), 4);
  assert.equal(uneven.position(0), 0);
});

test('a time is written as people write it', () => {
  assert.deepEqual([0, 1.239, 59.999, 3725.5].map(timeText), ['0:00.00', '0:01.24', '1:00.00', '62:05.50']);
});

test('an address says the same when it is read again, and keeps what is not ours', () => {
  const address = { session: 'a b', frame: 12, sources: ['x,y', 'z'], keypoint: 'nose', range: [3, 9] };
  const search = writeAddress('?project=1234&frame=5', address);
  assert.deepEqual(readAddress(Object.fromEntries(new URLSearchParams(search))), address);
  assert.equal(new URLSearchParams(search).get('project'), '1234');
  assert.deepEqual(readAddress({ session: 's', frame: 'x', range: '9-3', sources: '' }), { session: 's', sources: [] });
});

test('what is shown first is the smoother, and every source has a colour of its own', () => {
  const sources = ['network', 'network', 'smoother', 'truth'].map((kind, index) => ({ kind, id: String(index), name: `s${index}` }));
  assert.deepEqual(firstOf(sources), ['2']);
  assert.deepEqual(firstOf(sources.slice(0, 2)), ['0']);
  assert.deepEqual(firstOf([]), []);
  assert.equal(new Set(sources.map((source) => colorOf(sources, source, {}))).size, 4);
  assert.equal(colorOf(sources, sources[1], { s1: '#123456' }), '#123456');
});

const VIEWS = ['left', 'right'];
const source = { id: 's', name: 's', version: '1', views: ['right', 'left'], frames: 2000, world: true, variance: false, confidence: true };

/** A server whose numbers say what they are: x = frame, y = place of the view among the source's, z of space = keypoint. */
function served(asked, version = '1') {
  return {
    poses: async (_session, _source, start, stop) => {
      asked.push([start, stop]);
      const values = [];
      for (let t = start; t < stop; t++) for (let v = 0; v < 2; v++) for (let k = 0; k < 3; k++) values.push(t, v, 0.5);
      for (let t = start; t < stop; t++) for (let k = 0; k < 3; k++) values.push(t, 0, k);
      return { head: { start, stop, views: source.views, fields: ['x', 'y', 'confidence'], version }, values: Float32Array.from(values) };
    },
  };
}

const idle = () => new Promise((done) => { setTimeout(done, 5); });
const quiet = { arrived: () => undefined, changed: () => undefined };

test('poses are cut from windows by frame, view and keypoint, and no window is asked for twice', async () => {
  const asked = [];
  const poses = new Poses(served(asked), 'one', VIEWS, 3, quiet);
  const width = poses.widthOf(source);
  assert.ok(width <= 512);
  assert.equal(poses.at(source, 700), null);
  poses.want([source], 700, 0, 60);
  poses.want([source], 701, 0, 60);
  await idle();
  const pose = poses.at(source, 700);
  assert.deepEqual(pose.slots, [1, 0]);
  assert.deepEqual([...pose.xy.subarray(0, 6)], [700, 0, 0.5, 700, 0, 0.5]);
  assert.deepEqual([...pose.xyz], [700, 0, 0, 700, 0, 1, 700, 0, 2]);
  const zoom = { scale: 2, x: 10, y: 20 };
  assert.deepEqual(placesOf(pose, 0, zoom, false)[2], { x: 1411, y: 23, alpha: 1 }); // left is the source's second view
  assert.ok(Math.abs(placesOf(pose, 0, zoom, true)[2].alpha - 0.56) < 1e-6);
  for (let frame = 0; frame < 2000; frame += 10) {
    poses.want([source], frame, 30, 60);
    await idle();
    assert.ok(poses.at(source, frame), 'there when it is shown');
  }
  assert.equal(new Set(asked.map(String)).size, asked.length);
  assert.equal(asked.reduce((sum, [start, stop]) => sum + stop - start, 0), 2000);
});

test('files that have changed are noticed, and a fault is kept until it is over', async () => {
  let changed = 0;
  const other = new Poses(served([], '2'), 'one', VIEWS, 3, { ...quiet, changed: () => changed++ });
  other.want([source], 0, 0, 1);
  await idle();
  assert.equal(changed, 1);
  const broken = new Poses({ poses: async () => { throw new Error('gone'); } }, 'one', VIEWS, 3, quiet);
  broken.want([source], 0, 0, 1);
  await idle();
  assert.equal(broken.faults.get('s'), 'gone');
  assert.equal(broken.at(source, 0), null);
});

test('every key is in the documentation, and none means two things', () => {
  const page = readFileSync(new URL('../../../docs/concepts/viewer.md', import.meta.url), 'utf8');
  const commands = makeCommands({ player: {}, session: { frames: 10, fps: 30 } });
  const keys = commands.flatMap((command) => command.keys);
  assert.equal(new Set(keys).size, keys.length);
  const untold = keys.filter((key) => !/^[1-8]$/.test(key) && !page.includes(`\`${labelOf(key)}\``));
  assert.deepEqual(untold, []);
});

test('what comes with the next picture comes once, and a wish without a pause does not wait for one with', () => {
  const pictures = [];
  globalThis.requestAnimationFrame = (run) => pictures.push(run);
  let done = 0;
  const next = new NextPicture(() => done++);
  next.ask(0);
  next.ask(0);
  next.ask(60_000);
  assert.equal(pictures.length, 1);
  pictures.pop()();
  assert.equal(done, 1);
  next.ask(60_000); // saves the machine
  assert.equal(pictures.length, 0);
  next.ask(0);
  pictures.pop()();
  assert.equal(done, 2);
  assert.equal(pictures.length, 0);
});
