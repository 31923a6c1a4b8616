// Images in rows, each row with a title and each image with a few words (component.py draws them).

import { element } from "../base.js"

function tile({ picture, alt, title, words }, width) {
  const image = element("img", { src: picture, alt })
  image.style.width = `${width}px`
  const made = element("figure", {}, image)
  if (title || words) made.append(element("figcaption", {}, ...(title ? [element("b", {}, title)] : []), words))
  // Words are as wide as what they are about, and no wider than the page.
  made.style.width = `${Math.max(width, words ? 150 : 0)}px`
  return made
}

export default function (component) {
  const { data, parentElement } = component
  const rows = data.rows.map(({ title, note, tiles }) => {
    const heading = title ? [element("p", { class: "title" }, title, element("span", {}, note))] : []
    return element(
      "div",
      {},
      ...heading,
      element("div", { class: "row" }, ...tiles.map(each => tile(each, data.width))),
    )
  })
  const root = parentElement.querySelector(".tiles")
  root.classList.toggle("flow", data.flow)
  root.replaceChildren(...rows)
}
