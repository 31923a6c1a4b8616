// How fast the epochs of a run appear, so that an eye can follow a phase that took no time.

export const PHASE_MS = 2000 // a phase takes at least so long
export const LATE_MS = 400 // and no epoch waits longer for the one before it

/**
 * Milliseconds from the epoch before until an epoch is drawn.
 *
 * The first epoch of a later phase waits longest, so that the line where fine-tuning starts is seen.
 *
 * @param {number[]} phases Number of the phase of each epoch so far
 * @param {number} epoch From 1
 * @param {boolean} atOnce Whether the reader wants no delay
 */
export function waitOf(phases, epoch, atOnce) {
  if (atOnce) return 0
  const phase = phases[epoch - 1]
  if (epoch > 1 && phases[epoch - 2] !== phase) return LATE_MS
  return Math.min(LATE_MS, PHASE_MS / phases.filter(each => each === phase).length)
}
