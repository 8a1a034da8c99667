/**
 * The door: what Streamlit (components v2) and a bare page call to show the labeling page. `data` says which project; everything
 * else comes from the server's routes, and nothing goes back through Streamlit, so labeling causes no rerun.
 */

import { Api } from './api.js';
import { el, freshId } from './dom.js';
import { Page } from './page.js';
import { readSettings } from './settings.js';
import { openShelf } from './storage.js';

const SETTINGS = 'litpose-labeling';
const STYLES = ['theme.css', 'lists.css'];

/**
 * The page that stands in an element, also while it is still starting.
 * @typedef {{project: string, frame: string | null, root: HTMLElement, styles: HTMLElement[], page: Page | null, isGone: boolean}} Standing
 * @type {WeakMap<HTMLElement, Standing>}
 */
const standing = new WeakMap();

/**
 * Show the page, or leave it as it is when it stands there already: Streamlit calls this again at every rerun.
 * @param {{data: {project: string, frame?: string | null, base?: string}, parentElement: HTMLElement | ShadowRoot}} component
 * @returns {() => void} takes it away again
 */
export default function mount({ data, parentElement }) {
  const host = /** @type {HTMLElement} */ (parentElement);
  const before = standing.get(host);
  if (before && before.project === data.project && before.root.isConnected) {
    const frame = data.frame ?? null;
    if (frame && frame !== before.frame) before.page?.open(frame);
    before.frame = frame;
    return () => leave(host);
  }
  leave(host);
  const root = el('div', { class: 'litpose-canvas', tabindex: '-1' }, el('p', { class: 'opening', role: 'status', text: 'Opening the project' }));
  const styles = STYLES.map((name) => el('link', { rel: 'stylesheet', href: new URL(name, import.meta.url).href }));
  host.append(...styles, root);
  const place = { project: data.project, frame: data.frame ?? null, root, styles, page: null, isGone: false };
  standing.set(host, place);
  dress(root);
  open(place, data).catch((error) => {
    root.replaceChildren(el('p', { class: 'opening', role: 'alert', text: `The project cannot be opened: ${error.message}` }));
  });
  return () => leave(host);
}

/** @param {HTMLElement} host */
function leave(host) {
  const place = standing.get(host);
  if (!place) return;
  place.isGone = true;
  place.page?.close();
  for (const node of [...place.styles, place.root]) node.remove();
  standing.delete(host);
}

/**
 * @param {Standing} place
 * @param {{project: string, frame?: string | null, base?: string}} data
 */
async function open(place, { project: id, frame = null, base = '' }) {
  const api = new Api(id, base);
  const [project, shelf] = await Promise.all([api.project(), openShelf()]);
  if (place.isGone) return;
  const { root } = place;
  root.replaceChildren();
  const page = new Page(root, {
    project, api, shelf, client: await clientOfTab(), settings: readSettings(localStorage, SETTINGS), settingsKey: SETTINGS,
  });
  place.page = page;
  await page.outbox.adopt(isGone);
  await page.start(frame ?? sessionStorage.getItem(`litpose-frame-${id}`));
  page.room.focusTile();
  Object.assign(root, { page }); // for tests and the console
}

/**
 * A name for this tab that a reload keeps. A tab that was duplicated has the other's memory, so it takes a new name.
 * @returns {Promise<string>}
 */
async function clientOfTab() {
  let client = sessionStorage.getItem('litpose-client') ?? freshId();
  if (navigator.locks && !(await hold(client))) {
    client = freshId();
    await hold(client);
  }
  sessionStorage.setItem('litpose-client', client);
  return client;
}

const lockName = (/** @type {string} */ client) => `litpose-client-${client}`;

/** Hold a tab's name until the tab is gone. @param {string} client @returns {Promise<boolean>} whether it was free */
function hold(client) {
  return new Promise((resolve) => {
    navigator.locks.request(lockName(client), { ifAvailable: true }, (lock) => {
      resolve(lock !== null || held.has(client));
      if (!lock) return undefined;
      held.add(client);
      return new Promise(() => undefined);
    });
  });
}

/** @type {Set<string>} */
const held = new Set();

/** Whether the tab of that name is closed, so that its unsaved edits are ours to save. @param {string} client @returns {Promise<boolean>} */
async function isGone(client) {
  if (!navigator.locks) return true; // sending an edit twice does no harm
  return navigator.locks.request(lockName(client), { ifAvailable: true }, (lock) => lock !== null);
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
