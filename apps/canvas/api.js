/** The server's routes, on the origin that the page came from. */

/** @import { FrameColumns, FrameData, GeometryAnswer, Operation, Presence, Project, RemoteCell } from './types.js' */

/** An answer that is none of the good ones; `status` is 0 where the server was not reached. */
export class ApiError extends Error {
  /** @param {string} message @param {number} status */
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

export class Api {
  /** @param {string} project @param {string} [base]  before `/api`, where the app does not stand at the root */
  constructor(project, base = '') {
    /** @protected */
    this.root = `${base}/api/projects/${encodeURIComponent(project)}`;
  }

  /** @returns {Promise<Project>} */
  project() {
    return this.call('GET', '');
  }

  /** How far the server is with opening the project; null where it is not at it. @returns {Promise<{share: number | null}>} */
  opening() {
    return this.call('GET', '/opening');
  }

  /** @returns {Promise<FrameColumns>} */
  frames() {
    return this.call('GET', '/frames');
  }

  /** @param {string} frame @returns {Promise<FrameData>} */
  frame(frame) {
    return this.call('GET', `/frames/${encodeURIComponent(frame)}`);
  }

  /** @param {FrameData} frame @param {string} view @param {number} [offset] frames of the video before or after @param {number} [width] of a smaller copy, px */
  imageUrl(frame, view, offset = 0, width = 0) {
    const path = `${this.root}/frames/${encodeURIComponent(frame.id)}/image/${encodeURIComponent(view)}`;
    const version = frame.versions?.[view];
    const query = new URLSearchParams({ ...(offset && { offset: String(offset) }), ...(width && { width: String(width) }), ...(version && { v: version }) });
    return query.size ? `${path}?${query}` : path;
  }

  /**
   * @param {{client: string, who: string, operations: Operation[]}} body @param {boolean} keepalive
   * @returns {Promise<{rev: number, results: import('./types.js').Result[]}>}
   */
  labels(body, keepalive) {
    return this.call('POST', '/labels', body, { keepalive });
  }

  /** @param {{seq: number, frame: string, points: Record<string, ([number, number] | null)[]>}} body @returns {Promise<GeometryAnswer>} */
  geometry(body) {
    return this.call('POST', '/geometry', body);
  }

  /** @param {string} frame @param {{flagged: boolean, note: string, who: string}} body */
  annotate(frame, body) {
    return this.call('PUT', `/frames/${encodeURIComponent(frame)}/note`, body);
  }

  /** Take frames out of the labeling queue. @param {{session: string, frames: number[], who: string}} body */
  unqueue(body) {
    return this.call('POST', '/queue/remove', body);
  }

  /** @returns {Promise<import('./types.js').Incoming | null>} */
  incoming() {
    return this.call('GET', '/incoming');
  }

  /** @param {{decision: 'accept' | 'reject', hashes: Record<string, string>, who: string, theirs: [string, string, string][]}} body */
  decide(body) {
    return this.call('POST', '/incoming', body);
  }

  /** @param {Presence} body */
  presence(body) {
    return this.call('POST', '/presence', body);
  }

  /**
   * What others do, from a revision on.
   * @param {number} since
   * @param {{labels: (event: {rev: number, cells: RemoteCell[]}) => void,
   *   frames: (event: {listed: boolean, frames: import('./types.js').FrameNews[]}) => void, presence: (event: Presence[]) => void,
   *   files: (event: import('./types.js').FilesChanged | null) => void, trouble: (event: {error: string | null}) => void, open: () => void, closed: () => void}} on
   * @returns {EventSource}
   */
  events(since, on) {
    const source = new EventSource(`${this.root}/events?since=${since}`);
    const listen = (/** @type {string} */ name, /** @type {(event: any) => void} */ run) =>
      source.addEventListener(name, (event) => run(JSON.parse(/** @type {MessageEvent} */ (event).data)));
    listen('labels', on.labels);
    listen('frames', on.frames);
    listen('presence', on.presence);
    listen('files', on.files);
    listen('trouble', on.trouble);
    source.addEventListener('open', on.open);
    source.addEventListener('error', on.closed);
    return source;
  }

  /**
   * @protected @param {string} method @param {string} path @param {unknown} [body] @param {RequestInit} [init]
   * @returns {Promise<any>}
   */
  async call(method, path, body, init = {}) {
    /** @type {Record<string, string>} */
    const headers = method === 'GET' ? {} : { 'Content-Type': 'application/json', 'X-Litpose': '1' };
    const sent = body === undefined ? undefined : JSON.stringify(body);
    const response = await this.fetch(method, path, { headers, body: sent, ...init });
    return response.status === 204 ? null : response.json();
  }

  /**
   * An answer that is a good one.
   * @protected @param {string} method @param {string} path @param {RequestInit} init
   */
  async fetch(method, path, init) {
    let response;
    try {
      response = await fetch(this.root + path, { method, credentials: 'same-origin', ...init });
    } catch (error) {
      if (init.signal?.aborted) throw error;
      throw new ApiError('the server does not answer', 0);
    }
    if (!response.ok) {
      const said = await response.json().catch(() => null);
      throw new ApiError(said?.error ?? `the server answered ${response.status}`, response.status);
    }
    return response;
  }
}
