/**
 * What an action says, as it grows, in a panel at the foot of the page.
 *
 * Only the lines that are seen are in the document: every line has one height, and the space of the others is kept
 * free. It must not read by itself (log_stream.js).
 */
import { element, setAttribute, setChildren, setHidden, setText } from "./element.js";
import { plural } from "./format.js";
import { LogStream } from "./log_stream.js";
import { LogText } from "./log_text.js";

const LINE_PIXELS = 18;
const AROUND = 30;
const STATES = { reading: "reading …", running: "running", ended: "ended", lost: "connection lost, trying again …" };

export class LogView {
  constructor(section) {
    this.section = section;
    this.title = element("h2", { id: "log-title" });
    this.state = element("span", { class: "faint" });
    this.follow = element("input", { type: "checkbox", id: "log-follow", onchange: () => this.#redraw() });
    this.plain = element("a", { target: "_blank", rel: "noreferrer" }, "Plain text");
    const close = element("button", { type: "button", class: "quiet", onclick: () => this.close() }, "Close");
    const label = element("label", { for: "log-follow" }, this.follow, "Follow");
    const tools = element("div", { class: "log-tools" }, this.state, label, this.plain, close);
    this.space = element("div", { class: "log-space" });
    this.shown = element("pre", { class: "log-lines" });
    this.space.append(this.shown);
    const labels = { tabindex: 0, role: "group", "aria-label": "What it says" };
    this.box = element("div", { class: "log-box", ...labels, onscroll: () => this.#scrolled() }, this.space);
    setChildren(section, [element("div", { class: "log-head" }, this.title, tools), this.box]);
    section.addEventListener("keydown", (press) => press.key === "Escape" && this.close());
    new ResizeObserver(() => this.#redraw()).observe(this.box);
    this.text = null;
    this.frame = null;
    this.top = 0; // where it was last scrolled to
  }

  open(path) {
    this.stream?.close();
    this.opener = document.activeElement;
    this.text = new LogText();
    this.stream = new LogStream(path, {
      onText: (text) => this.#append(text),
      onState: (state) => this.#tell(state),
    });
    setText(this.title, `${path.stage} / ${path.action}`);
    setAttribute(this.plain, "href", this.stream.address());
    setAttribute(this.plain, "aria-label", `What ${path.action} says, as plain text, in a new tab`);
    this.follow.checked = true;
    setHidden(this.section, false);
    document.body.classList.add("has-log");
    this.stream.open();
    this.#redraw();
    this.box.focus();
  }

  close() {
    this.stream?.close();
    this.text = null;
    setChildren(this.shown, []);
    setHidden(this.section, true);
    document.body.classList.remove("has-log");
    this.opener?.focus();
  }

  #append(text) {
    this.text.append(text);
    this.#tell(this.what);
    this.#redraw();
  }

  #tell(state) {
    this.what = state;
    const count = this.text.lines.length + this.text.left;
    const left = this.text.left > 0 ? `, the first ${this.text.left} not shown` : "";
    setText(this.state, `${plural(count, "line")}${left} · ${STATES[state]}`);
  }

  /** Who scrolls up wants to read; at the end one follows again. */
  #scrolled() {
    const { scrollTop, clientHeight } = this.box;
    const isAtEnd = scrollTop + clientHeight >= this.space.offsetHeight - LINE_PIXELS;
    if (scrollTop < this.top) this.follow.checked = false;
    else if (scrollTop > this.top && isAtEnd) this.follow.checked = true;
    this.top = scrollTop;
    this.#redraw();
  }

  #redraw() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      if (this.text !== null) this.#draw();
    });
  }

  #draw() {
    const { lines, widest } = this.text;
    this.space.style.blockSize = `${lines.length * LINE_PIXELS}px`;
    this.space.style.minInlineSize = `${widest}ch`;
    if (this.follow.checked) {
      this.box.scrollTop = this.space.offsetHeight;
      this.top = this.box.scrollTop;
    }
    const first = Math.max(0, Math.floor(this.box.scrollTop / LINE_PIXELS) - AROUND);
    const count = Math.ceil(this.box.clientHeight / LINE_PIXELS) + 2 * AROUND;
    setText(this.shown, lines.slice(first, first + count).join("\n"));
    this.shown.style.transform = `translateY(${first * LINE_PIXELS}px)`;
  }
}
