// The figure of Plotly that a bar belongs to, drawn up to an epoch.
//
// Every point of a figure has its epoch as the first value of `customdata`, and a shape or an annotation
// that appears at an epoch is named "reached" with it. Plotly is loaded once it has drawn a figure.

const NARROW = 520 // px: names of lines then stand inside the plot
const MARGIN_RIGHT = 12
const MARGIN_LEFT = 54
const OFF_THE_LINE = 6 // px

export const plotly = () => /** @type {any} */ (window).Plotly
export const figureOf = view => document.querySelector(view.data.figure)

/** Return the figure to draw in, once Plotly has drawn it: of a run that is training the one without epochs. */
export function ready(view) {
  const figure = figureOf(view)
  if (!figure?.data || !plotly()) return null
  const { growing } = view.data
  return growing && figure.layout.datarevision !== growing.mark ? null : figure
}

/** Return the original figure with all its epochs. */
function whole(view, figure) {
  // The server's next figure brings arrays of its own; what is drawn here changes their content only.
  const { whole: before } = view
  if (before?.from !== figure.data || before.figure !== figure) {
    const { drawn } = view.data
    const found = pointsOf(figure.data)
    // Streamlit may make a figure once more from what it kept of it, where points that are due later are null.
    const again = before?.drawn === drawn && String(before.traces.map(lengthOf)) === String(found.map(lengthOf))
    view.whole = {
      from: figure.data,
      figure,
      drawn,
      traces: again ? before.traces : found,
      limit: again ? NaN : Infinity,
    }
    fit(figure)
  }
  return view.whole
}

const lengthOf = ({ customdata }) => customdata?.length ?? 0

/** The points of traces, and what the pointer shows of them. */
const pointsOf = data => data.map(({ x, y, customdata, text }) => ({ x, y, customdata, text }))

/** All of a figure but its points, as text. */
const lookOf = ({ data, layout }) =>
  JSON.stringify([layout, data.map(({ x: _x, y: _y, customdata: _customdata, text: _text, ...look }) => look)])

/**
 * Give the figure of Streamlit the curves of a run that is training, up to an epoch.
 *
 * Streamlit would take the figure away and make a new one for every epoch. So it draws the axes only, and
 * Plotly changes in one pass what differs from the curves before: only points, if nothing else does.
 */
function grow(view, figure, limit) {
  const { figure: text, alt, mark } = view.data.growing
  const { data, layout } = JSON.parse(text)
  const traces = pointsOf(data)
  const look = lookOf({ data, layout })
  figure.closest("[role=figure]")?.setAttribute("aria-label", alt)
  if (isGrown(view, figure) && view.whole.look === look) {
    Object.assign(view.whole, { traces, limit, text })
    animate(view.whole, limit)
    return
  }
  upTo(traces, limit).forEach((cut, at) => Object.assign(data[at], cut))
  for (const each of [...(layout.annotations ?? []), ...(layout.shapes ?? [])]) {
    if (epochOf(each) >= 0) each.visible = epochOf(each) <= limit
  }
  const { width, height } = figure.layout
  plotly().react(figure, data, { ...layout, width, height, datarevision: mark })
  view.whole = { from: data, figure, traces, limit, text, look }
  fit(figure)
}

/** Whether the figure shows the curves that the bar gave it last. */
export const isGrown = (view, figure) => Boolean(view.whole?.text) && view.whole.from === figure.data

/** The epoch at which a shape or an annotation appears; not a number for others. */
const epochOf = ({ name }) => Number(/^reached (\d+)/.exec(name ?? "")?.[1])

/** On a narrow screen, put what stands right of the plot into it, and make what the figure names shorter. */
function fit(figure) {
  if (figure.clientWidth >= NARROW) return
  const changes = { "margin.r": MARGIN_RIGHT, "margin.l": MARGIN_LEFT, ...figure.layout.meta?.narrow }
  figure.layout.annotations?.forEach((note, at) => {
    if (!note.name?.includes("beside")) return
    Object.assign(changes, {
      [`annotations[${at}].xanchor`]: "right",
      [`annotations[${at}].xshift`]: -4,
      // Validation is usually the lower line of accuracy and the upper one of loss.
      [`annotations[${at}].yanchor`]: note.yref === "y" ? "top" : "bottom",
      [`annotations[${at}].yshift`]: note.yref === "y" ? -OFF_THE_LINE : OFF_THE_LINE,
    })
  })
  plotly().relayout(figure, changes)
}

/** The points of traces up to an epoch. Later ones are null: Plotly does not update a trace without any values. */
const upTo = (traces, limit) =>
  traces.map(({ x, y, customdata, text }) => {
    const kept = values => [...values].map((value, at) => (!customdata || customdata[at][0] <= limit ? value : null))
    return { x: kept(x ?? []), y: kept(y ?? []), customdata, text }
  })

/** Draw only the epochs up to a limit; returns whether there is a figure. */
export function drawUpTo(view, limit) {
  view.limit = limit
  const figure = ready(view)
  if (!figure) return false
  const { growing, epochs } = view.data
  if (growing && !(isGrown(view, figure) && view.whole.text === growing.figure)) {
    grow(view, figure, limit)
    figure.dataset.drawn = ""
    return true
  }
  const all = whole(view, figure)
  const wanted = limit < epochs ? limit : Infinity
  if (all.limit !== wanted) animate(all, limit)
  all.limit = wanted
  all.figure.dataset.drawn = "" // see `hold` in main.js
  return true
}

function animate(all, limit) {
  const data = upTo(all.traces, limit)
  const still = { mode: "immediate", frame: { duration: 0, redraw: false }, transition: { duration: 0 } }
  // One that is overtaken by the next is rejected, and that is no error.
  plotly()
    .animate(all.figure, { data, traces: data.map((_, at) => at) }, still)
    .catch(() => {})
  const changes = {}
  for (const what of ["annotations", "shapes"]) {
    all.figure.layout[what]?.forEach((each, at) => {
      const visible = epochOf(each) <= limit
      if (epochOf(each) >= 0 && (each.visible ?? true) !== visible) changes[`${what}[${at}].visible`] = visible
    })
  }
  if (Object.keys(changes).length) plotly().relayout(all.figure, changes)
}
