/** Which keys run which command; a person may give a command other keys. */

import { isTextField } from './dom.js';

/**
 * @typedef {object} Command
 * @property {string} id
 * @property {string} group
 * @property {string} title
 * @property {string[]} keys
 * @property {() => void} run
 */

const MODIFIERS = new Set(['Control', 'Shift', 'Alt', 'Meta', 'AltGraph', 'CapsLock', 'Dead']);

/**
 * The name of a key press, such as `Ctrl+Shift+Z`, `?` or `ArrowLeft`; null for a modifier by itself. Cmd of a Mac is Ctrl.
 * @param {Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey'>} event @returns {string | null}
 */
export function comboOf(event) {
  if (MODIFIERS.has(event.key)) return null;
  const isLetter = /^\p{L}$/u.test(event.key);
  const key = event.key === ' ' ? 'Space' : isLetter ? event.key.toUpperCase() : event.key;
  const shift = event.shiftKey && (isLetter || event.key.length > 1 || event.key === ' '); // of `?` it is part
  return [event.ctrlKey || event.metaKey ? 'Ctrl+' : '', event.altKey ? 'Alt+' : '', shift ? 'Shift+' : '', key].join('');
}

/** Whether the combination is text: WCAG 2.1.4 wants such shortcuts to be switchable off. @param {string} combo */
export function isCharacter(combo) {
  return [...combo.replace(/^Shift\+/, '')].length === 1;
}

/** How a combination is shown. @param {string} combo */
export function labelOf(combo) {
  /** @type {Record<string, string>} */
  const arrows = { ArrowLeft: '←', ArrowRight: '→', ArrowUp: '↑', ArrowDown: '↓', Escape: 'Esc' };
  return combo.replace(/Arrow\w+|Escape/, (name) => arrows[name]);
}

export class Keymap {
  /** @param {Command[]} commands @param {Record<string, string[]>} own  keys that a person chose, by command */
  constructor(commands, own) {
    this.commands = commands;
    this.own = own;
  }

  /** @param {Command} command @returns {string[]} */
  keysOf(command) {
    return this.own[command.id] ?? command.keys;
  }

  /** @param {string} combo @returns {Command | undefined} */
  find(combo) {
    return this.commands.find((command) => this.keysOf(command).includes(combo));
  }

  /**
   * Give a command a key, and take it from whichever command had it.
   * @param {Command} command @param {string} combo @returns {Command | undefined} the one it was taken from
   */
  bind(command, combo) {
    const before = this.find(combo);
    if (before && before !== command) this.own[before.id] = this.keysOf(before).filter((key) => key !== combo);
    this.own[command.id] = [combo];
    return before === command ? undefined : before;
  }

  reset() {
    for (const id of Object.keys(this.own)) delete this.own[id];
  }
}

const ALWAYS = new Set(['leave', 'help', 'table']); // also where a window lies over the page

/**
 * Run the command of a key press, unless the key means something where it was pressed.
 * @param {KeyboardEvent} event
 * @param {{root: HTMLElement, keymap: Keymap, settings: {letters: boolean}}} page
 * @param {HTMLElement} views  where Tab, Enter, Space and the arrows are shortcuts too
 * @param {(combo: string) => boolean} takesKey  whether someone waits for this key, whatever it means
 */
export function press(event, { root, keymap, settings }, views, takesKey) {
  event.stopPropagation(); // Streamlit has shortcuts of its own
  const target = /** @type {HTMLElement} */ (event.composedPath()[0]);
  const combo = comboOf(event);
  if (!combo || event.isComposing || takesKey(combo)) return;
  const command = keymap.find(combo);
  if (!command) return;
  if (isTextField(target) && combo !== 'Escape') return;
  if (target.closest('dialog, .popover') && !ALWAYS.has(command.id)) return;
  if (isCharacter(combo) && !settings.letters && command.id !== 'help') return;
  const isOnView = views.contains(target);
  if ((combo === 'Tab' || combo === 'Shift+Tab') && !isOnView) return;
  if ((combo === 'Enter' || combo === 'Space' || combo.startsWith('Arrow')) && !isOnView && target !== root
    && target.matches('button, input, select, [role=listbox]')) return;
  event.preventDefault();
  command.run();
}
