/**
 * How a page gets into an element and out of it again. Streamlit (components v2) calls the same function at every rerun, and a
 * page of our own calls it once.
 */

import { el } from './dom.js';

/**
 * @template D, P
 * @typedef {object} Standing  the page that stands in an element, also while it is still starting
 * @property {D} data
 * @property {HTMLElement} root
 * @property {HTMLElement[]} styles
 * @property {P | null} page
 * @property {boolean} isGone
 */

/**
 * The function that Streamlit calls.
 * @template {{project: string}} D
 * @template {{close: () => void}} P
 * @param {object} kind
 * @param {URL[]} kind.styles
 * @param {(place: Standing<D, P>) => Promise<void>} kind.open  fills the place's root, unless the place is gone by then
 * @param {(page: P, data: D, before: D) => void} kind.again  the page stands, and Streamlit has new data for it
 * @returns {(component: {data: D, parentElement: HTMLElement | ShadowRoot}) => () => void}
 */
export function mounter({ styles, open, again }) {
  /** @type {WeakMap<HTMLElement, Standing<D, P>>} */
  const standing = new WeakMap();

  const leave = (/** @type {HTMLElement} */ host) => {
    const place = standing.get(host);
    if (!place) return;
    place.isGone = true;
    place.page?.close();
    for (const node of [...place.styles, place.root]) node.remove();
    standing.delete(host);
  };

  return ({ data, parentElement }) => {
    const host = /** @type {HTMLElement} */ (parentElement);
    const before = standing.get(host);
    if (before && before.data.project === data.project && before.root.isConnected) {
      if (before.page) again(before.page, data, before.data);
      before.data = data;
      return () => leave(host);
    }
    leave(host);
    const root = el('div', { class: 'litpose-canvas', tabindex: '-1' }, el('p', { class: 'opening', role: 'status', text: 'Opening the project' }));
    const links = styles.map((style) => el('link', { rel: 'stylesheet', href: style.href }));
    host.append(...links, root);
    /** @type {Standing<D, P>} */
    const place = { data, root, styles: links, page: null, isGone: false };
    standing.set(host, place);
    dress(root);
    open(place).catch((error) => {
      root.replaceChildren(el('p', { class: 'opening', role: 'alert', text: `The project cannot be opened: ${error.message}` }));
    });
    return () => leave(host);
  };
}

/** Wear the colours of the page around: Streamlit's theme where there is one, or else the system's. @param {HTMLElement} root */
function dress(root) {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const choose = () => {
    const around = getComputedStyle(root).getPropertyValue('--st-background-color').trim();
    root.dataset.theme = (around ? isDark(around) : dark.matches) ? 'dark' : 'light';
  };
  choose();
  dark.addEventListener('change', choose);
  new MutationObserver(choose).observe(document.documentElement, { attributes: true, subtree: false });
  root.addEventListener('pointerenter', choose);
}

/** @param {string} color @returns {boolean} */
function isDark(color) {
  const context = el('canvas', { width: 1, height: 1 }).getContext('2d');
  if (!context) return false;
  context.fillStyle = color;
  context.fillRect(0, 0, 1, 1);
  const [red, green, blue] = context.getImageData(0, 0, 1, 1).data;
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue < 128;
}
