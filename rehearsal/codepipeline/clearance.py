"""Where whoever starts executions is asked once more: when a commit has been built, and nothing of it is deployed yet.

AWS knows nothing of it: there, whatever a pipeline is told to do it does. It must not know what is asked.
"""

from __future__ import annotations

from collections.abc import Callable

from rehearsal.codepipeline.definition import PipelineDefinition
from rehearsal.codepipeline.deployed_pipeline import DeployedPipeline
from rehearsal.codepipeline.execution import Execution

_SOURCE = "Source"
_BUILDS = frozenset({"Build", "Test"})


class NotCleared(Exception):
    """The execution must not go on; its text is the reason."""


Clearance = Callable[[DeployedPipeline, Execution], None]
"""Raises NotCleared. It may take seconds, and is called in the execution's own thread."""


def needs_no_clearance(_: DeployedPipeline, __: Execution) -> None:
    """Lets every execution go on."""


def stage_to_clear(definition: PipelineDefinition) -> str | None:
    """The stage before which an execution is cleared: the one after the first builds, or, without builds, after the
    sources. None where there is no such stage."""
    has_built = False
    for stage in definition.stages:
        categories = {action.action_type.category for action in stage.actions}
        if categories == {_SOURCE}:
            continue
        if has_built or not categories <= _BUILDS:
            return stage.name
        has_built = True
    return None
