import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Outbox } from '../../../apps/canvas/outbox.js';
import { memoryShelf } from '../../../apps/canvas/storage.js';

const edit = (keypoint, x, base = 0) => ({ frame: 'f', view: 'v', keypoint, x, y: 1, state: 'visible', origin: 'manual', base });
const until = async (isSo) => {
  for (let wait = 0; wait < 2000 && !isSo(); wait++) await pause(5);
};
const pause = (ms = 0) => new Promise((resolve) => setTimeout(resolve, ms));

/** A server in small: cells with revisions, operations known by id, and conflicts with what others wrote. */
class Server {
  constructor() {
    this.cells = new Map();
    this.seen = new Set();
    this.rev = 0;
    this.requests = [];
    this.isDown = false;
    this.losesAnswers = false;
  }

  write(keypoint, x, client) {
    this.cells.set(keypoint, { x, rev: ++this.rev, client });
  }

  async send(operations, client) {
    this.requests.push({ operations, client });
    if (this.isDown) throw Object.assign(new Error('down'), { status: this.says ?? 0 });
    if (operations.some((one) => one.keypoint === 'bad')) throw Object.assign(new Error('bad name'), { status: 400 });
    const results = operations.map((one) => {
      const cell = this.cells.get(one.keypoint);
      const isForeign = cell && cell.rev > one.base && cell.client !== client;
      const status = this.seen.has(one.id) ? 'duplicate' : isForeign ? 'conflict' : 'applied';
      if (status === 'applied') this.write(one.keypoint, one.x, client);
      this.seen.add(one.id);
      const now = this.cells.get(one.keypoint);
      return { id: one.id, status, cell: [now.x, 1, 'visible', 'manual', now.rev] };
    });
    if (this.losesAnswers) throw Object.assign(new Error('lost'), { status: 0 });
    return results;
  }
}

function setup({ shelf = memoryShelf(), client = 'me', server = new Server(), delay = 5 } = {}) {
  const heard = { acknowledged: [], conflicted: [] };
  const outbox = new Outbox(shelf, {
    send: (...request) => server.send(...request),
    acknowledged: (result, one) => heard.acknowledged.push([one.keypoint, result.cell[4]]),
    conflicted: (one) => heard.conflicted.push(one),
    changed: () => undefined,
  }, { project: 'p', client, delay });
  return { outbox, server, heard, shelf };
}

test('edits gather into one batch, and an edit of the same cell replaces the one that waits', async () => {
  const { outbox, server } = setup();
  outbox.put([edit('nose', 1)]);
  outbox.put([edit('tail', 2)]);
  outbox.put([edit('nose', 3)]);
  await until(() => outbox.size === 0);
  assert.equal(server.requests.length, 1);
  assert.deepEqual(server.requests[0].operations.map((one) => [one.keypoint, one.x]), [['tail', 2], ['nose', 3]]);
  assert.equal(outbox.size, 0);
});

test('edits travel while a hand goes on, however fast it is', async () => {
  const { outbox, server } = setup({ delay: 40 });
  for (let count = 0; count < 20; count++) {
    outbox.put([edit(`point ${count}`, count)]);
    await pause(8);
  }
  assert.ok(server.requests.length >= 2);
  outbox.close();
});

test('an edit made while one of its cell travels learns the revision of that one', async () => {
  const { outbox, server } = setup();
  outbox.put([edit('nose', 1)]);
  const first = outbox.flush();
  outbox.put([edit('nose', 2)]);
  await first;
  await outbox.flush();
  assert.deepEqual(server.requests.map(({ operations }) => operations[0].base), [0, 1]);
  assert.equal(server.cells.get('nose').x, 2);
});

test('every edit is kept until it is acknowledged, and not longer', async () => {
  const { outbox, server, shelf } = setup();
  server.isDown = true;
  outbox.put([edit('nose', 1), edit('tail', 2)]);
  await outbox.flush();
  assert.equal((await shelf.all('p')).length, 2);
  assert.match(outbox.trouble, /down/);
  server.isDown = false;
  await outbox.flush();
  assert.deepEqual(await shelf.all('p'), []);
  assert.equal(outbox.trouble, null);
});

test('a lost answer does not apply an edit twice', async () => {
  const { outbox, server } = setup();
  server.losesAnswers = true;
  outbox.put([edit('nose', 1)]);
  await outbox.flush();
  server.losesAnswers = false;
  await outbox.flush();
  assert.equal(server.rev, 1);
  assert.equal(outbox.size, 0);
});

