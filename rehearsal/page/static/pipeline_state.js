/** The pipeline as it is defined now, and how self-mutation has changed it. */
import { sliceReducer } from "./slice.js";

const EMPTY = { name: "", version: 0, stages: [], mutation: null };

export const reducePipeline = sliceReducer(EMPTY, {
  UpStarted: (pipeline) => ({ ...pipeline, mutation: null }),
  PipelineDefined: (pipeline, event) => ({
    ...pipeline,
    name: event.pipeline,
    version: event.version,
    stages: event.stages.map((stage) => ({
      name: stage.name,
      onFailure: stage.on_failure,
      actions: stage.actions.map((action) => ({
        name: action.name,
        provider: action.provider,
        category: action.category,
        runOrder: action.run_order,
      })),
    })),
  }),
  PipelineMutated: (pipeline, event) => ({
    ...pipeline,
    mutation: { version: event.version, added: event.added, removed: event.removed, at: event.at },
  }),
});
