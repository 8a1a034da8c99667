import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FrameRows } from '../../../apps/canvas/framerows.js';
import { History, historyKey } from '../../../apps/canvas/history.js';
import { Images } from '../../../apps/canvas/images.js';
import { comboOf, isCharacter, Keymap } from '../../../apps/canvas/keys.js';
import { bestGrid } from '../../../apps/canvas/layout.js';
import { axesOf } from '../../../apps/canvas/marks.js';

const press = (key, held = {}) => comboOf({ key, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...held });

test('keys have one name, whatever the keyboard does with shift', () => {
  assert.equal(press('d'), 'D');
  assert.equal(press('D', { shiftKey: true }), 'Shift+D');
  assert.equal(press('?', { shiftKey: true }), '?');
  assert.equal(press('ArrowLeft', { shiftKey: true, altKey: true }), 'Alt+Shift+ArrowLeft');
  assert.equal(press('z', { metaKey: true }), 'Ctrl+Z');
  assert.equal(press(' '), 'Space');
  assert.equal(press('Shift', { shiftKey: true }), null);
});

test('shortcuts that are text are told from those that are not', () => {
  assert.deepEqual(['D', 'Shift+D', '?', '7'].map(isCharacter), [true, true, true, true]);
  assert.deepEqual(['Ctrl+Z', 'ArrowUp', 'Tab', 'Alt+3'].map(isCharacter), [false, false, false, false]);
});

test('a key given to one command is taken from the other', () => {
  const [one, two] = ['one', 'two'].map((id) => ({ id, group: '', title: id, keys: [id[0].toUpperCase()], run: () => undefined }));
  const own = {};
  const keymap = new Keymap([one, two], own);
  assert.equal(keymap.bind(one, 'T'), two);
  assert.equal(keymap.find('T'), one);
  assert.deepEqual([keymap.keysOf(one), keymap.keysOf(two)], [['T'], []]);
  keymap.reset();
  assert.equal(keymap.find('T'), two);
});

test('tiles are laid out so that the images are as large as can be', () => {
  const wide = (count) => bestGrid(Array.from({ length: count }, () => [1280, 1024]), 1600, 900);
  assert.deepEqual([1, 2, 4, 6, 12].map((count) => wide(count).columns), [1, 2, 2, 3, 4]);
  assert.equal(bestGrid([[540, 960], [540, 960], [540, 960], [540, 960]], 1400, 900).columns, 4);
  for (let count = 1; count <= 12; count++) {
    const { columns, rows } = wide(count);
    assert.ok(columns * rows >= count && columns * (rows - 1) < count);
  }
});

const columns = () => ({
  id: ['a', 'b', 'c', 'd'], session: ['s1', 's1', 's2', 's2'], index: [3, 9, 3, 12], labeled: [8, 0, 4, 0], total: 8,
  flagged: [false, true, false, false], note: ['', 'Tail hidden', '', ''], worst: [1.5, null, 7, null],
  queued: [true, false, true, false],
});

test('filters list what they say, the worst first', () => {
  const rows = new FrameRows();
  rows.load(columns());
  const listed = (filter, words = '') => {
    rows.choose(filter, words);
    return rows.order.map((row) => rows.columns.id[row]).join('');
  };
  assert.equal(listed('all'), 'abcd');
  assert.equal(listed('queued'), 'c'); // the first is labeled whole
  assert.equal(listed('unlabeled'), 'bd');
  assert.equal(listed('unfinished'), 'c');
  assert.equal(listed('flagged'), 'b');
  assert.equal(listed('worst'), 'ca');
  assert.equal(listed('all', 'S2'), 'cd');
  assert.equal(listed('all', '3'), 'ac');
  assert.equal(listed('all', 'tail'), 'b');
});

test('a frame that is finished stays listed until the filter is chosen again', () => {
  const rows = new FrameRows();
  rows.load(columns());
  rows.choose('unlabeled', '');
  rows.count('b', 8);
  assert.equal(rows.neighbour('b', 1), 'd');
  assert.equal(rows.unfinished('b', 1), 'd');
  assert.equal(rows.neighbour('d', 1), null);
});

