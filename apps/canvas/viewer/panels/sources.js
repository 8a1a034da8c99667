/** Which sources are shown, in which colour, and what each has. */

/** @import { Viewer } from '../page.js' */
/** @import { Source } from '../types.js' */
import { el, iconButton } from '../../dom.js';
import { colorOf } from '../settings.js';

const ORDER = ['smoother', 'network', 'truth'];
const KINDS = { network: 'network', smoother: 'smoothed', truth: 'truth' };

/** What a source has, in a few words. @param {Source} source @param {number} frames  of the recording @param {number} views  of it */
export function contentsOf(source, frames, views) {
  return [
    KINDS[source.kind], source.world ? '3D' : '', source.variance ? 'uncertainty' : '', source.confidence ? '' : 'no confidence',
    source.views.length < views ? `${source.views.length} of ${views} views` : '', source.frames < frames ? `first ${source.frames} frames` : '',
  ].filter(Boolean).join(' · ');
}

/** The shortest that tells sources apart. @param {Source} source */
function tagsOf({ world, variance }) {
  return [world ? '3D' : '', variance ? '95 %' : ''].filter(Boolean).join(' · ');
}

export class SourcesPanel {
  /** @param {Viewer} viewer */
  constructor(viewer) {
    this.viewer = viewer;
    /** @private */
    this.shown = '';
    /** what is wrong with each @private @type {Map<string, HTMLElement>} */
    this.remarks = new Map();
    this.list = el('ul', { class: 'source-list' });
    this.empty = el('p', { class: 'nothing' });
    this.element = el('section', { class: 'panel sources', 'aria-label': 'sources' },
      el('header', {}, el('h3', { text: 'Sources' }), el('span', { class: 'spring' }), iconButton('again', 'look for new predictions', () => this.lookAgain())),
      this.list, this.empty);
    viewer.on('chosen', () => this.update());
    viewer.on('poses', () => this.sayFaults());
    this.update();
  }

  /** @private */
  update() {
    const { session } = this.viewer;
    this.empty.textContent = session.sources.length ? '' : 'Nothing has been predicted for this recording yet. Train a model and predict it; its keypoints are then drawn over the films.';
    this.empty.hidden = session.sources.length > 0;
    const state = JSON.stringify([session.sources, this.viewer.chosen]);
    if (state === this.shown) return;
    this.shown = state;
    this.remarks.clear();
    this.list.replaceChildren(...[...session.sources].sort((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind)).map((source) => this.row(source)));
    this.sayFaults();
  }

  /** @private @param {Source} source */
  row(source) {
    const { viewer } = this;
    const { session, settings } = viewer;
    const chosen = viewer.chosen.some(({ id }) => id === source.id);
    const tick = el('input', { type: 'checkbox', checked: chosen, onchange: () => this.choose(source.id, tick.checked) });
    const color = el('input', { type: 'color', value: colorOf(session.sources, source, settings.colors), 'aria-label': `colour of ${source.name}`, title: 'another colour',
      oninput: () => viewer.recolor(source.id, color.value) });
    const remark = el('span', { class: 'fault', role: 'status' });
    this.remarks.set(source.id, remark);
    return el('li', { class: 'source', 'data-source': source.id },
      el('label', { title: [source.name, contentsOf(source, session.frames, session.views.length)].join('\n') }, tick, el('span', { class: 'name', text: source.name })),
      el('span', { class: 'has', text: tagsOf(source) }), color,
      remark);
  }

  /** @private @param {string} id @param {boolean} isShown */
  choose(id, isShown) {
    const others = this.viewer.chosen.map((source) => source.id).filter((one) => one !== id);
    this.viewer.choose(isShown ? [...others, id] : others);
    /** @type {HTMLInputElement | null | undefined} */ (this.list.querySelector(`[data-source="${CSS.escape(id)}"] input`))?.focus();
  }

  /** Say which sources cannot be read. @private */
  sayFaults() {
    for (const [id, remark] of this.remarks) {
      const fault = this.viewer.poses.faults.get(id) ?? '';
      if (remark.textContent !== fault) remark.textContent = fault;
    }
  }

  /** Ask the server what there is by now. @private */
  async lookAgain() {
    const { viewer } = this;
    try {
      const { sources } = await viewer.api.recording(viewer.session.name);
      const before = viewer.session.sources;
      viewer.session.sources = sources;
      viewer.poses.faults.clear();
      viewer.choose(viewer.chosen.map(({ id }) => id));
      viewer.emit('poses'); // what was wrong may be so no more
      const fresh = sources.filter(({ id, version }) => !before.some((one) => one.id === id && one.version === version)).length;
      const gone = before.filter(({ id }) => !sources.some((one) => one.id === id));
      viewer.say(gone.length ? `gone: ${gone.map(({ name }) => name).join(', ')}` : fresh ? `${fresh} new or changed` : 'nothing new');
    } catch (error) {
      viewer.say(/** @type {Error} */ (error).message);
    }
  }

  close() {}
}
