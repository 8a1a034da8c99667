/** Which image every tile shows: a copy as large as the tile, or the image itself where a part of it is enlarged. */

/** @import { FrameData } from './types.js' */
/** @import { Page } from './page.js' */

export class Pictures {
  /** @param {Page} page */
  constructor(page) {
    this.page = page;
  }

  /** @param {number} offset frames of the video before or after the one to be labeled */
  show(offset) {
    const { frame, images, tiles } = this.page;
    if (!frame) return;
    const copies = this.urls(frame, offset);
    const wholes = this.urls(frame, offset, true);
    images.show([...copies, ...wholes]);
    tiles.forEach((_, v) => this.showOne(frame, v, offset, [copies[v], wholes[v]]));
  }

  /** The copy of an image that is shown is too small by now: show the image itself. @param {number} v */
  sharpen(v) {
    const { frame, loop: { offset } } = this.page;
    if (frame) this.showOne(frame, v, offset, [this.urls(frame, offset, true)[v]]);
  }

  /** Where the images of a frame are had, as large as they will be shown. @param {FrameData} frame @param {number} [offset] @param {boolean} [isWhole]  as large as they are */
  urls(frame, offset = 0, isWhole = false) {
    const { api, project, tiles } = this.page;
    return project.views.map((view, v) => api.imageUrl(frame, view, offset, isWhole ? 0 : tiles[v].enough(frame.sizes[view])));
  }

  /** @private @param {FrameData} frame @param {number} v @param {number} offset @param {string[]} urls  that will do; the first is loaded where none is here */
  showOne(frame, v, offset, urls) {
    const { page } = this;
    const tile = page.tiles[v];
    const name = offset ? `${frame.id} ${offset}` : frame.id;
    const isAsked = () => page.frame === frame && page.loop.offset === offset;
    const ready = urls.map((url) => page.images.get(url)).find(Boolean);
    if (ready) return tile.show(ready, name);
    if (tile.shown !== name) tile.draw();
    page.images.load(urls[0]).then(
      (picture) => isAsked() && tile.show(picture, name),
      (error) => isAsked() && (tile.shown === name ? page.say(error.message) : tile.fault(error.message, name)),
    );
  }
}
