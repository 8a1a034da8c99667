/**
 * The clock that all films follow.
 *
 * At rest, every film is asked for the same frame; the newest wish wins, a film has one seek at most under way, and the number that
 * is reported is the one that all of them have shown. In motion, the film that is furthest behind is the clock: the others are slowed
 * until it has come up, so no film can run away, and a machine that is too slow for the speed plays slower instead of out of step.
 */

/** @import { Film } from './film.js' */

const EARLY = 0.35; // frames that a film may be ahead before it is slowed
const HELD = 1.5; // frames ahead from which on it waits
const FREE = 0.3; // frames ahead from which on it goes on
const OVER = 0.5; // of the last frame of a range, after which it begins again: what comes next is not to be seen
const SLOWEST = 0.0625; // what browsers still play
const FAR = 15; // frames behind the others from which on a film jumps after them
const LATE = 0.03; // share of pictures before which frames were passed over, from which on the machine counts as too slow
const MEMORY = 0.98; // of that share, from picture to picture
const GIVE_WAY = 100; // ms
const STALL = 3000; // ms that the others wait for a film without data
export const SPEEDS = [0.1, 0.25, 0.5, 1, 2, 4];

/**
 * @typedef {object} PlayerHost
 * @property {() => void} arrived  the reported frame is another
 * @property {() => void} changed  plays or rests, speed, target
 */

export class Player {
  /** @param {Film[]} films @param {number} frames @param {number} rate  frames per second @param {PlayerHost} host */
  constructor(films, frames, rate, host) {
    this.films = films;
    this.frames = Math.max(1, frames);
    this.rate = rate > 0 ? rate : 30;
    this.host = host;
    /** the frame that is reported: all films have shown it, or, in motion, the first of them shows it */
    this.frame = 0;
    /** the frame that was asked for last */
    this.target = 0;
    this.isPlaying = false;
    this.speed = 1;
    /** 1, or -1 for backwards */
    this.direction = 1;
    this.isLooping = false;
    /** @type {[number, number] | null} first and last frame of the part that is played */
    this.range = null;
    /** @private @type {Promise<void> | null} */
    this.settling = null;
    /** whether a film came while the others went to their frame @private */
    this.isAgain = false;
    /** films that have no data, so that nobody waits for them @private @type {Set<Film>} */
    this.left = new Set();
    /** share of the last pictures before which frames were passed over @private */
    this.passedOver = 0;
    /** @private */
    this.run = 0;
  }

  /** What panels wait for between two pictures (ms), so that films have the machine when frames of them are passed over. */
  get panelPause() {
    return this.isPlaying && this.passedOver > LATE ? GIVE_WAY : 0;
  }

  /** First and last frame of what is played. @returns {[number, number]} */
  get span() {
    return this.range ?? [0, this.frames - 1];
  }

  get isSettled() {
    return !this.settling && !this.isPlaying;
  }

  /** The film that says the time when all play. @private */
  get lead() {
    return this.films.find((film) => film.isRunning && !this.left.has(film));
  }

  /** Show a frame in every film. @param {number} frame @returns {Promise<void>} when all show it */
  seek(frame) {
    this.target = Math.min(this.frames - 1, Math.max(0, Math.round(frame)));
    this.host.changed();
    this.settling ??= this.settle().finally(() => {
      this.settling = null;
      if (this.isPlaying) this.start();
      this.host.changed();
    });
    return this.settling;
  }

  /** @param {number} frames */
  step(frames) {
    if (this.isPlaying) this.pause();
    return this.seek((this.settling ? this.target : this.frame) + frames);
  }

  /** @private */
  async settle() {
    this.rest();
    for (let frame = -1; frame !== this.target || this.isAgain;) {
      frame = this.target;
      this.isAgain = false;
      const goal = frame;
      await Promise.all(this.films.map((film) => film.isLive && patient(film.go(goal))));
      for (const film of this.films) if (film.isGoing) film.say('on its way');
      this.arrive(frame);
    }
  }

  /** A film has come, or come back: show in it what the others show. */
  join() {
    if (this.isPlaying && !this.settling) return;
    this.isAgain = true;
    this.seek(this.target);
  }

  /** @private @param {number} frame */
  arrive(frame) {
    if (frame === this.frame && this.isPlaying) return;
    const isLate = Math.abs(frame - this.frame) > Math.max(1, Math.ceil((this.speed * this.rate) / 60));
    this.passedOver = this.isPlaying ? MEMORY * this.passedOver + (1 - MEMORY) * Number(isLate) : 0;
    this.frame = frame;
    if (this.isPlaying) this.target = frame;
    for (const film of this.films) if (!film.isLive) film.draw();
    this.host.arrived();
  }

  /** @param {number} [direction]  -1: backwards */
  play(direction = 1) {
    const [first, last] = this.span;
    this.direction = direction;
    const isAtEnd = direction > 0 ? this.frame >= last : this.frame <= first;
    const isOutside = this.frame < first || this.frame > last;
    if (this.isPlaying && !this.settling) this.rest();
    this.isPlaying = true;
    if (isAtEnd || isOutside) this.seek(direction > 0 ? first : last);
    else if (!this.settling) this.start();
    this.host.changed();
  }

