/** The pipeline: its stages in their order, each with the execution that came into it last and its actions. */
import { retryStage, rollBackStage } from "./commands.js";
import { confirmation } from "./confirmation.js";
import { KeyedList, element, setAttribute, setChildren, setHidden, setText } from "./element.js";
import { breakable, clockTime, plural, shortCommit, statusWords } from "./format.js";
import { actionGroups, inColumns, stageViews, steady } from "./selectors.js";
import { DurationView, StatusView, commitElement } from "./status_view.js";

const WIDE = matchMedia("(min-width: 75rem)");
const MIDDLE = matchMedia("(min-width: 46rem)");
const ALWAYS_OPEN = ["InProgress", "Failed", "Errored", "Stopped"];

export class PipelineView {
  /** `openLog(path)`: {executionId, stage, action}. */
  constructor(node, mutation, openLog) {
    this.node = node;
    this.mutation = mutation;
    this.openLog = openLog;
    this.steady = steady();
    this.stages = new Map();
    this.columns = [];
    this.slices = [];
    for (const width of [WIDE, MIDDLE]) width.addEventListener("change", () => this.#arrange());
  }

  draw(state) {
    const slices = [state.pipeline, state.executions];
    if (slices.every((slice, index) => slice === this.slices[index])) return;
    this.slices = slices;
    this.views = stageViews(state).map((view) => this.steady(view.key, view));
    for (const view of this.views) {
      if (!this.stages.has(view.key)) this.stages.set(view.key, new StageView(this.openLog));
      this.stages.get(view.key).draw(view);
    }
    const shape = this.views.map((view) => view.key).join(" ");
    if (shape !== this.shape) this.#arrange();
    this.shape = shape;
    const words = mutationWords(state.pipeline.mutation);
    setText(this.mutation, words);
    setHidden(this.mutation, words === "");
  }

  #arrange() {
    const count = WIDE.matches ? 3 : MIDDLE.matches ? 2 : 1;
    const lists = inColumns(this.views ?? [], count).map((views, index) => {
      this.columns[index] ??= element("ol", { class: "stages" });
      setAttribute(this.columns[index], "start", views[0]?.number ?? 1);
      setChildren(
        this.columns[index],
        views.map((view) => this.stages.get(view.key).node),
      );
      return this.columns[index];
    });
    setChildren(this.node, lists);
    for (const stage of this.stages.values()) stage.openByItself();
  }
}

function mutationWords(mutation) {
  if (mutation === null) return "";
  const { version, added, removed, at } = mutation;
  const changes = [...added.map((path) => `+ ${path}`), ...removed.map((path) => `− ${path}`)].join(", ");
  return `↻ The pipeline updated itself to version ${version} at ${clockTime(at)}${changes ? `: ${changes}` : ""}`;
}

class StageView {
  constructor(openLog) {
    this.openLog = openLog;
    this.view = null;
    this.name = element("h3");
    this.status = new StatusView();
    this.duration = new DurationView();
    this.commit = element("p", { class: "stage-commit" });
    this.waiting = element("ul", { class: "waiting" });
    this.reason = element("p", { class: "reason" });
    this.rules = element("ul", { class: "rules" });
    this.actions = element("div", { class: "actions" });
    this.groups = [];
    this.buttons = new StageButtons();
    this.summary = element(
      "summary",
      {},
      this.name,
      element("span", { class: "stage-status" }, this.status.node, this.duration.node),
    );
    this.details = element(
      "details",
      {},
      this.summary,
      this.waiting,
      this.rules,
      this.reason,
      this.actions,
      this.buttons.node,
    );
    this.summary.addEventListener("click", () => (this.isChosen = true));
    this.node = element("li", { class: "stage" }, this.details);
    this.summary.append(this.commit);
  }

  draw(view) {
    if (view === this.view) return;
    const { progress, execution } = view;
    const status = progress?.status ?? "NotStarted";
    this.view = view;
    setText(this.name, breakable(view.name));
    this.status.draw(status, progress ? statusWords(status) : "Not started");
    this.duration.draw(progress);
    setAttribute(this.node, "data-status", status);
    setAttribute(this.node, "aria-current", status === "InProgress" ? "step" : null);
    this.#drawCommit(execution);
    this.#drawWaiting(view.waiting);
    this.#drawRules(progress?.rules ?? []);
    const isTold = Object.values(progress?.actions ?? {}).some((action) => action.reason);
    const reason = isTold ? "" : (progress?.reason ?? "");
    setText(this.reason, reason);
    setHidden(this.reason, reason === "");
    this.#drawActions(view);
    this.buttons.draw(view);
    this.openByItself();
  }

  /** On a narrow screen only what runs or was stopped is unfolded, as long as nobody has chosen. */
  openByItself() {
    if (this.isChosen || !this.view) return;
    const isOpen = MIDDLE.matches || ALWAYS_OPEN.includes(this.view.progress?.status);
    if (this.details.open !== isOpen) this.details.open = isOpen;
  }

