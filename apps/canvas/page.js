/** The labeling page: which frame is shown, which keypoint is active, and who is told when something changes. */

/** @import { Cell, FrameData, Project } from './types.js' */
/** @import { Settings } from './settings.js' */
import { Api } from './api.js';
import { Archive } from './archive.js';
import { makeCommands } from './commands.js';
import { Editor } from './editor.js';
import { Followers } from './followers.js';
import { FrameRows } from './framerows.js';
import { Geometry } from './geometry.js';
import { History } from './history.js';
import { Images } from './images.js';
import { Keymap } from './keys.js';
import { cellFromJson, Labels, UNLABELED } from './labels.js';
import { Labeling } from './labeling.js';
import { Loop } from './loop.js';
import { Others } from './others.js';
import { Outbox } from './outbox.js';
import { Pictures } from './pictures.js';
import { Room } from './room.js';
import { writeSettings } from './settings.js';
import { toImage, toScreen } from './zoom.js';

/** @typedef {{project: Project, api: Api, settings: Settings, settingsKey: string, client: string, shelf: import('./storage.js').Shelf, undoKey: string}} Start */

export class Page {
  /** @param {HTMLElement} root @param {Start} start */
  constructor(root, { project, api, settings, settingsKey, client, shelf, undoKey }) {
    this.root = root;
    this.project = project;
    this.api = api;
    this.settings = settings;
    this.settingsKey = settingsKey;
    this.client = client;
    /** @type {FrameData | null} */
    this.frame = null;
    /** the frame that is being opened, or is open */
    this.target = '';
    this.v = 0;
    this.k = 0;
    this.isHidden = false;
    this.ending = new AbortController();
    this.labels = new Labels(project.views, project.keypoints);
    this.images = new Images();
    this.pictures = new Pictures(this);
    this.rows = new FrameRows();
    this.outbox = new Outbox(shelf, {
      send: async (operations, from, keepalive) =>
        (await api.labels({ client: from, who: this.settings.who, operations }, keepalive)).results,
      acknowledged: (result, operation) => this.others.acknowledged(result, operation),
      conflicted: (operation) => this.others.conflicted(operation),
      changed: () => this.room?.notices.update(),
    }, { project: project.id, client });
    this.archive = new Archive(api, this.labels, this.outbox);
    this.editor = new Editor(this.labels, new History(localStorage, undoKey), this.outbox);
    this.labeling = new Labeling(this);
    this.followers = new Followers(this);
    this.geometry = new Geometry(this.labels, project.edges, (body) => this.ask(body), (frame, keypoints) => this.answered(frame, keypoints));
    this.others = new Others(this);
    this.loop = new Loop(this);
    this.commands = makeCommands(this);
    this.keymap = new Keymap(this.commands, settings.keys);
    this.room = new Room(this);
    this.room.applySettings();
  }

  get tiles() {
    return this.room.tiles;
  }

  get signal() {
    return this.ending.signal;
  }

  /** Whether the frame's labels are there and may be changed. */
  get isReady() {
    return this.frame !== null && this.frame.id === this.target && this.loop.offset === 0;
  }

  /** Load the table of frames and open one. @param {string | null} frame */
  async start(frame) {
    this.rows.load(await this.api.frames());
    this.room.frames.update();
    const first = frame && this.rows.rowOf(frame) >= 0 ? frame : this.rows.firstUnfinished();
    if (first) await this.open(first);
    else this.room.empty();
    this.others.listen();
  }

  /** @param {string} frame @returns {Promise<FrameData>} */
  know(frame) {
    return this.archive.know(frame, [this.target, this.frame?.id ?? '']);
  }

  /** Show a frame. The one before stays on the screen until its images are there. @param {string} id */
  async open(id) {
    if (id === this.target) return;
    this.labeling.cancel();
    this.loop.stop();
    const isComplete = this.frame !== null && this.labels.count(this.target) === this.project.views.length * this.project.keypoints.length;
    this.target = id;
    sessionStorage.setItem(`litpose-frame-${this.project.id}`, id); // a reload comes back here
    this.outbox.flush();
    this.room.frames.update();
    let frame;
    try {
      frame = await this.know(id);
    } catch (error) {
      if (this.target === id) this.room.trouble(`this frame cannot be opened: ${/** @type {Error} */ (error).message}`);
      return;
    }
    if (this.target !== id) return; // another frame was asked for meanwhile
    this.followers.leave(this.frame?.id ?? '');
    this.frame = frame;
    if (isComplete) this.labeling.begin(); // else the same keypoint again: some label one through all frames
    this.room.trouble('');
    this.geometry.open(id);
    this.room.frameChanged();
    this.pictures.show(0);
    this.others.here(id);
    this.ahead();
  }

  /** Load what is likely to be asked for next. @private */
  async ahead() {
    const { target } = this;
    const near = this.rows.near(target);
    try {
      const frames = [];
      const { previous } = /** @type {FrameData} */ (this.frame);
      if (previous) await this.know(previous);
      if (this.settings.previous) this.redraw();
      for (const id of near) frames.push(await this.know(id));
      if (this.target !== target) return;
      this.images.prefetch(frames.flatMap((frame) => this.pictures.urls(frame)));
    } catch {
      // what cannot be fetched ahead is complained about when it is opened
    }
  }