test('a conflict keeps both values, also over a reload, until it is settled', async () => {
  const { outbox, server, heard, shelf } = setup();
  server.write('nose', 99, 'another');
  outbox.put([edit('nose', 1)]);
  await outbox.flush();
  assert.equal(server.cells.get('nose').x, 99);
  assert.equal(heard.conflicted[0].x, 1);
  assert.equal(heard.conflicted[0].theirs[0], 99);
  const again = setup({ shelf, server });
  await again.outbox.adopt(async () => true);
  assert.equal(again.outbox.size, 0);
  assert.equal([...again.outbox.conflicts.values()][0].x, 1);
  again.outbox.settle(edit('nose', 1));
  assert.deepEqual(await shelf.all('p'), []);
});

test('what closed tabs left behind is sent under their names, and what open ones have is left to them', async () => {
  const shelf = memoryShelf();
  const server = new Server();
  server.isDown = true;
  for (const client of ['closed', 'open']) {
    const { outbox } = setup({ shelf, server, client });
    outbox.put([edit(client, 1)]);
    outbox.close();
  }
  server.isDown = false;
  const mine = setup({ shelf, server, client: 'me' });
  mine.outbox.put([edit('mine', 2)]);
  await mine.outbox.adopt(async (client) => client === 'closed');
  await until(() => mine.outbox.size === 0);
  assert.deepEqual(server.requests.map(({ client, operations }) => [client, operations.map((one) => one.keypoint)]).sort(),
    [['closed', ['closed']], ['me', ['mine']]]);
  assert.deepEqual((await shelf.all('p')).map((one) => one.client), ['open']);
});

test('one edit at fault is found by halves; all others arrive', async () => {
  const { outbox, server } = setup();
  const names = ['a', 'b', 'bad', 'c', 'd', 'e'];
  outbox.put(names.map((name) => edit(name, 1)));
  for (let attempt = 0; attempt < 12 && outbox.size; attempt++) await outbox.flush();
  assert.deepEqual([...server.cells.keys()].sort(), ['a', 'b', 'c', 'd', 'e']);
  assert.equal([...outbox.refused.values()][0].refused, 'bad name');
});

test('edits wait for a server that has another project open', async () => {
  const { outbox, server } = setup();
  Object.assign(server, { isDown: true, says: 404 });
  outbox.put([edit('nose', 1)]);
  await outbox.flush();
  assert.deepEqual([outbox.size, outbox.refused.size], [1, 0]);
  server.isDown = false;
  await outbox.flush();
  assert.deepEqual([outbox.size, server.cells.size], [0, 1]);
  outbox.close();
});

test('a farewell fits into what browsers let go on after a page closes', () => {
  const { outbox, server } = setup();
  outbox.put(Array.from({ length: 2000 }, (_, index) => edit(`keypoint ${index}`, index)));
  outbox.farewell();
  outbox.close();
  const bytes = new TextEncoder().encode(JSON.stringify(server.requests[0].operations)).length;
  assert.ok(bytes < 64_000 && bytes > 50_000);
});

test('any interleaving of edits, losses and others is what a server without a network would have', async () => {
  let seed = 7;
  const random = () => ((seed = (seed * 1103515245 + 12345) % 2147483648) / 2147483648);
  for (let round = 0; round < 60; round++) {
    const { outbox, server } = setup();
    const wanted = new Map();
    for (let step = 0; step < 25; step++) {
      const name = `k${Math.floor(random() * 4)}`;
      server.isDown = random() < 0.3;
      server.losesAnswers = random() < 0.3;
      wanted.set(name, step);
      outbox.put([edit(name, step, server.cells.get(name)?.rev ?? 0)]);
      if (random() < 0.5) outbox.flush();
      if (random() < 0.5) await pause();
    }
    server.isDown = server.losesAnswers = false;
    for (let attempt = 0; attempt < 20 && outbox.size; attempt++) {
      await outbox.flush();
      await pause();
    }
    outbox.close();
    assert.deepEqual(new Map([...server.cells].map(([name, { x }]) => [name, x])), new Map([...wanted].filter(([name]) => server.cells.has(name))));
    assert.equal(server.cells.size, wanted.size);
  }
});
