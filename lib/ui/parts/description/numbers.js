// The regression and the ranking, without drawing; tests/js compares them with lib.core.zero_shot.

/**
 * What the browser knows, as component.py sends it; every array is in the order of the animals or attributes.
 * @typedef {object} Known
 * @property {number[][]} logits Of every photograph, by the weights of each class
 * @property {number[][]} table Description of every animal, 0 or 1 for each attribute
 * @property {number} strength Of the ridge regression
 * @property {number} tie Logits that are no difference
 *
 * @typedef {object} Regression
 * @property {number[]} centre
 * @property {number[]} mean
 * @property {number[][]} slopes
 *
 * One animal left out; the rows of `described` and `trained` are photographs, the columns `classes`.
 * @typedef {object} Fold
 * @property {number[]} classes
 * @property {Regression} regression
 * @property {number[][]} described
 * @property {number[][]} trained
 *
 * @typedef {object} Ranking
 * @property {number[]} leads
 * @property {number[]} places
 * @property {number[]} rivals
 * @property {number[]} order
 */

/** @param {number[]} numbers */
const total = numbers => numbers.reduce((sum, number) => sum + number, 0)

/** Mean of each column. @param {number[][]} rows */
const meanOf = rows => rows[0].map((_, column) => total(rows.map(row => row[column])) / rows.length)

/**
 * Solve a symmetric, positive definite system for several right sides by elimination; changes its arguments.
 *
 * @param {number[][]} matrix
 * @param {number[][]} right
 */
export function solve(matrix, right) {
  const size = matrix.length
  for (let pivot = 0; pivot < size; pivot++)
    for (let row = 0; row < size; row++) {
      if (row === pivot) continue
      const share = matrix[row][pivot] / matrix[pivot][pivot]
      if (!share) continue
      for (let column = pivot; column < size; column++) matrix[row][column] -= share * matrix[pivot][column]
      for (let column = 0; column < right[row].length; column++) right[row][column] -= share * right[pivot][column]
    }
  return right.map((row, place) => row.map(value => value / matrix[place][place]))
}

/**
 * Fit targets to descriptions: ridge regression, whose mean has no penalty.
 *
 * @param {number[][]} descriptions
 * @param {number[][]} targets
 * @param {number} strength
 * @returns {Regression}
 */
export function fitted(descriptions, targets, strength) {
  const centre = meanOf(descriptions)
  const mean = meanOf(targets)
  const away = descriptions.map(row => row.map((value, place) => value - centre[place]))
  const off = targets.map(row => row.map((value, place) => value - mean[place]))
  const gram = centre.map((_, one) =>
    centre.map((__, other) => total(away.map(row => row[one] * row[other])) + (one === other ? strength : 0)),
  )
  const moments = centre.map((_, one) => {
    const sums = mean.map(() => 0)
    away.forEach((row, place) => {
      for (let target = 0; target < sums.length; target++) sums[target] += row[one] * off[place][target]
    })
    return sums
  })
  return { centre, mean, slopes: solve(gram, moments) }
}

/** Predict the targets of a description. @param {Regression} regression @param {number[]} description */
export function predicted({ centre, mean, slopes }, description) {
  const sums = [...mean]
  description.forEach((value, attribute) => {
    const share = value - centre[attribute]
    const slope = slopes[attribute]
    for (let target = 0; target < sums.length; target++) sums[target] += share * slope[target]
  })
  return sums
}

/**
 * Leave an animal out.
 *
 * @param {Known} known
 * @param {number} leftOut
 * @returns {Fold}
 */
export function foldOf({ logits, table, strength }, leftOut) {
  const classes = table.map((_, place) => place).filter(place => place !== leftOut)
  const trained = logits.map(photograph => classes.map(each => photograph[each]))
  const rows = classes.map(each => table[each])
  const targets = classes.map((_, place) => trained.map(photograph => photograph[place]))
  const regression = fitted(rows, targets, strength)
  const byClass = rows.map(row => predicted(regression, row))
  const described = logits.map((_, photograph) => byClass.map(said => said[photograph]))
  return { classes, regression, described, trained }
}

/**
 * Rank the photographs by the place that a description has on each of them.
 *
 * @param {Fold} left
 * @param {number[]} description
 * @param {{trained: boolean, constant: number}} against
 * @param {number} tie
 * @returns {Ranking}
 */
export function ranked(left, description, { trained, constant }, tie) {
  const scores = predicted(left.regression, description)
  const rows = trained ? left.trained : left.described
  const off = trained ? constant : 0
  const leads = []
  const places = []
  const rivals = []
  rows.forEach((row, photograph) => {
    let best = 0
    let place = 1
    row.forEach((other, column) => {
      if (other > row[best]) best = column
      if (other - off > scores[photograph] + tie) place += 1
    })
    const lead = scores[photograph] - (row[best] - off)
    leads.push(Math.abs(lead) <= tie ? 0 : lead)
    places.push(place)
    rivals.push(left.classes[best])
  })
  const order = leads
    .map((_, photograph) => photograph)
    .toSorted((one, other) => places[one] - places[other] || leads[other] - leads[one] || one - other)
  return { leads, places, rivals, order }
}

/**
 * Find the animal with the fewest other attributes, and what has to be added and taken away.
 *
 * @param {number[][]} table
 * @param {number[]} description
 * @param {number} leftOut Not to be found
 */
export function nearest(table, description, leftOut) {
  const apart = table.map((row, animal) =>
    animal === leftOut ? Infinity : row.filter((value, place) => value !== description[place]).length,
  )
  const animal = apart.indexOf(Math.min(...apart))
  /** @type {number[]} */
  const plus = []
  /** @type {number[]} */
  const minus = []
  description.forEach((value, place) => {
    if (value !== table[animal][place]) (value ? plus : minus).push(place)
  })
  return { animal, plus, minus }
}
