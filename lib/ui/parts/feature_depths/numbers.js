// What the drawing computes; tests/js compares it with Python.

/**
 * A depth, as the server describes it (component.py); lengths in pixels of the input.
 * @typedef {{block: string, grid: number, channels: number, field: number, step: number, start: number}} Depth
 */

const USUAL = 127 // of lib.core.features.looks.as_bytes
const STEPS = 126
export const FULL = 4

/**
 * Decode the answers of some channels: for each how far its cells rise above the usual value, or 0.
 *
 * @param {string} text Base64
 * @param {number} cells Of one channel
 */
export function answersOf(text, cells) {
  const bytes = Uint8Array.from(atob(text), letter => letter.charCodeAt(0))
  const channels = []
  for (let from = 0; from < bytes.length; from += cells)
    channels.push(Array.from(bytes.subarray(from, from + cells), value => (Math.max(0, value - USUAL) / STEPS) * FULL))
  return channels
}

/**
 * The part of an image that a cell can see, in pixels.
 *
 * @param {Depth} depth
 * @param {number} row
 * @param {number} column
 * @param {number} side Of the image
 */
export function fieldOf(depth, row, column, side) {
  const along = place => {
    const first = depth.start + place * depth.step
    return [Math.max(0, first), Math.min(side, first + depth.field)]
  }
  const [top, bottom] = along(row)
  const [left, right] = along(column)
  return { top, left, width: right - left, height: bottom - top }
}

/** Where the largest value is: row and column. @param {number[]} values @param {number} grid */
export function strongestCell(values, grid) {
  const at = values.indexOf(Math.max(...values))
  return { row: Math.floor(at / grid), column: at % grid }
}
