"""What prod runs, as its account tells it: the deployed templates, read by a role that can do little else.

It must not change anything. Sources: CloudFormation API reference, GetTemplate, DescribeStacks (stack statuses);
STS API reference, AssumeRole.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from pipeline.evidence.runtime.errors import EvidenceError
from pipeline.evidence.runtime.model import Baseline

_HAS_NOTHING = frozenset({"REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE", "CREATE_FAILED", "DELETE_COMPLETE"})
_IS_WELL = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE"})


@dataclass(frozen=True)
class Deployed:
    """`templates` by stack name; without the stacks that are not there. `troubles` as Changes has them."""

    baseline: Baseline
    reason: str
    templates: Mapping[str, Mapping[str, Any]]
    troubles: tuple[str, ...] = ()


def without_reader(why: str, *, stage: str, was_released: bool, had_evidence: bool) -> Deployed:
    """Where the stage's role cannot be taken. `had_evidence`: what runs there came with the role.

    Raises EvidenceError then: nobody is to approve blindly because a role was lost.
    """
    if had_evidence:
        raise EvidenceError(
            f"What {stage} runs cannot be read: {why}. The last release had evidence, so the role was there: see "
            f"whether the stack {stage}-Operators, which has it, is as it was released."
        )
    if not was_released:
        return Deployed(Baseline.NOTHING, f"Nothing was released to {stage} yet: everything is new.", {})
    reason = (
        f"{stage} has no role yet that may read what it runs: this release brings it. Until then all counts as new."
    )
    return Deployed(Baseline.UNKNOWN, reason, {})


def read_deployed(cloudformation: Any, stacks: Iterable[str], *, stage: str) -> Deployed:
    """Raises EvidenceError when a template that is there cannot be read."""
    templates, troubles = {}, []
    for name in stacks:
        status = _status(cloudformation, name)
        if status is None or status in _HAS_NOTHING:
            continue
        templates[name] = _template(cloudformation, name)
        if status not in _IS_WELL:
            troubles.append(f"{name} is {status}")
    if not templates:
        return Deployed(Baseline.NOTHING, f"{stage} has none of these stacks yet: everything is new.", {})
    return Deployed(Baseline.DEPLOYED, "", templates, tuple(troubles))


def _status(cloudformation: Any, name: str) -> str | None:
    try:
        (stack,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
    except ClientError as exc:
        if "does not exist" in str(exc):
            return None
        raise EvidenceError(f"Stack {name} cannot be described: {exc}") from exc
    return str(stack["StackStatus"])


def _template(cloudformation: Any, name: str) -> Mapping[str, Any]:
    try:
        body = cloudformation.get_template(StackName=name, TemplateStage="Original")["TemplateBody"]
    except ClientError as exc:
        raise EvidenceError(f"The template of stack {name} cannot be read: {exc}") from exc
    try:
        template: Mapping[str, Any] = json.loads(body) if isinstance(body, str) else body
    except ValueError as exc:
        raise EvidenceError(
            f"The template of stack {name} is no JSON: CDK did not deploy it, so it cannot be compared. Deploy the "
            "stack's own template again."
        ) from exc
    return template