  pause() {
    if (!this.isPlaying) return;
    this.isPlaying = false;
    this.rest();
    this.seek(this.settling ? this.target : this.frame);
  }

  toggle() {
    if (this.isPlaying) this.pause();
    else this.play(1);
  }

  /** @param {number} speed */
  setSpeed(speed) {
    this.speed = Math.min(SPEEDS[SPEEDS.length - 1], Math.max(SPEEDS[0], speed));
    if (this.isPlaying && !this.settling) {
      this.rest();
      this.start();
    }
    this.host.changed();
  }

  /** Stop all films where they are. @private */
  rest() {
    this.run++;
    for (const film of this.films) if (film.isLive) film.pause();
  }

  /** @private */
  start() {
    const run = ++this.run;
    this.left.clear();
    const able = this.films.filter((film) => film.isLive && this.frame < film.frames - 1);
    if (this.direction < 0 || !able.length) return this.leap(run);
    const started = Promise.all(able.map((film) => film.play(this.speed)));
    Promise.race([started, sleep(STALL)]).then(() => this.run === run && this.tick(run, performance.now()));
  }

  /** In motion: keep the films together. @private @param {number} run @param {number} since  when the clock last moved, ms */
  tick(run, since, last = -1) {
    if (run !== this.run) return;
    const running = this.films.filter((film) => film.isRunning);
    const counted = running.filter((film) => !this.left.has(film));
    const at = Math.min(...counted.map((film) => film.position));
    const now = performance.now();
    if (at > last + 0.01) since = now;
    else if (now - since > STALL) this.abandon(counted);
    const end = this.span[1];
    for (const film of running) this.pace(film, film.position - at, film.position > end + OVER);
    const shown = this.lead?.shown ?? -1;
    if (shown >= 0 && shown !== this.frame) this.arrive(shown);
    if (!counted.length || at > end + OVER) return this.finish(run, counted.length ? end : this.frames - 1);
    requestAnimationFrame(() => this.tick(run, since, at));
  }

  /** Slow a film that is ahead, or let it run. @private @param {Film} film @param {number} ahead  frames @param {boolean} isOver  it is at the end of the range */
  pace(film, ahead, isOver) {
    const { video } = film;
    const isHeld = video.playbackRate === 0;
    let rate = this.speed;
    if (this.left.has(film)) this.rejoin(film, ahead);
    else if (isOver || ahead > (isHeld ? FREE : HELD)) rate = 0;
    else if (ahead > EARLY) rate = Math.max(SLOWEST, this.speed * (1 - 0.25 * ahead));
    if (Math.abs(rate - video.playbackRate) > 0.03 * this.speed || (rate === this.speed && video.playbackRate !== rate)) video.playbackRate = rate;
  }

  /** The others have waited long enough for films without data. @private @param {Film[]} counted */
  abandon(counted) {
    for (const film of counted) {
      if (film.video.readyState >= HTMLMediaElement.HAVE_FUTURE_DATA || counted.length - this.left.size < 2) continue;
      this.left.add(film);
      film.say('waits for data');
    }
  }

  /** A film without data has some again: jump after the others. @private @param {Film} film @param {number} ahead */
  rejoin(film, ahead) {
    if (film.video.readyState < HTMLMediaElement.HAVE_FUTURE_DATA || film.video.seeking) return;
    if (Math.abs(ahead) > FAR) film.video.currentTime = film.times.inside(Math.round(this.frame + this.speed * this.rate * 0.3));
    else {
      this.left.delete(film);
      film.say('');
    }
  }

  /** The last frame has been shown: from the start again, or rest. @private @param {number} run @param {number} end */
  finish(run, end) {
    if (run !== this.run) return;
    const [first, last] = this.span;
    if (!this.isLooping) this.isPlaying = false;
    this.seek(this.isLooping ? (this.direction > 0 ? first : last) : end);
  }

  /** Play by one seek after the other: backwards, or where there is no film. @private @param {number} run */
  async leap(run) {
    const [first, last] = this.span;
    const from = this.frame;
    const begun = performance.now();
    for (;;) {
      await new Promise(requestAnimationFrame);
      if (run !== this.run) return;
      const passed = ((performance.now() - begun) / 1000) * this.speed * this.rate;
      const frame = Math.round(from + this.direction * passed);
      if (this.direction > 0 ? frame > last : frame < first) return this.finish(run, this.direction > 0 ? last : first);
      if (frame === this.frame) continue;
      await Promise.all(this.films.map((film) => film.isLive && patient(film.go(frame))));
      if (run === this.run) this.arrive(frame);
    }
  }

  close() {
    this.isPlaying = false;
    this.run++;
  }
}

const LONG = 2000; // ms after which the others do not wait for a film's seek

const sleep = (/** @type {number} */ ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

/** @param {Promise<void>} promise @returns {Promise<unknown>} when it is done, or has taken too long */
const patient = (promise) => Promise.race([promise, sleep(LONG)]);
