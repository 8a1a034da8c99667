/** The viewer of a session: what is shown, and who is told when that changes. */

/** @import { Address } from './address.js' */
/** @import { Command } from '../keys.js' */
/** @import { Project } from '../types.js' */
/** @import { ChosenSource, Mark, Recording } from './types.js' */
/** @import { ViewerSettings } from './settings.js' */
import { Keymap } from '../keys.js';
import { writeSettings } from '../settings.js';
import { Link } from './address.js';
import { ViewerApi } from './api.js';
import { group, makeCommands } from './commands.js';
import { Film, sized } from './film.js';
import { Look } from './look.js';
import { NextPicture } from './nextpicture.js';
import { Player } from './player.js';
import { Poses } from './poses.js';
import { Screen } from './screen.js';
import { colorOf, firstOf } from './settings.js';
import { Times, timeText } from './times.js';

/**
 * frame: another frame is shown; chosen: other sources, or other colours of theirs; keypoint: another keypoint or view; range, marks,
 * difficult: these changed; poses: more of them have come; settings: what is drawn, or how.
 * @typedef {'frame' | 'chosen' | 'keypoint' | 'range' | 'marks' | 'difficult' | 'poses' | 'settings'} EventName
 *
 * @typedef {object} Start
 * @property {Project} project
 * @property {Recording} session
 * @property {ViewerApi} api
 * @property {ViewerSettings} settings
 * @property {string} settingsKey
 * @property {(session: string) => void} leaveFor
 */

export class Viewer {
  /** @param {HTMLElement} root @param {Start} start */
  constructor(root, { project, session, api, settings, settingsKey, leaveFor }) {
    this.root = root;
    this.project = project;
    this.session = session;
    this.api = api;
    this.settings = settings;
    this.settingsKey = settingsKey;
    this.leaveFor = leaveFor;
    /** @private */
    this.ending = new AbortController();
    this.link = new Link(this);
    /** @private */
    this.nextPicture = new NextPicture(() => this.signal.aborted || this.emit('frame'));
    /** @private @type {Map<EventName, Set<() => void>>} */
    this.listeners = new Map();
    /** index of the active keypoint, and of the active view */
    this.keypoint = 0;
    this.view = 0;
    /** the sources that are shown @type {ChosenSource[]} */
    this.chosen = [];
    /** @type {Mark[]} */
    this.marks = session.marks;
    /** frames that are likely to be wrong @type {number[]} */
    this.difficult = [];
    session.fps ||= 30; // of what has no film
    const { views, frames, fps, keypoints } = session;
    this.poses = new Poses(api, session.name, views.map((view) => view.name), keypoints.length,
      { arrived: () => this.posesCame(), changed: () => this.lookAgain() });
    this.films = views.map((view, v) => new Film(sized(view, session), v, view.name || session.name, api.videoUrl(session.name, view.name),
      new Times(view.frames || frames, fps, null), {
        draw: (film, context) => this.look?.draw(film, context),
        changed: () => {
          this.screen?.arrange();
          this.player?.join();
        },
        enlarge: (at) => this.screen.enlarge(at),
        adjustLight: (at, anchor) => this.screen.light.open(at, anchor),
      }));
    this.player = new Player(this.films, frames, fps, { arrived: () => this.arrived(), changed: () => this.playChanged() });
    this.player.speed = settings.speed;
    /** @type {Command[]} */
    this.commands = makeCommands(this);
    this.keymap = new Keymap(this.commands, settings.keys);
    this.look = new Look(this);
    this.screen = new Screen(this);
    this.look.apply();
  }

  get signal() {
    return this.ending.signal;
  }

  /** The frame that all films show. */
  get frame() {
    return this.player.frame;
  }

  /** First and last frame of the part that is played, if one was chosen. @returns {[number, number] | null} */
  get range() {
    return this.player.range;
  }

  /** Whether colours stand for sources, not for keypoints. */
  get isBySource() {
    return this.look.isBySource;
  }

  /** What the help finds on the page. */
  get room() {
    return { toolbar: this.screen.bar, focusTile: () => this.focusTile() };
  }

  /** @param {Address} address  what to show first */
  async start({ frame = 0, sources, keypoint, range }) {
    const { session } = this;
    const known = sources?.filter((id) => session.sources.some((source) => source.id === id));
    this.keypoint = Math.max(0, session.keypoints.indexOf(keypoint ?? ''));
    this.choose(known ?? firstOf(session.sources));
    if (range) this.setRange(range);
    const timed = Promise.all(this.films.map((film) => this.time(film)));
    this.focusTile();
    if (frame) await timed; // the first frame is the first at any rate
    await this.seek(frame);
    await timed;
  }

  /** Learn when the frames of a film are shown. @private @param {Film} film */
  async time(film) {
    const { session, signal } = this;
    const fault = film.view.video ? await film.learn(() => this.api.times(session.name, film.view.name, signal), session) : '';
    if (signal.aborted) return;
    if (fault && film.isLive) this.say(`${film.view.name}: its frames may be off by one: ${fault}`);
    if (film.isLive) this.player.join();
  }

