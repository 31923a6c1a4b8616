// The second window of a lesson, with the lecturer's notes: it follows the first, and its keys move the first.

import { element } from "../base.js"

const CHANNEL = "thaw-lesson"
const NAME = "thaw_notes"
const SIZE = "width=760,height=620"

/** Open the second window. @param {string} address */
export const openNotes = address => window.open(address, NAME, SIZE)

/**
 * Hear from the other window, and return how to speak to it: of the open step, or of what it should do.
 *
 * @param {(said: any) => void} hear
 * @param {AbortSignal} signal
 */
export function speakerPhone(hear, signal) {
  const channel = new BroadcastChannel(CHANNEL)
  channel.addEventListener("message", ({ data }) => hear(data), { signal })
  signal.addEventListener("abort", () => channel.close())
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel has one origin
  return said => signal.aborted || channel.postMessage(said)
}

/** What the second window needs of the open step. @param {any} data */
export const spoken = ({ number, steps, title }) => ({
  place: `${number} of ${steps.length}, ${title}`,
  step: steps[number - 1],
  following: steps[number]?.say ?? "",
})

/**
 * Draw the second window.
 *
 * @param {HTMLElement} root
 * @param {{place: string, step: Record<string, any>, following: string}} said
 * @param {(wish: string) => void} wish
 */
export function drawNotes(root, { place, step, following }, wish) {
  const truth = step.question ? `${step.question} Right: ${step.answers[step.right - 1]}` : ""
  root.hidden = false
  root.className = "guide speaker"
  root.replaceChildren(
    element(
      "div",
      { class: "row" },
      element("button", { class: "back", "aria-label": "Back", onclick: () => wish("back") }, "‹"),
      element("p", { class: "say" }, step.say),
      element("button", { class: "next", onclick: () => wish("next") }, "Next ›"),
    ),
    element("p", { class: "words" }, step.notes || "This step has no notes."),
    element("p", { class: "more" }, truth),
    element("p", { class: "more" }, following && `Next: ${following}`),
    element("p", { class: "foot" }, place),
  )
}
