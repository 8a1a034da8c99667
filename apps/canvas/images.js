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
  /** @param {{budget?: number, atOnce?: number, fetchBitmap?: (url: string) => Promise<ImageBitmap>}} [options] */
  constructor({ budget = BUDGET, atOnce = AT_ONCE, fetchBitmap = decode } = {}) {
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

  /** Load frames ahead, a few at a time; what was asked for before and has not begun is forgotten. @param {string[]} urls */
  prefetch(urls) {
    this.wanted = urls.filter((url) => !this.ready.has(url) && !this.coming.has(url));
    this.next();
  }

  clear() {
    this.wanted = [];
    for (const bitmap of this.ready.values()) bitmap.close();
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

  /** @private @param {string} url @param {ImageBitmap} bitmap */
  keep(url, bitmap) {
    this.ready.set(url, bitmap);
    this.bytes += 4 * bitmap.width * bitmap.height;
    for (const [other, old] of this.ready) {
      if (this.bytes <= this.budget) break;
      if (other === url || this.shown.has(other)) continue;
      this.ready.delete(other);
      this.bytes -= 4 * old.width * old.height;
      old.close();
    }
    return bitmap;
  }
}
