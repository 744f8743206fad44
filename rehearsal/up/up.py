"""`rehearse up`: a local AWS that stays, into which every new commit of a branch is released, and the page to see it.

    UpFolder    the project's lock, record, history and logs        record.py
    Branch      which commit is the newest                          branch.py
    Rehearsal   the local AWS and the pipeline in it                rehearsal.py
    Releases    an execution for each commit                        releases.py
    BuiltPlans  what of a commit this machine cannot do             clearing.py
    PageServer  what happens, and what a person decides             page/server.py

It must not print: listeners hear the events.
"""

from __future__ import annotations

import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any

from rehearsal.aws import ministack
from rehearsal.codepipeline.deployed_pipeline import DeployedPipeline
from rehearsal.codepipeline.execution import Source
from rehearsal.errors import BadInput, EngineError, RehearsalError, Unsupported
from rehearsal.local_pipeline import LocalPipeline
from rehearsal.machine.user_cache import require_cache, user_cache
from rehearsal.page.action_logs import ActionLogs
from rehearsal.page.chart import chart_folder
from rehearsal.page.journal import Journal
from rehearsal.page.server import Page, PageServer, listen
from rehearsal.rehearsal import DEFAULT_SPEED, Rehearsal, leave_open, source_of
from rehearsal.run_events import (
    CommitFound,
    CommitRefused,
    ExecutionStarted,
    Listener,
    Notice,
    RunEvent,
    UpEnded,
    UpStarted,
)
from rehearsal.source.commit import Commit, checkout
from rehearsal.source.project import open_project
from rehearsal.up.branch import Branch, branch_to_release
from rehearsal.up.clearing import BuiltPlans
from rehearsal.up.object_reader import ObjectReader
from rehearsal.up.page_controls import PageControls
from rehearsal.up.record import Running, UpFolder
from rehearsal.up.releases import Releases

_LOOK_SECONDS = 0.2


@dataclass(frozen=True, kw_only=True)
class UpOptions:
    """As the command line has them; a port of 0 is a free one."""

    project: Path
    pipeline: str | None = None
    account: str | None = None
    region: str | None = None
    speed: float = DEFAULT_SPEED
    port: int = 0
    page_port: int = 0
    branch: str | None = None


