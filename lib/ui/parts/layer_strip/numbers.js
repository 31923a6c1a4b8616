// The numbers that follow from a plan, without drawing; tests/js compares them with Python.

import { count } from "../base.js"

/**
 * A layer, as the server describes it (component.py).
 *
 * @typedef {object} Layer
 * @property {string} name
 * @property {string} type
 * @property {string} block
 * @property {number[]} inbound Indices of the layers that it takes its input from
 * @property {number} params
 * @property {number} trainable Parameters that are trained unless the layer is frozen
 * @property {number} statistics Parameters that are updated without being trained
 * @property {number} tensors Trainable tensors
 * @property {boolean} batchNorm
 * @property {number[]} cost Of a step: forward, gradients of the weights, gradients of the input
 *
 * Layers before `cut` are frozen, and with `batchNormFrozen` every BatchNormalization; those in
 * `byHand` are the opposite.
 * @typedef {{cut: number, batchNormFrozen: boolean, byHand: Set<number>}} Plan
 */

const MAX_LANES = 6

/** @param {number} part @param {number} whole */
export const percent = (part, whole) => (whole ? (100 * part) / whole : 0)

/** Format the memory of parameters as model.summary() does. @param {number} params */
export function memory(params) {
  let size = params * 4
  for (const unit of ["Byte", "KB", "MB", "GB"]) {
    if (size < 1024) return `${size.toFixed(2)} ${unit}`
    size /= 1024
  }
  return `${size.toFixed(2)} TB`
}

/** @param {Layer} layer @param {number} index @param {Plan} plan */
export function isFrozen(layer, index, plan) {
  const rule = index < plan.cut || (plan.batchNormFrozen && layer.batchNorm)
  return rule !== plan.byHand.has(index)
}

/**
 * Compute the numbers of lib.core.freezing and lib.core.network.step_cost for a plan.
 *
 * @param {Layer[]} layers
 * @param {{params: number, tensors: number}} head
 * @param {Plan} plan
 */
export function derive(layers, head, plan) {
  const found = {
    total: head.params,
    trainable: head.params,
    tensors: head.tensors,
    layersThawed: 0,
    moving: 0,
  }
  /** @type {boolean[]} */
  const live = []
  let forward = 0
  let backward = 0
  layers.forEach((layer, index) => {
    const thawed = layer.params > 0 && !isFrozen(layer, index, plan)
    const passesOn = layer.inbound.some(source => live[source])
    const learns = thawed && layer.trainable > 0
    live.push(passesOn || learns)
    found.total += layer.params
    if (thawed) {
      found.trainable += layer.trainable
      found.tensors += layer.tensors
      found.layersThawed += 1
      found.moving += layer.statistics
    }
    const [ahead, weights, inputs] = layer.cost
    forward += ahead
    backward += (learns ? weights : 0) + (passesOn ? inputs : 0)
  })
  const optimizer = 2 * found.trainable + 2 // lib.core.network.step_cost.adam_params
  return { ...found, optimizer, stepTime: 1 + backward / forward }
}

/**
 * Return the plan with another cut. A cut at or below the first layer with weights thaws
 * everything, because no layer before it can be trained.
 *
 * @param {Layer[]} layers
 * @param {Plan} plan
 * @param {number} cut
 */
export function withCut(layers, plan, cut) {
  const first = layers.findIndex(layer => layer.params > 0)
  return { ...plan, cut: cut <= first ? 0 : Math.min(cut, layers.length), byHand: new Set() }
}

/** Return the plan with some layers set by hand. @param {Layer[]} layers @param {Plan} plan @param {number[]} indices @param {boolean} frozen */
export function withLayers(layers, plan, indices, frozen) {
  const byHand = new Set(plan.byHand)
  const bare = { ...plan, byHand: new Set() }
  for (const index of indices) {
    if (!layers[index].params) continue
    if (isFrozen(layers[index], index, bare) === frozen) byHand.delete(index)
    else byHand.add(index)
  }
  return { ...plan, byHand }
}

/** Return where the next or the previous block begins. @param {Layer[]} layers @param {number} cut @param {number} step */
export function nextBlock(layers, cut, step) {
  const starts = layers.flatMap((layer, i) => (i && layers[i - 1].block !== layer.block ? [i] : []))
  const all = [0, ...starts, layers.length]
  return step > 0 ? (all.find(i => i > cut) ?? layers.length) : (all.findLast(i => i < cut) ?? 0)
}

/**
 * Say what is thawed and what that did to the count, in Markdown; only layers with parameters count.
 *
 * @param {{layers: Layer[]}} table
 * @param {Plan} plan
 * @param {{params: number}} head
 * @param {{total: number, trainable: number}} numbers That follow from the plan
 */
export function finding({ layers }, plan, head, numbers) {
  const own = layers
    .map((layer, index) => ({ ...layer, index, frozen: isFrozen(layer, index, plan) }))
    .filter(one => one.params)
  const thawed = own.filter(one => !one.frozen)
  const norms = own.filter(one => one.batchNorm)
  const raises =
    `raises the trainable parameters from ${count(head.params)} to ${count(numbers.trainable)}. ` +
    `The total stays ${count(numbers.total)}.`
  const still = own.filter(one => one.index >= plan.cut && one.batchNorm && one.frozen).length
  const rest = still ? " [BatchNormalization](#term-batch_normalization) layers (blue) after the ball stay frozen." : ""
  if (!thawed.length)
    return (
      `All ${own.length} layers with parameters are frozen: only the [head](#term-head) is trained, ` +
      `${count(head.params)} of ${count(numbers.total)} parameters.`
    )
  if (thawed.length === own.length) return `Thawing all ${own.length} layers with parameters ${raises}`
  if (thawed.length === own.length - norms.length && norms.every(one => one.frozen))
    return `Thawing every layer except the ${norms.length} [BatchNormalization](#term-batch_normalization) layers ${raises}`
  return `Thawing ${thawed.length} of ${own.length} layers with parameters ${raises}${rest}`
}

/** Return every connection that skips at least one row, each in a lane of its own. @param {Layer[]} layers */
export function branches(layers) {
  /** @type {number[]} */
  const busyUntil = []
  const found = layers.flatMap((layer, to) =>
    layer.inbound.filter(from => to - from > 1).map(from => ({ from, to, lane: 0 })),
  )
  found.sort((a, b) => a.from - b.from || b.to - a.to)
  for (const branch of found) {
    let lane = busyUntil.findIndex(until => until <= branch.from)
    if (lane < 0) lane = busyUntil.length
    busyUntil[lane] = branch.to
    branch.lane = Math.min(lane, MAX_LANES - 1)
  }
  return found
}
