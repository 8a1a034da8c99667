/** Files that the browser keeps. */

import { el } from '../../dom.js';

/** @param {string} name @param {Blob} content */
export function saveFile(name, content) {
  const address = URL.createObjectURL(content);
  openFile(name, address);
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

/** @param {string} name  that it is kept under @param {string} address */
export function openFile(name, address) {
  el('a', { href: address, download: name }).click();
}
