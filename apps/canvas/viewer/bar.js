/** The bar at the top: which session, where we are, how it plays, what is drawn. */

/** @import { Viewer } from './page.js' */
import { el, icon, iconButton } from '../dom.js';
import { labelOf } from '../keys.js';
import { SPEEDS } from './player.js';

export class Bar {
  /** @param {Viewer} viewer */
  constructor(viewer) {
    this.viewer = viewer;
    const run = (/** @type {string} */ id) => () => viewer.commands.find((command) => command.id === id)?.run();
    const { settings } = viewer;
    this.session = el('button', { type: 'button', class: 'session-choice', title: 'another session (/)', onclick: run('sessions') },
      el('span', { class: 'name', text: viewer.session.name }), icon('down'));
    this.play = iconButton('play', 'play', run('play'), { class: 'icon play' });
    this.number = el('input', { type: 'text', inputmode: 'numeric', class: 'number', 'aria-label': 'frame', spellcheck: 'false', autocomplete: 'off',
      onkeydown: (/** @type {KeyboardEvent} */ event) => this.typed(event), onblur: () => this.moved() });
    this.total = el('span', { class: 'total', text: `/ ${viewer.session.frames - 1}` });
    this.time = el('span', { class: 'time' });
    this.speed = el('select', { class: 'speed', 'aria-label': 'speed', title: 'speed (< and >)', onchange: () => { viewer.setSpeed(Number(this.speed.value)); viewer.focusTile(); } },
      ...SPEEDS.map((speed) => el('option', { value: speed, text: `${speed}×` })));
    /** @type {[string, string, string, () => boolean][]} */
    this.switches = [
      ['lines', 'Lines', 'skeleton lines', () => settings.lines],
      ['names', 'Names', 'names of keypoints', () => settings.names],
      ['trails', 'Trails', 'trails', () => settings.trails !== 'off'],
      ['fade', 'Confidence', 'confidence as opacity', () => settings.fade],
      ...(viewer.session.sources.some((source) => source.variance) ? /** @type {[string, string, string, () => boolean][]} */ ([
        ['ellipses', '95 %', 'ellipses of 95 %', () => settings.ellipses]]) : []),
      ['paint', 'By source', 'colour by source', () => viewer.look.isBySource],
      ['hide', 'Overlay', 'what is drawn over the films', () => settings.overlay],
    ];
    this.buttons = this.switches.map(([id, word]) => el('button', { type: 'button', class: 'switch', 'data-command': id, onclick: run(id), text: word }));
    this.loop = iconButton('loop', 'again and again', run('loop'));
    this.element = el('div', { class: 'bar', role: 'toolbar', 'aria-label': 'viewer' },
      this.session, el('span', { class: 'rule' }),
      iconButton('first', 'range or recording from its start', () => viewer.seek(viewer.player.span[0])),
      iconButton('previous', 'previous frame (←)', run('previous')), this.play, iconButton('next', 'next frame (→)', run('next')),
      this.loop, this.speed, el('span', { class: 'where' }, this.number, this.total), this.time,
      el('span', { class: 'spring' }),
      el('span', { class: 'switches' }, ...this.buttons),
      iconButton('help', 'keys and help (?)', run('help')),
      iconButton('lower', 'traces', run('lower')), iconButton('right', 'column on the right', run('right')));
    /** @private */
    this.playing = false;
  }

  focus() {
    this.session.focus();
  }

  /** Wait for a frame number. */
  ask() {
    this.number.focus();
    this.number.select();
  }

  /** @private @param {KeyboardEvent} event */
  typed(event) {
    if (event.key !== 'Enter') return;
    const frame = Number(this.number.value);
    if (this.number.value.trim() === '' || !Number.isInteger(frame)) this.viewer.say(`${this.number.value} is no frame number`);
    else this.viewer.seek(frame);
    this.viewer.focusTile();
  }

  /** The frame is another one. */
  moved() {
    const { viewer, number } = this;
    if (/** @type {Document | ShadowRoot} */ (number.getRootNode()).activeElement !== number) number.value = String(viewer.frame);
    this.time.textContent = viewer.timeText(viewer.frame);
  }

  update() {
    const { viewer } = this;
    const { player, settings } = viewer;
    this.switches.forEach(([id, , title, isOn], index) => {
      const command = viewer.commands.find((one) => one.id === id);
      this.buttons[index].setAttribute('aria-pressed', String(isOn()));
      this.buttons[index].title = `${title} (${command ? viewer.keymap.keysOf(command).map(labelOf).join(' or ') : ''})`;
    });
    this.loop.classList.toggle('on', settings.loop);
    this.loop.setAttribute('aria-pressed', String(settings.loop));
    this.speed.value = String(player.speed);
    this.element.classList.toggle('busy', Boolean(!player.isSettled && !player.isPlaying));
    if (player.isPlaying === this.playing) return;
    this.playing = player.isPlaying;
    this.play.replaceChildren(icon(player.isPlaying ? 'pause' : 'play'));
    this.play.setAttribute('aria-label', player.isPlaying ? 'pause' : 'play');
    this.play.title = `${player.isPlaying ? 'pause' : 'play'} (Space)`;
  }
}
