/** The routes of recordings: what was found in them, frame by frame. */

/** @import { JobRecord, MarkSheet, Mark, Ranking, Recording } from './types.js' */
import { Api } from '../api.js';

const part = encodeURIComponent;

/** A request's address with what follows the question mark; undefined is left out. @param {string} path @param {Record<string, string | number | undefined>} query */
function asked(path, query) {
  const said = Object.entries(query).filter(([, value]) => value !== undefined).map(([name, value]) => [name, String(value)]);
  return said.length ? `${path}?${new URLSearchParams(said)}` : path;
}

export class ViewerApi extends Api {
  /** @returns {Promise<{sessions: import('./types.js').RecordingRow[]}>} */
  recordings() {
    return this.call('GET', '/recordings');
  }

  /** @param {string} session @returns {Promise<Recording>} */
  recording(session) {
    return this.call('GET', `/recordings/${part(session)}`);
  }

  /** @param {string} session @param {string} view */
  videoUrl(session, view) {
    return `${this.root}/videos/${part(session)}/${part(view)}`;
  }

  /**
   * The presentation times of a view's frames, s; null where they are frame / rate.
   * @param {string} session @param {string} view @param {AbortSignal} [signal] @returns {Promise<{rate: number, table: Float64Array | null}>}
   */
  async times(session, view, signal) {
    const answer = await this.fetch('GET', `/recordings/${part(session)}/times/${part(view)}`, { signal });
    const bytes = await answer.arrayBuffer();
    return { rate: Number(answer.headers.get('X-Rate')), table: bytes.byteLength ? new Float64Array(bytes) : null };
  }

  /**
   * Numbers with a line of JSON before them.
   * @private @param {string} path @param {AbortSignal} [signal] @returns {Promise<{head: any, values: Float32Array, status: number}>}
   */
  async numbers(path, signal) {
    const answer = await this.fetch('GET', path, { signal });
    if (answer.status === 202) return { head: await answer.json(), values: new Float32Array(0), status: 202 };
    const bytes = await answer.arrayBuffer();
    const end = new Uint8Array(bytes).indexOf(10) + 1;
    const head = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 0, end)));
    return { head, values: end % 4 ? new Float32Array(bytes.slice(end)) : new Float32Array(bytes, end), status: answer.status };
  }

  /**
   * @param {string} session @param {string} source @param {number} start @param {number} stop  at most 512 frames on
   * @param {AbortSignal} [signal]
   * @returns {Promise<{head: {start: number, stop: number, views: string[], fields: string[], version: string}, values: Float32Array}>}
   */
  poses(session, source, start, stop, signal) {
    return this.numbers(asked(`/recordings/${part(session)}/poses/${part(source)}`, { start, stop }), signal);
  }

  /**
   * Lowest and highest of every bin; status 202 with `{building}` while the server is not yet that far.
   * @param {string} session @param {string} source @param {Record<string, string | number | undefined>} query @param {AbortSignal} [signal]
   */
  traces(session, source, query, signal) {
    return this.numbers(asked(`/recordings/${part(session)}/traces/${part(source)}`, query), signal);
  }

  /** @param {string} session @returns {Promise<MarkSheet>} */
  marks(session) {
    return this.call('GET', `/recordings/${part(session)}/marks`);
  }

  /** @param {string} session @param {number} base @param {Mark[]} marks @returns {Promise<MarkSheet>} */
  saveMarks(session, base, marks) {
    return this.call('PUT', `/recordings/${part(session)}/marks`, { base, marks });
  }

  /** @param {string} session @param {string} source @returns {Promise<Ranking>} */
  difficult(session, source) {
    return this.call('GET', asked(`/recordings/${part(session)}/difficult`, { source }));
  }

  /** @param {string} session @param {string} source */
  rank(session, source) {
    return this.call('POST', asked(`/recordings/${part(session)}/difficult`, { source }), {});
  }

  /** @param {{session: string, frames: number[], source: string, who: string}} body @returns {Promise<{added: {frame: number, id: string}[], faults: string[]}>} */
  queue(body) {
    return this.call('POST', '/queue', body);
  }

  /** @param {{session: string, frames: number[], who: string}} body */
  unqueue(body) {
    return this.call('POST', '/queue/remove', body);
  }

  /** @param {string} session @param {Record<string, string | number | undefined>} query */
  traceFileUrl(session, query) {
    return this.root + asked(`/recordings/${part(session)}/export/traces`, query);
  }

  /** @param {string} session @param {{source: string, start: number, stop: number, options: Record<string, unknown>}} body @returns {Promise<{job: string}>} */
  clip(session, body) {
    return this.call('POST', `/recordings/${part(session)}/clips`, body);
  }

  /** @param {string} id @returns {Promise<JobRecord>} */
  job(id) {
    return this.call('GET', `/jobs/${part(id)}`);
  }
}
