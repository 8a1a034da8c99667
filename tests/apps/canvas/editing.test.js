import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Editor } from '../../../apps/canvas/editor.js';
import { History } from '../../../apps/canvas/history.js';
import { isSource, Labels } from '../../../apps/canvas/labels.js';

const value = (x, origin = 'manual', state = 'visible') => ({ x, y: 2 * x, state, origin });

class Memory {
  constructor(room = Infinity) {
    this.kept = new Map();
    this.room = room;
  }

  getItem(key) {
    return this.kept.get(key) ?? null;
  }

  setItem(key, text) {
    if (text.length > this.room) throw new Error('full');
    this.kept.set(key, text);
  }
}

function setup(memory = new Memory()) {
  const labels = new Labels(['a', 'b'], ['nose', '__proto__', 'tail']);
  for (const frame of ['f', 'g']) labels.load(frame, {});
  const sent = [];
  const editor = new Editor(labels, new History(memory, 'undo'), { put: (edits) => sent.push(...edits) });
  return { labels, editor, sent, memory };
}

test('names that are special in the language are names like any other', () => {
  const { labels } = setup();
  labels.load('f', JSON.parse('{"a": {"__proto__": [1, 2, "visible", "manual", 5]}}'));
  assert.equal(labels.at('f', 0, 1).x, 1);
  assert.equal(labels.at('f', 0, 0).state, 'unlabeled');
});

test('names that the project no longer has are passed over', () => {
  const { labels } = setup();
  labels.load('f', { a: { gone: [1, 2, 'visible', 'manual', 5] }, other: { nose: [1, 2, 'visible', 'manual', 5] } });
  assert.equal(labels.count('f'), 0);
});

test('undo and redo bring back every value, over frames and a reload', () => {
  const { labels, editor, memory } = setup();
  editor.edit('f', 'place', [{ v: 0, k: 0, value: value(1) }]);
  editor.edit('g', 'place', [{ v: 1, k: 2, value: value(5) }, { v: 0, k: 2, value: value(6) }]);
  const again = new Editor(labels, new History(memory, 'undo'), { put: () => undefined });
  again.restore(again.history.undo(), 'before');
  assert.equal(labels.count('g'), 0);
  again.restore(again.history.undo(), 'before');
  assert.equal(labels.count('f'), 0);
  again.restore(again.history.redo(), 'after');
  again.restore(again.history.redo(), 'after');
  assert.deepEqual([labels.at('f', 0, 0).x, labels.at('g', 1, 2).x, labels.at('g', 0, 2).x], [1, 5, 6]);
});

test('undo leaves alone what someone else has changed since', () => {
  const { labels, editor } = setup();
  editor.edit('f', 'place', [{ v: 0, k: 0, value: value(1) }, { v: 1, k: 0, value: value(2) }]);
  labels.set('f', 0, 0, { ...value(50), rev: 9 });
  const { changed, skipped } = editor.restore(editor.history.undo(), 'before');
  assert.equal(skipped, 1);
  assert.deepEqual(changed.map(({ v }) => v), [1]);
  assert.equal(labels.at('f', 0, 0).x, 50);
});

test('a drag is one edit, from where it began to where it ended', () => {
  const { labels, editor, sent } = setup();
  for (const x of [1, 2, 3]) editor.preview('f', [{ v: 0, k: 0, value: value(x) }]);
  assert.equal(sent.length, 0);
  editor.commit('move');
  assert.deepEqual(sent.map(({ x, keypoint, view }) => [x, keypoint, view]), [[3, 'nose', 'a']]);
  editor.restore(editor.history.undo(), 'before');
  assert.equal(labels.at('f', 0, 0).state, 'unlabeled');
});

test('a drag that is given up leaves no trace', () => {
  const { labels, editor, sent } = setup();
  editor.preview('f', [{ v: 0, k: 0, value: value(1) }]);
  editor.cancel();
  assert.equal(labels.at('f', 0, 0).state, 'unlabeled');
  assert.equal(sent.length + editor.history.past.length, 0);
});

test('edits of one group are undone together, and something new ends what could be redone', () => {
  const { editor } = setup();
  editor.edit('f', 'nudge', [{ v: 0, k: 0, value: value(1) }], 'group');
  editor.edit('f', 'nudge', [{ v: 0, k: 0, value: value(2) }], 'group');
  assert.equal(editor.history.past.length, 1);
  editor.restore(editor.history.undo(), 'before');
  editor.edit('f', 'place', [{ v: 1, k: 1, value: value(9) }]);
  assert.equal(editor.history.future.length, 0);
});

test('an operation names the revision that was seen', () => {
  const { labels, editor, sent } = setup();
  labels.load('f', { a: { nose: [1, 2, 'visible', 'imported', 41] } });
  editor.edit('f', 'move', [{ v: 0, k: 0, value: value(7) }]);
  assert.equal(sent[0].base, 41);
});

test('a full storage forgets the oldest edits rather than failing', () => {
  const { editor, memory } = setup(new Memory(2000));
  for (let x = 0; x < 100; x++) editor.edit('f', 'place', [{ v: 0, k: 0, value: value(x) }]);
  const kept = new History(memory, 'undo');
  assert.ok(kept.past.length > 1 && kept.past.length < 100);
  assert.equal(kept.past.at(-1).changes[0].after.x, 99);
});

test('points are made from what a person placed, not from what was derived or predicted', () => {
  assert.ok(isSource(value(1)) && isSource(value(1, 'imported', 'occluded')) && isSource(value(1, 'confirmed')));
  assert.ok(!isSource(value(1, 'derived')) && !isSource(value(1, 'prediction')) && !isSource(value(1, 'manual', 'absent')));
});
