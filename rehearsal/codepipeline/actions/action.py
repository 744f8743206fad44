"""The seam between the engine, which orders actions, and the actions, which do the work: one file per provider.

The engine resolves intrinsics and variables, assumes the roles, and carries artifacts; an action sees plain strings,
folders and sessions. It must not know stages, conditions or other actions.

Source: "CodePipeline structure reference" and the action reference of each provider.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    import boto3

    from rehearsal.aws.local_cloud import LocalCloud


@dataclass(frozen=True, kw_only=True)
class ActionType:
    """`category` is Source, Build, Test, Deploy, Approval, Invoke or Compute; `owner` AWS, ThirdParty or Custom."""

    category: str
    owner: str
    provider: str
    version: str = "1"


@dataclass(frozen=True, kw_only=True)
class ActionDeclaration:
    """An action of a deployed pipeline definition; every value is resolved but for `#{...}` variables.

    `role_arn` is None when the pipeline's own role runs the action; `region` None means the pipeline's region.
    """

    name: str
    action_type: ActionType
    run_order: int = 1
    configuration: Mapping[str, str] = field(default_factory=dict)
    input_artifacts: tuple[str, ...] = ()
    output_artifacts: tuple[str, ...] = ()
    namespace: str | None = None
    role_arn: str | None = None
    region: str | None = None
    timeout_minutes: int | None = None


@dataclass(frozen=True)
class ArtifactLocation:
    """Where an input artifact lies in the artifact store, and the commit that it comes from, if it is a source's."""

    bucket: str
    key: str
    revision: str | None = None


@dataclass(frozen=True, kw_only=True)
class ActionContext:
    """What one run of an action is given.

    `configuration` has its variables replaced. `session` holds the action's role in the action's region.
    `inputs` maps each input artifact's name to a folder with its unpacked files, all of them unless the action says
    which it reads (`ReadsNamedFiles`); `outputs` maps each output artifact's
    name to an empty folder: what the action leaves there becomes the artifact. The folders are this run's own: an
    action may write into them. `locations` tells for each input artifact where it lies in the store.
    `output` takes one line of progress at a time (secrets replaced). `is_stopped` turns true when the run is stopping.
    """

    cloud: LocalCloud
    pipeline: str
    execution_id: str
    stage: str
    declaration: ActionDeclaration
    configuration: Mapping[str, str]
    account: str
    region: str
    session: boto3.Session
    inputs: Mapping[str, Path]
    outputs: Mapping[str, Path]
    work: Path
    output: Callable[[str], None]
    is_stopped: Callable[[], bool]
    locations: Mapping[str, ArtifactLocation] = field(default_factory=dict)


@dataclass(frozen=True)
class ActionResult:
    """`variables` are the action's output variables, as its provider names them; `revision` is a source's commit."""

    variables: Mapping[str, str] = field(default_factory=dict)
    revision: str | None = None


class Action(Protocol):
    """Runs one action. Returning means Succeeded; `ActionFailed` means Failed; any `RehearsalError` means Errored."""

    def run(self, context: ActionContext) -> ActionResult: ...


@runtime_checkable
class ReadsNamedFiles(Protocol):
    """An action that reads no files of its input artifacts but those that its configuration names."""

    def files_read(self, configuration: Mapping[str, str]) -> Mapping[str, frozenset[str]]:
        """Their names by artifact."""
        ...
