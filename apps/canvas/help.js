/** Keys on the screen: all commands with their keys, which can be given others here. */

/** @import { Command, Keymap } from './keys.js' */
import { el } from './dom.js';
import { labelOf } from './keys.js';

/**
 * The page that has the keys.
 * @typedef {object} Keyed
 * @property {Command[]} commands
 * @property {Keymap} keymap
 * @property {() => void} keepSettings
 * @property {{toolbar: {update: () => void}, focusTile: () => void}} room
 */

/** What a mouse does on the labeling page. @type {[string, string][]} */
export const MOUSE = [
  ['click', 'place the active keypoint; where it has its label, a click on another one chooses that'], ['drag', 'move a label'],
  ['right click', 'place as occluded; on a label: occluded or visible'], ['Ctrl + click', 'choose a label, place nothing'],
  ['wheel', 'zoom'], ['middle drag, ⇧ drag', 'pan'],
];

export class Help {
  /** @param {Keyed} page @param {[string, string][]} mouse  gestures and what they do */
  constructor(page, mouse) {
    this.page = page;
    this.gestures = mouse;
    this.content = el('div', { class: 'columns' });
    this.hint = el('p', { class: 'hint', role: 'status' });
    this.element = el('dialog', { class: 'help', 'aria-label': 'keys and help' },
      el('header', {}, el('h2', { text: 'Keys' }), this.hint, el('span', { class: 'spring' }),
        el('button', { type: 'button', text: 'As delivered', onclick: () => this.reset() }),
        el('button', { type: 'button', text: 'Close', autofocus: true, onclick: () => this.close() })),
      el('div', { class: 'scroll' }, this.content));
    /** the command that waits for its new key @type {Command | null} */
    this.binding = null;
  }

  toggle() {
    if (this.close()) return;
    this.draw();
    this.element.showModal();
  }

  close() {
    const wasOpen = this.element.open;
    this.binding = null;
    this.element.close();
    if (wasOpen) this.page.room.focusTile();
    return wasOpen;
  }

  /** Whether a key press is the one that a command waits for. @param {string} combo @param {KeyboardEvent} event */
  takesKey(combo, event) {
    const { binding, page } = this;
    if (!binding || !this.element.open) return false;
    event.stopPropagation();
    event.preventDefault();
    this.binding = null;
    if (combo !== 'Escape') {
      const other = page.keymap.bind(binding, combo);
      this.hint.textContent = other ? `${labelOf(combo)} is taken from “${other.title}”.` : '';
      page.keepSettings();
      page.room.toolbar.update();
    } else this.hint.textContent = '';
    this.draw(binding);
    return true;
  }

  /** @private */
  reset() {
    this.page.keymap.reset();
    this.page.keepSettings();
    this.hint.textContent = 'All keys are as delivered.';
    this.draw();
  }

  /** @private @param {Command} [focused]  whose button keeps the focus */
  draw(focused) {
    const groups = [...new Set(this.page.commands.map((command) => command.group))];
    this.content.replaceChildren(this.mouse(), ...groups.map((name) => el('section', {}, el('h3', { text: name }),
      el('ul', {}, ...this.page.commands.filter((command) => command.group === name).map((command) => this.line(command))))));
    if (focused) this.content.querySelector(/** @type {'button'} */ (`[data-command="${focused.id}"]`))?.focus();
  }

  /** @private */
  mouse() {
    return el('section', {}, el('h3', { text: 'Mouse' }), el('ul', {}, ...this.gestures.map(([gesture, what]) =>
      el('li', {}, el('span', { class: 'title', text: what }), el('span', { class: 'gesture', text: gesture })))));
  }

  /** @private @param {Command} command */
  line(command) {
    const keys = this.page.keymap.keysOf(command).map(labelOf).join('  ') || '–';
    const isBinding = this.binding === command;
    return el('li', {}, el('span', { class: 'title', text: command.title }), el('button', {
      type: 'button', class: 'key', 'data-command': command.id, text: isBinding ? 'press a key' : keys, 'aria-label': `${command.title}: ${keys}. Change`,
      onclick: () => {
        this.binding = command;
        this.hint.textContent = `Press the new key for “${command.title}”, Esc to leave it.`;
        this.draw(command);
      },
    }));
  }
}
