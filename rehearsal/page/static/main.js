/**
 * The page: hears events, reduces them to a state, and draws what has changed, at most once a frame.
 *
 * Events wait in line, and they and the views are taken in slices of a few milliseconds, so that nothing blocks the page.
 */
import { AlarmsView } from "./alarm_view.js";
import { Announcer } from "./announcer.js";
import { ApprovalsView } from "./approval_view.js";
import { BannerView } from "./banner_view.js";
import { CanariesView } from "./canary_view.js";
import { Connection, Link } from "./connection.js";
import { setText } from "./element.js";
import { HistoryView } from "./history_view.js";
import { LogView } from "./log_view.js";
import { MessagesView } from "./message_view.js";
import { PipelineView } from "./pipeline_view.js";
import { EMPTY, reduce } from "./reducer.js";
import { RunningView } from "./running_view.js";
import { tick } from "./status_view.js";

const SLICE_MS = 12;
const TICK_MS = 1000;
const $ = (id) => document.getElementById(id);

class Page {
  constructor() {
    this.state = EMPTY;
    this.link = Link.CONNECTING;
    this.awsNow = 0;
    this.waiting = [];
    this.taken = 0;
    this.hasCaughtUp = false;
    this.isDrawn = false;
    this.frame = null;
    this.undrawn = [];
    const log = new LogView($("log"));
    const openLog = (path) => log.open(path);
    const running = new RunningView($("running"));
    this.banner = new BannerView($("banner"), $("link"));
    this.announcer = new Announcer($("announcer"));
    this.views = [
      { draw: (state) => this.#drawHead(state) },
      { draw: (state) => this.banner.draw(state, this.link) },
      { draw: (state) => running.draw(state, this.awsNow) },
      new ApprovalsView($("approvals"), $("approval-list")),
      new PipelineView($("pipeline-stages"), $("mutation"), openLog),
      new CanariesView($("canary-list"), $("canaries-earlier"), $("canaries-none")),
      new HistoryView($("history-table"), $("history-none"), openLog),
      new AlarmsView($("alarm-list")),
      new MessagesView($("message-list"), $("messages-none")),
    ];
    this.connection = new Connection({
      onEvents: (events, isCaughtUp) => this.#hear(events, isCaughtUp),
      onLink: (link) => this.#linkChanged(link),
    });
  }

  open() {
    this.connection.open();
    setInterval(tick, TICK_MS);
  }

  #hear(events, isCaughtUp) {
    this.waiting.push(...events);
    if (isCaughtUp) this.waiting.push(null); // a mark in the line: what comes after it is new
    this.#wake();
  }

  #linkChanged(link) {
    this.link = link;
    if (link === Link.LOST && this.state.up.endedAt !== null) this.connection.close();
    this.#wake();
  }

  #wake() {
    this.undrawn = this.views;
    this.frame ??= requestAnimationFrame(() => this.#work());
  }

  /** Until the history has been heard, drawing it over and over would only delay it. */
  #work() {
    this.frame = null;
    const end = performance.now() + SLICE_MS;
    this.#takeEvents(end);
    if (this.waiting.length === 0 && this.hasCaughtUp) this.#draw(end);
    if (this.waiting.length > 0 || (this.hasCaughtUp && this.undrawn.length > 0)) {
      this.frame = requestAnimationFrame(() => this.#work());
    }
  }

  #takeEvents(end) {
    while (this.taken < this.waiting.length && performance.now() < end) {
      const event = this.waiting[this.taken];
      this.taken += 1;
      if (event === null) this.hasCaughtUp = true;
      else this.#take(event);
    }
    if (this.taken < this.waiting.length) return;
    this.waiting = [];
    this.taken = 0;
  }

  #take(event) {
    this.state = reduce(this.state, event);
    this.awsNow = event.aws_at;
    if (this.hasCaughtUp) this.announcer.hear(event);
  }

  /** At least one view a frame, from the top of the page down. */
  #draw(end) {
    do {
      const [view, ...others] = this.undrawn;
      view.draw(this.state);
      this.undrawn = others;
    } while (this.undrawn.length > 0 && performance.now() < end);
    if (this.undrawn.length > 0 || this.isDrawn) return;
    this.isDrawn = true;
    performance.mark("drawn");
    document.body.setAttribute("aria-busy", "false");
  }

  #drawHead({ up, pipeline }) {
    const project = up.project.split("/").filter(Boolean).at(-1) ?? "";
    setText($("project"), project || "rehearse up");
    setText($("pipeline-name"), pipeline.name ? `${pipeline.name}, version ${pipeline.version}` : "");
    setText($("branch"), up.branch ? `branch ${up.branch}` : "");
    setText($("aws-clock"), this.awsNow ? new Date(this.awsNow * 1000).toISOString().slice(0, 16).replace("T", " ") : "");
    const title = project ? `${project} · rehearse up` : "rehearse up";
    if (document.title !== title) document.title = title;
  }
}

new Page().open();
