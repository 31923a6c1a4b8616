// What Python computed: written by python -m tests.js.export_vectors.

import { readFileSync } from "node:fs"

/** Objects whose keys are written once. */
const objects = ({ keys, rows }) => rows.map(row => Object.fromEntries(keys.map((key, place) => [key, row[place]])))

const file = JSON.parse(readFileSync(new URL("vectors.json", import.meta.url), "utf-8"))

export const { boards, colours, glass } = file
export const features = { ...file.features, fields: objects(file.features.fields) }
export const strategy = { rule: file.strategy.rule, cases: objects(file.strategy.cases) }
export const descriptions = { ...file.descriptions, cases: objects(file.descriptions.cases) }
export const networks = Object.entries(file)
  .filter(([, topic]) => topic.layers)
  .map(([backbone, { layers, head, cases }]) => ({
    backbone,
    layers: objects(layers),
    head,
    cases: objects(cases).map(one => ({ ...one, byHand: new Set(one.byHand) })),
  }))
