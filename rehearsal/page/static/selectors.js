/** What follows from the state, for those who draw: pure, and the same object again as long as it says the same. */

/** Answers what it answered before when that has the same values, one level deep. */
export function steady() {
  const known = new Map();
  return (key, value) => {
    const before = known.get(key);
    const names = Object.keys(value);
    if (before && names.every((name) => isSame(before[name], value[name]))) return before;
    known.set(key, value);
    return value;
  };
}

function isSame(left, right) {
  if (left === right) return true;
  const areLists = Array.isArray(left) && Array.isArray(right) && left.length === right.length;
  return areLists && left.every((item, index) => item === right[index]);
}

export function executionsOf(state) {
  return Object.values(state.executions.byId);
}

export function running(state) {
  return executionsOf(state).filter((execution) => execution.status === "InProgress");
}

/** The stage that an execution is in, or would enter next; null when it has left the last one. */
export function stageOf(execution) {
  const isOpen = (name) => !["Succeeded", "Skipped"].includes(execution.progress[name]?.status);
  return execution.stages.find(isOpen) ?? null;
}

/** Whether it has left a stage, and another execution is still in the one that comes next. */
export function isWaiting(state, execution) {
  const next = stageOf(execution);
  if (execution.status !== "InProgress" || next === null || execution.progress[next]) return false;
  const other = state.executions.byId[state.executions.latestInStage[next]];
  return other !== undefined && other !== execution && other.progress[next]?.status === "InProgress";
}

/**
 * The stages as the pipeline defines them, each with the execution that came into it last, as CodePipeline's console
 * has it: {key, number, name, definition, execution, progress, waiting}.
 */
export function stageViews(state) {
  const all = running(state);
  return definedStages(state).map((definition, index) => {
    const { name } = definition;
    const execution = state.executions.byId[state.executions.latestInStage[name]] ?? null;
    return {
      key: name,
      number: index + 1,
      name,
      definition,
      execution,
      progress: execution?.progress[name] ?? null,
      waiting: all.filter((other) => stageOf(other) === name && isWaiting(state, other)),
      targets: rollbackTargets(state, name, execution),
    };
  });
}

/** The releases that have succeeded in the stage in this version of the pipeline, newest first, but for what it has. */
function rollbackTargets(state, stage, current) {
  return executionsOf(state)
    .filter(
      (execution) =>
        execution !== current &&
        execution.type !== "ROLLBACK" &&
        execution.startedAt >= state.up.startedAt &&
        execution.version === state.pipeline.version &&
        execution.progress[stage]?.status === "Succeeded",
    )
    .reverse();
}

const NO_ACTIONS = Object.freeze([]);
const undefinedStages = new Map();

/** Of a run that has not said its pipeline yet: the stages of the newest execution, without their actions. */
function definedStages(state) {
  if (state.pipeline.stages.length > 0) return state.pipeline.stages;
  const release = executionsOf(state).findLast((execution) => execution.type !== "ROLLBACK");
  return (release?.stages ?? []).map((name) => {
    if (!undefinedStages.has(name)) undefinedStages.set(name, { name, onFailure: "", actions: NO_ACTIONS });
    return undefinedStages.get(name);
  });
}

/** The actions of a stage by run order, with how far each came: [[{key, name, provider, run}, …], …]. */
export function actionGroups(view) {
  const runs = view.progress?.actions ?? {};
  const groups = new Map();
  for (const { name, provider, runOrder } of view.definition.actions) {
    if (!groups.has(runOrder)) groups.set(runOrder, []);
    groups.get(runOrder).push({ key: name, name, provider, run: runs[name] ?? null });
  }
  const defined = new Set(view.definition.actions.map((action) => action.name));
  const others = Object.values(runs).filter((run) => !defined.has(run.name));
  const last = others.map((run) => ({ key: run.name, name: run.name, provider: run.provider, run }));
  const sorted = [...groups.keys()].sort((left, right) => left - right).map((order) => groups.get(order));
  return last.length > 0 ? [...sorted, last] : sorted;
}

