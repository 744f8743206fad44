/**
 * Makes what the page knows of what has happened: `reduce(state, event)`, pure, one slice of the state for each topic.
 *
 * It must not draw, ask the server, or read a clock. Events: rehearsal/run_events.py, as JSON. A slice that an event
 * does not change stays the same object, so that whoever draws can tell by `===`.
 */
import { reduceAlarms } from "./alarms_state.js";
import { reduceApprovals } from "./approvals_state.js";
import { reduceCommits } from "./commits_state.js";
import { reduceDeployments } from "./deployments_state.js";
import { reduceExecutions } from "./executions_state.js";
import { reduceMessages } from "./messages_state.js";
import { reducePipeline } from "./pipeline_state.js";
import { reduceUp } from "./up_state.js";

const SLICES = {
  up: reduceUp,
  pipeline: reducePipeline,
  commits: reduceCommits,
  executions: reduceExecutions,
  approvals: reduceApprovals,
  deployments: reduceDeployments,
  alarms: reduceAlarms,
  messages: reduceMessages,
};

export const EMPTY = Object.freeze(
  Object.fromEntries(Object.entries(SLICES).map(([name, reduceSlice]) => [name, reduceSlice(undefined, {})])),
);

export function reduce(state, event) {
  let next = state;
  for (const [name, reduceSlice] of Object.entries(SLICES)) {
    const slice = reduceSlice(state[name], event);
    if (slice !== state[name]) next = { ...next, [name]: slice };
  }
  return next;
}
