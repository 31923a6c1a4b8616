// The lists of a layer and its code, computed as lib/core/trainable/layer_kinds.py does.

/**
 * @typedef {{title: string, inputs: string[], arguments: string[], layer: string, call: string, note: string}} Kind
 * @typedef {{name: string, sides: string[]}} Formula
 * @typedef {{weights: Formula[], on: number[][], off: number[][]}} Row
 * @typedef {{kinds: Record<string, Kind>, sizes: Record<string, {label: string, default: number, most: number}>,
 *   table: Record<string, Row>, names: string[], code: string}} Fixed
 * @typedef {{kind: string, sizes: Record<string, number>, trainable: boolean}} Layer
 * @typedef {{name: string, shape: number[], count: number}} Weight
 */

/** @param {number[]} factors */
const product = factors => factors.reduce((whole, factor) => whole * factor, 1)

/** Return the number of a side such as "3*units". @param {string} formula @param {Record<string, number>} sizes */
export const sideOf = (formula, sizes) => product(formula.split("*").map(part => sizes[part] ?? Number(part)))

/** Return the keys of the sizes of a kind. @param {Kind} kind */
export const sizesOf = kind => [...kind.inputs, ...kind.arguments]

/**
 * Return the three lists of a layer, in the order of Keras.
 *
 * @param {Fixed} fixed
 * @param {Layer} layer
 * @returns {Weight[][]}
 */
export function listsOf(fixed, { kind, sizes, trainable }) {
  const row = fixed.table[kind]
  const weights = row.weights.map(({ name, sides }) => {
    const shape = sides.map(side => sideOf(side, sizes))
    return { name, shape, count: product(shape) }
  })
  return row[trainable ? "on" : "off"].map(places => places.map(place => weights[place]))
}

/** @param {string} text @param {Record<string, string | number>} values */
const filled = (text, values) => text.replace(/\$(\w+)/g, (_, name) => String(values[name]))

/**
 * Return the code that prints the lists.
 *
 * @param {Fixed} fixed
 * @param {Layer} layer
 */
export function codeOf(fixed, { kind, sizes, trainable }) {
  const { inputs, layer, call } = fixed.kinds[kind]
  const shape = inputs.map(key => sizes[key]).join(", ") + (inputs.length === 1 ? "," : "")
  return filled(fixed.code, { shape, layer: filled(layer, sizes), call, trainable: trainable ? "True" : "False" })
}

/** @param {number} all Of the arrays */
const frozenWords = all =>
  all === 1
    ? "Frozen: the only array of weights is still there, and it is not trainable."
    : `Frozen: the ${all} arrays of weights are still there, and none of them is trainable.`

/**
 * Return what the lists show, in one sentence.
 *
 * @param {Fixed} fixed
 * @param {Layer} layer
 */
export function findingOf(fixed, layer) {
  const [all, trainable, rest] = listsOf(fixed, layer).map(list => list.length)
  const { title } = fixed.kinds[layer.kind]
  const name = layer.kind === "model" ? "The model" : title
  if (!all) return `${name} has no weights: all three lists are empty, and the switch moves nothing.`
  if (!layer.trainable) {
    return fixed.table[layer.kind].on[1].length
      ? frozenWords(all)
      : `None of the ${all} arrays of weights is trainable, whatever the switch says.`
  }
  if (!trainable) return `None of the ${all} arrays of weights is trainable, whatever the switch says.`
  if (rest)
    return `${trainable} of ${all} arrays of weights are trainable. The other ${rest} are statistics, which no optimizer changes.`
  if (all === 1) return "The only array of weights is trainable."
  return all === 2 ? "Both arrays of weights are trainable." : `All ${all} arrays of weights are trainable.`
}
