/** Small windows that open beside a button: settings, and brightness and contrast of a view. */

/** @import { Page } from './page.js' */
/** @import { Settings } from './settings.js' */
import { el } from './dom.js';

export class Popover {
  /** @param {string} name */
  constructor(name) {
    /** @private @type {HTMLElement | null} */
    this.anchor = null;
    this.element = el('div', { class: 'popover', role: 'dialog', 'aria-label': name, hidden: true });
  }

  /** @protected @param {HTMLElement} anchor @param {...Node} content */
  openAt(anchor, ...content) {
    const isAgain = !this.element.hidden && this.anchor === anchor;
    if (isAgain) return this.close();
    this.anchor = anchor;
    this.element.replaceChildren(...content);
    this.element.hidden = false;
    const box = anchor.getBoundingClientRect();
    const room = /** @type {HTMLElement} */ (this.element.offsetParent ?? document.body).getBoundingClientRect();
    const left = Math.min(box.left - room.left, room.width - this.element.offsetWidth - 8);
    const top = Math.min(box.bottom - room.top + 4, room.height - this.element.offsetHeight - 8);
    this.element.style.left = `${Math.max(4, left)}px`;
    this.element.style.top = `${Math.max(4, top)}px`;
    this.element.querySelector('input')?.focus();
    const away = (/** @type {Event} */ event) => {
      const path = event.composedPath();
      if (path.includes(this.element) || path.includes(anchor)) return;
      this.close();
    };
    this.away?.abort();
    this.away = new AbortController();
    document.addEventListener('pointerdown', away, { signal: this.away.signal, capture: true });
    return true;
  }

  close() {
    const wasOpen = !this.element.hidden;
    this.element.hidden = true;
    this.away?.abort();
    return wasOpen;
  }
}

/**
 * The page whose views may be made brighter.
 * @typedef {object} Lit
 * @property {{views: string[]}} project
 * @property {{light: Record<string, [number, number]>}} settings
 * @property {{applySettings: () => void, lightBy: (v: number, brightness: number, contrast: number) => void}} room
 */

export class LightPanel extends Popover {
  /** @param {Lit} page */
  constructor(page) {
    super('brightness and contrast');
    this.page = page;
  }

  /** @param {number} v @param {HTMLElement} anchor */
  open(v, anchor) {
    const { page } = this;
    const view = page.project.views[v];
    const slider = (/** @type {string} */ word, /** @type {0 | 1} */ index) => {
      const input = el('input', { type: 'range', min: '0.2', max: '4', step: '0.05', value: (page.settings.light[view] ?? [1, 1])[index],
        oninput: () => {
          const light = /** @type {[number, number]} */ ([...(page.settings.light[view] ?? [1, 1])]);
          light[index] = input.valueAsNumber;
          page.settings.light[view] = light;
          page.room.applySettings();
        } });
      return el('label', {}, el('span', { text: word }), input);
    };
    this.openAt(anchor, el('h3', { text: view || 'Image' }), slider('Brightness', 0), slider('Contrast', 1),
      el('button', { type: 'button', text: 'As it is', onclick: () => { page.room.lightBy(v, 0, 0); this.close(); } }));
  }
}

export class SettingsPanel extends Popover {
  /** @param {Page} page */
  constructor(page) {
    super('settings');
    this.page = page;
  }

  /** @param {HTMLElement} anchor */
  open(anchor) {
    const { settings } = this.page;
    this.openAt(anchor, el('h3', { text: 'Settings' }),
      this.field('Your name', el('input', { type: 'text', value: settings.who, maxlength: '60', placeholder: 'kept with every label' }), 'who'),
      this.field('Your colour', el('input', { type: 'color', value: settings.color }), 'color'),
      this.choice(),
      this.field('Size of marks', el('input', { type: 'range', min: '1.5', max: '14', step: '0.5', value: settings.pointSize }), 'pointSize'),
      this.field('Size of text', el('input', { type: 'range', min: '10', max: '20', step: '0.5', value: settings.textSize }), 'textSize'),
      this.field('Mark residuals above, px', el('input', { type: 'number', min: '0.5', step: '0.5', value: settings.warnPx }), 'warnPx'),
      this.field('Frames around in the loop', el('input', { type: 'number', min: '1', max: '5', step: '1', value: settings.context }), 'context'),
      this.field('Single letters are shortcuts', el('input', { type: 'checkbox', checked: settings.letters }), 'letters'));
  }

  /** @private @param {string} word @param {HTMLInputElement} input @param {keyof Settings} name */
  field(word, input, name) {
    input.addEventListener('input', () => {
      const value = input.type === 'checkbox' ? input.checked : ['range', 'number'].includes(input.type) ? input.valueAsNumber : input.value;
      if (typeof value === 'number' && !Number.isFinite(value)) return;
      Object.assign(this.page.settings, { [name]: value });
      this.page.room.applySettings();
      if (name === 'who' || name === 'color') this.page.others.here(this.page.target);
    });
    return el('label', {}, el('span', { text: word }), input);
  }

  /** @private */
  choice() {
    const { settings } = this.page;
    const select = el('select', { onchange: () => {
      settings.advance = /** @type {Settings['advance']} */ (select.value);
      this.page.room.applySettings();
    } }, ...[['view', 'next keypoint, same view'], ['pair', 'next keypoint once two views have it'], ['off', 'stay']].map(([value, text]) =>
      el('option', { value, text, selected: settings.advance === value })));
    return el('label', {}, el('span', { text: 'After placing' }), select);
  }
}
