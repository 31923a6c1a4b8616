// The numbers of a residual block, and with how many decimals a sum adds up on the screen.

/** Return float32 numbers from base64, little-endian. @param {string} text */
export function numbersOf(text) {
  const bytes = Uint8Array.from(atob(text), letter => letter.charCodeAt(0))
  const view = new DataView(bytes.buffer)
  return Array.from({ length: bytes.length / 4 }, (_, place) => view.getFloat32(4 * place, true))
}

/** Return one channel of maps that are stored with the channels last. @param {number[]} values @param {number} channels @param {number} channel */
export const channelOf = (values, channels, channel) => values.filter((_, place) => place % channels === channel)

/**
 * Return with how many decimals first + second = total is right, where each number is rounded by itself.
 *
 * @param {number} first
 * @param {number} second
 * @param {number} total
 */
export function decimalsOf(first, second, total) {
  for (let count = 3; count < 9; count++) {
    const units = [first, second, total].map(value => Math.round(Number(value.toFixed(count)) * 10 ** count))
    if (units[0] + units[1] === units[2]) return count
  }
  return 9
}
