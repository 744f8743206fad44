"""The CodeBuild action of a pipeline: one build of the deployed project, from StartBuild to its artifacts.

It must not know stages or what comes next. Source: CodePipeline user guide, "AWS CodeBuild build and test action
reference"; CodeBuild user guide, "Environment variables in build environments".
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Protocol

from rehearsal.codebuild.artifacts import ArtifactsError, collect_artifacts
from rehearsal.codebuild.build_environment import RESERVED_PREFIX, BuildPlace, BuildSource, build_environment
from rehearsal.codebuild.buildspec import Buildspec
from rehearsal.codebuild.exported_variables import export_variables
from rehearsal.codebuild.gate import BAKE, gate_of_command
from rehearsal.codebuild.local_cache import LocalCache
from rehearsal.codebuild.notices import notices_of_build
from rehearsal.codebuild.phases import CommandFailure, run_phases
from rehearsal.codebuild.project import (
    BuildRecord,
    Project,
    find_project,
    parse_overrides,
    start_build,
)
from rehearsal.codebuild.project_buildspec import read_buildspec
from rehearsal.codebuild.project_cache import has_cache
from rehearsal.codebuild.runtimes import unmet_runtimes
from rehearsal.codebuild.sandbox import Sandbox, make_sandbox
from rehearsal.codebuild.shell import BuildShell, StartProcess
from rehearsal.codebuild.sleep import sleeping_on
from rehearsal.codebuild.sources import IDENTIFIER_RULE, primary_source, refused_identifiers
from rehearsal.codebuild.variables import BuildVariables, mask, resolve_variables
from rehearsal.codepipeline.actions.action import ActionContext, ActionResult
from rehearsal.errors import ActionFailed, Unsupported
from rehearsal.machine.unix_socket import socket_path
from rehearsal.run_events import BuildCommandStarted, BuildPhaseStarted, Notice, RunEvent

_SHOWN_CHARACTERS = 300
_REGION_NAMES = frozenset({"AWS_REGION", "AWS_DEFAULT_REGION"})


class MakeSandbox(Protocol):
    """`make_sandbox`, or a fake that needs no network."""

    def __call__(self, folder: Path, *, cache: Path, start: StartProcess, egress: Mapping[str, str]) -> Sandbox: ...


class CodeBuildAction:
    """Runs builds; `cache` is the folder in which all builds keep the packages that they fetched, `local_caches` the
    one for what builds of this project leave for the next; `noticed` are notices that were said before.

    `monotonic` gives wall seconds: a build takes what it takes, whatever the run's clock does. The `sleep` of a bake
    alone is on that clock.
    """

    def __init__(
        self,
        cache: Path,
        *,
        local_caches: Path,
        noticed: Iterable[str] = (),
        make_sandbox: MakeSandbox = make_sandbox,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._cache = cache
        self._local_caches = local_caches
        self._monotonic = monotonic
        self._make_sandbox = make_sandbox
        self._noticed = set(noticed)

    def run(self, context: ActionContext) -> ActionResult:
        """The variables are those that the buildspec exports. Raises ActionFailed and Unsupported as the seam says."""
        configuration = context.configuration
        if configuration.get("BatchEnabled", "false").lower() == "true":
            raise Unsupported(f"Action {context.declaration.name}: batch builds (BatchEnabled) are not supported here.")
        region = context.region
        root = context.cloud.clients.root(context.account, region)
        project = find_project(configuration["ProjectName"], session=root)
        overrides = parse_overrides(configuration.get("EnvironmentVariables", ""))
        source = primary_source(context.declaration, configuration.get("PrimarySource", ""))
        for name in refused_identifiers(context.declaration, source):
            raise ActionFailed(f"Invalid input: {IDENTIFIER_RULE} in length; the artifact {name} needs another name.")
        buildspec = read_buildspec(project, context.inputs.get(source))
        build = start_build(
            project, overrides, source_version=_source_version(context, source), session=context.session
        )
        session = context.cloud.clients.assume(
            project.service_role, session_name=f"AWSCodeBuild-{build.id.rsplit(':', 1)[-1]}", region=region
        )
        variables = resolve_variables(buildspec, project, overrides, session=session, root=root)
        aws = context.cloud.child_environment(session, region)
        notices = (*notices_of_build(buildspec, variables.values), *unmet_runtimes(buildspec.runtime_versions))
        for text in (f"CodeBuild: {notice}" for notice in notices):
            if text not in self._noticed:
                self._noticed.add(text)
                context.cloud.event_log.emit(Notice(text=text))
        log_file = context.cloud.home / "logs" / "codebuild" / f"{build.id.replace(':', '-')}.log"
        log_file.parent.mkdir(parents=True, exist_ok=True)
        with log_file.open("w", encoding="utf-8") as log:
            run = _BuildRun(
                context=context, project=project, buildspec=buildspec, build=build, source=source, variables=variables,
                aws=aws, log=log, monotonic=self._monotonic, cache=self._local_cache(context, project, buildspec),
            )  # fmt: skip
            sandbox = self._make_sandbox(
                context.work / "build",
                cache=self._cache,
                start=context.cloud.guardian.popen,
                egress=context.cloud.egress,
            )
            address = socket_path(context.cloud.home, f"s-{build.id.rsplit(':', 1)[-1][:6]}")
            with sleeping_on(context.cloud.clock, context.work / "sleep", address, run.is_bake) as folder:
                return ActionResult(variables=run.run(sandbox.with_programs(folder)))

    def _local_cache(self, context: ActionContext, project: Project, buildspec: Buildspec) -> LocalCache:
        """Of the action, not of the project: a project's name differs from one local cloud to the next."""
        name = "-".join((context.pipeline, context.stage, context.declaration.name))
        paths = buildspec.cache_paths
        if paths and not has_cache(project.name, session=context.cloud.clients.root(context.account, context.region)):
            paths = ()
        return LocalCache(self._local_caches / re.sub(r"[^\w.-]", "_", name), paths)


