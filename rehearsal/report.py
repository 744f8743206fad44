"""The report of one release, as others script against it: `--report FILE` writes it as JSON.

Input: the execution that came last, and the events and the traffic of the release. It must not print, nor decide what
happened: it only says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Protocol

from rehearsal.codepipeline.definition import PipelineDefinition
from rehearsal.codepipeline.execution import ActionExecution, Execution, ExecutionType, StageExecution, StoppedBy
from rehearsal.ending import Ending, make_ending
from rehearsal.run_events import DeploymentEnded, RunEvent, StageEnded, StageStarted, Status

SCHEMA = 1


class Result(StrEnum):
    """Exit codes 0, 1 and 2."""

    RELEASED = "Released"
    STOPPED = "Stopped"
    ERRORED = "Errored"


@dataclass(frozen=True)
class ActionReport:
    name: str
    provider: str
    status: str
    seconds: float


@dataclass(frozen=True)
class StageReport:
    name: str
    status: str
    seconds: float
    actions: tuple[ActionReport, ...]


@dataclass(frozen=True, kw_only=True)
class DeploymentReport:
    """`shift` holds pairs of AWS seconds since the shift began and percent of traffic on the new version."""

    stage: str
    function: str
    from_version: str
    to_version: str
    status: str
    shift: tuple[tuple[float, float], ...]
    alarm: str | None


@dataclass(frozen=True)
class TrafficReport:
    """Requests through the API of a stage; `failed_new_version` counts those that the released version failed."""

    requests: int = 0
    failed: int = 0
    failed_new_version: int = 0


@dataclass(frozen=True, kw_only=True)
class Report:
    """`to_json` is the contract of `--report`. `aws_minutes` is how far the run's clock went.

    `stages` holds those that began, as far as they came: a stage that is not in it was not touched. `ending` is for
    the person at the terminal, and no part of the contract.
    """

    result: Result
    stopped_by: StoppedBy | None
    stages: tuple[StageReport, ...]
    deployments: tuple[DeploymentReport, ...]
    traffic: Mapping[str, TrafficReport]
    executions: int
    seconds: float
    aws_minutes: float
    ending: Ending | None = None

    def to_json(self) -> dict[str, Any]:
        content = {"schema": SCHEMA, **asdict(self)}
        del content["ending"]
        return content


class Traffic(Protocol):
    """What the Lambda host counts for one version of a function."""

    @property
    def account(self) -> str: ...
    @property
    def function(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def requests(self) -> int: ...
    @property
    def failed(self) -> int: ...


@dataclass(frozen=True)
class StagePlaces:
    """Which stages deploy to which account: how a deployment or a request finds its stage."""

    stages_by_account: Mapping[str, tuple[str, ...]]
    stack_names: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, definition: PipelineDefinition, default_account: str) -> StagePlaces:
        accounts: dict[str, list[str]] = {}
        stacks: dict[str, list[str]] = {}
        for stage in definition.stages:
            for action in stage.actions:
                if action.action_type.category != "Deploy":
                    continue
                account = action.role_arn.split(":")[4] if action.role_arn else default_account
                if stage.name not in accounts.setdefault(account, []):
                    accounts[account].append(stage.name)
                stacks.setdefault(stage.name, []).append(action.configuration.get("StackName", ""))
        return cls(
            {account: tuple(names) for account, names in accounts.items()},
            {stage: tuple(names) for stage, names in stacks.items()},
        )

    def find(self, account: str, function: str, running: Iterable[str] = ()) -> str | None:
        """The stage of a function: the one that runs now, or whose stack gave the function its name, or the first."""
        stages = self.stages_by_account.get(account, ())
        for stage in stages:
            if stage in running:
                return stage
        for stage in stages:
            if any(name and function.startswith(name) for name in self.stack_names.get(stage, ())):
                return stage
        return stages[0] if stages else None


def make_report(
    *,
    execution: Execution | None,
    places: StagePlaces,
    events: Sequence[RunEvent],
    traffic: Sequence[Traffic],
    executions: int,
    seconds: float,
    aws_seconds: float,
) -> Report:
    """`execution` is the last that is not a rollback; None when the run broke before one began."""
    deployments = tuple(_deployments(events, places))
    return Report(
        result=_result(execution),
        stopped_by=execution.stopped_by if execution else None,
        stages=tuple(_stages(execution)) if execution else (),
        deployments=deployments,
        traffic=_traffic(traffic, deployments, places),
        executions=executions,
        seconds=round(seconds, 3),
        aws_minutes=round(aws_seconds / 60, 3),
        ending=make_ending(execution, events) if execution else None,
    )


def errored_report() -> Report:
    """The report of a run that broke before it could make one."""
    return Report(
        result=Result.ERRORED,
        stopped_by=None,
        stages=(),
        deployments=(),
        traffic={},
        executions=0,
        seconds=0.0,
        aws_minutes=0.0,
    )


def last_standard(executions: Sequence[Execution]) -> Execution | None:
    return next((run for run in reversed(executions) if run.type is ExecutionType.STANDARD), None)


def _result(execution: Execution | None) -> Result:
    match execution.status if execution else Status.ERRORED:
        case Status.SUCCEEDED:
            return Result.RELEASED
        case Status.FAILED | Status.CANCELLED | Status.SUPERSEDED:
            return Result.STOPPED
        case Status.STOPPED if execution is not None and (execution.is_stop_requested or execution.stopped_by):
            return Result.STOPPED
        case _:
            return Result.ERRORED


def _stages(execution: Execution) -> Iterator[StageReport]:
    for stage in execution.stages:
        yield StageReport(
            name=stage.name,
            status=stage.status,
            seconds=round(stage.seconds, 3),
            actions=tuple(
                ActionReport(
                    name=action.declaration.name,
                    provider=action.declaration.action_type.provider,
                    status=_status(stage, action),
                    seconds=round(action.seconds, 3),
                )
                for action in stage.actions
            ),
        )


def _status(stage: StageExecution, action: ActionExecution) -> Status:
    """An action that a signal cut off has no end of its own: its stage has."""
    is_cut_off = action.status is Status.IN_PROGRESS and stage.ended_at is not None
    return Status.STOPPED if is_cut_off else action.status


def _deployments(events: Iterable[RunEvent], places: StagePlaces) -> Iterator[DeploymentReport]:
    running: list[str] = []
    for event in events:
        match event:
            case StageStarted():
                running.append(event.stage)
            case StageEnded() if event.stage in running:
                running.remove(event.stage)
            case DeploymentEnded():
                yield DeploymentReport(
                    stage=places.find(event.account, event.function, running) or "",
                    function=event.function,
                    from_version=event.from_version,
                    to_version=event.to_version,
                    status=event.status,
                    shift=event.shift,
                    alarm=event.alarm,
                )
            case _:
                pass


def _traffic(
    traffic: Iterable[Traffic], deployments: Sequence[DeploymentReport], places: StagePlaces
) -> dict[str, TrafficReport]:
    counted = {stage: TrafficReport() for stages in places.stages_by_account.values() for stage in stages}
    new_versions = {(item.stage, item.function, item.to_version) for item in _releases(deployments)}
    for item in traffic:
        stage = places.find(item.account, item.function)
        if stage is None:
            continue
        before = counted[stage]
        is_new = (stage, item.function, item.version) in new_versions
        counted[stage] = TrafficReport(
            before.requests + item.requests,
            before.failed + item.failed,
            before.failed_new_version + (item.failed if is_new else 0),
        )
    return counted


def _releases(deployments: Sequence[DeploymentReport]) -> Iterator[DeploymentReport]:
    """The first deployment of each function: what comes after it puts the old code back."""
    seen: set[tuple[str, str]] = set()
    for deployment in deployments:
        if (deployment.stage, deployment.function) not in seen:
            seen.add((deployment.stage, deployment.function))
            yield deployment
