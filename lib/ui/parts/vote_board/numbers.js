// What a room that votes computes without drawing.

/**
 * What Python sends of a question; `count` is null where bars are hidden.
 * @typedef {{answers: {count: number | null}[], answered: number, inside: number, revealed: boolean}} Vote
 */

/**
 * Length of a bar, 0 to 1. Half of the room fills it, so that bars grow while a room answers; where more
 * gave one answer, the longest bar is full.
 *
 * @param {Vote} vote
 * @param {number} at Place of the answer
 */
export function barOf({ answers, inside }, at) {
  const counts = answers.map(({ count }) => count ?? 0)
  return counts[at] / Math.max(1, inside / 2, ...counts)
}

/**
 * How many have answered, and before the reveal how many could, a sentence each.
 *
 * @param {Vote} vote
 */
export function wordsOf({ answered, inside, revealed }) {
  const answers = answered === 1 ? "1 answer." : `${answered} answers.`
  if (revealed || !inside) return answers
  const phones = inside === 1 ? "1 browser is in the room." : `${inside} browsers are in the room.`
  return `${answers} ${phones}`
}

/**
 * Path of the dark modules of a QR code, one unit each: a rectangle for each run in a row.
 *
 * @param {string[]} rows Of "0" and "1"
 */
export const pathOf = rows =>
  rows
    .flatMap((row, y) =>
      [...row.matchAll(/1+/g)].map(run => `M${run.index} ${y}h${run[0].length}v1h-${run[0].length}z`),
    )
    .join("")