class Up:
    """Use it as a context manager, and `run` in it. Entering raises BadInput where it cannot begin: nothing is started.

    `listeners` hear every event; `cache` is the user's where none is given; `find_chart` answers the folder of the
    chart library, given the cache.
    """

    def __init__(
        self,
        options: UpOptions,
        *,
        listeners: Sequence[Listener] = (),
        cache: Path | None = None,
        find_chart: Callable[[Path], Path] = chart_folder,
    ) -> None:
        self._options = options
        self._listeners = list(listeners)
        self._cache = require_cache(cache or user_cache())
        self._find_chart = find_chart
        self._running = ExitStack()
        self._releases: Releases | None = None
        self._local: LocalPipeline | None = None
        self._has_told_uncommitted = False
        self._is_starting = threading.Event()
        self._is_ended = threading.Event()
        self._reason = "ended by its user"

    @property
    def page_url(self) -> str:
        return self._record.page_url

    @property
    def logs(self) -> Path:
        return self._rehearsal.logs

    @property
    def is_idle(self) -> bool:
        """Whether nothing runs that its end would stop in the middle."""
        return not self._is_starting.is_set() and (self._releases is None or self._releases.is_idle)

    def __enter__(self) -> Up:
        with ExitStack() as starting:
            self._begin(starting)
            self._running = starting.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if isinstance(error, Exception):
            self._reason = str(error)
        self._running.close()

    def run(self) -> None:
        """Releases every commit, until an error or a signal ends it, or `end`. Raises EngineError."""
        while not self._is_ended.wait(_LOOK_SECONDS):
            commit_id = self._branch.new_commit()
            if commit_id is not None and (commit := self._packed(commit_id)) is not None:
                self._take(commit)
            if self._local is not None:
                self._local.cloud.failure.require_none()

    def end(self) -> None:
        self._is_ended.set()

    def _begin(self, starting: ExitStack) -> None:
        """In reverse order it ends: the executions, the local AWS, then the last event, then the page."""
        options = self._options
        project = open_project(options.project)
        branch = branch_to_release(project.top, options.branch)
        self._branch = Branch(project.top, branch)
        folder = UpFolder(self._cache, project.id)
        folder.hold()
        starting.callback(folder.release)
        if options.port:
            ministack.listen(options.port).close()  # in use, it would be told of every commit
        listener = _listen(options.page_port)
        starting.callback(listener.close)
        chart = self._find_chart(self._cache)
        journal = Journal(folder.events)
        starting.callback(journal.close)
        logs = ActionLogs(folder.logs)
        starting.callback(logs.close)
        logs.keep_only(journal.executions())
        self._listeners += [logs, journal, _ForgottenLogs(journal, logs)]
        page = Page(
            journal=journal,
            logs=logs,
            controls=PageControls(self._pipeline),
            chart=chart,
            read_object=ObjectReader(self._pipeline),
            state=self._state,
        )
        server = starting.enter_context(PageServer(page, listener))
        self._folder = folder
        self._record = Running(
            process_id=os.getpid(),
            project=str(project.directory),
            branch=branch,
            started_at=time.time(),
            page_url=server.url,
        )
        folder.tell(self._record)
        self._tell(UpStarted(project=project.directory.name, branch=branch, run_id=str(uuid.uuid4())))
        starting.callback(lambda: self._tell(UpEnded(reason=self._reason)))
        if journal.damaged:
            self._tell(Notice(text=f"The history {folder.events} was damaged: {journal.damaged} events are left out."))
        self._rehearsal = Rehearsal(
            options.project,
            speed=options.speed,
            account=options.account,
            region=options.region,
            pipeline=options.pipeline,
            port=options.port,
            cache=self._cache,
            listeners=self._listeners,
            newest_source=self._newest_source,
            clearance=BuiltPlans(self._pipeline),
        )
        self._rehearsal.approvals.answerer = leave_open
        starting.enter_context(self._rehearsal)
        starting.callback(self._end_executions)

    def _take(self, commit: Commit) -> None:
        """Releases a new commit; the first one that this machine can run, into a local AWS that begins with it."""
        self._tell(CommitFound(commit=commit.id, title=commit.title, author=commit.author, branch=self._branch.name))
        if not self._has_told_uncommitted:
            self._rehearsal.tell_uncommitted(commit)
            self._has_told_uncommitted = True
        if self._releases is None and not self._has_started(commit):
            return
        assert self._releases is not None, "it has started"
        self._releases.begin(commit)

    def _has_started(self, commit: Commit) -> bool:
        refused: RehearsalError | None = None
        self._is_starting.set()
        try:
            self._local = self._rehearsal.start(commit)
        except (BadInput, Unsupported) as exc:
            if self._rehearsal.is_started:
                raise
            refused = exc
        finally:
            self._is_starting.clear()
        if refused is not None:
            self._tell(CommitRefused(commit=commit.id, title=commit.title, reason=str(refused)))
            return False
        self._tell_where(self._pipeline())
        return True

    def _tell_where(self, local: LocalPipeline) -> None:
        local.cloud.event_log.is_kept = False
        local.cloud.event_log.events.clear()
        self._releases = Releases(local)
        pipeline = local.deployed()
        self._record = replace(
            self._record,
            endpoint_url=local.cloud.endpoint_url,
            profiles=str(self._rehearsal.profiles),
            pipeline=pipeline.name,
            account=pipeline.account,
            region=pipeline.region,
        )
        self._folder.tell(self._record)

    def _packed(self, commit_id: str) -> Commit | None:
        """None, and it is told, where git cannot: what runs goes on, and the next commit may be better."""
        try:
            return self._checkout(commit_id)
        except BadInput as exc:
            self._tell(CommitRefused(commit=commit_id, title="", reason=str(exc)))
            return None

    def _checkout(self, commit_id: str) -> Commit:
        return replace(checkout(self._options.project, rev=commit_id), branch=self._branch.name)

    def _newest_source(self, _: DeployedPipeline) -> Source:
        """As AWS: what is started by hand, or by an update of the pipeline, takes the newest commit of the branch."""
        newest = self._branch.newest()
        if newest is None:
            raise BadInput(f"The branch {self._branch.name} is gone, so there is no commit to release.")
        return source_of(self._checkout(newest))

    def _pipeline(self) -> LocalPipeline:
        if self._local is None:
            raise EngineError("The local AWS does not run yet: its pipeline is not deployed.")
        return self._local

    def _state(self) -> Mapping[str, Any]:
        record = self._record
        return {
            "project": record.project,
            "pipeline": record.pipeline,
            "started_at": record.started_at,
            "speed": self._options.speed,
            "endpoint_url": record.endpoint_url,
        }

    def _end_executions(self) -> None:
        if self._local is not None:
            self._local.engine.stop()
        if self._releases is not None:
            self._releases.join()

    def _tell(self, event: RunEvent) -> None:
        """Also before and after there is a local AWS, whose clock would say `aws_at`."""
        if self._local is not None and not self._local.cloud.failure.has_happened:
            self._local.cloud.event_log.emit(event)
            return
        stamped = replace(event, at=time.time(), aws_at=time.time())
        for listener in self._listeners:
            listener(stamped)


class _ForgottenLogs:
    """A listener: the logs of executions that the history has forgotten go as well."""

    def __init__(self, journal: Journal, logs: ActionLogs) -> None:
        self._journal = journal
        self._logs = logs

    def __call__(self, event: RunEvent) -> None:
        if isinstance(event, ExecutionStarted):
            self._logs.keep_only(self._journal.executions())


def _listen(port: int) -> socket.socket:
    try:
        return listen(port)
    except OSError as exc:
        raise BadInput(
            f"Port {port} for the page is in use or not allowed: {exc.strerror}. Give another: --page-port PORT."
        ) from exc
