/**
 * The shapes that pass between the modules, and the JSON of the server. Names are data: they are shown as text, and used
 * as keys of Maps only. Inside the page a view and a keypoint are indices (`v`, `k`); names are used towards the server.
 *
 * @typedef {'unlabeled' | 'visible' | 'occluded' | 'absent'} State  absent: not in view
 * @typedef {'manual' | 'derived' | 'prediction' | 'confirmed' | 'imported'} Origin
 *
 * @typedef {object} Value  what a label says; px of the original image, (0, 0) the centre of its top-left pixel
 * @property {number | null} x
 * @property {number | null} y
 * @property {State} state
 * @property {Origin} origin
 *
 * @typedef {Value & {rev: number}} Cell  a label with the server's revision of it, 0 before it has one
 * @typedef {[number | null, number | null, State, Origin, number]} CellJson
 *
 * @typedef {object} Operation
 * @property {string} id
 * @property {string} frame
 * @property {string} view
 * @property {string} keypoint
 * @property {number | null} x
 * @property {number | null} y
 * @property {State} state
 * @property {Origin} origin
 * @property {number} base  revision of the cell that this page had seen
 * @property {number} seq  grows with every edit of a tab, so that a late one cannot overtake a newer
 *
 * @typedef {object} Result
 * @property {string} id
 * @property {'applied' | 'duplicate' | 'conflict' | 'refused'} status
 * @property {CellJson} cell  what the server has now
 * @property {string} [reason]  why it is refused
 * @property {string} [who]  of a conflict: whose value the server has
 *
 * @typedef {{a: number, b: number, length: number, z: number}} BoneLength
 *
 * @typedef {object} CameraPose
 * @property {string} view
 * @property {number[]} position
 * @property {number[][]} rotation  world to camera
 * @property {number[][]} matrix  px per unit of direction
 * @property {[number, number]} size
 *
 * @typedef {object} Project
 * @property {string} id
 * @property {string} name
 * @property {string[]} keypoints
 * @property {[number, number][]} edges
 * @property {[number, number][]} pairs
 * @property {string[]} colors
 * @property {string[]} views
 * @property {boolean} calibrated
 * @property {CameraPose[] | null} cameras
 * @property {number} rev
 *
 * @typedef {object} FrameColumns
 * @property {string[]} id
 * @property {string[]} session
 * @property {number[]} index
 * @property {number[]} labeled
 * @property {number} total
 * @property {boolean[]} flagged
 * @property {string[]} note
 * @property {(number | null)[]} worst  px
 * @property {boolean[]} queued  whether somebody wants it labeled, and it is not yet
 *
 * @typedef {object} FrameData
 * @property {string} id
 * @property {number} rev
 * @property {string} session
 * @property {number} index
 * @property {Record<string, [number, number] | null>} sizes  null where there is no image
 * @property {Record<string, string | null>} versions  of the images: part of their addresses
 * @property {Record<string, Record<string, CellJson>>} cells
 * @property {Record<string, Record<string, [number, number, number]>> | null} proposals
 * @property {string | null} previous
 * @property {string | null} next
 * @property {Record<string, number[]>} context  offsets of the frames around it that can be shown
 * @property {string} note
 * @property {boolean} flagged
 * @property {{who: string, source: string, reason: string} | null} queued  who wants it labeled, by whose predictions, and why
 *
 * @typedef {[number, number, number, number, number]} Ghost  x, y, variances sxx, sxy, syy, px and px^2
 * @typedef {[number, number][]} Polyline
 *
 * @typedef {object} GeometryAnswer
 * @property {number} seq
 * @property {Record<string, (Polyline | null)[]>} curves
 * @property {(number[] | null)[]} xyz
 * @property {Record<string, (Ghost | null)[]>} ghosts
 * @property {Record<string, (number | null)[]>} residuals
 * @property {(string | null)[]} suspect
 * @property {{a: number | string, b: number | string, length: number, z: number}[]} bones
 *
 * @typedef {[number | null, number | null, number]} Exported  a label as a label file says it: x, y, visible
 *
 * @typedef {object} Incoming  what another program changed in the label files
 * @property {Record<string, string>} hashes
 * @property {{frame: string, view: string, keypoint: string, base: Exported, ours: Exported, theirs: Exported, conflict: boolean}[]} cells
 * @property {number} changed
 * @property {number} added
 * @property {string[]} gone
 * @property {string[]} faults
 *
 * @typedef {{cells: number, added: number, gone: number, faults: string[]}} FilesChanged
 *
 * @typedef {{id: string, labeled: number, flagged: boolean, note: string, worst: number | null, queued: boolean}} FrameNews
 * @typedef {{client: string, who: string, color: string, frame: string}} Presence
 * @typedef {{frame: string, view: string, keypoint: string, cell: CellJson}} RemoteCell
 */
export {};