/** Divides the stages, in their order, into at most so many columns of about the same height. */
export function inColumns(views, count) {
  const height = (view) => view.definition.actions.length + 3;
  let fits = 0;
  const columnsWithin = (most) => {
    const columns = [[]];
    let used = 0;
    for (const view of views) {
      if (used > 0 && used + height(view) > most) {
        columns.push([]);
        used = 0;
      }
      columns.at(-1).push(view);
      used += height(view);
    }
    return columns;
  };
  for (fits = Math.max(0, ...views.map(height)); columnsWithin(fits).length > count; fits += 1);
  return columnsWithin(fits);
}

/** What stopped an execution: {stage, action, gate, reason} of the first that failed, or null. */
export function stoppedBy(execution) {
  for (const name of execution.stages) {
    const stage = execution.progress[name];
    if (stage?.status === "Stopped") return { stage: name, action: null, gate: null, reason: execution.reason };
    if (!["Failed", "Errored"].includes(stage?.status)) continue;
    const failed = Object.values(stage.actions).find((action) => ["Failed", "Errored"].includes(action.status));
    const rule = stage.rules.find(({ status }) => status === "Failed");
    if (failed) return { stage: name, action: failed.name, gate: failed.gate, reason: failed.reason };
    if (rule) return { stage: name, action: rule.name, gate: "condition", reason: rule.reason };
    return { stage: name, action: null, gate: null, reason: stage.reason || execution.reason };
  }
  return execution.status === "InProgress" || execution.status === "Succeeded" || !execution.reason
    ? null
    : { stage: null, action: null, gate: null, reason: execution.reason };
}

/** Deployments that shift traffic; a first one has nothing to shift from. */
export function shifts(state) {
  return Object.values(state.deployments).filter((deployment) => deployment.fromVersion !== "");
}

export function callsOf(deployment) {
  const totals = { old: { calls: 0, errors: 0 }, new: { calls: 0, errors: 0 } };
  for (const sample of deployment.samples) {
    for (const version of ["old", "new"]) {
      totals[version].calls += sample[version].calls;
      totals[version].errors += sample[version].errors;
    }
  }
  return totals;
}

export function openApprovals(state) {
  return Object.values(state.approvals).filter((approval) => !approval.answer && !approval.isExpired);
}

/**
 * What is known to whoever decides: {execution, proven, current, released}.
 *
 * `proven`: the stages that the execution has passed, with their shifts of traffic and the builds that tested them;
 * `current`: the release that now is in the stage after the approval; `commits`: those since it, newest first.
 */
export function evidence(state, approval) {
  const execution = state.executions.byId[approval.executionId] ?? null;
  if (execution === null) return { execution, proven: [], next: null, current: null, commits: [] };
  const before = execution.stages.slice(0, execution.stages.indexOf(approval.stage));
  const proven = before
    .filter((name) => execution.progress[name]?.status === "Succeeded")
    .map((name) => provenIn(state, execution, name));
  const next = execution.stages[execution.stages.indexOf(approval.stage) + 1] ?? null;
  const current = next && currentIn(state, execution, next);
  return { execution, proven, next, current, commits: commitsSince(state, current, execution) };
}

function provenIn(state, execution, name) {
  const progress = execution.progress[name];
  return {
    name,
    seconds: progress.seconds,
    builds: Object.values(progress.actions).filter((action) => action.provider === "CodeBuild"),
    deployments: Object.values(state.deployments).filter(
      (deployment) => deployment.executionId === execution.id && deployment.stage === name,
    ),
  };
}

function currentIn(state, execution, stage) {
  const isIn = (other) => other !== execution && other.progress[stage]?.status === "Succeeded";
  return executionsOf(state).findLast((other) => isIn(other) && other.startedAt >= state.up.startedAt) ?? null;
}

function commitsSince(state, current, execution) {
  const commits = Object.values(state.commits);
  const last = commits.findIndex((commit) => commit.id === execution.commit);
  const first = current ? commits.findIndex((commit) => commit.id === current.commit) : last - 1;
  if (last < 0) return [{ id: execution.commit, title: execution.title, author: execution.author }];
  return commits.slice(Math.min(first, last - 1) + 1, last + 1).reverse();
}