  #drawCommit(execution) {
    setHidden(this.commit, execution === null);
    if (execution === this.execution || execution === null) return;
    this.execution = execution;
    const isRollback = execution.type === "ROLLBACK";
    const badge = isRollback ? element("span", { class: "badge" }, "rollback to") : null;
    setChildren(this.commit, [badge, commitElement(execution.commit, execution.title)]);
  }

  #drawWaiting(executions) {
    setHidden(this.waiting, executions.length === 0);
    setChildren(
      this.waiting,
      executions.map((execution) => {
        const sign = new StatusView();
        sign.draw("Waiting", "waits to enter:");
        return element("li", {}, sign.node, commitElement(execution.commit, execution.title));
      }),
    );
  }

  #drawRules(rules) {
    setHidden(this.rules, rules.length === 0);
    setChildren(
      this.rules,
      rules.map((rule) => {
        const sign = new StatusView();
        sign.draw(rule.status, `${rule.condition}: ${rule.name}${rule.reason ? `. ${rule.reason}` : ""}`);
        return element("li", {}, sign.node);
      }),
    );
  }

  #drawActions(view) {
    const groups = actionGroups(view);
    while (this.groups.length < groups.length) {
      const node = element("ul", { class: "run-order" });
      this.groups.push({ node, list: new KeyedList(node, () => new ActionView((action) => this.#open(action))) });
    }
    groups.forEach((actions, index) => this.groups[index].list.draw(actions.map((action) => this.#steady(action))));
    setChildren(
      this.actions,
      this.groups.slice(0, groups.length).map((group) => group.node),
    );
  }

  #steady(action) {
    this.remember ??= steady();
    return this.remember(action.key, action);
  }

  #open(action) {
    this.openLog({ executionId: this.view.execution.id, stage: this.view.name, action });
  }
}

class ActionView {
  constructor(open) {
    this.status = new StatusView();
    this.status.words.classList.add("visually-hidden");
    this.name = element("span", { class: "action-name" });
    this.provider = element("span", { class: "provider" });
    this.duration = new DurationView();
    this.row = element("button", {
      type: "button",
      class: "action-row",
      onclick: () => open(this.action.name),
    });
    this.row.append(this.status.node, this.name, this.provider, this.duration.node);
    this.now = element("p", { class: "command" });
    this.gate = element("span", { class: "gate" });
    this.reason = element("span", { class: "reason-text" });
    this.stopped = element("p", { class: "reason" }, this.gate, this.reason);
    this.node = element("li", { class: "action" }, this.row, this.now, this.stopped);
  }

  draw(action) {
    const { run } = action;
    const status = run?.status ?? "NotStarted";
    this.action = action;
    this.status.draw(status, run ? statusWords(status) : "Not started");
    setText(this.name, breakable(action.name));
    setText(this.provider, action.provider);
    this.duration.draw(run);
    setAttribute(this.node, "data-status", status);
    setAttribute(this.row, "disabled", run === null);
    setAttribute(this.row, "title", run ? "Show what it says" : null);
    const command = status === "InProgress" ? [run.phase, run.command.split("\n")[0]].filter(Boolean).join(" · ") : "";
    setText(this.now, command);
    setHidden(this.now, command === "");
    const isStopped = Boolean(run?.reason || run?.gate);
    setHidden(this.stopped, !isStopped);
    setText(this.gate, run?.gate ?? "");
    setHidden(this.gate, !run?.gate);
    setText(this.reason, run?.reason ?? "");
  }
}

/** What a person can ask of a stage: to try it again, or to go back to a release that has succeeded in it. */
class StageButtons {
  constructor() {
    this.retry = element("button", { type: "button", class: "quiet", onclick: () => this.#askRetry() }, "Retry");
    this.back = element("button", { type: "button", class: "quiet bare", onclick: () => this.#askRollback() }, "Roll back…");
    this.node = element("div", { class: "buttons" }, this.retry, this.back);
  }

  draw(view) {
    this.view = view;
    const status = view.progress?.status;
    const canRetry = status === "Failed" && view.execution.type !== "ROLLBACK" && view.execution.status !== "InProgress";
    const isSource = view.number === 1; // CodePipeline does not roll back the source stage
    const canGoBack = view.targets.length > 0 && status !== "InProgress" && !isSource;
    setHidden(this.retry, !canRetry);
    setHidden(this.back, !canGoBack);
    setHidden(this.node, !canRetry && !canGoBack);
    setAttribute(this.retry, "aria-label", `Retry stage ${view.name}`);
    setAttribute(this.back, "aria-label", `Roll back stage ${view.name}`);
  }

  #askRetry() {
    const { name, execution } = this.view;
    confirmation({
      title: `Retry ${name}?`,
      text: `The actions that failed run again, with commit ${shortCommit(execution.commit)}.`,
      confirm: `Retry ${name}`,
      act: () => retryStage(name),
    });
  }

  #askRollback() {
    const { name, targets } = this.view;
    confirmation({
      title: `Roll back ${name}?`,
      text: `The stage runs again with what a release has deployed before. ${plural(targets.length, "release")} to choose from.`,
      confirm: `Roll back ${name}`,
      isDangerous: true,
      choiceLabel: "Go back to",
      choices: targets.map((execution) => [
        execution.id,
        `${shortCommit(execution.commit)} ${execution.title} (${clockTime(execution.startedAt)})`,
      ]),
      act: ({ choice }) => rollBackStage(name, choice),
    });
  }
}
