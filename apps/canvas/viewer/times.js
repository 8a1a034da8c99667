/**
 * When each frame of a film is shown, in the clock of its file. A browser can only be asked for a time, so a frame is asked for by
 * the middle of its interval, and what came is read off the time of the frame that the browser says it shows.
 */
export class Times {
  /**
   * @param {number} frames @param {number} rate  frames per second, where they come at a constant rate
   * @param {Float64Array | null} table  s, of every frame; null: frame / rate
   */
  constructor(frames, rate, table) {
    this.frames = table ? table.length : frames;
    this.rate = rate > 0 ? rate : 30;
    /** @private */
    this.table = table && table.length ? table : null;
  }

  /** When a frame begins to be shown, s; also beyond the last one. @param {number} frame */
  start(frame) {
    const { table, rate } = this;
    if (!table) return frame / rate;
    const last = table.length - 1;
    return frame <= last ? table[Math.max(0, frame)] : table[last] + (frame - last) / rate;
  }

  /** A time while a frame is shown, s. @param {number} frame @param {number} [share]  of its interval */
  inside(frame, share = 0.5) {
    const start = this.start(frame);
    return start + share * (this.start(frame + 1) - start);
  }

  /** The frame that begins nearest to a time. @param {number} time */
  nearest(time) {
    const before = Math.floor(this.position(time));
    const at = time - this.start(before) <= this.start(before + 1) - time ? before : before + 1;
    return Math.min(this.frames - 1, Math.max(0, at));
  }

  /** The frame shown at a time, and how much of its interval is over: 12.5 is the middle of frame 12. @param {number} time */
  position(time) {
    const { table, rate } = this;
    if (!table) return Math.max(0, time * rate);
    let [low, high] = [0, table.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (table[middle] <= time) low = middle;
      else high = middle - 1;
    }
    return low + Math.min(1, Math.max(0, (time - this.start(low)) / (this.start(low + 1) - this.start(low))));
  }
}

/** A time as people write it, such as 1:02.35. @param {number} seconds */
export function timeText(seconds) {
  const hundredths = Math.round(100 * seconds);
  const rest = ((hundredths % 6000) / 100).toFixed(2).padStart(5, '0');
  return `${Math.floor(hundredths / 6000)}:${rest}`;
}
