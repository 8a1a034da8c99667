/** Something to be done with the next picture of the screen, once however often it is asked for; or later, to save the machine. */
export class NextPicture {
  /** @param {() => void} work */
  constructor(work) {
    /** @private */
    this.work = work;
    /** @private */
    this.isAsked = false;
    /** @private @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
  }

  /** @param {number} pause  ms before; a wish without one does not wait for an earlier one with */
  ask(pause) {
    if (this.isAsked && (pause || this.timer === undefined)) return;
    this.isAsked = true;
    clearTimeout(this.timer);
    if (pause) this.timer = setTimeout(() => this.draw(), pause);
    else this.draw();
  }

  /** @private */
  draw() {
    this.timer = undefined;
    requestAnimationFrame(() => {
      this.isAsked = false;
      this.work();
    });
  }
}
