"""Executions as CodePipeline's API tells of them, made up story by story, and what each story adds to the figures.

The narrator counts by itself, story by story, and knows nothing of how the figures are computed.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from pipeline.executions.execution import Execution, execution_of
from pipeline.shifts.shift import DeploymentStatus, Shift

BEGINNING = datetime(2026, 3, 2, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
BUILD, UPDATE, STAGING, APPROVAL, PROD = "Build", "UpdatePipeline", "Staging", "ApproveProd", "Prod"


def summary(execution_id: str, status: str, began: datetime, ended: datetime, **more: Any) -> dict[str, Any]:
    """A PipelineExecutionSummary."""
    return {
        "pipelineExecutionId": execution_id,
        "status": status,
        "startTime": began,
        "lastUpdateTime": ended,
        "executionType": "STANDARD",
        **more,
    }


def revision(commit: str, message: str = "A change") -> list[dict[str, Any]]:
    return [{"actionName": "Commit", "revisionId": commit, "revisionSummary": message}]


def detail(stage: str, name: str, status: str, began: datetime, ended: datetime, **more: Any) -> dict[str, Any]:
    """An ActionExecutionDetail, of a stack's deployment where its name says so; `more` overrides its parts."""
    stack = {"StackName": f"{stage}-{name.removesuffix('.Deploy')}"}
    is_deployment = name.endswith(".Deploy")
    kind = action_type("Deploy", "CloudFormation") if is_deployment else action_type("Build", "CodeBuild")
    return {
        "actionExecutionId": f"{stage}-{name}-{began.timestamp():.0f}",
        "stageName": stage,
        "actionName": name,
        "status": status,
        "startTime": began,
        "lastUpdateTime": ended,
        "input": {"actionTypeId": kind, "configuration": stack if is_deployment else {}},
        "output": {},
        **more,
    }


def action_type(category: str, provider: str) -> dict[str, str]:
    return {"category": category, "owner": "AWS", "provider": provider, "version": "1"}


def source_detail(commit: str, written: datetime, began: datetime) -> dict[str, Any]:
    told = {"CommitId": commit, "AuthorDate": written.isoformat().replace("+00:00", "Z")}
    return detail("Source", "Commit", "Succeeded", began, began, output={"outputVariables": told})


def shift(name: str, status: DeploymentStatus, began: datetime, ended: datetime | None, **more: Any) -> Shift:
    """One from version 6 to 7, which has had traffic from its beginning on; `more` overrides its parts."""
    told: dict[str, Any] = {
        "stack": f"{PROD}-Api",
        "function": "cars-api",
        "alias": "live",
        "from_version": "6",
        "to_version": "7",
        "created_at": began,
        "traffic_from": began,
        **more,
    }
    return Shift(deployment_id=name, status=status, ended_at=ended, **told)


def way_back_of(failed: Shift, status: DeploymentStatus, began: datetime, ended: datetime) -> Shift:
    versions = {"from_version": failed.to_version, "to_version": failed.from_version}
    return shift(f"{failed.deployment_id}-back", status, began, ended, is_way_back=True, **versions)


