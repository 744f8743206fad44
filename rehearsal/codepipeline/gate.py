"""Which gate stopped a release, in the words of the report.

It must not decide whether something failed, only name what did.
"""

from __future__ import annotations

import threading
from enum import StrEnum

from rehearsal.codepipeline.actions.action import ActionDeclaration
from rehearsal.codepipeline.definition import ConditionKind, PipelineDefinition, Rule
from rehearsal.run_events import DeploymentEnded, RunEvent, Status


class Gate(StrEnum):
    """What can stop a release."""

    BUILD = "build"
    UNIT_TESTS = "unit-tests"
    SYNTH = "synth"
    PIPELINE_GUARD = "pipeline-guard"
    PRE_TRAFFIC_HOOK = "pre-traffic-hook"
    CANARY_ALARM = "canary-alarm"
    EVIDENCE_HOOK = "evidence-hook"
    DEPLOY = "deploy"
    E2E = "e2e"
    BAKE = "bake"
    APPROVAL = "approval"
    CONDITION = "condition"


_BUILD_GATES = frozenset({None, Gate.BUILD, Gate.UNIT_TESTS, Gate.SYNTH})


class DeploymentGates:
    """Remembers the gates of CodeDeploy deployments that failed; a listener of the event log."""

    def __init__(self) -> None:
        self._failures: list[DeploymentEnded] = []
        self._lock = threading.Lock()

    def __call__(self, event: RunEvent) -> None:
        if isinstance(event, DeploymentEnded) and event.status is not Status.SUCCEEDED:
            with self._lock:
                self._failures.append(event)

    def find(self, account: str, *, since: float) -> str | None:
        """The gate of the first deployment that failed in the account since that wall-clock time, if it had one."""
        with self._lock:
            failures = [event for event in self._failures if event.account == account and event.at >= since]
        return next((event.gate for event in failures if event.gate), None)


def gate_of_action(
    definition: PipelineDefinition, stage: str, action: ActionDeclaration, *, named: str | None, deployment: str | None
) -> Gate:
    """`named` is the gate that the failure itself named, `deployment` that of a deployment which failed inside.

    A build before everything that is deployed is part of the build; one after a deployment tests what was deployed,
    whatever its failing command is. But one that reads what its stage is about to deploy guards it, unless it runs
    tests: those may be of the stage before.
    """
    category, provider = action.action_type.category, action.action_type.provider
    if provider == "CodeBuild" and named in (None, Gate.BUILD) and _reads_what_comes_next(definition, stage, action):
        return Gate.PIPELINE_GUARD
    if provider == "CodeBuild" and named in _BUILD_GATES and _is_after_a_deployment(definition, stage, action):
        return Gate.E2E
    if named is not None:
        return Gate(named)
    if category == "Approval":
        return Gate.APPROVAL
    if category == "Deploy":
        return Gate(deployment) if deployment else Gate.DEPLOY
    return Gate.BUILD


def gate_of_rule(kind: ConditionKind, rule: Rule) -> Gate:
    """An alarm that is watched after a stage succeeded is a bake."""
    is_bake = kind is ConditionKind.ON_SUCCESS and rule.provider == "CloudWatchAlarm"
    return Gate.BAKE if is_bake else Gate.CONDITION


def _reads_what_comes_next(definition: PipelineDefinition, stage: str, action: ActionDeclaration) -> bool:
    """Whether an input is an artifact that the stage deploys, and nothing of the stage is deployed before."""
    deploying = [
        other
        for declared in definition.stages
        if declared.name == stage
        for other in declared.actions
        if other.action_type.category == "Deploy"
    ]
    deployed = {artifact for other in deploying for artifact in other.input_artifacts}
    is_first = all(other.run_order > action.run_order for other in deploying)
    return is_first and not deployed.isdisjoint(action.input_artifacts)


def _is_after_a_deployment(definition: PipelineDefinition, stage: str, action: ActionDeclaration) -> bool:
    for declared in definition.stages:
        for other in declared.actions:
            is_earlier = declared.name != stage or other.run_order < action.run_order
            if other.action_type.category == "Deploy" and is_earlier:
                return True
        if declared.name == stage:
            return False
    return False
