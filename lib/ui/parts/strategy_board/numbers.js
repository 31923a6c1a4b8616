// The numbers that follow from the answers, without drawing; tests/js compares them with Python.

/**
 * @typedef {object} Answers
 * @property {number} images
 * @property {number} classes
 * @property {number} similarity
 * @property {number | null} minutes
 * @property {boolean} phone
 * @property {boolean} noisy
 *
 * The rule, as component.py sends it: every recommendation by the boxes that are ticked and by region.
 * @typedef {object} Rule
 * @property {{images: number, perClass: number, noisy: number, nearFactor: number, nearSimilarity: number}} border
 * @property {{fields: {region: string, large: boolean, similar: boolean}[], similar: number}} map
 * @property {number} headOnlyMinutes
 * @property {Record<string, Record<string, {region: string, way: string, title: string, reason: string, notes: string[]}>>} advices
 */

export const MARGIN = 18 // px around the map, so that the reader's point stays inside it

/** @param {number} low @param {number} value @param {number} high */
export const within = (low, value, high) => Math.min(high, Math.max(low, value))

/** Round a number of images to two significant digits. @param {number} images */
export function rounded(images) {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(images)) - 1)
  return Math.max(1, Math.round(images / unit) * unit)
}

/** Return from how many images on a dataset is large. @param {Rule} rule @param {Answers} answers */
export function largeFrom(rule, answers) {
  const { images, perClass, noisy } = rule.border
  return Math.max(images, perClass * answers.classes) * (answers.noisy ? noisy : 1)
}

/** Look up what lib.core.strategy.rule recommends for the answers. @param {Rule} rule @param {Answers} answers */
export function lookUp(rule, answers) {
  const border = largeFrom(rule, answers)
  const { fields, similar } = rule.map
  /** @param {boolean} large @param {boolean} alike */
  const at = (large, alike) =>
    fields.flatMap(field => (field.large === large && field.similar === alike ? [field.region] : []))
  const large = answers.images >= border
  const alike = answers.similarity >= similar
  const hurry = answers.minutes !== null && answers.minutes < rule.headOnlyMinutes
  const key = [answers.noisy, hurry, answers.phone].map(Number).join("")
  const [region] = at(large, alike)
  const { nearFactor, nearSimilarity } = rule.border
  const share = answers.images / border
  /** @type {string[]} */
  const neighbours = []
  if (share >= 1 / nearFactor && share <= nearFactor) neighbours.push(...at(!large, alike))
  if (Math.abs(answers.similarity - similar) <= nearSimilarity) neighbours.push(...at(large, !alike))
  return { ...rule.advices[key][region], key, largeFrom: border, neighbours }
}
