// The numbers that follow from a board, without drawing; tests/js compares them with Python.

import { same } from "../base.js"

/**
 * Values in the order of Flatten: row by row, all channels of a position together; one weight per channel.
 *
 * @typedef {{height: number, width: number, channels: number}} Sides
 * @typedef {Sides & {values: number[], weights: number[], bias: number}} Board
 */

export const FULL = 9 // a cell of this value or more has the full colour

/** @param {number} number @param {string} one */
export const plural = (number, one) => `${number} ${number === 1 ? one : `${one}s`}`
/** @param {number[]} numbers */
export const sum = numbers => numbers.reduce((whole, one) => whole + one, 0)
/** @param {number} number */
export const rounded = number => Math.round(number * 100) / 100 + 0 // + 0: no minus zero
/** @param {number} number */
const exact = number => Math.abs(number - rounded(number)) < 1e-9
/** @param {number} number */
export const words = number => String(rounded(number)).replace("-", "−")
/** @param {number} number */
export const equals = number => (exact(number) ? "=" : "≈")
/** @param {number} number */
export const signed = number => (number < 0 ? `(${words(number)})` : words(number))
/** @param {Board} board @param {number} position @param {number} channel */
export const at = (board, position, channel) => board.values[position * board.channels + channel]
/** @param {Sides} board */
export const positions = board => board.height * board.width

/** Return the title of a channel; the class map comes after the channels. @param {Sides} board @param {number} channel */
export const titleOf = (board, channel) => (channel === board.channels ? "Class map" : `Channel ${channel + 1}`)

/** @param {Board} board @param {number} channel */
export const ofChannel = (board, channel) =>
  Array.from({ length: positions(board) }, (_, position) => at(board, position, channel))

/** What lib.core.maps.board says about a board. @param {Board} board */
export function derive(board) {
  const channels = Array.from({ length: board.channels }, (_, channel) => ofChannel(board, channel))
  const averages = channels.map(values => sum(values) / values.length)
  const map = channels[0].map((_, position) =>
    sum(board.weights.map((weight, channel) => weight * channels[channel][position])),
  )
  return {
    averages,
    maxima: channels.map(values => Math.max(...values)),
    map,
    mapAverage: sum(map) / map.length,
    logit: sum(averages.map((average, channel) => average * board.weights[channel])) + board.bias,
  }
}

/** Return the board with another size: cells that fit keep their values, new cells are 0. @param {Board} board @param {Partial<Sides>} sides */
export function resized(board, { height = board.height, width = board.width, channels = board.channels }) {
  const values = []
  for (let row = 0; row < height; row++)
    for (let column = 0; column < width; column++)
      for (let channel = 0; channel < channels; channel++) {
        const known = row < board.height && column < board.width && channel < board.channels
        values.push(known ? at(board, row * board.width + column, channel) : 0)
      }
  const weights = Array.from({ length: channels }, (_, channel) => board.weights[channel] ?? 1)
  return { ...board, height, width, channels, values, weights }
}

/** Shift the pattern; cells that leave on one side come back on the other. @param {Board} board @param {number} down @param {number} right */
export function shifted(board, down, right) {
  const { height, width, channels } = board
  const values = board.values.map((_, index) => {
    const channel = index % channels
    const position = (index - channel) / channels
    const row = (Math.floor(position / width) - down + height) % height
    const column = ((position % width) - right + width) % width
    return at(board, row * width + column, channel)
  })
  return { ...board, values }
}

/** @param {number[]} numbers */
export const fullOfMap = numbers => Math.max(1, ...numbers.map(Math.abs))

/** @param {Board} board @param {number} index @param {number} value */
export function withCell(board, index, value) {
  const values = board.values.slice()
  values[index] = value
  return { ...board, values }
}

/** Parse a typed number; null if it is not a number. @param {string} text @param {number} limit */
export function typed(text, limit) {
  const value = Number(text.trim().replace(",", ".").replace("−", "-"))
  return text.trim() && Number.isFinite(value) ? Math.max(-limit, Math.min(limit, value)) : null
}

/** @param {number[]} one @param {number[]} other */
export const changed = (one, other) => one.filter((number, index) => !same(other[index], number)).length

/** @param {Board} board @param {Board} before */
export function saidCells(board, before) {
  const was = derive(before)
  const cells = changed(board.values, before.values)
  const moved = derive(board)
    .averages.map((average, channel) => [channel, average - was.averages[channel]])
    .filter(([, by]) => Math.abs(by) > 1e-9)
  const one = cells === 1 && moved.length === 1
  if (!one) return `${plural(cells, "cell")} changed, and with them ${plural(moved.length, "average")}.`
  const by = moved[0][1] * positions(board)
  return (
    `One cell changed by ${words(by)}. Its average changed by ${words(by)} / ${positions(board)} ` +
    `${equals(moved[0][1])} ${words(moved[0][1])}: every cell has the same weight.`
  )
}

/** @param {Board} board @param {Board} before */
export function saidShift(board, before) {
  const moved = changed(board.values, before.values)
  if (!moved) return "Nothing changed: this pattern is the same after the step."
  return (
    `The same pattern, one step further. Flatten: ${moved} of ` +
    `${plural(board.values.length, "number")} changed. Averages and maxima: none.`
  )
}

/** @param {Board} is @param {Board} was */
export function saidSize(is, was) {
  const [old, now] = [was.values.length, is.values.length]
  if (was.channels !== is.channels)
    return `${plural(is.channels, "channel")}, so ${plural(is.channels, "average")}: as many as there are channels.`
  return (
    `Flatten now has ${plural(now, "number")} instead of ${old}, and its Dense layer no longer fits. ` +
    `There are still ${plural(is.channels, "average")}.`
  )
}

export const saidWeight = () => "The head changed, not the averages: the class map and the logit follow."
