import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clock, describeSpan, panSpan, showFrame, ticksOf, timeTicks, valueText, zoomSpan } from '../../../apps/canvas/viewer/panels/axis.js';
import { columnsOf, limitsOf, traceOf, valueAt } from '../../../apps/canvas/viewer/panels/envelope.js';
import { TraceStore, wishFor } from '../../../apps/canvas/viewer/panels/tracestore.js';

const near = (found, wanted) => found.forEach((value, index) => assert.ok(Math.abs(value - wanted[index]) < 1e-9, `${found} is not ${wanted}`));

test('zooming keeps the frame under the pointer where it is, and stays in the recording', () => {
  const [from, to] = zoomSpan([100, 500], 2, 200, 1000);
  near([to - from, (200 - from) / (to - from)], [200, 0.25]);
  near(zoomSpan([0, 1000], 0.5, 300, 1000), [0, 1000]);
  near(zoomSpan([900, 1000], 0.5, 990, 1000), [800, 1000]);
  near(zoomSpan([10, 20], 100, 12, 1000).map((x, i, [a, b]) => (i ? b - a : 0)), [0, 8]);
  near(zoomSpan([0, 3], 4, 1, 3), [0, 3]);
});

test('panning stops at the ends', () => {
  near(panSpan([10, 20], -50, 100), [0, 10]);
  near(panSpan([10, 20], 200, 100), [90, 100]);
});

test('a frame out of sight turns the page, one in sight moves nothing', () => {
  near(showFrame([100, 200], 150, 1000), [100, 200]);
  near(showFrame([100, 200], 199, 1000), [100, 200]);
  near(showFrame([100, 200], 200, 1000), [195, 295]);
  near(showFrame([100, 200], 99, 1000), [4, 104]);
});

test('ticks are round, inside, and few enough', () => {
  assert.deepEqual(ticksOf(0, 10, 5).at, [0, 2, 4, 6, 8, 10]);
  near(ticksOf(-0.13, 0.31, 5).at, [-0.1, 0, 0.1, 0.2, 0.3]);
  assert.equal(ticksOf(-0.13, 0.31, 5).digits, 1);
  assert.equal(ticksOf(1000, 250000, 4).digits, 0);
  assert.deepEqual(ticksOf(3, 3, 4).at, []);
  for (let trial = 1; trial < 300; trial++) {
    const low = Math.sin(trial) * 10 ** (trial % 9 - 4);
    const high = low + Math.abs(Math.cos(trial * 1.7)) * 10 ** (trial % 7 - 3) + 1e-6;
    const { at } = ticksOf(low, high, 6);
    assert.ok(at.length <= 7 && at.length >= 2 && at[0] >= low - 1e-6 * (high - low) && at.at(-1) <= high + 1e-6 * (high - low));
  }
});

test('time has ticks at whole seconds, minutes, and parts of a second when near', () => {
  assert.deepEqual(timeTicks([0, 108000], 30, 8).at.map((frame) => clock(frame / 30)), ['0:00', '10:00', '20:00', '30:00', '40:00', '50:00', '1:00:00']);
  assert.deepEqual(timeTicks([0, 300], 30, 6).at, [0, 60, 120, 180, 240, 300]);
  near(timeTicks([30, 45], 30, 6).at, [30, 33, 36, 39, 42, 45]);
  assert.equal(timeTicks([30, 45], 30, 6).digits, 1);
});

test('times and spans are said so that both can be typed', () => {
  assert.deepEqual([clock(0), clock(61.25, 2), clock(3599.96, 1), clock(7325)], ['0:00', '1:01.25', '1:00:00.0', '2:02:05']);
  assert.equal(describeSpan([1200, 1800], 30), 'frames 1200–1799 · 0:40.0–1:00.0');
  assert.equal(describeSpan([0, 108000], 30), 'frames 0–107999 · 0:00–1:00:00');
  assert.equal(valueText(12.34567, 5), '12.35');
  assert.equal(valueText(NaN, 5), 'none');
});

const exact = (values, start = 0) =>
  traceOf({ start, stop: start + values.length, step: 1, unit: 'px', band: false }, new Float32Array([...values, ...values]));

test('a trace says its values by frame, and one of another length is refused', () => {
  const head = { start: 10, stop: 15, step: 2, unit: 'px', band: true, complete: 0.5 };
  const trace = traceOf(head, new Float32Array([1, 2, 3, 4, 5, 6, 0, 0, 0, 9, 9, 9]));
  assert.deepEqual([...trace.high, ...(trace.bandHigh ?? [])], [4, 5, 6, 9, 9, 9]);
  assert.deepEqual([valueAt(trace, 13), valueAt(trace, 14), valueAt(trace, 9), valueAt(trace, 16)], [[2, 5], [3, 6], [NaN, NaN], [NaN, NaN]]);
  assert.throws(() => traceOf({ ...head, band: false }, new Float32Array(4)), /3 bins/);
});

test('what falls on one pixel keeps its extremes: no spike is lost', () => {
  const values = Array.from({ length: 5000 }, (_, frame) => Math.sin(frame / 40));
  values[3210] = 50;
  const { x, low, high } = columnsOf(exact(values), [0, 5000], 300);
  assert.ok(x.length <= 301);
  assert.equal(Math.max(...high), 50);
  assert.equal(x[high.indexOf(50)], Math.floor((3210.5 / 5000) * 300) + 0.5);
  assert.ok(Math.abs(Math.min(...low) + 1) < 1e-3);
});

