/**
 * One view: its video, what is drawn over it, and which frame it truly shows. A browser is asked for a time and says afterwards
 * which frame it put on the screen; only that is believed, and everything drawn over the film belongs to that frame.
 */

/** @import { RecordingView } from './types.js' */
import { el, iconButton } from '../dom.js';
import { Pane } from '../pane.js';
import { Times } from './times.js';

const SHARES = [0.5, 0.25, 0.75]; // of a frame's interval: where it is asked for, should the one before have shown another
const PATIENCE = [500, 1000, 1500]; // ms after the seek is done until its frame has to be on the screen
const STUCK = 8000; // ms that a seek may take before it is given up
const LATE = 1.4; // frames that the clock may be ahead of the picture, before the picture is what counts
const PIXELS = 3; // screen px per px of the image from which on pixels are seen as such

/**
 * @typedef {object} FilmHost
 * @property {(film: Film, context: CanvasRenderingContext2D) => void} draw  what lies over the film
 * @property {(film: Film) => void} changed  it can be shown now, or no more
 * @property {(v: number) => void} enlarge
 * @property {(v: number, anchor: HTMLElement) => void} adjustLight
 *
 * @typedef {{frame: number, resolve: () => void, isSeeked: boolean, timer: ReturnType<typeof setTimeout>}} Wait
 */

export class Film extends Pane {
  /**
   * @param {RecordingView} view @param {number} v @param {string} title @param {string} address  of the video @param {Times} times @param {FilmHost} host
   */
  constructor(view, v, title, address, times, host) {
    const video = el('video', { muted: true, playsinline: true, preload: 'auto', disablepictureinpicture: true, tabindex: '-1', 'aria-hidden': 'true' });
    super(video);
    this.video = video;
    video.muted = true; // the attribute alone does not count for an element made by a script
    this.view = view;
    this.v = v;
    this.address = address;
    this.times = times;
    this.host = host;
    this.size = /** @type {[number, number]} */ ([view.width || 640, view.height || 480]);
    /** the frame on the screen; -1: none yet */
    this.shown = -1;
    /** the frame that what lies over the film belongs to */
    this.drawn = -1;
    /** whether the picture may be another than `shown` by now */
    this.isStale = true;
    /** whether there is a video to be asked */
    this.isLive = false;
    this.fault = '';
    /** what it says at its last frame, where the recording goes on */
    this.ending = '';
    /** @private */
    this.wanted = 0;
    /** @private @type {Promise<void> | null} */
    this.going = null;
    /** @private @type {Wait | null} */
    this.wait = null;
    this.remark = el('span', { class: 'remark', role: 'status' });
    this.again = el('button', { type: 'button', text: 'Try again', hidden: true, onclick: () => this.load() });
    this.gap = el('div', { class: 'gap', hidden: true }, el('p', {}), this.again);
    this.stage.append(this.gap);
    this.element = el('section', { class: 'tile', tabindex: '0', 'aria-label': `view ${title}`, 'data-view': view.name },
      el('header', {}, el('h3', { text: title }), this.remark, el('span', { class: 'spring' }),
        iconButton('contrast', `brightness and contrast of ${title}`, (event) => host.adjustLight(v, /** @type {HTMLElement} */ (event.currentTarget)), { tabindex: '-1' }),
        iconButton('fit', `show all of ${title}`, () => this.fit(), { tabindex: '-1' }),
        iconButton('enlarge', `enlarge ${title}`, () => host.enlarge(v), { tabindex: '-1' })),
      this.stage);
    this.attach();
    this.load();
  }

  get frames() {
    return this.times.frames;
  }

  /** Whether it has not yet shown what it was asked for. */
  get isGoing() {
    return this.isLive && this.going !== null;
  }

  /** Whether it plays, or would if it had data. */
  get isRunning() {
    return this.isLive && !this.video.ended && !this.video.paused;
  }

  /** The frame that its clock is at, with the share of it that is over; less where its pictures come late. */
  get position() {
    return Math.min(this.times.position(this.video.currentTime), this.shown + LATE);
  }

  /**
   * Learn when its frames are shown; until then they are taken to come at a constant rate.
   * @param {() => Promise<{rate: number, table: Float64Array | null}>} ask @param {{frames: number, fps: number}} session
   * @returns {Promise<string>} why it could not be learned, or nothing
   */
  async learn(ask, session) {
    let fault = '';
    try {
      const { rate, table } = await ask();
      this.times = new Times(this.view.frames || session.frames, rate || session.fps, table);
      this.isStale = true;
    } catch (error) {
      fault = /** @type {Error} */ (error).message;
    }
    this.ending = this.frames < session.frames ? `ends at frame ${this.frames - 1}` : '';
    return fault;
  }

  /** @private */
  attach() {
    const { video } = this;
    let watch = 0;
    const present = (/** @type {number} */ _now, /** @type {VideoFrameCallbackMetadata} */ { mediaTime }) => {
      if (!this.isLive) return;
      watch = video.requestVideoFrameCallback(present);
      this.present(this.times.nearest(mediaTime));
    };
    video.addEventListener('loadedmetadata', () => {
      if (!video.videoWidth) return this.lose('there is no picture in this file');
      this.isLive = true;
      this.isStale = true;
      this.shown = -1;
      if (!this.view.width) this.size = /** @type {[number, number]} */ ([video.videoWidth, video.videoHeight]);
      this.resize();
      this.gap.hidden = true;
      video.cancelVideoFrameCallback(watch); // of the file that was there before
      watch = video.requestVideoFrameCallback(present);
      this.host.changed(this);
    });
    video.addEventListener('seeked', () => this.seeked());
    video.addEventListener('error', () => this.explain());
  }

