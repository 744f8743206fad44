/** A status as a sign and words: never by colour alone. */
import { element, icon, setAttribute, setIcon, setText } from "./element.js";
import { clockTime, duration, isoTime, statusWords } from "./format.js";

export class StatusView {
  constructor() {
    this.icon = icon("NotStarted");
    this.words = element("span");
    this.node = element("span", { class: "status" }, this.icon, this.words);
  }

  draw(status, words = statusWords(status)) {
    setIcon(this.icon, status);
    setText(this.words, words);
    setAttribute(this.node, "data-status", status);
  }
}

/** How long something took, or takes: `tick` draws what still runs. */
export class DurationView {
  constructor() {
    this.node = element("span", { class: "duration" });
  }

  draw(part) {
    const isRunning = part?.status === "InProgress";
    setAttribute(this.node, "data-since", isRunning ? part.startedAt : null);
    if (isRunning) setText(this.node, duration(Math.max(0, Date.now() / 1000 - part.startedAt)));
    else setText(this.node, part && part.seconds !== null ? duration(part.seconds) : "");
  }
}

export function tick() {
  const now = Date.now() / 1000;
  for (const node of document.querySelectorAll("[data-since]")) {
    setText(node, duration(Math.max(0, now - Number(node.dataset.since))));
  }
}

export function timeElement(at, now = Date.now() / 1000) {
  return element("time", { datetime: isoTime(at) }, clockTime(at, now));
}

/** A commit as its short id and its title; `title` may be long, and is cut by the style. */
export function commitElement(id, title) {
  return element(
    "span",
    { class: "commit", title: `${id} ${title}`.trim() },
    element("code", {}, id.slice(0, 7)),
    title ? element("span", { class: "commit-title" }, title) : null,
  );
}