  /** Call a function whenever something happens, until the viewer is closed. @param {EventName} name @param {() => void} listener @returns {() => void} ends it */
  on(name, listener) {
    const all = this.listeners.get(name) ?? new Set();
    this.listeners.set(name, all.add(listener));
    return () => all.delete(listener);
  }

  /** @param {EventName} name */
  emit(name) {
    for (const listener of this.listeners.get(name) ?? []) listener();
  }

  /**
   * Show a frame; resolves when all films show it.
   * @param {number} frame @param {{settle?: boolean}} [how]  settle: false while a hand still moves, so that the address waits
   */
  seek(frame, { settle = true } = {}) {
    const arrival = this.player.seek(frame);
    if (settle) arrival.then(() => this.link.soon());
    return arrival;
  }

  /** Keys of a panel's own. @param {string} name @param {import('./commands.js').Row[]} rows */
  addCommands(name, rows) {
    this.commands.push(...group(name, rows));
  }

  /** Show these sources and no others. @param {string[]} ids */
  choose(ids) {
    const { sources } = this.session;
    this.chosen = sources.filter((source) => ids.includes(source.id)).map((source) => ({ ...source, color: colorOf(sources, source, this.settings.colors) }));
    this.wantPoses();
    this.emit('chosen');
    this.screen.bar.update();
    this.redraw();
    this.link.soon();
  }

  /** Give a source another colour. @param {string} id @param {string} color */
  recolor(id, color) {
    const source = this.session.sources.find((one) => one.id === id);
    if (!source) return;
    this.settings.colors[source.name] = color;
    this.keepSettings();
    this.choose(this.chosen.map((one) => one.id));
  }

  /** @param {number} view @param {number} keypoint */
  select(view, keypoint) {
    if (view === this.view && keypoint === this.keypoint) return;
    [this.view, this.keypoint] = [view, keypoint];
    this.screen.selected();
    this.emit('keypoint');
    this.redraw();
    this.link.soon();
  }

  /** @param {[number, number] | null} range  first and last frame */
  setRange(range) {
    const last = this.session.frames - 1;
    this.player.range = range && [Math.max(0, Math.min(last, range[0])), Math.max(0, Math.min(last, range[1]))];
    this.screen.timeline.draw();
    this.emit('range');
    this.link.soon();
  }

  /** @param {Mark[]} marks */
  setMarks(marks) {
    this.marks = marks;
    this.screen.timeline.draw();
    this.emit('marks');
  }

  /** Frames that the timeline shows as likely to be wrong. @param {number[]} frames */
  setDifficult(frames) {
    this.difficult = frames;
    this.screen.timeline.draw();
    this.emit('difficult');
  }

  /** @param {number} speed */
  setSpeed(speed) {
    this.player.setSpeed(speed);
    this.settings.speed = this.player.speed;
    this.keepSettings();
    this.screen.bar.update();
    this.say(`speed ${this.player.speed}`);
  }

  timeText(/** @type {number} */ frame) {
    return timeText(frame / this.session.fps);
  }

  /** Tell everyone, also those who do not see the page. @param {string} text */
  say(text) {
    this.screen.say(text);
  }

  /** Draw what lies over the films again. */
  redraw() {
    for (const film of this.films) film.draw();
  }

  /** Have the poses that are shown, and those that come next. */
  wantPoses() {
    const { player, settings, session } = this;
    const second = Math.ceil(session.fps);
    const ahead = Math.max(second, Math.ceil(2 * second * player.speed)) * player.direction;
    this.poses.want(this.chosen, player.isSettled || player.isPlaying ? player.frame : player.target, settings.trails === 'off' ? 0 : settings.trail, ahead);
  }

  /** The files of a source have changed: see what there is now, and show of it what was shown. */
  async lookAgain() {
    if (this.isLooking) return;
    this.isLooking = true;
    try {
      const { sources } = await this.api.recording(this.session.name);
      this.session.sources = sources;
      this.say('predictions have changed, and are read again');
      this.choose(this.chosen.map((source) => source.id));
    } catch (error) {
      this.say(/** @type {Error} */ (error).message);
    }
    setTimeout(() => { this.isLooking = false; }, 2000); // files that are being written change again
  }

  /** @private */
  posesCame() {
    if (this.signal.aborted) return;
    this.redraw();
    this.emit('poses');
  }

  /** @private */
  arrived() {
    this.wantPoses();
    this.nextPicture.ask(this.player.panelPause); // lists and lines follow once a picture
  }

  /** @private */
  playChanged() {
    this.wantPoses();
    this.screen?.bar.update();
    if (!this.player.isPlaying) this.link.soon();
  }

  keepSettings() {
    writeSettings(localStorage, this.settingsKey, this.settings);
  }

  focusTile() {
    this.films[this.view]?.element.focus({ preventScroll: true });
  }

  close() {
    this.ending.abort();
    this.player.close();
    this.poses.close();
    this.screen.close();
    for (const film of this.films) film.close();
    this.root.replaceChildren();
  }
}