@dataclass
class _BuildRun:
    """One build, from its sandbox to its artifacts."""

    context: ActionContext
    project: Project
    buildspec: Buildspec
    build: BuildRecord
    source: str
    variables: BuildVariables
    aws: Mapping[str, str]
    log: IO[str]
    cache: LocalCache
    monotonic: Callable[[], float]
    started_at: float = field(default_factory=time.time)
    _deadline: float = 0.0
    _command: str = ""
    _sandbox_secrets: tuple[str, ...] = ()

    def run(self, sandbox: Sandbox) -> dict[str, str]:
        """The exported variables."""
        self._deadline = self.monotonic() + self._timeout_minutes * 60
        self._sandbox_secrets = sandbox.secrets
        source = self.context.inputs.get(self.source) or self.context.work / "source"
        source.mkdir(exist_ok=True)
        self.cache.restore(source)
        shell = self._shell(sandbox, source)
        try:
            end = run_phases(self.buildspec, shell, self._say, self._started)
            if end.failure:
                raise self._failed(end.failure, end.let_pass)
            if end.let_pass:
                self._tell_of(end.let_pass)
            environment = shell.environment()
        finally:
            shell.close()
            self.cache.save(source)
        try:
            collect_artifacts(self.buildspec, source=source, environment=environment, outputs=self.context.outputs)
        except ArtifactsError as exc:
            self._say(f"Phase complete: UPLOAD_ARTIFACTS State: FAILED {exc}")
            raise ActionFailed(f"UPLOAD_ARTIFACTS: {exc}") from exc
        return self._exported(environment)

    def _shell(self, sandbox: Sandbox, source: Path) -> BuildShell:
        # HOME and PATH are the sandbox's, and in its home a build may have an AWS configuration of its own.
        aws = {
            name: value for name, value in self.aws.items() if name.startswith("AWS_") and not name.endswith("_FILE")
        }
        localize = self.context.cloud.localize
        codebuild = self._codebuild_variables(source)
        # What a project or a buildspec sets replaces what is there, but for what CodeBuild keeps to itself.
        own = {name: value for name, value in self.variables.values.items() if not name.startswith(RESERVED_PREFIX)}
        return BuildShell(
            program=self.buildspec.shell,
            folder=sandbox.shell,
            cwd=source,
            environment={
                **sandbox.environment,
                **codebuild,
                **{name: localize(value) for name, value in own.items()},
                **{name: value for name, value in aws.items() if name not in _REGION_NAMES},
            },
            start=self.context.cloud.guardian.popen,
            on_line=self._line,
            watch=self._watch,
            has_subshells=self.buildspec.version == "0.1",
        )

    def _codebuild_variables(self, source: Path) -> dict[str, str]:
        context = self.context
        place = BuildPlace(
            pipeline=context.pipeline, account=context.account, region=context.region, started_at=self.started_at
        )
        secondary = {
            name: BuildSource(folder, context.locations.get(name))
            for name, folder in context.inputs.items()
            if name != self.source
        }
        primary = BuildSource(source, context.locations.get(self.source))
        return build_environment(self.project, self.build, place, primary, secondary)

    def _exported(self, environment: Mapping[str, str]) -> dict[str, str]:
        exported = export_variables(
            self.buildspec, environment, secrets=self.variables.secrets, credentials=self._credentials
        )
        for sentence in exported.left_out:
            self._say(sentence)
        return dict(exported.variables)

    def _failed(self, failure: CommandFailure, let_pass: CommandFailure | None) -> ActionFailed:
        # A later command mostly fails because it was told of the failure that the buildspec let pass.
        before = f" Before, {self._words(let_pass)}" if let_pass else ""
        gate = gate_of_command(failure.command) or (gate_of_command(let_pass.command) if let_pass else None)
        return ActionFailed(self._words(failure) + before, gate=gate)

    def _tell_of(self, let_pass: CommandFailure) -> None:
        place = f"{self.context.stage}/{self.context.declaration.name}"
        text = f"{place} goes on, for its buildspec lets a failure pass (on-failure: CONTINUE). {self._words(let_pass)}"
        self.context.cloud.event_log.emit(Notice(text=text))

    def _words(self, failure: CommandFailure) -> str:
        first_line, *more = mask(failure.command.strip(), self._secrets).split("\n")
        command = f"{first_line} …" if more else first_line
        # What a command says last mostly tells why: a test run's counts, an exception, a denied call.
        last_line = mask(failure.last_line, self._secrets)[:_SHOWN_CHARACTERS]
        last_words = f" It said last: {last_line}" if last_line else ""
        return f"{failure.phase}: `{command}` ended with exit code {failure.exit_code}." + last_words

    @property
    def _timeout_minutes(self) -> int:
        return min(filter(None, (self.project.timeout_minutes, self.context.declaration.timeout_minutes)))

    @property
    def _credentials(self) -> list[str]:
        names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
        return [self.aws[name] for name in names if self.aws.get(name)]

    @property
    def _secrets(self) -> list[str]:
        return [
            *(self.variables.values[name] for name in self.variables.secrets),
            *self._credentials,
            *self._sandbox_secrets,
        ]

    def _watch(self) -> None:
        if self.context.is_stopped():
            raise ActionFailed("The build was stopped.")
        if self.monotonic() > self._deadline:
            raise ActionFailed(f"The build timed out after {self._timeout_minutes} minutes, which is its time-out.")

    def is_bake(self) -> bool:
        """Whether the command that runs is one."""
        return gate_of_command(self._command) == BAKE

    def _started(self, phase: str, command: str | None) -> None:
        self._command = command or ""
        stage, action = self.context.stage, self.context.declaration.name
        started: RunEvent = BuildPhaseStarted(
            execution_id=self.context.execution_id, stage=stage, action=action, phase=phase
        )
        if command is not None:
            started = BuildCommandStarted(
                execution_id=self.context.execution_id, stage=stage, action=action, phase=phase,
                command=mask(command, self._secrets).strip(),
            )  # fmt: skip
        self.context.cloud.event_log.emit(started)

    def _say(self, text: str) -> None:
        for line in f"[Container] {text}".split("\n"):
            self._line(line)

    def _line(self, line: str) -> None:
        masked = mask(line, self._secrets)
        self.log.write(f"{masked}\n")
        self.log.flush()
        self.context.output(masked)


def _source_version(context: ActionContext, source: str) -> str:
    location = context.locations.get(source)
    return f"arn:aws:s3:::{location.bucket}/{location.key}" if location else ""
