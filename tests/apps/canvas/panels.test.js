import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiError } from '../../../apps/canvas/api.js';
import { beside, counted, kindsOf, listed } from '../../../apps/canvas/viewer/panels/difficultrows.js';
import { contrast, inkOn } from '../../../apps/canvas/viewer/panels/ink.js';
import { marksFromCsv, marksToCsv, rowsOf } from '../../../apps/canvas/viewer/panels/marksfile.js';
import { merge, Sheet } from '../../../apps/canvas/viewer/panels/marksheet.js';
import { sheetOf } from '../../../apps/canvas/viewer/panels/picture.js';
import { offered, plotted, says } from '../../../apps/canvas/viewer/panels/quantities.js';
import { contentsOf } from '../../../apps/canvas/viewer/panels/sources.js';
import { groundOf, stageOf } from '../../../apps/canvas/viewer/panels/space.js';

const mark = (id, frame, more = {}) => ({ id, frame, end: null, name: id, color: '#e69f00', note: '', who: '', ...more });

test('contrast is that of WCAG, and a colour gives way only where it cannot be seen', () => {
  assert.ok(Math.abs(contrast('#000000', '#ffffff') - 21) < 1e-9);
  assert.ok(Math.abs(contrast('#767676', '#ffffff') - 4.54) < 0.01); // the well-known least grey for text
  for (const color of ['#ffe14d', '#ffffff', '#35b7ff', '#000000', '#123456', '#7ae582']) {
    for (const ground of ['#ffffff', '#16191c', '#eef0f2']) {
      const ink = inkOn(color, ground);
      assert.ok(contrast(ink, ground) >= 3, `${ink} on ${ground}`);
      if (contrast(color, ground) >= 3) assert.equal(ink, color);
    }
  }
});

const REASONS = [
  'nose in cam1: confidence 0.03; jumps 22 px off its path, usually 1.2 px', 'ear: not found', 'tail in cam2: the 3 networks scatter by 9.1 px',
  'paw in a: 14 px from where the other three views put it', 'paw: 14 px from where both views could agree', 'spine: bone to tail has 178 % of its usual length',
  'nose: 30 px from what poses look like', 'paw in cam0: the smoother rejects it and puts it 12 px away', 'paw_left in cam0: looks exchanged with paw_right',
];

test('every reason that the ranking gives is of a kind', () => {
  assert.deepEqual(REASONS.map((reason) => kindsOf([reason]).join(' ')),
    ['confidence jump', 'confidence', 'scatter', 'views', 'views', 'bone', 'posture', 'smoother', 'swap']);
});

test('filters leave what they say, the worst first or in time', () => {
  const one = (frame, score, view, keypoint, reason, more = {}) => ({ frame, score, view, keypoint, reasons: [REASONS[reason]], queued: false, labeled: false, ...more });
  const frames = [one(30, 5, 'a', 'nose', 0), one(10, 9, 'b', 'nose', 2, { queued: true }), one(20, 7, 'a', 'tail', 3, { labeled: true })];
  const any = { view: '', keypoint: '', kind: '', isNew: false, order: 'score' };
  const of = (filter) => listed(frames, { ...any, ...filter }).map(({ frame }) => frame);
  assert.deepEqual([of({}), of({ order: 'frame' }), of({ view: 'a' }), of({ keypoint: 'nose' }), of({ kind: 'views' }), of({ isNew: true })],
    [[10, 20, 30], [10, 20, 30], [20, 30], [10, 30], [20], [30]]);
  assert.deepEqual(counted([['a'], ['b', 'a'], ['']]), [['a', 2], ['b', 1]]);
  assert.deepEqual([beside([5, 9, 20], 9, 1), beside([5, 9, 20], 9, -1), beside([5], 9, 1)], [20, 5, null]);
});

test('marks survive a table, whatever is in their names', () => {
  const marks = [mark('a', 3, { name: 'says "hi", twice', note: 'line\nbreak' }), mark('b', 10, { end: 20, name: ' spaces ', who: 'Ève' }), mark('c', 30, { name: '' })];
  const text = marksToCsv(marks, 30);
  assert.equal(text.split('\r\n')[0], 'frame,end,time_s,name,color,note,who');
  const read = marksFromCsv(text, 100, () => 'new');
  assert.deepEqual(read.faults, []);
  assert.deepEqual(read.marks.map(({ frame, end, name, note, who }) => [frame, end, name, note, who]),
    [[3, null, 'says "hi", twice', 'line\nbreak', ''], [10, 20, 'spaces', '', 'Ève'], [30, null, 'mark', '', '']]);
});

