/**
 * The door to the viewer, for Streamlit (components v2) and for a bare page. `data` says which project; the session, the frame and
 * what is drawn stand in the page's own address, so that a link opens the same again.
 */

import { mounter } from '../mount.js';
import { settingsOf } from '../settings.js';
import { readAddress } from './address.js';
import { ViewerApi } from './api.js';
import { el } from '../dom.js';
import { Viewer } from './page.js';
import { fresh } from './settings.js';

const SETTINGS = 'litpose-viewer';
const STYLES = ['../theme.css', '../lists.css', 'viewer.css', 'panels.css'];

/** @typedef {{project: string, address?: Record<string, string>, base?: string}} Data */

/** The viewer of one session after the other. */
class Seat {
  /** @param {import('../mount.js').Standing<Data, Seat>} place @param {ViewerApi} api @param {import('../types.js').Project} project */
  constructor(place, api, project) {
    this.place = place;
    this.api = api;
    this.project = project;
    /** @type {Viewer | null} */
    this.viewer = null;
    /** the session that is being opened, or is open */
    this.session = '';
  }

  /** @param {string} session @param {import('./address.js').Address} [address]  what to show of it */
  async open(session, address = { session }) {
    this.session = session;
    const recording = await this.api.recording(session);
    if (this.place.isGone || this.session !== session) return;
    this.viewer?.close();
    const { root } = this.place;
    root.replaceChildren();
    const settings = settingsOf(localStorage, SETTINGS, fresh());
    this.viewer = new Viewer(root, { project: this.project, session: recording, api: this.api, settings, settingsKey: SETTINGS,
      leaveFor: (name) => this.open(name).catch((error) => this.viewer?.say(error.message)) });
    Object.assign(root, { viewer: this.viewer }); // for tests and the console
    await this.viewer.start(address);
  }

  close() {
    this.viewer?.close();
  }
}

export default mounter({
  styles: STYLES.map((name) => new URL(name, import.meta.url)),
  open,
  again: (/** @type {Seat} */ seat, /** @type {Data} */ data, before) => {
    const { session, frame } = data.address ?? {};
    if (session && session !== before.address?.session && session !== seat.session) seat.open(session, readAddress(data.address ?? {}));
    else if (frame && session === seat.session && frame !== before.address?.frame && Number(frame) !== seat.viewer?.link.frame) seat.viewer?.seek(Number(frame));
  },
});

/** @param {import('../mount.js').Standing<Data, Seat>} place */
async function open(place) {
  const { project: id, base = '', address } = place.data;
  const api = new ViewerApi(id, base);
  const asked = readAddress(address ?? Object.fromEntries(new URLSearchParams(location.search)));
  const project = await api.project();
  const session = asked.session || await firstSession(api);
  if (place.isGone) return;
  if (!session) {
    place.root.replaceChildren(el('div', { class: 'opening' }, el('h2', { text: 'No recording yet' }),
      el('p', { text: 'Add videos to the project first; they are shown here, with what was predicted for them.' })));
    return;
  }
  place.page = new Seat(place, api, project);
  await place.page.open(session, { ...asked, session });
}

/** The session with the most to show. @param {ViewerApi} api */
async function firstSession(api) {
  const { sessions } = await api.recordings();
  const worth = (/** @type {import('./types.js').RecordingRow} */ row) => 2 * row.predicted + Number(row.smoothed) + Number(row.views.length > 0) / 2;
  return sessions.reduce((best, row) => (!best || worth(row) > worth(best) ? row : best), /** @type {import('./types.js').RecordingRow | null} */ (null))?.name;
}
