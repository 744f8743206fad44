/** Each shift of traffic to a new version: how far it is, its plots over AWS minutes, and the same data as a table. */
import { marks, minutesShown, plots, shortName, table } from "./canary_data.js";
import { Chart, canDraw } from "./chart.js";
import { KeyedList, element, setAttribute, setChildren, setHidden, setText } from "./element.js";
import { breakable, number, plural } from "./format.js";
import { callsOf, shifts } from "./selectors.js";
import { StatusView } from "./status_view.js";

const MOST_SHOWN = 12;
const ABOUT_THE_AXIS = "over AWS minutes since the shift began";

export class CanariesView {
  constructor(list, earlier, none) {
    this.none = none;
    this.earlier = earlier;
    const more = element("ul", { class: "canaries" });
    this.count = element("summary");
    setChildren(earlier, [this.count, more]);
    this.newest = new KeyedList(list, () => new CanaryCard());
    this.older = new KeyedList(more, () => new CanaryCard());
  }

  draw({ deployments }) {
    if (deployments === this.deployments) return;
    this.deployments = deployments;
    const all = shifts({ deployments }).reverse();
    const first = Object.keys(deployments).length - all.length;
    this.newest.draw(all.slice(0, MOST_SHOWN), ({ id }) => id);
    this.older.draw(all.slice(MOST_SHOWN), ({ id }) => id);
    const unfolded = new Set([...all.filter(isRunning), ...all.filter(isStopped).slice(0, 1)]);
    for (const card of [...this.newest.views.values(), ...this.older.views.values()]) card.unfold(unfolded);
    setHidden(this.earlier, all.length <= MOST_SHOWN);
    setText(this.count, `${plural(all.length - MOST_SHOWN, "earlier shift")}`);
    setHidden(this.none, all.length > 0);
    const words = `${plural(first, "function was", "functions were")} deployed for the first time: nothing to shift from.`;
    setText(this.none, first > 0 ? words : "No traffic has been shifted yet.");
  }
}

const isRunning = ({ status }) => status === "InProgress";
const isStopped = ({ status }) => status !== "InProgress" && status !== "Succeeded";

