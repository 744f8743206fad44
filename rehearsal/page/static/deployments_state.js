/**
 * CodeDeploy's deployments by id, oldest first: the shift, the calls of both versions, hooks, and the alarms watched.
 *
 * Times within a deployment are AWS seconds since its shift began; what came before it is below 0.
 */
import { sliceReducer, withAllChanged, withChanged, withNewest } from "./slice.js";

const MOST = 100;
const EMPTY = {};

function started(event) {
  return {
    id: event.deployment_id,
    stage: event.stage ?? "",
    executionId: event.execution_id ?? "",
    account: event.account,
    function: event.function,
    fromVersion: event.from_version,
    toVersion: event.to_version,
    config: event.config,
    watched: event.alarms ?? [],
    status: "InProgress",
    startedAt: event.at,
    startedAwsAt: event.aws_at,
    shiftBeganAwsAt: null,
    endedAt: null,
    endedAwsAt: null,
    weight: 0,
    shift: [],
    samples: [],
    hooks: [],
    alarms: {},
    stoppedBy: null,
  };
}

function hookChanged(deployment, event, change) {
  const others = deployment.hooks.filter((hook) => hook.name !== event.lifecycle_event);
  const known = deployment.hooks.find((hook) => hook.name === event.lifecycle_event);
  const hook = { name: event.lifecycle_event, status: "InProgress", reason: "", ...known, ...change };
  return { ...deployment, hooks: [...others, hook] };
}

function evaluated(deployment, event) {
  const evaluation = {
    awsAt: event.aws_at,
    value: event.value,
    threshold: event.threshold,
    comparison: event.comparison,
    state: event.state,
  };
  const evaluations = [...(deployment.alarms[event.alarm] ?? []), evaluation];
  return { ...deployment, alarms: { ...deployment.alarms, [event.alarm]: evaluations } };
}

function isWatching(deployment, event) {
  return (
    deployment.status === "InProgress" &&
    deployment.account === event.account &&
    deployment.watched.includes(event.alarm)
  );
}

export const reduceDeployments = sliceReducer(EMPTY, {
  UpStarted: (deployments) =>
    withAllChanged(deployments, (deployment) =>
      deployment.status === "InProgress" ? { ...deployment, status: "Stopped" } : deployment,
    ),

  DeploymentStarted: (deployments, event) =>
    withNewest({ ...deployments, [event.deployment_id]: started(event) }, MOST),

  LifecycleEventStarted: (deployments, event) =>
    withChanged(deployments, event.deployment_id, (deployment) =>
      hookChanged(deployment, event, { status: "InProgress" }),
    ),

  LifecycleEventEnded: (deployments, event) =>
    withChanged(deployments, event.deployment_id, (deployment) =>
      hookChanged(deployment, event, { status: event.status, reason: event.reason, endedAwsAt: event.aws_at }),
    ),

  TrafficShifted: (deployments, event) =>
    withChanged(deployments, event.deployment_id, (deployment) => ({
      ...deployment,
      shiftBeganAwsAt: deployment.shiftBeganAwsAt ?? event.aws_at - event.aws_seconds,
      weight: event.weight_percent,
      shift: [...deployment.shift, [event.aws_seconds, event.weight_percent]],
    })),

  CanarySampled: (deployments, event) =>
    withChanged(deployments, event.deployment_id, (deployment) => ({
      ...deployment,
      samples: [
        ...deployment.samples,
        {
          seconds: event.aws_seconds,
          weight: event.weight_percent,
          old: { calls: event.old_calls, errors: event.old_errors },
          new: { calls: event.new_calls, errors: event.new_errors },
        },
      ],
    })),

  AlarmEvaluated: (deployments, event) =>
    withAllChanged(deployments, (deployment) =>
      isWatching(deployment, event) ? evaluated(deployment, event) : deployment,
    ),

  DeploymentEnded: (deployments, event) =>
    withChanged(deployments, event.deployment_id, (deployment) => ({
      ...deployment,
      status: event.status,
      endedAt: event.at,
      endedAwsAt: event.aws_at,
      weight: event.status === "Succeeded" ? 100 : 0,
      stoppedBy: event.status === "Succeeded" ? null : { alarm: event.alarm, gate: event.gate, reason: event.reason },
    })),
});
