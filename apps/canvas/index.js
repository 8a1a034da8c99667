/**
 * The door: what Streamlit (components v2) and a bare page call to show the labeling page. `data` says which project; everything
 * else comes from the server's routes, and nothing goes back through Streamlit, so labeling causes no rerun.
 */

import { Api } from './api.js';
import { freshId } from './dom.js';
import { historyKey } from './history.js';
import { mounter } from './mount.js';
import { Page } from './page.js';
import { readSettings } from './settings.js';
import { openShelf } from './storage.js';

const SETTINGS = 'litpose-labeling';
const LOOK = 700; // ms

/** @typedef {{project: string, frame?: string | null, base?: string}} Data */

/** Show the page, or leave it as it is when it stands there already. */
export default mounter({
  styles: ['theme.css', 'lists.css'].map((name) => new URL(name, import.meta.url)),
  open,
  again: (/** @type {Page} */ page, /** @type {Data} */ { frame }, before) => {
    if (frame && frame !== before.frame) page.open(frame);
  },
});

/** @param {import('./mount.js').Standing<Data, Page>} place */
async function open(place) {
  const { root, data: { project: id, frame = null, base = '' } } = place;
  const api = new Api(id, base);
  const [project, shelf] = await Promise.all([whileTelling(api, root, api.project()), openShelf()]);
  if (place.isGone) return;
  root.replaceChildren();
  const client = await clientOfTab();
  const undoKey = await historyKey(localStorage, id, client, isGone);
  const page = new Page(root, {
    project, api, shelf, client, undoKey, settings: readSettings(localStorage, SETTINGS), settingsKey: SETTINGS,
  });
  place.page = page;
  await page.outbox.adopt(isGone);
  await page.start(frame ?? sessionStorage.getItem(`litpose-frame-${id}`));
  page.room.focusTile();
  Object.assign(root, { page }); // for tests and the console
}

/**
 * Say how far the server is while it reads the labels of a large project for the first time, which takes a minute.
 * @template T @param {Api} api @param {HTMLElement} root @param {Promise<T>} opened @returns {Promise<T>}
 */
async function whileTelling(api, root, opened) {
  const timer = setInterval(async () => {
    const { share } = await api.opening().catch(() => ({ share: null }));
    const text = root.querySelector('.opening');
    if (share !== null && text) text.textContent = `Reading the label files for the first time, ${Math.round(100 * share)} %`;
  }, LOOK);
  return opened.finally(() => clearInterval(timer));
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
