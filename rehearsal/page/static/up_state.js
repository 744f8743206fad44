/** The `up` that is watched: null until its first event, and why it ended. */
import { sliceReducer } from "./slice.js";

const EMPTY = { runId: null, project: "", branch: "", startedAt: 0, endedAt: null, reason: "" };

export const reduceUp = sliceReducer(EMPTY, {
  UpStarted: (_, event) => ({
    ...EMPTY,
    runId: event.run_id,
    project: event.project,
    branch: event.branch,
    startedAt: event.at,
  }),
  UpEnded: (up, event) => ({ ...up, endedAt: event.at, reason: event.reason }),
});
