// One map: points or thumbnails on a canvas, which travel to their next places.

import { contextOf, element } from "../base.js"
import { between, nearest } from "./numbers.js"

const TRAVEL_MS = 450
const MARGIN = 18 // px, so that no point is cut off
const SHAPES = 3 // circle, square, triangle: with the colours enough for many classes
const ZOOM = 1.5
const quiet = matchMedia("(prefers-reduced-motion: reduce)")

export class Cloud {
  /** @param {any} data Of component.py @param {string} title */
  constructor(data, title) {
    this.data = data
    this.pictures = false
    this.zoom = 1
    this.middle = [0.5, 0.5]
    this.held = -1
    this.frame = 0
    this.canvas = element("canvas", {
      tabindex: 0,
      role: "img",
      "aria-label": `${title}: ${data.labels.length} images`,
    })
    this.tip = element("div", { class: "tip", hidden: true })
    const button = (words, label, by) =>
      element("button", { type: "button", "aria-label": label, onclick: () => this.zoomBy(by) }, words)
    this.root = element(
      "div",
      { class: "cloud" },
      this.canvas,
      this.tip,
      element("div", { class: "zoom" }, button("+", "Zoom in", ZOOM), button("−", "Zoom out", 1 / ZOOM)),
    )
    this.sheet = new Image()
    this.sheet.onload = () => this.draw()
    if (data.sheet) this.sheet.src = data.sheet
    this.listen()
    new ResizeObserver(() => this.resize()).observe(this.canvas)
    // A map that is scrolled away is not drawn: a change of depth draws what is seen at once.
    this.seen = false
    new IntersectionObserver(([{ isIntersecting }]) => {
      this.seen = isIntersecting
      this.draw()
    }).observe(this.canvas)
  }

  /** The style of a class in the legend. @param {number} at */
  look(at) {
    const { colours } = this.data
    const shape = Math.floor(at / colours.length) % SHAPES
    const clip = shape === 2 ? "clip-path: polygon(50% 0, 100% 100%, 0 100%);" : ""
    return `background: ${colours[at % colours.length]}; border-radius: ${shape ? 0 : "50%"}; ${clip}`
  }

  showPictures(shown) {
    this.pictures = shown
    this.draw()
  }

  /** Move all points; the first frame is drawn at once. @param {Float32Array} places */
  travel(places) {
    const start = this.points ?? places
    cancelAnimationFrame(this.frame)
    if (start.length !== places.length || quiet.matches || !this.seen) {
      this.points = places
      this.draw()
      return
    }
    const began = performance.now()
    const step = now => {
      const share = Math.min(1, Math.max(0, (now - began) / TRAVEL_MS))
      this.points = share < 1 ? between(start, places, share) : places
      this.draw()
      if (share < 1) this.frame = requestAnimationFrame(step)
    }
    step(began)
  }

  resize() {
    const scale = devicePixelRatio || 1
    const { clientWidth: width, clientHeight: height } = this.canvas
    if (!width) return
    Object.assign(this.canvas, { width: width * scale, height: height * scale })
    this.draw()
  }

  /** The place of a point on the canvas in px. @param {number} at */
  placeOf(at) {
    const { clientWidth: width, clientHeight: height } = this.canvas
    const side = Math.min(width, height) - 2 * MARGIN
    const along = (value, middle, length) => length / 2 + (value - middle) * side * this.zoom
    return [along(this.points[2 * at], this.middle[0], width), along(this.points[2 * at + 1], this.middle[1], height)]
  }

  draw() {
    if (!this.points || !this.canvas.width || !this.seen) return
    const context = contextOf(this.canvas)
    const scale = devicePixelRatio || 1
    context.setTransform(scale, 0, 0, scale, 0, 0)
    context.clearRect(0, 0, this.canvas.width, this.canvas.height)
    const { labels } = this.data
    labels.forEach((label, at) => at !== this.held && this.drawOne(context, at, label))
    if (this.held >= 0) this.drawOne(context, this.held, labels[this.held], true)
  }

  drawOne(context, at, label, held = false) {
    const [x, y] = this.placeOf(at)
    const { colours, columns, thumbnail } = this.data
    const colour = colours[label % colours.length]
    if (this.pictures || held) {
      const side = held ? 2.5 * thumbnail : thumbnail
      const [column, row] = [at % columns, Math.floor(at / columns)]
      context.fillStyle = colour
      context.fillRect(x - side / 2 - 2, y - side / 2 - 2, side + 4, side + 4)
      if (this.sheet.complete && this.sheet.naturalWidth)
        context.drawImage(
          this.sheet,
          column * thumbnail,
          row * thumbnail,
          thumbnail,
          thumbnail,
          x - side / 2,
          y - side / 2,
          side,
          side,
        )
      return
    }
    const radius = 5
    context.fillStyle = colour
    context.globalAlpha = 0.8
    context.beginPath()
    const shape = Math.floor(label / colours.length) % SHAPES
    if (shape === 0) context.arc(x, y, radius, 0, 2 * Math.PI)
    else if (shape === 1) context.rect(x - radius, y - radius, 2 * radius, 2 * radius)
    else {
      context.moveTo(x, y - radius)
      context.lineTo(x + radius, y + radius)
      context.lineTo(x - radius, y + radius)
    }
    context.fill()
    context.globalAlpha = 1
  }

  zoomBy(factor) {
    this.zoom = Math.max(1, Math.min(8, this.zoom * factor))
    if (this.zoom === 1) this.middle = [0.5, 0.5]
    this.draw()
  }

  hold(at) {
    if (at === this.held) return
    this.held = at
    const { classes, labels } = this.data
    this.tip.hidden = at < 0
    if (at >= 0) this.tip.textContent = classes[labels[at]] ?? ""
    this.draw()
  }

  listen() {
    const { canvas } = this
    const move = event => {
      const box = canvas.getBoundingClientRect()
      const side = (Math.min(box.width, box.height) - 2 * MARGIN) * this.zoom
      const x = (event.clientX - box.left - box.width / 2) / side + this.middle[0]
      const y = (event.clientY - box.top - box.height / 2) / side + this.middle[1]
      if (this.dragged && event.buttons) {
        this.middle = [this.middle[0] - event.movementX / side, this.middle[1] - event.movementY / side]
        this.draw()
      } else if (this.points) this.hold(nearest(this.points, x, y, 14 / side))
    }
    canvas.onpointermove = move
    canvas.onpointerdown = () => (this.dragged = true)
    canvas.onpointerup = () => (this.dragged = false)
    canvas.onpointerleave = () => this.hold(-1)
    canvas.onkeydown = event => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key]
      if (step) {
        event.preventDefault()
        const count = this.data.labels.length
        this.hold((Math.max(0, this.held) + step + count) % count)
      } else if (event.key === "+" || event.key === "-") this.zoomBy(event.key === "+" ? ZOOM : 1 / ZOOM)
      else if (event.key === "Escape") this.hold(-1)
    }
    canvas.onblur = () => this.hold(-1)
  }
}