test('a table of another program is read by its columns, and its faults name their rows', () => {
  const { marks, faults } = marksFromCsv('\ufeffName,Frame\nrear,5\ngroom,500\nturn,x\n\nlick,7', 100, () => 'new');
  assert.deepEqual(marks.map(({ name, frame, color }) => [name, frame, color]), [['rear', 5, '#e69f00'], ['lick', 7, '#e69f00']]);
  assert.deepEqual(faults.map((fault) => fault.slice(0, 5)), ['row 3', 'row 4']);
  assert.match(marksFromCsv('a,b\n1,2', 100, () => 'new').faults[0], /"frame"/);
  assert.match(marksFromCsv('frame,end\n9,4', 100, () => 'new').faults[0], /end "4"/);
  assert.deepEqual(rowsOf('a,"b ""c"", d"\r\n,\r\ne'), [['a', 'b "c", d'], ['e']]);
});

test('what two tabs did to different marks is kept, what they did to the same is asked about', () => {
  const base = [mark('a', 1), mark('b', 2), mark('c', 3)];
  const mine = [mark('a', 1, { name: 'mine' }), mark('b', 2), mark('d', 4)]; // changed a, deleted c, added d
  const theirs = [mark('a', 1), mark('b', 2, { note: 'theirs' }), mark('c', 3), mark('e', 5)];
  const merged = merge(base, mine, theirs);
  assert.deepEqual(merged.marks.map(({ id, name, note }) => [id, name, note]), [['a', 'mine', ''], ['b', 'b', 'theirs'], ['d', 'd', ''], ['e', 'e', '']]);
  assert.deepEqual(merged.conflicts, []);
  assert.deepEqual(merge(base, mine, [mark('a', 1, { name: 'other' })]).conflicts, ['a']);
  assert.deepEqual(merge(base, [mark('a', 8)], [mark('a', 8)]).conflicts, []);
  assert.deepEqual(merge([mark('a', 1)], [mark('a', 2)], []).conflicts, ['a']); // changed here, deleted there
});

/** A server of marks that two tabs share. */
function shared() {
  const server = { rev: 1, marks: [mark('a', 1)], isAway: false, saves: 0 };
  const checked = () => { if (server.isAway) throw new ApiError('the server does not answer', 0); };
  return Object.assign(server, {
    load: async () => {
      checked();
      return { rev: server.rev, marks: server.marks };
    },
    save: async (base, marks) => {
      checked();
      server.saves++;
      if (base !== server.rev) throw new ApiError('others changed them', 409);
      Object.assign(server, { rev: server.rev + 1, marks });
      return { rev: server.rev, marks };
    },
  });
}

test('two tabs keep each other\'s marks, and a conflict waits for a decision', async () => {
  const server = shared();
  const [one, two] = [0, 1].map(() => new Sheet({ rev: server.rev, marks: server.marks }, server, () => undefined));
  await one.set([...one.marks, mark('b', 5)]);
  await two.set([...two.marks, mark('c', 3)]);
  assert.deepEqual(server.marks.map(({ id }) => id), ['a', 'c', 'b']);
  await one.pull();
  assert.deepEqual(one.marks.map(({ id }) => id), ['a', 'c', 'b']);
  await one.set(one.marks.map((each) => (each.id === 'a' ? { ...each, name: 'one' } : each)));
  await two.set(two.marks.map((each) => (each.id === 'a' ? { ...each, name: 'two' } : each)));
  assert.deepEqual(two.conflict?.ids, ['a']);
  assert.equal(server.marks[0].name, 'one');
  await two.settle('mine');
  assert.deepEqual([server.marks[0].name, two.conflict, two.isSaved], ['two', null, true]);
  await one.set(one.marks.map((each) => (each.id === 'a' ? { ...each, name: 'again' } : each)));
  await one.settle('theirs');
  assert.deepEqual([one.marks[0].name, server.marks[0].name], ['two', 'two']);
});

test('an answer that was on its way while marks were saved does not undo them', async () => {
  const server = shared();
  const sheet = new Sheet({ rev: 1, marks: server.marks }, server, () => undefined);
  const { load } = server;
  let answer;
  server.load = () => new Promise((done) => { answer = done; });
  const pulled = sheet.pull();
  const before = await load();
  await sheet.set([...sheet.marks, mark('b', 5)]);
  answer(before);
  await pulled;
  assert.deepEqual([sheet.marks.length, server.marks.length, sheet.isSaved], [2, 2, true]);
});

