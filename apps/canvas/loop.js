/** The frames of the video around the one that is labeled, as a loop: motion tells what a single image hides. */

/** @import { Page } from './page.js' */

const PAUSE = 110; // ms a frame
const REST = 500; // ms at the frame itself

export class Loop {
  /** @param {Page} page */
  constructor(page) {
    this.page = page;
    this.offset = 0;
    this.isPlaying = false;
    /** @private @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
  }

  /** Offsets that every view can show, 0 among them. @returns {number[]} */
  get offsets() {
    const { frame, settings, project } = this.page;
    if (!frame) return [0];
    const lists = project.views.map((view) => frame.context[view] ?? []);
    const shared = (lists[0] ?? []).filter((offset) =>
      offset && Math.abs(offset) <= settings.context && lists.every((list) => list.includes(offset)));
    return [...shared, 0].sort((a, b) => a - b);
  }

  toggle() {
    if (this.isPlaying) return this.stop();
    const { offsets, page } = this;
    if (offsets.length < 2) return page.say('there are no frames around this one: its video is not in the project');
    page.labeling.cancel();
    this.isPlaying = true;
    this.advance();
  }

  /** Back to the frame itself. */
  stop() {
    clearTimeout(this.timer);
    this.isPlaying = false;
    this.show(0);
  }

  /** @param {number} step */
  by(step) {
    const { offsets } = this;
    clearTimeout(this.timer);
    this.isPlaying = false;
    const next = offsets[offsets.indexOf(this.offset) + step];
    if (next === undefined) this.page.say('no further frame is at hand');
    else this.show(next);
  }

  /** @private @param {number} offset */
  show(offset) {
    if (offset === this.offset && !this.isPlaying) return this.page.room?.loopChanged();
    this.page.labeling.cancel();
    this.offset = offset;
    this.page.pictures.show(offset);
    this.page.room?.loopChanged();
  }

  /** @private */
  async advance() {
    const { offsets, page } = this;
    const frame = page.frame;
    const next = offsets[(offsets.indexOf(this.offset) + 1) % offsets.length];
    try {
      if (frame) await Promise.all(page.pictures.urls(frame, next).map((url) => page.images.load(url)));
    } catch (error) {
      page.say(`the frames around this one cannot be shown: ${/** @type {Error} */ (error).message}`);
      return this.stop();
    }
    if (!this.isPlaying || page.frame !== frame) return;
    this.show(next);
    this.timer = setTimeout(() => this.advance(), next === 0 ? REST : PAUSE);
  }
}