const picture = (side) => ({ bitmap: { width: side, height: side, closed: 0, close() { this.closed++; } }, size: [side, side] });

test('images are given up oldest first, never those on the screen, and closed once', async () => {
  const made = new Map();
  const images = new Images({ budget: 4 * 10 * 10 * 3, fetchPicture: async (url) => made.set(url, picture(10)).get(url) });
  images.show(['a']);
  for (const url of ['a', 'b', 'c', 'd', 'e']) await images.load(url);
  assert.deepEqual(['a', 'b', 'c', 'd', 'e'].filter((url) => images.get(url)), ['a', 'd', 'e']);
  assert.deepEqual([...made.values()].map(({ bitmap }) => bitmap.closed), [0, 1, 1, 0, 0]);
  assert.equal(images.bytes, 4 * 10 * 10 * 3);
});

test('an image is fetched once however often it is asked for, and few are fetched ahead at a time', async () => {
  let running = 0;
  let most = 0;
  let asked = 0;
  const images = new Images({ atOnce: 2, fetchPicture: async () => {
    asked++;
    most = Math.max(most, ++running);
    await new Promise((resolve) => setTimeout(resolve, 2));
    running--;
    return picture(1);
  } });
  images.prefetch(['a', 'b', 'c', 'd', 'e']);
  await Promise.all([images.load('a'), images.load('a')]);
  for (let wait = 0; wait < 2000 && !images.get('e'); wait++) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(asked, 5);
  assert.equal(most, 2);
});

test('an ellipse has the axes of its covariance', () => {
  const [major, minor, angle] = axesOf(9, 0, 4);
  assert.deepEqual([major, minor, angle], [3, 2, 0]);
  const turned = axesOf(6.5, 2.5, 6.5); // the same, turned by 45 degrees
  assert.ok(Math.abs(turned[0] - 3) < 1e-12 && Math.abs(turned[1] - 2) < 1e-12 && Math.abs(turned[2] - Math.PI / 4) < 1e-12);
});

test('one begins with a frame that somebody wants labeled, and it leaves the queue with its last label', () => {
  const rows = new FrameRows();
  rows.load(columns());
  assert.equal(rows.firstUnfinished(), 'c');
  rows.count('c', 8);
  assert.equal(rows.firstUnfinished(), 'b');
  rows.queue('d', true);
  rows.choose('queued');
  assert.deepEqual(rows.order, [3]);
  rows.queue('d', false);
  assert.equal(rows.firstUnfinished(), 'b');
});

test('a new tab goes on with the undo of the tab that was closed last, and leaves those of open ones', async () => {
  const kept = new Map([
    ['litpose-undo-p-old', '{"at":1,"past":["old"],"future":[]}'], ['litpose-undo-p-last', '{"at":5,"past":["last"],"future":[]}'],
    ['litpose-undo-p-open', '{"at":9,"past":["open"],"future":[]}'], ['litpose-undo-q-gone', '{"at":9,"past":["other"],"future":[]}'],
  ]);
  const storage = new Proxy({
    getItem: (key) => kept.get(key) ?? null, setItem: (key, text) => kept.set(key, text), removeItem: (key) => kept.delete(key),
  }, { ownKeys: () => [...kept.keys()], getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true }) });
  const isGone = async (client) => client !== 'open';
  const key = await historyKey(storage, 'p', 'new', isGone);
  assert.deepEqual(new History(storage, key).past, ['last']);
  assert.ok(kept.has('litpose-undo-p-open') && kept.has('litpose-undo-q-gone') && !kept.has('litpose-undo-p-last'));
  assert.equal(await historyKey(storage, 'p', 'new', isGone), key); // a reload stays with its own
  assert.deepEqual(new History(storage, key).past, ['last']);
});