test('near, every sample is at the middle of its frame, and missing ones leave a gap', () => {
  const { x, low, gap } = columnsOf(exact([1, NaN, 3, 4], 20), [20, 24], 400);
  assert.deepEqual(x, [50, 250, 350]);
  assert.deepEqual(low, [1, 3, 4]);
  assert.deepEqual(gap, [true, true, false]);
});

test('limits hold what is in sight, leave out rare outliers when asked to, and let no band hide the values', () => {
  const values = Array.from({ length: 1000 }, (_, frame) => frame % 10);
  values[500] = 1000;
  const [low, high] = limitsOf([exact(values)], [0, 1000]) ?? [];
  assert.ok(low < 0 && high > 1000);
  assert.ok((limitsOf([exact(values)], [0, 1000], true) ?? [])[1] < 10);
  assert.ok((limitsOf([exact(values)], [0, 400]) ?? [])[1] < 10);
  const banded = traceOf({ start: 0, stop: 2, step: 1, unit: 'px', band: true }, new Float32Array([0, 1, 0, 1, -100, -100, 100, 100]));
  assert.ok((limitsOf([banded], [0, 2]) ?? [])[1] < 2.3);
  assert.equal(limitsOf([exact([NaN, NaN])], [0, 2]), null);
  const [bottom, top] = limitsOf([exact([7, 7])], [0, 2]) ?? [];
  assert.ok(bottom < 7 && top > 7);
});

test('a wish has a power of two frames in a bin, whole bins, and a margin', () => {
  const wish = wishFor([10000, 20000], 1000, 108000);
  assert.deepEqual(wish, { start: 4992, stop: 25008, step: 16, width: 1251 });
  assert.equal(wishFor([0, 108000], 1000, 108000).stop, 108000);
  assert.equal(wishFor([50, 60], 1000, 108000).step, 1);
});

test('the old trace is drawn until the new one is there, one request travels at a time, and only the newest wish follows', async () => {
  const asked = [];
  const open = [];
  const store = new TraceStore(() => undefined, new AbortController().signal);
  const ask = (wish) => {
    asked.push(wish);
    return new Promise((resolve) => open.push(() => resolve({ ...wish, unit: '', complete: 1, low: new Float32Array(wish.width), high: new Float32Array(wish.width), bandLow: null, bandHigh: null })));
  };
  const see = (span) => store.see('a', ask, span, 500, 100000);
  const arrive = async () => {
    open.shift()();
    await new Promise((resolve) => setImmediate(resolve));
  };
  assert.equal(see([0, 100000]).trace, null);
  await arrive();
  assert.ok(see([0, 100000]).isSharp);
  assert.equal(see([0, 50000]).trace?.step, 256);
  see([0, 25000]);
  see([0, 12500]);
  assert.equal(asked.length, 2);
  await arrive();
  const meanwhile = see([0, 12500]);
  assert.deepEqual([meanwhile.isSharp, meanwhile.trace?.step, asked.length, asked[2].step], [false, 128, 3, 32]);
  await arrive();
  assert.deepEqual([see([0, 12500]).isSharp, see([1000, 13000]).isSharp, asked.length], [true, true, 3]);
  assert.equal(see([0, 100000]).trace?.step, 256);
  assert.ok(!store.isBusy);
});

test('a table that is being built is asked for again, and one that fails says why once', async () => {
  const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  let asked = 0;
  const control = new AbortController();
  const store = new TraceStore(() => look(), control.signal);
  const look = () => store.see('a', async () => (asked++ ? Promise.reject(new Error('the table is gone')) : { building: 0.4 }), [0, 10], 10, 10);
  look();
  await wait(50);
  assert.equal(look().building, 0.4);
  await wait(900);
  assert.deepEqual([look().fault, asked], ['the table is gone', 2]);
  control.abort();
});

test('what nobody looks at is drawn as it is held and not asked for', async () => {
  let asked = 0;
  const store = new TraceStore(() => undefined, new AbortController().signal);
  const ask = async (wish) => {
    asked++;
    return { ...wish, unit: '', complete: 1, low: new Float32Array(wish.width), high: new Float32Array(wish.width), bandLow: null, bandHigh: null };
  };
  assert.equal(store.see('a', null, [0, 1000], 100, 1000).trace, null);
  store.see('a', ask, [0, 1000], 100, 1000);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(store.see('a', null, [0, 10], 100, 1000).trace?.step, 16);
  assert.deepEqual([asked, store.isBusy], [1, false]);
});

test('a refusal is final, a server that is away is tried again', async () => {
  const control = new AbortController();
  const store = new TraceStore(() => undefined, control.signal);
  const asked = [];
  const see = async (key, status) => {
    const seen = store.see(key, async () => {
      asked.push(key);
      throw Object.assign(new Error(`status ${status}`), { status });
    }, [0, 10], 10, 10);
    await new Promise((resolve) => setImmediate(resolve));
    return seen;
  };
  await see('refused', 409);
  await see('away', 0);
  assert.equal((await see('away', 0)).fault, 'status 0');
  assert.deepEqual(asked, ['refused', 'away']);
  assert.ok(Number.isFinite(store.entries.get('away').retryAt));
  store.entries.get('away').retryAt = 0; // the time has passed
  await see('away', 0);
  await see('refused', 409);
  assert.deepEqual(asked, ['refused', 'away', 'away']);
  control.abort();
});
