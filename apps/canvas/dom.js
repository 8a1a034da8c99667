/** Elements made from text only: what comes from files can never become markup. */

/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, any>} [props]  `class`, `on<event>`, `aria-*`, `data-*` and other attributes; `text` for its text
 * @param {...(Node | string | null)} children  strings become text
 * @returns {HTMLElementTagNameMap[T]}
 */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === 'text') node.textContent = String(value);
    else if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? '' : String(value));
  }
  for (const child of children) if (child !== null) node.append(child);
  return node;
}

/**
 * A button with a pictogram; its name is for screen readers and the tooltip.
 * @param {string} glyph @param {string} name @param {(event: Event) => void} run @param {Record<string, any>} [props]
 */
export function iconButton(glyph, name, run, props = {}) {
  return el('button', { type: 'button', class: 'icon', title: name, 'aria-label': name, onclick: run, ...props }, icon(glyph));
}

const SVG = 'http://www.w3.org/2000/svg';

/** Paths on a grid of 16, drawn as lines. @type {Record<string, string>} */
const PATHS = {
  previous: 'M10 3 5 8l5 5',
  next: 'm6 3 5 5-5 5',
  queue: 'M2 4h9M2 8h6M2 12h5M12 8v6M9.5 11.5 12 14l2.5-2.5',
  flag: 'M4 14V2.5h7.5L9.5 5.5l2 3H4',
  note: 'M3 3h10v7l-3 3H3zM10 13v-3h3M5.5 6h5M5.5 8.5h3',
  help: 'M5.6 6a2.4 2.4 0 1 1 3.6 2.1c-.8.5-1.2.9-1.2 1.9M8 12.4v.2',
  settings: 'M2 5h7M13 5h1M2 11h1M7 11h7M11 3.2v3.6M5 9.2v3.6',
  contrast: 'M8 2.5a5.5 5.5 0 1 0 0 11zM8 2.5a5.5 5.5 0 1 1 0 11',
  fit: 'M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10',
  enlarge: 'M9.5 2.5h4v4M13.5 2.5l-4.5 4.5M6.5 13.5h-4v-4M2.5 13.5 7 9',
  undo: 'M5.5 3 2.5 6l3 3M2.5 6h6.5a4 4 0 0 1 0 8H6',
  redo: 'm10.5 3 3 3-3 3M13.5 6H7a4 4 0 0 0 0 8h3',
  play: 'M5 3v10l8-5z',
  pause: 'M5.5 3v10M10.5 3v10',
  first: 'M11.5 3 6.5 8l5 5M4.5 3v10',
  down: 'm4.5 6.5 3.5 3.5 3.5-3.5',
  loop: 'M11 2.5 13.5 5 11 7.5M13.5 5H5a2.5 2.5 0 0 0-2.5 2.5V8M5 13.5 2.5 11 5 8.5M2.5 11H11a2.5 2.5 0 0 0 2.5-2.5V8',
  lower: 'M2.5 2.5h11v11h-11zM2.5 9.5h11',
  left: 'M2.5 2.5h11v11h-11zM6.5 2.5v11',
  right: 'M2.5 2.5h11v11h-11zM9.5 2.5v11',
  link: 'M8 2v3M8 11v3M2 8h3M11 8h3M8 8h.01M8 12.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9',
  table: 'M2.5 3.5h11v9h-11zM2.5 6.5h11M6 3.5v9',
  again: 'M13 8a5 5 0 1 1-1.5-3.6M13 2v3h-3',
  delete: 'm4.5 4.5 7 7M11.5 4.5l-7 7',
};

/** @param {string} name @returns {SVGSVGElement} */
export function icon(name) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 16 16');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', PATHS[name]);
  svg.append(path);
  return svg;
}

/** Whether a key press in this element is text. @param {EventTarget | null} target */
export function isTextField(target) {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return !['range', 'checkbox', 'button', 'color', 'radio'].includes(target.type);
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement || target.isContentEditable;
}

/** A name that no other operation or tab has; `crypto.randomUUID` is missing where the page is not served securely. */
export function freshId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
