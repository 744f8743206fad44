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
    whatever its failing command is.
    """
    category, provider = action.action_type.category, action.action_type.provider
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


def _is_after_a_deployment(definition: PipelineDefinition, stage: str, action: ActionDeclaration) -> bool:
    for declared in definition.stages:
        for other in declared.actions:
            is_earlier = declared.name != stage or other.run_order < action.run_order
            if other.action_type.category == "Deploy" and is_earlier:
                return True
        if declared.name == stage:
            return False
    return False
