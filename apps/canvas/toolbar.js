/** The bar at the top: where we are, what is switched on, who is here, whether all is saved. */

/** @import { Page } from './page.js' */
/** @import { Room } from './room.js' */
import { el, icon, iconButton } from './dom.js';
import { labelOf } from './keys.js';

export class Toolbar {
  /** @param {Page} page @param {Room} room */
  constructor(page, room) {
    this.page = page;
    this.room = room;
    const run = (/** @type {string} */ id) => () => page.commands.find((command) => command.id === id)?.run();
    this.place = el('span', { class: 'place' });
    this.title = el('h2', { class: 'title' });
    this.people = el('span', { class: 'people', role: 'list', 'aria-label': 'others who label here' });
    this.saved = el('span', { class: 'saved', role: 'status' });
    /** @type {[string, string, string, () => boolean][]} */
    this.switches = [
      ['lines', 'Lines', 'skeleton lines', () => page.settings.lines],
      ['names', 'Names', 'names of all keypoints', () => page.settings.names],
      ...(page.project.calibrated ? /** @type {[string, string, string, () => boolean][]} */ ([
        ['curves', 'Epipolar', 'epipolar curves', () => page.settings.curves],
        ['follow', 'Follow', 'all views follow the keypoint', () => page.settings.follow]]) : []),
      ['previous', 'Before', 'labels of the frame before', () => page.settings.previous],
      ['hide', 'Marks', 'all marks', () => !page.isHidden],
    ];
    this.buttons = this.switches.map(([id, word, title]) => el('button', { type: 'button', class: 'switch', 'data-command': id, onclick: run(id), 'data-title': title, text: word }));
    /** @private */
    this.playing = false;
    this.undo = iconButton('undo', 'undo', run('undo'));
    this.redo = iconButton('redo', 'redo', run('redo'));
    this.play = iconButton('play', 'play the frames around it', run('loop'));
    this.element = el('div', { class: 'bar', role: 'toolbar', 'aria-label': 'labeling' },
      iconButton('left', 'list of frames', run('left')),
      el('span', { class: 'steps' }, iconButton('previous', 'previous frame', run('frame-previous')), this.place, iconButton('next', 'next frame', run('frame-next'))),
      this.title, this.play,
      el('span', { class: 'spring' }),
      el('span', { class: 'switches' }, ...this.buttons),
      el('span', { class: 'rule' }), this.undo, this.redo, el('span', { class: 'rule' }),
      this.people, this.saved,
      iconButton('table', 'coordinates as a table', run('table')),
      iconButton('settings', 'settings', (event) => room.settings.open(/** @type {HTMLElement} */ (event.currentTarget))),
      iconButton('help', 'keys and help', run('help')),
      iconButton('right', 'list of keypoints', run('right')));
  }

  focus() {
    this.element.querySelector('button')?.focus();
  }

  update() {
    const { page } = this;
    const { rows, frame, outbox, loop } = page;
    const place = rows.placeOf(page.target);
    this.place.textContent = `${place < 0 ? '–' : place + 1} / ${rows.order.length}`;
    const number = frame && frame.index >= 0 ? ` · frame ${frame.index}` : '';
    this.title.textContent = frame ? `${frame.session}${number}` : page.project.name;
    this.switches.forEach(([id, , title, isOn], index) => {
      const button = this.buttons[index];
      const command = page.commands.find((one) => one.id === id);
      button.setAttribute('aria-pressed', String(isOn()));
      button.title = `${title} (${command ? page.keymap.keysOf(command).map(labelOf).join(' or ') : ''})`;
    });
    const { past, future } = page.editor.history;
    this.name(this.undo, 'undo', past.at(-1)?.title);
    this.name(this.redo, 'redo', future.at(-1)?.title);
    if (this.play.classList.toggle('on', loop.isPlaying) !== this.playing) {
      this.playing = loop.isPlaying;
      this.play.replaceChildren(icon(loop.isPlaying ? 'pause' : 'play'));
    }
    const unsaved = outbox.size;
    this.saved.textContent = outbox.trouble && unsaved ? `${unsaved} not saved` : unsaved ? 'Saving' : 'Saved';
    this.saved.dataset.state = outbox.trouble && unsaved ? 'trouble' : unsaved ? 'saving' : 'saved';
    this.showPeople();
  }

  /** @private @param {HTMLButtonElement} button @param {string} word @param {string | undefined} what */
  name(button, word, what) {
    button.disabled = what === undefined;
    button.title = what ? `${word}: ${what}` : `nothing to ${word}`;
    button.setAttribute('aria-label', what ? `${word}: ${what}` : word);
  }

  /** @private */
  showPeople() {
    this.people.replaceChildren(...this.page.others.present.map((one) => {
      const dot = el('span', { class: 'person', role: 'listitem', text: [...one.who][0]?.toUpperCase() ?? '?' });
      dot.style.backgroundColor = one.color;
      dot.title = one.frame === this.page.target ? `${one.who}, on this frame too` : one.who;
      dot.classList.toggle('here', one.frame === this.page.target);
      return dot;
    }));
  }
}
