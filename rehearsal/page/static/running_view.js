/** What runs now: each execution with its commit, where it is and since when; or what ran last. */
import { stopExecution } from "./commands.js";
import { confirmation } from "./confirmation.js";
import { KeyedList, element, setChildren, setHidden, setText } from "./element.js";
import { awsMinutes, shortCommit } from "./format.js";
import { executionsOf, isWaiting, running, stageOf, steady } from "./selectors.js";
import { DurationView, StatusView, commitElement } from "./status_view.js";

export class RunningView {
  constructor(node) {
    this.idle = element("p", { class: "idle" });
    const list = element("ul", { class: "running", "aria-label": "Executions in progress" });
    this.rows = new KeyedList(list, () => new RunningRow());
    this.list = list;
    this.remember = steady();
    setChildren(node, [this.idle, list]);
  }

  draw(state, awsNow) {
    const executions = running(state);
    const items = executions.map((execution) =>
      this.remember(execution.id, {
        key: execution.id,
        execution,
        stage: stageOf(execution),
        isWaiting: isWaiting(state, execution),
      }),
    );
    this.rows.draw(items);
    for (const view of this.rows.views.values()) view.drawAwsTime(awsNow);
    setHidden(this.list, items.length === 0);
    setHidden(this.idle, items.length > 0);
    if (items.length === 0) setText(this.idle, idleWords(state));
  }
}

function idleWords(state) {
  const last = executionsOf(state).at(-1);
  if (state.up.endedAt !== null) return "Nothing runs: this `rehearse up` has ended.";
  const waits = state.up.branch ? `A new commit on ${state.up.branch} is released by itself.` : "";
  return last ? `Nothing runs. ${waits}` : `No release yet. ${waits}`;
}

class RunningRow {
  constructor() {
    this.status = new StatusView();
    this.commit = element("span", { class: "running-commit" });
    this.author = element("span", { class: "author" });
    this.duration = new DurationView();
    this.aws = element("span", { class: "aws-time" });
    this.stop = element("button", { type: "button", class: "quiet", onclick: () => this.#askStop() }, "Stop…");
    const times = element("span", { class: "times" }, this.duration.node, this.aws);
    this.node = element(
      "li",
      { "aria-current": "true" },
      this.status.node,
      this.commit,
      this.author,
      times,
      this.stop,
    );
  }

  draw({ execution, stage, isWaiting: waits }) {
    this.execution = execution;
    const isRollback = execution.type === "ROLLBACK";
    const words = `${isRollback ? "Rolling back" : waits ? "Waits for" : "In"} ${stage ?? "its end"}`;
    this.status.draw(isRollback ? "RolledBack" : waits ? "Waiting" : "InProgress", words);
    setChildren(this.commit, [commitElement(execution.commit, execution.title)]);
    setText(this.author, execution.author);
    this.duration.draw({ ...execution, seconds: null });
    this.stop.setAttribute("aria-label", `Stop the execution of ${shortCommit(execution.commit)}`);
  }

  drawAwsTime(awsNow) {
    setText(this.aws, awsMinutes(Math.max(0, awsNow - this.execution.startedAwsAt)));
  }

  #askStop() {
    const { id, commit } = this.execution;
    confirmation({
      title: `Stop the execution of ${shortCommit(commit)}?`,
      text: "Actions that run are ended. What is deployed stays as it is.",
      confirm: "Stop it",
      isDangerous: true,
      summary: "Reason (optional)",
      act: ({ summary }) => stopExecution(id, summary),
    });
  }
}
