/** Draws a plot of canary_data.js with uPlot. It must not know what is plotted; colours are those of the style. */
import { element, setChildren } from "./element.js";
import { number } from "./format.js";
import { inTurn, notAnyMore } from "./in_turn.js";

const HEIGHT = 116;
const DARK = matchMedia("(prefers-color-scheme: dark)");
const LEAST_PIXELS_OF_A_TICK = 24;

export function canDraw() {
  return typeof globalThis.uPlot === "function";
}

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/** `group` names the plots whose cursors move together; `onCursor(minute | null)` hears where it is. */
export class Chart {
  constructor(group, onCursor) {
    this.group = group;
    this.onCursor = onCursor;
    this.title = element("figcaption");
    this.box = element("div", { class: "plot", "aria-hidden": "true" });
    this.node = element("figure", {}, this.title, this.box);
    this.sizes = new ResizeObserver(() => this.#resize());
    this.sizes.observe(this.box);
    this.sight = new IntersectionObserver(([entry]) => this.#see(entry.isIntersecting), { rootMargin: "200px" });
    this.sight.observe(this.box);
    this.isSeen = false;
    this.recolour = () => {
      this.chart?.destroy();
      this.chart = null;
      this.#refresh();
    };
    DARK.addEventListener("change", this.recolour);
  }

  draw(plot, minutes, marks) {
    this.plot = plot;
    this.minutes = minutes;
    this.marks = marks;
    const state = plot.state ? element("span", { class: "alarm-state", "data-state": plot.state }, plot.state) : "";
    if (this.title.dataset.shown !== `${plot.title} ${plot.state}`) {
      setChildren(this.title, [element("span", { title: plot.fullTitle ?? plot.title }, plot.title), state]);
      this.title.dataset.shown = `${plot.title} ${plot.state}`;
    }
    this.#refresh();
  }

  close() {
    notAnyMore(this);
    DARK.removeEventListener("change", this.recolour);
    this.sizes.disconnect();
    this.sight.disconnect();
    this.chart?.destroy();
    this.chart = null;
  }

  #data() {
    return [this.plot.x, ...this.plot.series.map((line) => line.values)];
  }

  /** Drawing costs: only where it is seen, and one plot a frame. */
  #refresh() {
    if (!this.isSeen || !this.plot || !canDraw()) return;
    inTurn(this, () => (this.chart ? this.chart.setData(this.#data()) : this.#remake()));
  }

  #see(isSeen) {
    this.isSeen = isSeen;
    this.#refresh();
  }

  #resize() {
    const width = this.box.clientWidth;
    if (width > 0 && this.chart) this.chart.setSize({ width, height: HEIGHT });
    else this.#refresh();
  }

  #remake() {
    this.chart?.destroy();
    this.chart = null;
    const width = this.box.clientWidth;
    if (width === 0) return;
    this.chart = new globalThis.uPlot(this.#options(width), this.#data(), this.box);
  }

  #options(width) {
    const axis = {
      stroke: colour("faint"),
      font: "11px system-ui, sans-serif",
      grid: { stroke: colour("grid"), width: 1 },
      ticks: { show: false },
      gap: 4,
    };
    return {
      width,
      height: HEIGHT,
      padding: [8, 8, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, sync: { key: this.group }, points: { size: 6 } },
      scales: { x: { time: false, range: () => this.minutes }, y: { range: () => this.plot.range } },
      axes: [
        { ...axis, size: 22, space: 40, values: (_, ticks) => ticks.map(number) },
        { ...axis, size: 38, space: LEAST_PIXELS_OF_A_TICK, values: (_, ticks) => ticks.map(number) },
      ],
      series: [{}, ...this.plot.series.map((line) => this.#series(line))],
      hooks: { draw: [(chart) => this.#drawMarks(chart)], setCursor: [(chart) => this.#tellCursor(chart)] },
    };
  }

  #series({ label, kind }) {
    const stroke = colour(`plot-${kind}`);
    const isStepped = this.plot.isStepped ?? false;
    return {
      label,
      stroke,
      width: kind === "threshold" ? 1.5 : 2,
      dash: { threshold: [2, 3], old: [6, 3] }[kind],
      fill: isStepped ? colour("plot-fill") : undefined,
      paths: isStepped ? globalThis.uPlot.paths.stepped({ align: 1 }) : undefined,
      points: { show: !isStepped && kind !== "threshold" && this.plot.x.length < 40, size: 4, fill: stroke },
      spanGaps: kind !== "threshold",
    };
  }

  #drawMarks({ ctx, bbox, valToPos }) {
    ctx.save();
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([]);
    for (const { minute, status } of this.marks) {
      const x = Math.round(valToPos(minute, "x", true)) + 0.5;
      ctx.strokeStyle = colour(status === "Succeeded" ? "good" : "bad");
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
    }
    ctx.restore();
  }

  #tellCursor({ cursor, data }) {
    const isOver = cursor.left >= 0 && cursor.idx !== null && cursor.idx !== undefined;
    this.onCursor(isOver ? data[0][cursor.idx] : null);
  }
}
