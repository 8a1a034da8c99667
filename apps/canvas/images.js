/**
 * Decoded images: those shown last and those needed next, up to a number of bytes.
 *
 * @typedef {object} Picture
 * @property {ImageBitmap} bitmap  the image, or a smaller copy of it
 * @property {[number, number]} size  of the image, px
 */

const BUDGET = 640 * 2 ** 20;
const AT_ONCE = 3; // of the six connections that a browser opens: edits and geometry must not wait behind frames

/** @param {string} url @returns {Promise<Picture>} */
async function decode(url) {
  const response = await fetch(url, { credentials: 'same-origin' });
  if (!response.ok) {
    const said = await response.json().catch(() => null);
    throw new Error(said?.error ?? `the server answered ${response.status}`);
  }
  const bitmap = await createImageBitmap(await response.blob());
  const [width, height] = response.headers.get('X-Size')?.split('x').map(Number) ?? [bitmap.width, bitmap.height];
  return { bitmap, size: [width, height] };
}

/** @param {Picture} picture */
const bytesOf = ({ bitmap }) => 4 * bitmap.width * bitmap.height;

export class Images {
  /**
   * @param {object} [options]
   * @param {number} [options.budget]  bytes
   * @param {number} [options.atOnce]
   * @param {(url: string) => Promise<Picture>} [options.fetchPicture]
   */
  constructor({ budget = BUDGET, atOnce = AT_ONCE, fetchPicture = decode } = {}) {
    this.budget = budget;
    this.atOnce = atOnce;
    this.fetchPicture = fetchPicture;
    this.bytes = 0;
    /** @private @type {Map<string, Picture>} */
    this.ready = new Map(); // the first was used longest ago
    /** @private @type {Map<string, Promise<Picture>>} */
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

  /** @param {string} url @returns {Picture | undefined} */
  get(url) {
    const picture = this.ready.get(url);
    if (picture) {
      this.ready.delete(url);
      this.ready.set(url, picture);
    }
    return picture;
  }

  /** @param {string} url @returns {Promise<Picture>} */
  load(url) {
    const ready = this.get(url);
    if (ready) return Promise.resolve(ready);
    const coming = this.coming.get(url);
    if (coming) return coming;
    const loading = this.fetchPicture(url)
      .then((picture) => this.keep(url, picture))
      .finally(() => {
        this.coming.delete(url);
        this.next();
      });
    this.coming.set(url, loading);
    return loading;
  }

  /** Load frames ahead, a few at a time; what was asked for before and has not begun is forgotten. @param {string[]} urls */
  prefetch(urls) {
    this.wanted = urls.filter((url) => !this.ready.has(url) && !this.coming.has(url));
    this.next();
  }

  clear() {
    this.wanted = [];
    for (const { bitmap } of this.ready.values()) bitmap.close();
    this.ready.clear();
    this.bytes = 0;
  }

  /** @private */
  next() {
    while (this.coming.size < this.atOnce) {
      const url = this.wanted.shift();
      if (url === undefined) return;
      this.load(url).catch(() => undefined); // it is asked for again, and complained about, when it is shown
    }
  }

  /** @private @param {string} url @param {Picture} picture */
  keep(url, picture) {
    this.ready.set(url, picture);
    this.bytes += bytesOf(picture);
    for (const [other, old] of this.ready) {
      if (this.bytes <= this.budget) break;
      if (other === url || this.shown.has(other)) continue;
      this.ready.delete(other);
      this.bytes -= bytesOf(old);
      old.bitmap.close();
    }
    return picture;
  }
}
