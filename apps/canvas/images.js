/** Decoded frames: those shown last and those needed next, up to a number of bytes. */

const BUDGET = 640 * 2 ** 20;
const AT_ONCE = 3; // of the six connections that a browser opens: edits and geometry must not wait behind frames

/** @param {string} url @returns {Promise<ImageBitmap>} */
async function decode(url) {
  const response = await fetch(url, { credentials: 'same-origin' });
  if (!response.ok) {
    const said = await response.json().catch(() => null);
    throw new Error(said?.error ?? `the server answered ${response.status}`);
  }
  return createImageBitmap(await response.blob());
}

export class Images {
  /**
   * @param {object} [options]
   * @param {number} [options.budget]  bytes
   * @param {number} [options.atOnce]
   * @param {(url: string) => Promise<ImageBitmap>} [options.fetchBitmap]
   * @param {(bitmap: ImageBitmap) => Promise<ImageBitmap> | null} [options.shrink]  makes what is fetched ahead as small as it will be shown
   */
  constructor({ budget = BUDGET, atOnce = AT_ONCE, fetchBitmap = decode, shrink = () => null } = {}) {
    /** @private */
    this.shrink = shrink;
    /** @private @type {WeakMap<ImageBitmap, ImageBitmap>} */
    this.small = new WeakMap();
    this.budget = budget;
    this.atOnce = atOnce;
    this.fetchBitmap = fetchBitmap;
    this.bytes = 0;
    /** @private @type {Map<string, ImageBitmap>} */
    this.ready = new Map(); // the first was used longest ago
    /** @private @type {Map<string, Promise<ImageBitmap>>} */
    this.coming = new Map();
    /** @private @type {string[]} */
    this.wanted = [];
    /** @private @type {Set<string>} */
    this.shown = new Set();
  }

  /** Name the frames on the screen, which are never given up. @param {string[]} urls */
  show(urls) {
    this.shown = new Set(urls);
  }

  /** @param {string} url @returns {ImageBitmap | undefined} */
  get(url) {
    const bitmap = this.ready.get(url);
    if (bitmap) {
      this.ready.delete(url);
      this.ready.set(url, bitmap);
    }
    return bitmap;
  }

  /** @param {string} url @returns {Promise<ImageBitmap>} */
  load(url) {
    const ready = this.get(url);
    if (ready) return Promise.resolve(ready);
    const coming = this.coming.get(url);
    if (coming) return coming;
    const loading = this.fetchBitmap(url)
      .then((bitmap) => this.keep(url, bitmap))
      .finally(() => {
        this.coming.delete(url);
        this.next();
      });
    this.coming.set(url, loading);
    return loading;
  }

  /** The smaller copy of a frame, if it was made ahead. @param {ImageBitmap} bitmap @returns {ImageBitmap} */
  smaller(bitmap) {
    return this.small.get(bitmap) ?? bitmap;
  }

  /** Load frames ahead, a few at a time; what was asked for before and has not begun is forgotten. @param {string[]} urls */
  prefetch(urls) {
    this.wanted = urls.filter((url) => !this.ready.has(url) && !this.coming.has(url));
    this.next();
  }

  clear() {
    this.wanted = [];
    for (const bitmap of this.ready.values()) this.drop(bitmap);
    this.ready.clear();
    this.bytes = 0;
  }

  /** @private */
  next() {
    while (this.coming.size < this.atOnce) {
      const url = this.wanted.shift();
      if (url === undefined) return;
      this.load(url).then((bitmap) => this.lessen(bitmap)).catch(() => undefined); // it is asked for again, and complained about, when it is shown
    }
  }

  /** @private @param {ImageBitmap} bitmap */
  async lessen(bitmap) {
    const small = await this.shrink(bitmap);
    if (small) this.small.set(bitmap, small);
  }

  /** @private @param {ImageBitmap} bitmap */
  drop(bitmap) {
    this.small.get(bitmap)?.close();
    bitmap.close();
  }

  /** @private @param {string} url @param {ImageBitmap} bitmap */
  keep(url, bitmap) {
    this.ready.set(url, bitmap);
    this.bytes += 4 * bitmap.width * bitmap.height;
    for (const [other, old] of this.ready) {
      if (this.bytes <= this.budget) break;
      if (other === url || this.shown.has(other)) continue;
      this.ready.delete(other);
      this.bytes -= 4 * old.width * old.height;
      this.drop(old);
    }
    return bitmap;
  }
}
