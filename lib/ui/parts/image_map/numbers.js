// What the drawing computes; tests/js checks it.

/**
 * Decode the points of all depths: for each depth x and y of every image, 0 to 1.
 *
 * @param {string} text Base64 of little-endian numbers of two bytes
 * @param {number} images
 * @param {number} finest The number that stands for 1
 */
export function pointsOf(text, images, finest) {
  const bytes = Uint8Array.from(atob(text), letter => letter.charCodeAt(0))
  const depths = []
  for (let from = 0; from < bytes.length; from += 4 * images) {
    const points = new Float32Array(2 * images)
    for (let at = 0; at < 2 * images; at++)
      points[at] = (bytes[from + 2 * at] + 256 * bytes[from + 2 * at + 1]) / finest
    depths.push(points)
  }
  return depths
}

/**
 * Points on their way: `share` 0 is the start, 1 the end.
 *
 * @param {Float32Array} start
 * @param {Float32Array} end
 * @param {number} share
 */
export function between(start, end, share) {
  const eased = share * share * (3 - 2 * share)
  return end.map((value, at) => start[at] + (value - start[at]) * eased)
}

/**
 * The index of the point nearest to a place, or -1 if none is within `reach`; all in the same unit.
 *
 * @param {Float32Array} points
 * @param {number} x
 * @param {number} y
 * @param {number} reach
 */
export function nearest(points, x, y, reach) {
  let [found, least] = [-1, reach * reach]
  for (let at = 0; at < points.length; at += 2) {
    const distance = (points[at] - x) ** 2 + (points[at + 1] - y) ** 2
    if (distance <= least) [found, least] = [at / 2, distance]
  }
  return found
}

/**
 * Where a curve lies in a box of `height`, for accuracies from `lowest` to 1.
 *
 * @param {number} value
 * @param {number} lowest
 * @param {number} height
 */
export const levelOf = (value, lowest, height) => height * (1 - (value - lowest) / (1 - lowest))
