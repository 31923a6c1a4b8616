// The places of the truth table as characters (lib/ui/trainable/choices.py says what they mean).

const COVERED = "."
const OPEN = "0"

/** Return the number of the predicted option; null if nothing was predicted. @param {string} place */
export function predictionAt(place) {
  if (place === COVERED || place === OPEN) return null
  return /\d/.test(place) ? Number(place) - 1 : place.charCodeAt(0) - 97
}

/** @param {string} cells @param {number} place @param {string} letter */
const withLetter = (cells, place, letter) => cells.slice(0, place) + letter + cells.slice(place + 1)

/**
 * Predict an option for a covered place.
 *
 * @param {string} cells
 * @param {number} place
 * @param {number | null} option
 */
export const predict = (cells, place, option) =>
  withLetter(cells, place, option === null ? COVERED : String.fromCharCode(97 + option))

/** Uncover places and keep what was predicted. @param {string} cells @param {number[]} places */
export function uncover(cells, places) {
  for (const place of places) {
    const told = predictionAt(cells[place])
    cells = withLetter(cells, place, told === null ? OPEN : String(told + 1))
  }
  return cells
}

/** Cover places and forget what was predicted. @param {string} cells @param {number[]} places */
export function cover(cells, places) {
  for (const place of places) cells = withLetter(cells, place, COVERED)
  return cells
}