test('a conflict that is there already is shown once, and one that the other took back ends', async () => {
  const server = shared();
  let shown = 0;
  const sheet = new Sheet({ rev: 1, marks: server.marks }, server, () => { shown++; });
  Object.assign(server, { rev: 2, marks: [mark('a', 1, { name: 'theirs' })] });
  await sheet.set([mark('a', 1, { name: 'mine' })]);
  const before = shown;
  await sheet.pull();
  assert.deepEqual([sheet.conflict?.ids, shown], [['a'], before]);
  Object.assign(server, { rev: 3, marks: [mark('a', 1)] });
  await sheet.pull();
  assert.deepEqual([sheet.conflict, server.marks[0].name], [null, 'mine']);
});

test('a server that is away loses no mark, and one that refuses is not asked again and again', async () => {
  const server = shared();
  const sheet = new Sheet({ rev: 1, marks: server.marks }, server, () => undefined);
  server.isAway = true;
  await sheet.set([...sheet.marks, mark('b', 5)]);
  assert.deepEqual([sheet.trouble, sheet.isSaved], ['the server does not answer', false]);
  server.isAway = false;
  await sheet.flush();
  assert.deepEqual([sheet.trouble, sheet.isSaved, server.marks.length], ['', true, 2]);
  server.save = async () => {
    server.saves++;
    throw new ApiError('the project is open in another app', 409);
  };
  const before = server.saves;
  await sheet.set([...sheet.marks, mark('c', 6)]);
  assert.deepEqual([sheet.trouble, server.saves - before], ['the project is open in another app', 1]);
  sheet.close();
});

const network = (more = {}) => ({ id: 'n', name: 'net', kind: 'network', views: ['a', 'b'], world: false, variance: false, confidence: true, frames: 100, version: '1', ...more });
const recording = (more = {}) => ({ cameras: [], ...more });

test('what cannot be plotted is not offered', () => {
  const ids = (sources, of = recording()) => offered(sources, of).map(({ id }) => id);
  assert.deepEqual(ids([]), []);
  assert.deepEqual(ids([network()], recording({ cameras: null })), ['x', 'y', 'speed-px', 'confidence']);
  assert.deepEqual(ids([network({ confidence: false })]), ['x', 'y', 'speed-px', 'reprojection']);
  assert.deepEqual(ids([network({ views: ['a'], world: true })]), ['x', 'y', 'speed-px', 'confidence', 'world-x', 'world-y', 'world-z', 'speed']);
  assert.deepEqual(ids([network({ views: [], world: true, confidence: false })]), ['world-x', 'world-y', 'world-z', 'speed']);
  const there = offered([network()], recording());
  assert.deepEqual(plotted(there, null).map(({ id }) => id), ['x', 'y', 'confidence', 'reprojection']);
  assert.deepEqual(plotted(there, ['y', 'world-x']).map(({ id }) => id), ['y']);
  assert.equal(says(there[0], network({ views: ['b'] }), recording(), 'a'), false);
});

test('a source says what it lacks', () => {
  assert.equal(contentsOf(network(), 100, 2), 'network');
  assert.equal(contentsOf(network({ kind: 'smoother', world: true, variance: true, confidence: false, views: ['a'], frames: 60 }), 100, 2),
    'smoothed · 3D · uncertainty · no confidence · 1 of 2 views · first 60 frames');
});

test('a picture has the size of the videos, and is never larger than a browser can draw', () => {
  assert.deepEqual(sheetOf([[1280, 1024]]), { columns: 1, cell: [1280, 1024], width: 1280, height: 1024, scale: 1 });
  const six = sheetOf(Array.from({ length: 6 }, () => [1280, 1024]));
  assert.deepEqual([six.width, six.height, six.scale], [3 * 1280, 2 * 1024, 1]);
  const many = sheetOf(Array.from({ length: 12 }, () => [6000, 4000]));
  assert.ok(many.scale < 1 && many.width <= 16000 && many.height <= 16000);
});

test('the floor is under the feet, and one lost point does not lower it', () => {
  assert.equal(groundOf([[0, 0, 30], [0, 0, 2], [0, 0, 1], [5, 5, 40]], [0, 0, 1]), 2);
  assert.equal(groundOf([[0, 0, 30], [0, 0, 1], [0, 0, -900], [5, 5, 40]], [0, 0, 1]), 1);
  const { middle, reach, floor } = stageOf([[-10, -20, 0], [10, 20, 6]], [], [0, 0, 1]);
  assert.deepEqual([middle, floor], [[0, 0, 3], [0, 0, 0]]);
  assert.ok(reach > Math.hypot(10, 20, 3));
  assert.ok(Number.isFinite(stageOf(null, [], [0, 0, 1]).reach));
});