class CanaryCard {
  constructor() {
    this.status = new StatusView();
    this.name = element("h3");
    this.where = element("span", { class: "faint" });
    this.filled = element("span", { class: "weight-filled" });
    this.weight = element("span", { class: "weight-words" });
    this.calls = element("span", { class: "calls" });
    const bar = element("span", { class: "weight", "aria-hidden": "true" }, this.filled);
    const shift = element("span", { class: "weight-line" }, bar, this.weight);
    const summary = element("summary", {}, this.status.node, this.name, this.where, shift, this.calls);
    this.body = new CanaryBody();
    this.details = element("details", { ontoggle: () => this.#drawBody() }, summary, this.body.node);
    summary.addEventListener("click", () => (this.isChosen = true));
    this.node = element("li", { class: "canary" }, this.details);
  }

  draw(deployment) {
    this.deployment = deployment;
    const { status, weight, fromVersion, toVersion, stage, account } = deployment;
    this.status.draw(status);
    setText(this.name, breakable(shortName(deployment.function)));
    setAttribute(this.name, "title", deployment.function);
    setText(this.where, `${stage || account} · version ${fromVersion} → ${toVersion}`);
    this.filled.style.inlineSize = `${weight}%`;
    setText(this.weight, isStopped(deployment) ? `back on version ${fromVersion}` : `${number(weight)} % on version ${toVersion}`);
    const { calls, errors } = callsOf(deployment).new;
    setText(this.calls, calls > 0 ? `${plural(calls, "call")}, ${plural(errors, "error")}` : "");
    setAttribute(this.calls, "data-has-errors", errors > 0);
    setAttribute(this.node, "data-status", status);
    this.#drawBody();
  }

  /** What runs, and what was stopped last; as long as nobody has chosen. */
  unfold(unfolded) {
    const isOpen = unfolded.has(this.deployment);
    if (!this.isChosen && this.details.open !== isOpen) this.details.open = isOpen;
  }

  close() {
    this.body.close();
  }

  /** Plots cost: only of a card that is open. */
  #drawBody() {
    if (this.details.open && this.deployment) this.body.draw(this.deployment);
  }
}

class CanaryBody {
  constructor() {
    this.verdict = element("p", { class: "reason" });
    this.gate = element("span", { class: "gate" });
    this.reason = element("span", { class: "reason-text" });
    setChildren(this.verdict, [this.gate, this.reason]);
    this.hooks = element("ul", { class: "hooks" });
    this.readout = element("span", {}, ABOUT_THE_AXIS);
    this.plots = element("div", { class: "plots" });
    this.charts = [];
    this.table = element("div", { class: "table-box", tabindex: 0, role: "region" });
    const folded = element("summary", {}, "The same data as a table");
    this.folded = element("details", { class: "folded", ontoggle: () => this.#drawTable() }, folded, this.table);
    const legend = element("p", { class: "legend" }, key("old", "old version"), key("new", "new version"));
    legend.append(key("threshold", "threshold"), key("mark", "verdict of a hook or an alarm"), this.readout);
    this.noCharts = element("p", { class: "faint", hidden: true }, "The charts' library could not be fetched.");
    const node = [this.verdict, this.hooks, legend, this.noCharts, this.plots, this.folded];
    this.node = element("div", { class: "canary-body" }, node);
  }

  draw(deployment) {
    if (deployment === this.deployment) return;
    this.deployment = deployment;
    setText(this.gate, deployment.stoppedBy?.gate ?? "");
    setText(this.reason, deployment.stoppedBy?.reason ?? "");
    setHidden(this.verdict, deployment.stoppedBy === null);
    this.#drawHooks(deployment);
    this.#drawPlots(deployment);
    this.#drawTable();
  }

  close() {
    for (const chart of this.charts) chart.close();
  }

  #drawHooks({ hooks, config, stoppedBy }) {
    const verdicts = hooks.map((hook) => {
      const sign = new StatusView();
      const isNews = hook.reason && hook.reason !== stoppedBy?.reason;
      sign.draw(hook.status, isNews ? `${hook.name}: ${hook.reason}` : hook.name);
      return element("li", {}, sign.node, element("span", { class: "visually-hidden" }, hook.status));
    });
    setChildren(this.hooks, [element("li", { class: "config" }, config), ...verdicts]);
  }

  #drawPlots(deployment) {
    setHidden(this.noCharts, canDraw());
    const shown = canDraw() ? plots(deployment) : [];
    while (this.charts.length < shown.length) this.charts.push(new Chart(deployment.id, (at) => this.#read(at)));
    const [minutes, verdicts] = [minutesShown(deployment), marks(deployment)];
    setChildren(
      this.plots,
      shown.map((_, index) => this.charts[index].node),
    );
    shown.forEach((plot, index) => this.charts[index].draw(plot, minutes, verdicts));
  }

  #read(minute) {
    const { samples } = this.deployment;
    const sample = minute === null ? undefined : samples.find(({ seconds }) => seconds / 60 >= minute) ?? samples.at(-1);
    setText(this.readout, sample ? readoutWords(sample) : ABOUT_THE_AXIS);
  }

  #drawTable() {
    if (!this.folded.open) return;
    const { columns, rows } = table(this.deployment);
    setAttribute(this.table, "aria-label", `The shift of ${this.deployment.function}, by AWS minute`);
    const head = columns.map((name) => element("th", { scope: "col" }, name));
    const body = rows.map(([minute, ...cells]) =>
      element("tr", {}, element("th", { scope: "row" }, minute), ...cells.map((cell) => element("td", {}, cell))),
    );
    const made = element("table", {}, element("thead", {}, element("tr", {}, head)), element("tbody", {}, body));
    setChildren(this.table, [made]);
  }
}

function key(kind, words) {
  return element("span", { class: "key", "data-kind": kind }, words);
}

function readoutWords({ seconds, weight, old, new: fresh }) {
  const count = ({ calls, errors }) => `${plural(calls, "call")}, ${plural(errors, "error")}`;
  return `AWS minute ${number(seconds / 60)}: ${number(weight)} % on the new version · old ${count(old)} · new ${count(fresh)}`;
}