@dataclass
class Narrator:
    """Tells stories one after another and keeps what they must come to."""

    now: datetime = BEGINNING
    executions: list[Execution] = field(default_factory=list)
    shifts: dict[str, list[Shift]] = field(default_factory=dict)
    deployments: int = 0
    changes: int = 0
    failed: int = 0
    restores: list[timedelta] = field(default_factory=list)
    leads: list[timedelta] = field(default_factory=list)
    _open_failures: list[datetime] = field(default_factory=list)
    _written: dict[str, datetime] = field(default_factory=dict)
    _prod_began: datetime | None = None
    _commits: int = 0

    @property
    def lead_time(self) -> timedelta | None:
        return _median(self.leads)

    @property
    def time_to_restore(self) -> timedelta | None:
        return _median(self.restores)

    def tell(self, story: Callable[[Narrator, int], None], minutes: int) -> None:
        story(self, minutes)

    def released(self, minutes: int) -> None:
        self._write(commit := self._new_commit(), minutes)
        self._released(commit, minutes)

    def fails_in_build(self, minutes: int) -> None:
        self._write(commit := self._new_commit(), minutes)
        self._run(commit, "Failed", minutes, [(BUILD, "Failed")])

    def rejected(self, minutes: int) -> None:
        self._write(commit := self._new_commit(), minutes)
        passed = [(BUILD, "Succeeded"), (STAGING, "Succeeded")]
        self._run(commit, "Failed", minutes, [*passed, (APPROVAL, "Failed")])

    def superseded(self, minutes: int) -> None:
        self._write(commit := self._new_commit(), minutes)
        self._run(commit, "Superseded", minutes, [(BUILD, "Succeeded"), (STAGING, "Succeeded")])

    def changes_the_pipeline_and_is_released(self, minutes: int) -> None:
        self._write(commit := self._new_commit(), minutes)
        self._run(commit, "Cancelled", minutes, [(BUILD, "Succeeded"), (UPDATE, "Succeeded")])
        self._released(commit, minutes)

    def fails_in_staging_and_is_rolled_back_there(self, minutes: int) -> None:
        self._write(commit := self._new_commit(), minutes)
        self._run(commit, "Failed", minutes, [(BUILD, "Succeeded"), (STAGING, "Failed")])
        self._run("old", "Succeeded", minutes, [(STAGING, "Succeeded")], executionType="ROLLBACK")

    def fails_in_prod(self, minutes: int) -> None:
        self._write(commit := self._new_commit(), minutes)
        self._fails(commit, minutes, "Failed", "Failed")

    def fails_in_prod_and_is_rolled_back(self, minutes: int) -> None:
        self.fails_in_prod(minutes)
        self._rolled_back(minutes)

    def canary_fails_in_prod(self, minutes: int) -> None:
        """CodeDeploy puts the old version back by itself; the stage is not rolled back."""
        self._shift_fails(minutes, DeploymentStatus.SUCCEEDED)

    def canary_fails_in_prod_and_is_rolled_back(self, minutes: int) -> None:
        self.canary_fails_in_prod(minutes)
        self._rolled_back(minutes)

    def canary_fails_in_prod_and_cannot_be_put_back(self, minutes: int) -> None:
        self._shift_fails(minutes, DeploymentStatus.FAILED)

    def hook_fails_in_prod_before_traffic(self, minutes: int) -> None:
        """Nobody is harmed, so there is nothing to restore."""
        began = self._fails_in_prod_unharmed(minutes)
        ended = began + minutes * MINUTE / 2
        self._tell_shifts(shift("d", DeploymentStatus.FAILED, began, ended, traffic_from=None))

    def tests_fail_in_prod_after_its_shift(self, minutes: int) -> None:
        """Its version keeps all traffic until the stage is rolled back or released anew."""
        self._write(commit := self._new_commit(), minutes)
        passed = [(BUILD, "Succeeded"), (STAGING, "Succeeded"), (PROD, "Succeeded")]
        self._run(commit, "Failed", minutes, [*passed, (PROD, "Failed")], names=("Api.Deploy", "EndToEnd"))
        self._count_failure()
        began = self.executions[-1].actions_of(PROD)[0].started_at
        done = shift("d", DeploymentStatus.SUCCEEDED, began + minutes * MINUTE / 4, began + minutes * MINUTE / 2)
        self._tell_shifts(done)
        self._open_failures.append(began + minutes * MINUTE / 4)

    def tests_fail_in_prod_after_its_shift_and_it_is_rolled_back(self, minutes: int) -> None:
        self.tests_fail_in_prod_after_its_shift(minutes)
        self._rolled_back(minutes)

    def is_stopped_in_prod(self, minutes: int) -> None:
        self._write(commit := self._new_commit(), minutes)
        self._fails(commit, minutes, "Stopped", "Abandoned")

    def released_and_taken_back(self, minutes: int) -> None:
        self.released(minutes)
        self.failed += 1
        assert self._prod_began is not None
        self._open_failures.append(self._prod_began)
        self._rolled_back(minutes)

    def released_again(self, minutes: int) -> None:
        """The same commit once more, as somebody starts the pipeline by hand: a deployment, and no new commit."""
        self.released(minutes)
        self._released(f"c{self._commits}", minutes)

    def _released(self, commit: str, minutes: int) -> None:
        self._run(commit, "Succeeded", minutes, [(BUILD, "Succeeded"), (STAGING, "Succeeded"), (PROD, "Succeeded")])
        self.deployments += 1
        self.changes += 1
        self._restore()
        self.leads += [self.now - written for written in self._written.values()]
        self._written.clear()

    def _fails(self, commit: str, minutes: int, status: str, of_action: str) -> None:
        self._run(commit, status, minutes, [(BUILD, "Succeeded"), (STAGING, "Succeeded"), (PROD, of_action)])
        self._count_failure()
        assert self._prod_began is not None
        self._open_failures.append(self._prod_began)

    def _shift_fails(self, minutes: int, of_way_back: DeploymentStatus) -> None:
        began = self._fails_in_prod_unharmed(minutes)
        quarter = minutes * MINUTE / 4
        failed = shift("d", DeploymentStatus.STOPPED, began + quarter, began + 2 * quarter)
        self._tell_shifts(failed, way_back_of(failed, of_way_back, began + 2 * quarter, began + 3 * quarter))
        if of_way_back is DeploymentStatus.SUCCEEDED:
            self.restores.append(2 * quarter)
        else:
            self._open_failures.append(began + quarter)

    def _fails_in_prod_unharmed(self, minutes: int) -> datetime:
        self._write(commit := self._new_commit(), minutes)
        self._run(commit, "Failed", minutes, [(BUILD, "Succeeded"), (STAGING, "Succeeded"), (PROD, "Failed")])
        self._count_failure()
        assert self._prod_began is not None
        return self._prod_began

    def _count_failure(self) -> None:
        self.changes += 1
        self.failed += 1

    def _tell_shifts(self, *shifts: Shift) -> None:
        self.shifts[self.executions[-1].id] = list(shifts)

    def _rolled_back(self, minutes: int) -> None:
        began = self._prod_began
        self._run("old", "Succeeded", minutes, [(PROD, "Succeeded")], executionType="ROLLBACK")
        self._prod_began = began
        self._restore()

    def _restore(self) -> None:
        self.restores += [self.now - began for began in self._open_failures]
        self._open_failures.clear()

    def _new_commit(self) -> str:
        self._commits += 1
        return f"c{self._commits}"

    def _write(self, commit: str, minutes: int) -> None:
        self._written[commit] = self.now - minutes * MINUTE

    def _run(
        self,
        commit: str,
        status: str,
        minutes: int,
        stages: Sequence[tuple[str, str]],
        names: Sequence[str] = (),
        **more: Any,
    ) -> None:
        """`names` are those of the last actions; all others are Api.Deploy."""
        all_names = [*["Api.Deploy"] * (len(stages) - len(names)), *names]
        began = self.now = self.now + MINUTE
        written = self._written.get(commit)
        details = [] if written is None else [source_detail(commit, written, began)]
        for (stage, of_action), name in zip(stages, all_names, strict=True):
            at = self.now
            self._prod_began = at if stage == PROD else self._prod_began
            self.now += minutes * MINUTE
            details.append(detail(stage, name, of_action, at, self.now))
        number = len(self.executions)
        told = summary(f"e{number}", status, began, self.now, sourceRevisions=revision(commit), **more)
        self.executions.append(execution_of(told, details))


STORIES = [
    Narrator.released,
    Narrator.fails_in_build,
    Narrator.rejected,
    Narrator.superseded,
    Narrator.changes_the_pipeline_and_is_released,
    Narrator.fails_in_staging_and_is_rolled_back_there,
    Narrator.fails_in_prod,
    Narrator.fails_in_prod_and_is_rolled_back,
    Narrator.canary_fails_in_prod,
    Narrator.canary_fails_in_prod_and_is_rolled_back,
    Narrator.canary_fails_in_prod_and_cannot_be_put_back,
    Narrator.hook_fails_in_prod_before_traffic,
    Narrator.tests_fail_in_prod_after_its_shift,
    Narrator.tests_fail_in_prod_after_its_shift_and_it_is_rolled_back,
    Narrator.is_stopped_in_prod,
    Narrator.released_and_taken_back,
    Narrator.released_again,
]


def _median(values: Sequence[timedelta]) -> timedelta | None:
    return timedelta(seconds=statistics.median(value.total_seconds() for value in values)) if values else None
