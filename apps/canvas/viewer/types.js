/**
 * The JSON of the viewer's routes.
 *
 * @typedef {object} RecordingRow  a session in the list of all
 * @property {string} name
 * @property {string[]} views
 * @property {number} predicted  networks that have predicted it
 * @property {boolean} smoothed
 * @property {boolean} calibrated
 *
 * @typedef {object} RecordingView
 * @property {string} name
 * @property {boolean} video  whether there is a file
 * @property {boolean} playable  whether browsers play it
 * @property {number} width  px
 * @property {number} height  px
 * @property {number} frames
 * @property {string} fault  why it is not shown; empty where it is
 *
 * @typedef {object} Source  a network, a smoother, or the truth
 * @property {string} id
 * @property {string} name
 * @property {'network' | 'smoother' | 'truth'} kind
 * @property {string[]} views
 * @property {boolean} world  whether it has 3D points
 * @property {boolean} variance
 * @property {boolean} confidence
 * @property {number} frames
 * @property {string} version  another one when the files have changed
 * @property {string[]} [faults]  what is wrong with its files
 *
 * @typedef {Source & {color: string}} ChosenSource
 *
 * @typedef {object} Mark
 * @property {string} id
 * @property {number} frame
 * @property {number | null} end  the last frame of a span
 * @property {string} name
 * @property {string} color
 * @property {string} note
 * @property {string} who
 *
 * @typedef {object} Recording
 * @property {string} name
 * @property {RecordingView[]} views
 * @property {number} frames
 * @property {number} fps
 * @property {string} unit  of 3D points
 * @property {import('../types.js').CameraPose[] | null} cameras
 * @property {[[number, number, number], [number, number, number]] | null} bounds
 * @property {string[]} keypoints
 * @property {[number, number][]} edges
 * @property {string[]} colors
 * @property {Source[]} sources
 * @property {Mark[]} marks
 * @property {number[]} labeled  frames that are labeled or extracted
 *
 * @typedef {{rev: number, marks: Mark[]}} MarkSheet
 *
 * @typedef {object} DifficultFrame
 * @property {number} frame
 * @property {number} score
 * @property {string} view
 * @property {string} keypoint
 * @property {string[]} reasons
 * @property {boolean} queued
 * @property {boolean} labeled
 *
 * @typedef {object} Ranking
 * @property {'ready' | 'running' | 'absent' | 'failed'} state
 * @property {number} progress
 * @property {DifficultFrame[]} frames
 * @property {boolean} stale
 * @property {string} fault
 *
 * @typedef {{id: string, kind: string, title: string, state: string, progress: number | null, tail: string[], files: string[]}} JobRecord
 */
export {};
