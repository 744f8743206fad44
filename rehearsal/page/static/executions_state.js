/**
 * The executions by id, oldest first: which commit, which stages and actions, and how far they came.
 *
 * Seconds since the epoch are `…At`, on the run's clock `…AwsAt`; null where something has not happened.
 */
import { sliceReducer, withAllChanged, withChanged, withNewest } from "./slice.js";

const MOST = 100;
const ABANDONED = "The `up` that it ran in had ended.";
const EMPTY = { byId: {}, latestInStage: {} };

function changed(executions, id, change) {
  const byId = withChanged(executions.byId, id, change);
  return byId === executions.byId ? executions : { ...executions, byId };
}

function stageChanged(executions, id, stage, change) {
  return changed(executions, id, (execution) => {
    const progress = withChanged(execution.progress, stage, change);
    return progress === execution.progress ? execution : { ...execution, progress };
  });
}

function actionChanged(executions, event, change) {
  return stageChanged(executions, event.execution_id, event.stage, (stage) => {
    const actions = withChanged(stage.actions, event.action, change);
    return actions === stage.actions ? stage : { ...stage, actions };
  });
}

/** A retry starts an execution again, which goes on with what it has. */
function started(execution, event) {
  return {
    progress: {},
    rollback: null,
    startedAt: event.at,
    startedAwsAt: event.aws_at,
    ...execution,
    id: event.execution_id,
    commit: event.commit,
    title: event.title ?? "",
    author: event.author ?? "",
    type: event.execution_type,
    trigger: event.trigger,
    version: event.version ?? 0,
    stages: event.stages,
    status: "InProgress",
    endedAt: null,
    endedAwsAt: null,
    reason: "",
  };
}

/** A stage that is retried keeps the actions that have succeeded. */
function stageStarted(stage, event) {
  const kept = Object.entries(stage?.actions ?? {}).filter(([, action]) => action.status === "Succeeded");
  return {
    name: event.stage,
    status: "InProgress",
    startedAt: event.at,
    startedAwsAt: event.aws_at,
    endedAt: null,
    seconds: null,
    reason: "",
    actions: Object.fromEntries(kept),
    rules: [],
  };
}

function actionStarted(event) {
  return {
    name: event.action,
    provider: event.provider,
    status: "InProgress",
    startedAt: event.at,
    seconds: null,
    reason: "",
    gate: null,
    phase: "",
    command: "",
  };
}

function abandoned(execution) {
  const isOpen = (part) => part.status === "InProgress";
  const stop = (part) => (isOpen(part) ? { ...part, status: "Stopped" } : part);
  if (!isOpen(execution)) return execution;
  const progress = withAllChanged(execution.progress, (stage) =>
    isOpen(stage) ? { ...stop(stage), actions: withAllChanged(stage.actions, stop) } : stage,
  );
  return { ...stop(execution), progress, reason: ABANDONED };
}

export const reduceExecutions = sliceReducer(EMPTY, {
  UpStarted: (executions) => ({ byId: withAllChanged(executions.byId, abandoned), latestInStage: {} }),

  ExecutionStarted: (executions, event) => ({
    ...executions,
    byId: withNewest(
      { ...executions.byId, [event.execution_id]: started(executions.byId[event.execution_id], event) },
      MOST,
    ),
  }),

  ExecutionEnded: (executions, event) =>
    changed(executions, event.execution_id, (execution) => ({
      ...execution,
      status: event.status,
      reason: event.reason,
      endedAt: event.at,
      endedAwsAt: event.aws_at,
    })),

  StageStarted: (executions, event) => {
    const begun = changed(executions, event.execution_id, (execution) => ({
      ...execution,
      progress: { ...execution.progress, [event.stage]: stageStarted(execution.progress[event.stage], event) },
    }));
    return { ...begun, latestInStage: { ...begun.latestInStage, [event.stage]: event.execution_id } };
  },

  StageEnded: (executions, event) =>
    stageChanged(executions, event.execution_id, event.stage, (stage) => ({
      ...stage,
      status: event.status,
      seconds: event.seconds,
      reason: event.reason,
      endedAt: event.at,
    })),

  ActionStarted: (executions, event) =>
    stageChanged(executions, event.execution_id, event.stage, (stage) => ({
      ...stage,
      actions: { ...stage.actions, [event.action]: actionStarted(event) },
    })),

  ActionEnded: (executions, event) =>
    actionChanged(executions, event, (action) => ({
      ...action,
      status: event.status,
      seconds: event.seconds,
      reason: event.reason,
      gate: event.gate,
    })),

  BuildPhaseStarted: (executions, event) =>
    actionChanged(executions, event, (action) => ({ ...action, phase: event.phase, command: "" })),

  BuildCommandStarted: (executions, event) =>
    actionChanged(executions, event, (action) => ({ ...action, phase: event.phase, command: event.command })),

  RuleEvaluated: (executions, event) =>
    stageChanged(executions, event.execution_id, event.stage, (stage) => ({
      ...stage,
      rules: [
        ...stage.rules,
        { name: event.rule, condition: event.condition, status: event.status, reason: event.reason },
      ],
    })),

  StageRolledBack: (executions, event) =>
    changed(executions, event.execution_id, (execution) => ({
      ...execution,
      rollback: { stage: event.stage, toId: event.to_execution_id, status: event.status, reason: event.reason },
    })),
});