  /** Ask for the video, for the first time or again. */
  load() {
    this.fault = '';
    this.again.hidden = true;
    this.gap.hidden = true;
    if (!this.view.video) return this.lose(this.view.fault || 'there is no video of this view');
    this.video.src = this.address;
    this.video.load();
  }

  /** There is no picture any more; the others go on. @param {string} message @param {boolean} [mayReturn] */
  lose(message, mayReturn = false) {
    this.isLive = false;
    this.fault = message;
    /** @type {HTMLElement} */ (this.gap.firstChild).textContent = message;
    this.again.hidden = !mayReturn;
    this.gap.hidden = false;
    this.finish();
    this.host.changed(this);
    this.draw();
  }

  /** The browser cannot go on with the file: find out why. @private */
  async explain() {
    if (!this.video.getAttribute('src')) return;
    const answer = await fetch(this.address, { headers: { Range: 'bytes=0-0' }, credentials: 'same-origin' }).catch(() => null);
    const said = answer && !answer.ok ? (await answer.json().catch(() => null))?.error : '';
    if (!answer) this.lose('The server does not answer.', true);
    else if (!answer.ok) this.lose(said || `The video cannot be read (${answer.status}).`, true);
    else this.lose(this.view.fault || 'This browser does not play the video. Adding it to the project makes a copy that it plays.', true);
  }

  /** Show a frame, and resolve when it is on the screen, or when it is known why not. @param {number} frame @returns {Promise<void>} */
  go(frame) {
    this.wanted = Math.min(frame, this.frames - 1);
    this.going ??= this.run().finally(() => { this.going = null; });
    return this.going;
  }

  /** @private */
  async run() {
    let tries = 0;
    while (this.isLive && (this.isStale || this.shown !== this.wanted)) {
      const frame = this.wanted;
      this.isStale = true;
      await this.ask(frame, tries);
      if (frame !== this.wanted) tries = 0;
      else if (this.shown === frame) this.isStale = false;
      else if (document.hidden || !this.isLive) return; // nothing is put on a screen that nobody sees
      else if (++tries === SHARES.length) return this.say(this.shown < 0 ? 'shows no frame yet' : `shows frame ${this.shown}`);
    }
    this.say(this.wanted === this.frames - 1 ? this.ending : '');
  }

  /** @private @param {number} frame @param {number} tries @returns {Promise<void>} */
  ask(frame, tries) {
    return new Promise((resolve) => {
      this.finish();
      this.wait = { frame, resolve, isSeeked: false, timer: setTimeout(() => this.finish(), STUCK) };
      this.patience = PATIENCE[tries];
      this.video.currentTime = this.times.inside(frame, SHARES[tries]);
    });
  }

  /** @private */
  seeked() {
    const { wait } = this;
    if (!wait || this.video.seeking) return;
    wait.isSeeked = true;
    clearTimeout(wait.timer);
    wait.timer = setTimeout(() => this.finish(), this.patience);
    // A picture that is there already is not always presented anew: two pictures of the screen later it counts.
    if (this.shown === wait.frame) requestAnimationFrame(() => requestAnimationFrame(() => this.wait === wait && this.shown === wait.frame && this.finish()));
  }

  /** @private */
  finish() {
    const { wait } = this;
    this.wait = null;
    if (!wait) return;
    clearTimeout(wait.timer);
    wait.resolve();
  }

  /** @private @param {number} frame */
  present(frame) {
    this.shown = frame;
    this.draw();
    const { wait } = this;
    if (wait && frame === wait.frame && (wait.isSeeked || !this.video.seeking)) this.finish();
  }

  /** @param {string} text  beside the name of the view */
  say(text) {
    if (this.remark.textContent !== text) this.remark.textContent = text;
  }

  play(/** @type {number} */ rate) {
    this.isStale = true;
    this.video.playbackRate = rate;
    return this.video.play().catch(() => undefined); // ended by a pause that came meanwhile, or by an error with an event of its own
  }

  pause() {
    this.video.pause();
  }

  /** @param {[number, number]} light */
  adjust(light) {
    Pane.adjust(light, this.video);
  }

  paint() {
    const { video, zoom: { scale, x, y }, size: [width, height] } = this;
    video.style.width = `${width}px`;
    video.style.height = `${height}px`;
    video.style.transform = `translate(${x}px, ${y}px) scale(${scale})`;
    video.style.imageRendering = scale * devicePixelRatio < PIXELS ? 'auto' : 'pixelated';
    this.draw();
  }

  /** Draw what lies over the film. */
  draw() {
    const context = this.marks.getContext('2d');
    if (!context) return;
    const ratio = devicePixelRatio;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, this.marks.width, this.marks.height);
    this.host.draw(this, context);
  }

  close() {
    super.close();
    this.isLive = false;
    this.finish();
    this.video.removeAttribute('src');
    this.video.load(); // lets go of the connection
  }
}

/** A view whose film has no size has that of its camera. @param {RecordingView} view @param {import('./types.js').Recording} session */
export function sized(view, { cameras }) {
  const size = cameras?.find((camera) => camera.view === view.name)?.size;
  return view.width || !size ? view : { ...view, width: size[0], height: size[1] };
}
