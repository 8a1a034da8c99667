/** Files to take away: a clip of the range, a picture of the films, the numbers. */

/** @import { Viewer } from '../page.js' */
/** @import { JobRecord } from '../types.js' */
import { el } from '../../dom.js';
import { openFile, saveFile } from './download.js';
import { quoted } from './marksfile.js';
import { takePicture } from './picture.js';
import { pinsOf } from './pins.js';

const LOOK = 1000; // ms between looks at a clip that is being made

export class ExportPanel {
  /** @param {Viewer} viewer */
  constructor(viewer) {
    this.viewer = viewer;
    this.source = el('select', { 'aria-label': 'source to export' });
    this.span = el('p', { class: 'span' });
    this.mosaic = el('input', { type: 'checkbox', checked: true });
    this.all = el('input', { type: 'checkbox', checked: true });
    this.clip = el('button', { type: 'button', text: 'Make the clip', onclick: () => this.makeClip() });
    this.table = el('button', { type: 'button', text: 'Save the numbers', onclick: () => this.saveNumbers() });
    this.jobs = el('ul', { class: 'job-list', 'aria-label': 'clips' });
    this.said = el('p', { class: 'fault', role: 'alert', hidden: true });
    /** clips of this page, newest first @type {JobRecord[]} */
    this.records = [];
    this.element = el('section', { class: 'panel export', 'aria-label': 'export' },
      el('fieldset', {}, el('legend', { text: 'Picture' }), el('p', { class: 'nothing', text: 'All views with what is drawn over them, at the size of the videos.' }),
        el('button', { type: 'button', text: 'Save the picture', title: 'PNG (P)', onclick: () => this.savePicture() })),
      el('fieldset', {}, el('legend', { text: 'Range' }), this.span, el('label', {}, 'Source', this.source)),
      el('fieldset', {}, el('legend', { text: 'Clip' }), viewer.session.views.length > 1 ? el('label', {}, this.mosaic, 'all views in one film') : null,
        el('p', { class: 'nothing', text: 'Trails and ellipses are drawn as they are now.' }), this.clip, this.jobs),
      el('fieldset', {}, el('legend', { text: 'Numbers' }), el('label', {}, this.all, 'all keypoints, not only the plotted ones'), this.table), this.said);
    viewer.addCommands('Export', [['picture', 'save a picture of all views', ['P'], () => this.savePicture()]]);
    viewer.on('range', () => this.update());
    viewer.on('chosen', () => this.update());
    this.update();
  }

  /** First and last frame of what is exported. @returns {[number, number]} */
  get range() {
    return this.viewer.range ?? [0, this.viewer.session.frames - 1];
  }

  /** @private */
  update() {
    const { viewer } = this;
    const [first, last] = this.range;
    const seconds = ((last - first + 1) / viewer.session.fps).toFixed(1);
    this.span.textContent = viewer.range ? `Frames ${first} to ${last}, ${seconds} s` : `The whole recording, ${seconds} s. [ and ] choose a part of it.`;
    const before = this.source.value;
    this.source.replaceChildren(...viewer.chosen.map(({ id, name }) => el('option', { value: id, text: name })));
    if (viewer.chosen.some(({ id }) => id === before)) this.source.value = before;
    const isNone = !viewer.chosen.length;
    for (const button of [this.clip, this.table]) button.disabled = isNone;
    this.clip.title = this.table.title = isNone ? 'choose a source first' : '';
  }

  /** @private @param {string} text */
  complain(text) {
    this.said.textContent = text;
    this.said.hidden = !text;
    if (text) this.viewer.say(text);
  }

  async savePicture() {
    const { viewer } = this;
    this.complain('');
    try {
      const name = `${viewer.session.name}_frame${String(viewer.frame).padStart(6, '0')}.png`;
      saveFile(name, await takePicture(viewer));
      viewer.say(`saved ${name}`);
    } catch (error) {
      this.complain(/** @type {Error} */ (error).message);
    }
  }

  /** @private */
  saveNumbers() {
    const { viewer } = this;
    const { session } = viewer;
    const [first, last] = this.range;
    const keypoints = this.all.checked ? undefined : pinsOf(viewer).with(viewer.keypoint).map((k) => quoted(session.keypoints[k])).join(',');
    openFile('', viewer.api.traceFileUrl(session.name, { source: this.source.value, start: first, stop: last + 1, keypoints }));
  }

  /** @private */
  async makeClip() {
    const { viewer } = this;
    const [first, last] = this.range;
    const { settings } = viewer;
    this.complain('');
    this.clip.disabled = true;
    try {
      const options = { trail: settings.trails === 'off' ? 0 : settings.trail, ellipses: settings.ellipses, mosaic: this.mosaic.checked && viewer.session.views.length > 1 };
      const { job } = await viewer.api.clip(viewer.session.name, { source: this.source.value, start: first, stop: last + 1, options });
      this.records.unshift({ id: job, kind: 'draw', title: `frames ${first} to ${last}`, state: 'running', progress: null, tail: [], files: [] });
      this.showJobs();
      this.watch(job);
    } catch (error) {
      this.complain(/** @type {Error} */ (error).message);
    }
    this.clip.disabled = false;
  }

  /** Look at a clip until it is there. @private @param {string} id */
  async watch(id) {
    const { viewer } = this;
    while (!viewer.signal.aborted) {
      try {
        const record = await viewer.api.job(id);
        const at = this.records.findIndex((one) => one.id === id);
        this.records[at] = { ...record, title: this.records[at].title };
        this.showJobs();
        if (!['running', 'waiting'].includes(record.state)) return viewer.say(record.state === 'done' ? 'the clip is there' : 'the clip could not be made');
      } catch (error) {
        this.complain(/** @type {Error} */ (error).message);
      }
      await new Promise((resolve) => { setTimeout(resolve, LOOK); });
    }
  }

  /** @private */
  showJobs() {
    this.jobs.replaceChildren(...this.records.map((record) => {
      const { title, state, progress, tail, files } = record;
      const isGoing = state === 'running' || state === 'waiting';
      return el('li', {}, el('span', { class: 'title', text: title }),
        isGoing ? el('progress', { max: 1, 'aria-label': `clip of ${title}`, ...(progress === null ? {} : { value: progress }) }) : null,
        ...files.map((file) => el('a', { href: file, download: '', text: `Save ${file.split('/').pop()}` })),
        isGoing || state === 'done' ? null : el('span', { class: 'fault', text: tail.at(-1) || 'it ended early' }));
    }));
  }

  close() {}
}
