// The prediction of a network for an image, and where it looked (lib/ui/predict/page.py), and code
// to read (lib/ui/predict/take_home.py).
//
// Every number comes from the server. The browser chooses the class that is shown over the image,
// because that needs no computation.

import { copyText, element, overlay, replace, send, viewOf, withTerms } from "../base.js"

const VIEWS = { picker: drawPicker, board: drawBoard, code: drawCode }

// --- Choosing an image ---------------------------------------------------------------------

function drawPicker(view) {
  const { data, root } = view
  const options = data.choices.map(choice => {
    const input = element("input", { type: "radio", name: "image", checked: choice.id === data.chosen })
    input.onchange = () => send(view, "choice", { id: choice.id })
    const picture = choice.thumbnail
      ? element("img", { src: choice.thumbnail, alt: "" })
      : element("span", { class: "blank", "aria-hidden": "true" })
    return element("label", { class: "option" }, input, picture, choice.title)
  })
  replace(root, [element("div", { class: "picker", role: "radiogroup", "aria-label": data.label }, ...options)])
}

// --- The predictions -----------------------------------------------------------------------

function drawBoard(view) {
  const { data, root } = view
  const known = data.panels.flatMap(panel => panel.classes.map(line => line.index))
  // A new prediction starts with its most probable class; a redraw keeps the chosen class.
  const answer = data.label + data.picture
  if (view.answer !== answer || !known.includes(view.shown)) view.shown = data.chosen
  view.answer = answer
  root.style.setProperty("--photo", `url("${data.picture}")`)
  root.style.setProperty("--heat", data.colours.heat)
  root.style.setProperty("--below", data.colours.below)
  const many = data.panels.length > 1
  const panels = data.panels.map((panel, place) => drawPanel(view, panel, place))
  replace(root, [element("div", { class: many ? "board several" : "board" }, ...panels), legend(view)])
}

function drawPanel(view, panel, place) {
  const shown = panel.classes.find(line => line.index === view.shown) ?? panel.classes[0]
  const bars = panel.classes.map(line => {
    const chosen = line === shown
    const input = element("input", {
      type: "radio",
      name: `class-${place}`,
      "aria-label": `${line.name}, ${line.share}: show where it looked`,
      checked: chosen,
    })
    input.onchange = () => {
      view.shown = line.index
      drawBoard(view)
    }
    const bar = element("div", { class: "bar" })
    bar.style.width = `${100 * line.probability}%`
    return element(
      "label",
      { class: "option line" },
      input,
      element("span", { class: "name" }, line.name),
      element("span", { class: "share" }, line.share),
      element("div", { class: "track" }, bar),
    )
  })
  const title = element("h3", {}, ...withTerms(panel.title))
  return element(
    "section",
    { class: "panel", "aria-label": title.textContent },
    title,
    element("p", { class: "said" }, panel.said),
    ...(panel.truth ? [element("p", { class: "truth" }, panel.truth)] : []),
    element(
      "div",
      { class: "sides" },
      element(
        "figure",
        {},
        looked(view, panel, shown),
        element("figcaption", {}, "Evidence for ", element("b", {}, shown.name)),
      ),
      element("div", { class: "bars", role: "radiogroup", "aria-label": `Classes, ${title.textContent}` }, ...bars),
    ),
  )
}

function looked(view, panel, line) {
  const { data } = view
  const attributes = { class: view.bare ? "overlay bare" : "overlay", role: "img", "aria-label": line.where }
  const map = { rows: panel.rows, columns: panel.columns, values: line.values }
  return overlay(data, map, data.full, [data.colours.heat, data.colours.below], attributes)
}

function legend(view) {
  const box = element("input", { type: "checkbox", checked: !view.bare })
  box.onchange = () => {
    view.bare = !box.checked
    for (const each of view.root.querySelectorAll(".overlay")) each.classList.toggle("bare", view.bare)
  }
  return element(
    "div",
    { class: "legend" },
    element("label", {}, box, " Show where it looked"),
    element("span", {}, element("i", { class: "for" }), "evidence for the class"),
    element("span", {}, element("i", { class: "against" }), "evidence against it"),
  )
}

// --- Code ----------------------------------------------------------------------------------

/** Draw code in a box that scrolls, also by keyboard; comments and docstrings are muted. */
function drawCode(view) {
  const { data, root } = view
  const box = element("pre", { tabindex: "0", role: "region", "aria-label": data.label })
  let inside = false // a docstring of several lines
  for (const line of data.text.trimEnd().split("\n")) {
    const quotes = line.split('"""').length - 1
    const aside = inside || quotes > 0 || /^\s*#/.test(line)
    if (quotes === 1) inside = !inside
    box.append(aside ? element("span", { class: "aside" }, line) : line, "\n")
  }
  const copy = element("button", { type: "button", class: "copy" }, "Copy")
  copy.onclick = () => copyText(data.text, copy, box)
  replace(root, [element("div", { class: "code" }, box, copy)])
}

// --- Frame ---------------------------------------------------------------------------------

export default function (component) {
  const { data } = component
  if (!data?.kind) return
  const view = viewOf(component, made => (made.bare = false))
  view.data = data
  view.root.setAttribute("aria-label", data.label)
  VIEWS[data.kind](view)
  delete view.root.dataset.pending
}
