// Images in rows, each row with a title and each image with a few words (component.py draws them).

import { element } from "../base.js"

const SMOOTH = 40 // px: a lower strip of pictures is shown pixel by pixel

function tile({ picture, alt, title, words }, { width, parts }) {
  const image = element("img", { src: picture, alt })
  image.style.width = `${width}px`
  if (parts > 1) {
    image.className = "parts"
    image.style.setProperty("--parts", String(parts))
    image.onload = () => image.classList.toggle("small", image.naturalHeight < SMOOTH)
  }
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
    return element("div", {}, ...heading, element("div", { class: "row" }, ...tiles.map(each => tile(each, data))))
  })
  const root = parentElement.querySelector(".tiles")
  root.classList.toggle("flow", data.flow)
  root.replaceChildren(...rows)
}
