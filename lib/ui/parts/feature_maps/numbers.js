// Formatting of numbers.

import { count } from "../base.js"

/** Format a number with a true minus sign, and zero without one. @param {number} number @param {number} decimals */
export const digits = (number, decimals) => {
  const text = Math.abs(number).toFixed(decimals)
  return number < 0 && Number(text) !== 0 ? `−${text}` : text
}

/** @param {number} height @param {number} width */
export const times = (height, width) => `${height} × ${width}`

/** Format an ordinal: 1st, 2nd, 3rd. @param {number} number */
export function ordinal(number) {
  const tens = number % 100
  const ending = tens > 10 && tens < 14 ? "th" : ({ 1: "st", 2: "nd", 3: "rd" }[number % 10] ?? "th")
  return `${count(number)}${ending}`
}
