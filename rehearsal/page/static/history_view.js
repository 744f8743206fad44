/** The executions, newest first: commit, result, how long, what stopped each, and what was rolled back to what. */
import { KeyedList, element, setAttribute, setChildren, setHidden, setText } from "./element.js";
import { duration, number, shortCommit, shortExecution, statusWords } from "./format.js";
import { executionsOf, stageOf, steady, stoppedBy } from "./selectors.js";
import { StatusView, commitElement, timeElement } from "./status_view.js";

const MOST_SHOWN = 50;
const COLUMNS = ["Result", "Commit", "What happened", "Began", "Took"];

export class HistoryView {
  constructor(table, none, openLog) {
    this.table = table;
    this.none = none;
    this.rows = new KeyedList(table.tBodies[0], () => new ExecutionRow(openLog));
    this.remember = steady();
    this.slices = [];
  }

  draw(state) {
    const slices = [state.executions, state.commits, state.up];
    if (slices.every((slice, index) => slice === this.slices[index])) return;
    this.slices = slices;
    const executions = executionsOf(state).slice(-MOST_SHOWN);
    const rows = executions.map((execution) =>
      this.remember(execution.id, {
        key: execution.id,
        at: execution.startedAt,
        execution,
        rolledBackTo: state.executions.byId[execution.rollback?.toId] ?? null,
        isEarlier: execution.startedAt < state.up.startedAt,
      }),
    );
    const known = new Set(executions.map((execution) => execution.commit)); // its execution says it, too
    const refused = this.#refused(state.commits).filter(({ commit }) => !known.has(commit.id));
    this.rows.draw([...rows, ...refused].sort((left, right) => right.at - left.at));
    setHidden(this.table, this.rows.views.size === 0);
    setHidden(this.none, this.rows.views.size > 0);
  }

  #refused(commits) {
    return Object.values(commits)
      .filter((commit) => commit.refusal !== null)
      .map((commit) => this.remember(commit.id, { key: commit.id, at: commit.refusal.at, commit }));
  }
}

class ExecutionRow {
  constructor(openLog) {
    this.openLog = openLog;
    this.status = new StatusView();
    this.cells = Object.fromEntries(
      COLUMNS.map((name) => [name, element("td", { role: "cell", "data-label": name })]),
    );
    this.node = element("tr", { role: "row" }, ...Object.values(this.cells));
    setChildren(this.cells.Result, [this.status.node]);
  }

  draw(row) {
    if (row.commit) this.#drawRefused(row);
    else this.#drawExecution(row);
    setChildren(this.cells.Began, [timeElement(row.at)]);
  }

  #drawRefused({ commit }) {
    this.status.draw("Failed", "Refused");
    setChildren(this.cells.Commit, commitParts(commit.id, commit.title, commit.author));
    setChildren(this.cells["What happened"], [element("p", { class: "reason-text" }, commit.refusal.reason)]);
  }

  #drawExecution({ execution, rolledBackTo, isEarlier }) {
    const isRunning = execution.status === "InProgress";
    this.status.draw(execution.status, statusWords(execution.status));
    setAttribute(this.node, "aria-current", isRunning ? "true" : null);
    setAttribute(this.node, "class", isEarlier ? "earlier" : null);
    setChildren(this.cells.Commit, commitParts(execution.commit, execution.title, execution.author));
    setChildren(this.cells["What happened"], this.#happened(execution, rolledBackTo));
    const { endedAt, startedAt, endedAwsAt, startedAwsAt } = execution;
    setText(this.cells.Took, endedAt === null ? "" : duration(endedAt - startedAt));
    if (endedAt !== null) {
      const minutes = `${number((endedAwsAt - startedAwsAt) / 60)} AWS min`;
      this.cells.Took.append(element("span", { class: "aws-time" }, minutes));
    }
  }

  #happened(execution, rolledBackTo) {
    const stopped = stoppedBy(execution);
    const parts = [];
    if (execution.type === "ROLLBACK") parts.push(element("p", {}, `Rollback of ${execution.stages.join(", ")}`));
    if (execution.status === "InProgress") parts.push(element("p", {}, `In ${stageOf(execution) ?? "its last stage"}`));
    if (stopped) parts.push(...this.#stopped(execution, stopped));
    if (execution.rollback) parts.push(element("p", { class: "rollback" }, rollbackWords(execution, rolledBackTo)));
    return parts;
  }

  #stopped(execution, { stage, action, gate, reason }) {
    const open = () => this.openLog({ executionId: execution.id, stage, action });
    const has = stage !== null && execution.progress[stage]?.actions[action];
    const where = has
      ? element("button", { type: "button", class: "link", onclick: open }, `${stage} / ${action}`)
      : element("span", {}, stage ?? "");
    const sign = gate ? element("span", { class: "gate" }, gate) : null;
    const place = stage || gate ? element("p", {}, sign, where) : null;
    return [place, reason ? element("p", { class: "reason-text" }, reason) : null];
  }
}

function commitParts(id, title, author) {
  return [commitElement(id, title), author ? element("span", { class: "author" }, author) : null];
}

function rollbackWords({ rollback }, target) {
  if (rollback.toId === null) return `${rollback.stage} was not rolled back: ${rollback.reason}`;
  const to = target ? `${shortCommit(target.commit)} ${target.title}` : `execution ${shortExecution(rollback.toId)}`;
  const isGood = rollback.status === "Succeeded";
  return isGood
    ? `${rollback.stage} was rolled back to ${to}`
    : `${rollback.stage}: the rollback to ${to} ended as ${rollback.status}. ${rollback.reason}`;
}