  /** @param {number} v @param {number} k make a view and a keypoint the active ones */
  select(v, k) {
    const isSame = v === this.v && k === this.k;
    [this.v, this.k] = [v, k];
    if (isSame) return;
    this.redraw();
    this.room.selected();
    if (this.settings.follow) this.room.follow();
  }

  /** @param {number} v @param {number} k @returns {[number, number, number] | null} x, y px and confidence of a network */
  proposalOf(v, k) {
    const { views, keypoints } = this.project;
    return this.frame?.proposals?.[views[v]]?.[keypoints[k]] ?? null;
  }

  /** The image point in the middle of what a tile shows. @param {number} v @returns {[number, number]} */
  middleOf(v) {
    const tile = this.tiles[v];
    const [width, height] = tile.room;
    return toImage(tile.zoom, width / 2, height / 2);
  }

  /** Where the active keypoint is in a view, if anything says so. @param {number} v @returns {[number, number] | null} */
  whereabouts(v) {
    const cell = this.labels.at(this.target, v, this.k);
    if (cell.x !== null && cell.y !== null) return [cell.x, cell.y];
    const proposed = this.geometry.shape.ghosts[v][this.k] ?? this.proposalOf(v, this.k);
    return proposed && [proposed[0], proposed[1]];
  }

  /** @param {number} v @returns {Cell[] | null} null while the tile does not show the frame */
  cellsOf(v) {
    if (!this.frame || !this.isReady || this.tiles[v].shown !== this.frame.id) return null;
    return this.project.keypoints.map((_, k) => this.labels.at(this.target, v, k));
  }

  /** @param {number} v @returns {import('./tile.js').Scene | null} */
  sceneOf(v) {
    const cells = this.isHidden ? null : this.cellsOf(v);
    if (!cells) return null;
    const { shape } = this.geometry;
    const previous = this.settings.previous ? this.frame?.previous : null;
    return {
      cells,
      previous: previous && this.labels.has(previous) ? cells.map((_, k) => this.labels.at(previous, v, k)) : null,
      ghosts: shape.ghosts[v],
      proposals: cells.map((cell, k) => (cell === UNLABELED || cell.state === 'unlabeled' ? this.proposalOf(v, k) : null)),
      curves: shape.curves[v],
      residuals: shape.residuals[v],
      suspects: shape.suspect.map((view) => view === this.project.views[v]),
      conflicts: this.others.conflictsOf(this.target, v),
      active: this.k,
      isActiveView: v === this.v,
      held: this.labeling.heldView === v && this.editor.isHolding ? this.k : -1,
      names: this.project.keypoints,
      colors: this.project.colors,
      edges: this.project.edges,
      settings: this.settings,
    };
  }

  /** Draw the marks of all views. */
  redraw() {
    for (const tile of this.tiles) tile.draw();
  }

  /** Labels have changed; the screen follows at once, the lists with the next picture. @param {{frame: string}[]} changes */
  labelsChanged(changes) {
    this.redraw();
    for (const frame of new Set(changes.map((change) => change.frame))) this.rows.count(frame, this.labels.count(frame));
    this.room.later();
  }

  /** @param {string} frame @param {number[]} keypoints */
  answered(frame, keypoints) {
    if (frame !== this.target) return;
    this.followers.answered(frame, keypoints);
    this.redraw();
    this.rows.measure(frame, this.geometry.shape.worst);
    if (this.settings.follow && keypoints.includes(this.k) && !this.editor.isHolding) this.room.follow();
    this.room.later();
  }

  /** @private @param {{seq: number, frame: string, points: Record<string, ([number, number] | null)[]>}} body */
  async ask(body) {
    if (this.project.calibrated) return this.api.geometry(body);
    return { seq: body.seq, curves: {}, ghosts: {}, residuals: {}, xyz: [], suspect: [], bones: [] };
  }

  /** Tell everyone, also those who do not see the page. @param {string} text */
  say(text) {
    this.room?.notices.say(text);
  }

  keepSettings() {
    writeSettings(localStorage, this.settingsKey, this.settings);
  }

  /** Screen place of a point, for tests and tools. @param {number} v @param {number} x @param {number} y @returns {[number, number]} CSS px of the window */
  onScreen(v, x, y) {
    const tile = this.tiles[v];
    const box = tile.marks.getBoundingClientRect();
    const [left, top] = toScreen(tile.zoom, x, y);
    return [left + box.left, top + box.top];
  }

  /** @param {import('./types.js').RemoteCell} one */
  remote(one) {
    const at = this.labels.place(one.view, one.keypoint);
    const cell = cellFromJson(one.cell);
    if (!at || !this.labels.has(one.frame) || this.outbox.isPending(one)) return null;
    if (this.labels.at(one.frame, at.v, at.k).rev >= cell.rev) return null;
    this.labels.set(one.frame, at.v, at.k, cell);
    return at;
  }

  close() {
    this.ending.abort();
    this.outbox.farewell();
    this.outbox.close();
    this.geometry.close();
    this.others.close();
    this.loop.stop();
    this.room.close();
    this.images.clear();
  }
}
