"""A rehearsal: one local AWS, and as many releases into it as wanted. The command line and the tests both use it.

The first release finds an empty AWS: it bootstraps every environment, deploys the pipeline's stack, and lets the
pipeline run. Each later one finds the world as the last left it. It must not print: listeners hear the events.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from rehearsal.aws.lambda_host.traffic import FunctionTraffic, since
from rehearsal.aws.local_cloud import LocalCloud
from rehearsal.check import run_check
from rehearsal.codepipeline.actions.approval import ApprovalAnswer, ApprovalRequest, Approvals
from rehearsal.codepipeline.actions.source import SourceAction
from rehearsal.codepipeline.clearance import Clearance, needs_no_clearance
from rehearsal.codepipeline.deployed_pipeline import DeployedPipeline
from rehearsal.codepipeline.engine import NewestSource, last_released
from rehearsal.codepipeline.execution import Execution, Source
from rehearsal.errors import EngineError
from rehearsal.local_pipeline import LocalPipeline, Surroundings, bring_what_functions_need
from rehearsal.machine.egress import Egress, refused_words
from rehearsal.machine.run_folder import LOGS, RunFolder, sweep
from rehearsal.machine.user_cache import require_cache, user_cache
from rehearsal.plan.plan import Plan
from rehearsal.planning import plan_commit
from rehearsal.report import Report, StagePlaces, last_standard, make_report
from rehearsal.run_events import Listener, Notice
from rehearsal.source.commit import Commit, checkout
from rehearsal.source.project import open_project
from rehearsal.source.settings import SETTINGS_FILE

DEFAULT_SPEED = 120.0
_SHOWN_FILES = 5

Answerer = Callable[[ApprovalRequest], ApprovalAnswer | None]


def approve(_: ApprovalRequest) -> ApprovalAnswer:
    """Answers every approval with yes."""
    return ApprovalAnswer(True, by="the local run")


def reject(_: ApprovalRequest) -> ApprovalAnswer:
    """Answers every approval with no."""
    return ApprovalAnswer(False, by="the local run")


def leave_open(_: ApprovalRequest) -> None:
    """Leaves every approval to PutApprovalResult."""


@dataclass(frozen=True)
class _Began:
    """What has to be known from before a release, to tell what belongs to it."""

    pipeline: DeployedPipeline
    at: float
    aws_at: float
    events: int
    executions: int
    traffic: Sequence[FunctionTraffic]


class Rehearsal:
    """Use it as a context manager; leaving it stops everything that was started.

    `project_dir` is the folder of a CDK Pipelines app in a git repository; `speed` how many AWS seconds pass in a
    second of mere waiting; `account`, `region` and `pipeline` come before those of its settings; `port` is that of the
    local AWS (0 takes a free one); `cache` is the user's where none is given; `listeners` hear every event;
    `newest_source` and `clearance` are the engine's. Its logs stay in `logs` when it is over.
    """

    def __init__(
        self,
        project_dir: Path,
        *,
        speed: float = DEFAULT_SPEED,
        account: str | None = None,
        region: str | None = None,
        pipeline: str | None = None,
        port: int = 0,
        cache: Path | None = None,
        listeners: Sequence[Listener] = (),
        newest_source: NewestSource = last_released,
        clearance: Clearance = needs_no_clearance,
    ) -> None:
        self.project = open_project(project_dir).with_options(account=account, region=region, pipeline=pipeline)
        self._cache = require_cache(cache or user_cache())
        self._folder = RunFolder()
        self.home = self._folder.path
        self.profiles = self.home / "aws" / "config"
        self._speed = speed
        self._port = port
        self._newest_source = newest_source
        self._clearance = clearance
        self._listeners = tuple(listeners)
        self._approvals = Approvals(approve)
        self._running = ExitStack()
        self._egress = Egress(self.home, lambda host: self.tell(refused_words(host)))
        self._cloud: LocalCloud | None = None
        self._pipeline: LocalPipeline | None = None
        self._began: _Began | None = None
        # Beside the run: what a killed one has left may take a while to delete.
        threading.Thread(target=sweep, name="sweep", daemon=True).start()

    @property
    def cloud(self) -> LocalCloud:
        """The local AWS; it is there from the first release on."""
        if self._cloud is None:
            raise EngineError("The local AWS does not run yet: release something first.")
        return self._cloud

    @property
    def is_started(self) -> bool:
        """Whether there is a local AWS, or was one."""
        return self._cloud is not None

    @property
    def approvals(self) -> Approvals:
        return self._approvals

    @property
    def logs(self) -> Path:
        return self.home / LOGS

    def __enter__(self) -> Rehearsal:
        self._running.enter_context(self._egress)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._pipeline is not None:
            self._pipeline.engine.stop()
        self._running.close()
        self._folder.close()

    def require_commit(self, *, rev: str = "HEAD", patch: Path | None = None) -> None:
        """Raises BadInput when there is no such commit, or the patch does not apply to it. Starts nothing."""
        checkout(self.project.directory, rev=rev, patch=patch)

    def require_plan(self, *, rev: str = "HEAD", patch: Path | None = None) -> None:
        """Raises BadInput or Unsupported when this machine could not run the pipeline as the commit defines it.

        For a commit that is not the first to be released: the first is planned anyway. Starts nothing but its app.
        """
        with tempfile.TemporaryDirectory(prefix="plan-", dir=self.home) as folder:
            commit = checkout(self.project.directory, rev=rev, patch=patch)
            self._plan_of(commit, Path(folder), is_kept=False).require_supported()

    def release(self, *, rev: str = "HEAD", patch: Path | None = None, approval: Answerer = approve) -> Report:
        """Releases a commit, or a patch on top of one, and reports what happened.

        The first call plans before it starts anything. Raises BadInput, Unsupported or EngineError, that soon after
        something has ended that the run needs.
        """
        try:
            return self._release(rev, patch, approval)
        except Exception:
            if self._cloud is not None:
                self._cloud.failure.require_none()
            raise

    def _release(self, rev: str, patch: Path | None, approval: Answerer) -> Report:
        self._began = None
        commit = checkout(self.project.directory, rev=rev, patch=patch)
        self.tell(f"Commit {commit.id[:12]}: {commit.title}")
        self.tell_uncommitted(commit)
        local = self._pipeline or self.start(commit)
        self._approvals.answerer = approval
        pipeline = local.deployed()
        self._began = began = self._begin(pipeline)
        return self._report(began, local.engine.release(pipeline, source_of(commit)))

    def tell_uncommitted(self, commit: Commit) -> None:
        """Which files the commit misses. The settings count as they are: a push would not carry them either."""
        settings = (self.project.directory / SETTINGS_FILE).relative_to(self.project.top).as_posix()
        uncommitted = [name for name in commit.uncommitted if name != settings]
        if uncommitted:
            self.tell(_uncommitted_words(uncommitted))

    def check(self, command: str, say: Callable[[str], None]) -> int:
        """Runs a command of the user's on what the last release has left (check.py); answers its exit code."""
        return run_check(
            command,
            self.project,
            self.cloud.guardian,
            profiles=self.profiles,
            home=self.home / "check",
            egress=self._egress.variables(),
            say=say,
        )

    def report_so_far(self) -> Report | None:
        """How far the last release came, also when an error or a signal ended it. None when none began.

        To be asked for before the run is left, as long as there is something to report.
        """
        if self._began is None:
            return None
        return self._report(self._began, last_standard(self._began.pipeline.executions[self._began.executions :]))

    def start(self, commit: Commit) -> LocalPipeline:
        """Plans the commit, starts the local AWS and deploys the pipeline in it. Nothing is released.

        Raises BadInput or Unsupported before anything is started, and EngineError.
        """
        folder = self.home / f"assembly-{commit.id[:12]}"
        plan = self._plan_of(commit, folder)
        plan.require_supported()
        bring_what_functions_need(self._cache, plan.assembly, self.tell)
        for text in plan.not_rehearsed:
            self.tell(f"Not rehearsed: {text}.")
        for notice in plan.notices:
            self.tell(notice)
        cloud = LocalCloud(
            self.home, cache=self._cache, egress=self._egress.variables(), speed=self._speed, port=self._port
        )
        for listener in self._listeners:
            cloud.event_log.subscribe(listener)
        self._running.enter_context(cloud)
        self._cloud = cloud
        self._pipeline = LocalPipeline(
            self.project,
            plan,
            cloud,
            Surroundings(
                cache=self._cache,
                approvals=self._approvals,
                newest_source=self._newest_source,
                clearance=self._clearance,
            ),
        )
        self._pipeline.deploy(folder / "cdk.out", self.profiles)
        return self._pipeline

    def tell(self, text: str) -> None:
        """A notice; before the local AWS runs there is no event log, so the listeners hear it at once."""
        notice = Notice(text=text, at=time.time(), aws_at=time.time())
        if self._cloud is not None:
            self._cloud.event_log.emit(notice)
            return
        for listener in self._listeners:
            listener(notice)

    def _plan_of(self, commit: Commit, folder: Path, *, is_kept: bool = True) -> Plan:
        return plan_commit(
            self.project,
            commit,
            folder,
            cache=self._cache,
            is_kept=is_kept,
            egress=self._egress.variables(),
            tell=self.tell,
        )

    def _begin(self, pipeline: DeployedPipeline) -> _Began:
        return _Began(
            pipeline=pipeline,
            at=time.monotonic(),
            aws_at=self.cloud.clock.now(),
            events=len(self.cloud.event_log.events),
            executions=len(pipeline.executions),
            traffic=self.cloud.lambda_host.traffic(),
        )

    def _report(self, began: _Began, execution: Execution | None) -> Report:
        pipeline = began.pipeline
        definition = execution.definition if execution else pipeline.definition
        return make_report(
            execution=execution,
            places=StagePlaces.of(definition, pipeline.account),
            events=self.cloud.event_log.events[began.events :],
            traffic=since(self.cloud.lambda_host.traffic(), began.traffic),
            executions=len(pipeline.executions) - began.executions,
            seconds=time.monotonic() - began.at,
            aws_seconds=self.cloud.clock.now() - began.aws_at,
        )


def source_of(commit: Commit) -> Source:
    """What an execution releases of a commit."""
    return Source(action=SourceAction(commit), commit=commit.id, message=commit.title, author=commit.author)


def _uncommitted_words(uncommitted: Sequence[str]) -> str:
    names = ", ".join(uncommitted[:_SHOWN_FILES])
    more = len(uncommitted) - _SHOWN_FILES
    rest = f" and {more} more" if more > 0 else ""
    return f"Uncommitted changes are not released, as a push would not carry them: {names}{rest}."
