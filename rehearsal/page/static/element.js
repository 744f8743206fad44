/**
 * Makes and changes elements. Text of others is only ever text: nothing here takes HTML.
 *
 * It must not know what is shown.
 */

const SVG = "http://www.w3.org/2000/svg";

/** Properties are attributes; `class`, `on…` listeners, and booleans as HTML has them. Children: nodes or text. */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else setAttribute(made, name, value);
  }
  setChildren(made, children);
  return made;
}

export function setAttribute(node, name, value) {
  if (value === false || value === null || value === undefined) node.removeAttribute(name);
  else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value === true ? "" : String(value));
}

/** Leaves the node alone where it says that already, so that nobody's selection is lost. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function setHidden(node, isHidden) {
  if (node.hidden !== isHidden) node.hidden = isHidden;
}

/** The children are exactly these nodes and texts, in this order; nodes that stay keep their state, such as the focus. */
export function setChildren(parent, children) {
  const wanted = children
    .flat(2)
    .filter(Boolean)
    .map((child) => (typeof child === "string" ? document.createTextNode(child) : child));
  const kept = new Set(wanted);
  for (const child of [...parent.childNodes]) if (!kept.has(child)) child.remove();
  wanted.forEach((child, index) => {
    if (parent.childNodes[index] !== child) parent.insertBefore(child, parent.childNodes[index] ?? null);
  });
}

/**
 * A list of views that are kept by their item's key. `make(item)` answers {node, draw(item)}; `draw` is called only for
 * an item that is not the same object as before.
 */
export class KeyedList {
  constructor(parent, make) {
    this.parent = parent;
    this.make = make;
    this.views = new Map();
  }

  draw(items, keyOf = (item) => item.key) {
    const views = new Map();
    for (const item of items) {
      const key = keyOf(item);
      const view = this.views.get(key) ?? this.make(item);
      if (view.item !== item) {
        view.draw(item);
        view.item = item;
      }
      views.set(key, view);
    }
    for (const [key, view] of this.views) if (!views.has(key)) view.close?.();
    this.views = views;
    setChildren(this.parent, [...views.values()].map((view) => view.node));
  }
}

const SHAPES = {
  Succeeded: ["M3.5 8.5l3 3 6-7"],
  Failed: ["M4.5 4.5l7 7M11.5 4.5l-7 7"],
  Errored: ["M8 3.5v6M8 12.2v.3"],
  InProgress: ["M8 2.5a5.5 5.5 0 1 1-5.5 5.5"],
  Stopped: ["M5 5h6v6H5z"],
  Superseded: ["M4 4l4 4-4 4M8.5 4l4 4-4 4"],
  Cancelled: ["M4 8h8"],
  Skipped: ["M4 4l4 4-4 4M8.5 4l4 4-4 4"],
  RolledBack: ["M6 3.5L3 6.5l3 3M3.5 6.5h5.5a3.5 3.5 0 0 1 0 7H6"],
  Waiting: ["M8 4v4.2l2.6 1.6"],
  NotStarted: [],
};

/** Says nothing to a screen reader: words stand beside it. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  for (const [attribute, value] of Object.entries({ viewBox: "0 0 16 16", "aria-hidden": "true" })) {
    svg.setAttribute(attribute, value);
  }
  svg.classList.add("icon");
  setIcon(svg, name);
  return svg;
}

export function setIcon(svg, name) {
  if (svg.dataset.name === name) return;
  svg.dataset.name = name;
  const circle = document.createElementNS(SVG, "circle");
  for (const [attribute, value] of Object.entries({ cx: 8, cy: 8, r: 7.25 })) circle.setAttribute(attribute, value);
  const paths = (SHAPES[name] ?? []).map((shape) => {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", shape);
    return path;
  });
  svg.replaceChildren(circle, ...paths);
}
