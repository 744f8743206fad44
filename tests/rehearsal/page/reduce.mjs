// Reduces the events of standard input, one JSON a line, and prints what follows from them as JSON. Everything is frozen
// on the way: a reducer that changes its state in place throws.
import { createInterface } from "node:readline";
import { marks, plots, table } from "../../../rehearsal/page/static/canary_data.js";
import { EMPTY, reduce } from "../../../rehearsal/page/static/reducer.js";
import * as selectors from "../../../rehearsal/page/static/selectors.js";

function frozen(value) {
  if (value !== null && typeof value === "object" && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(frozen);
  }
  return value;
}

let state = frozen(EMPTY);
const unchanged = [];
for await (const line of createInterface({ input: process.stdin })) {
  const event = frozen(JSON.parse(line));
  const next = frozen(reduce(state, event));
  if (next === state) unchanged.push(event.type);
  state = next;
}

const views = selectors.stageViews(state);
const approvals = selectors.openApprovals(state);
console.log(
  JSON.stringify({
    state,
    unchanged,
    stages: views.map((view) => ({
      name: view.name,
      commit: view.execution?.commit ?? null,
      status: view.progress?.status ?? null,
      waiting: view.waiting.map(({ commit }) => commit),
      targets: view.targets.map(({ commit }) => commit),
      groups: selectors.actionGroups(view).map((group) => group.map(({ name, run }) => [name, run?.status ?? null])),
    })),
    columns: [1, 2, 3].map((count) => selectors.inColumns(views, count).map((column) => column.map(({ name }) => name))),
    stopped: selectors.executionsOf(state).map(selectors.stoppedBy),
    evidence: approvals.map((approval) => selectors.evidence(state, approval)),
    canaries: selectors.shifts(state).map((deployment) => ({
      id: deployment.id,
      calls: selectors.callsOf(deployment),
      marks: marks(deployment),
      plots: plots(deployment),
      table: table(deployment),
    })),
  }),
);
