"""The CodeBuild action of a pipeline: one build of the deployed project, from StartBuild to its artifacts.

It must not know stages or what comes next. Source: CodePipeline user guide, "AWS CodeBuild build and test action
reference"; CodeBuild user guide, "Environment variables in build environments".
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Protocol

from rehearsal.codebuild.artifacts import ArtifactsError, collect_artifacts
from rehearsal.codebuild.buildspec import Buildspec, BuildspecError, is_inline, parse_buildspec
from rehearsal.codebuild.gate import BAKE, gate_of_command
from rehearsal.codebuild.local_cache import LocalCache
from rehearsal.codebuild.phases import CommandFailure, run_phases
from rehearsal.codebuild.project import (
    BuildRecord,
    Project,
    find_project,
    parse_overrides,
    start_build,
)
from rehearsal.codebuild.runtimes import unmet_runtimes
from rehearsal.codebuild.sandbox import Sandbox, make_sandbox
from rehearsal.codebuild.shell import BuildShell, StartProcess
from rehearsal.codebuild.sleep import sleeping_on
from rehearsal.codebuild.variables import BuildVariables, mask, resolve_variables
from rehearsal.codepipeline.actions.action import ActionContext, ActionResult
from rehearsal.errors import ActionFailed, Unsupported
from rehearsal.machine.unix_socket import socket_path
from rehearsal.run_events import BuildCommandStarted, BuildPhaseStarted, Notice

_BUILDSPEC_FILE = "buildspec.yml"
_SHOWN_CHARACTERS = 300


class MakeSandbox(Protocol):
    """`make_sandbox`, or a fake that needs no network."""

    def __call__(self, folder: Path, *, cache: Path, start: StartProcess, egress: Mapping[str, str]) -> Sandbox: ...


class CodeBuildAction:
    """Runs builds; `cache` is the folder in which all builds keep the packages that they fetched, `local_caches` the
    one for what builds of this project leave for the next.

    `monotonic` gives wall seconds: a build takes what it takes, whatever the run's clock does. The `sleep` of a bake
    alone is on that clock.
    """

    def __init__(
        self,
        cache: Path,
        *,
        local_caches: Path,
        make_sandbox: MakeSandbox = make_sandbox,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._cache = cache
        self._local_caches = local_caches
        self._monotonic = monotonic
        self._make_sandbox = make_sandbox
        self._noticed: set[str] = set()

    def run(self, context: ActionContext) -> ActionResult:
        """The variables are those that the buildspec exports. Raises ActionFailed and Unsupported as the seam says."""
        configuration = context.configuration
        if configuration.get("BatchEnabled", "false").lower() == "true":
            raise Unsupported(f"Action {context.declaration.name}: batch builds (BatchEnabled) are not supported here.")
        region = context.region
        project = find_project(
            configuration["ProjectName"], session=context.cloud.clients.root(context.account, region)
        )
        overrides = parse_overrides(configuration.get("EnvironmentVariables", ""))
        source = _primary_source(context)
        buildspec = read_buildspec(project, context.inputs.get(source))
        build = start_build(
            project, overrides, source_version=_source_version(context, source), session=context.session
        )
        session = context.cloud.clients.assume(
            project.service_role, session_name=f"AWSCodeBuild-{build.id.rsplit(':', 1)[-1]}", region=region
        )
        variables = resolve_variables(buildspec, project, overrides, session=session)
        aws = context.cloud.child_environment(session, region)
        for text in _notices(buildspec):
            if text not in self._noticed:
                self._noticed.add(text)
                context.cloud.event_log.emit(Notice(text=text))
        log_file = context.cloud.home / "logs" / "codebuild" / f"{build.id.replace(':', '-')}.log"
        log_file.parent.mkdir(parents=True, exist_ok=True)
        with log_file.open("w", encoding="utf-8") as log:
            run = _BuildRun(
                context=context, project=project, buildspec=buildspec, build=build, source=source, variables=variables,
                aws=aws, log=log, monotonic=self._monotonic, cache=self._local_cache(context, buildspec),
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

    def _local_cache(self, context: ActionContext, buildspec: Buildspec) -> LocalCache:
        """Of the action, not of the project: a project's name differs from one local cloud to the next."""
        name = "-".join((context.pipeline, context.stage, context.declaration.name))
        return LocalCache(self._local_caches / re.sub(r"[^\w.-]", "_", name), buildspec.cache_paths)


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
            failure = run_phases(self.buildspec, shell, self._say, self._started)
            if failure:
                raise self._failed(failure)
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
        return BuildShell(
            program=self.buildspec.shell,
            folder=sandbox.shell,
            cwd=source,
            environment={
                **sandbox.environment,
                **self._codebuild_variables(source),
                **{name: localize(value) for name, value in self.variables.values.items()},
                **aws,
            },
            start=self.context.cloud.guardian.popen,
            on_line=self._line,
            watch=self._watch,
            has_subshells=self.buildspec.version == "0.1",
        )

    def _codebuild_variables(self, source: Path) -> dict[str, str]:
        location = self.context.locations.get(self.source)
        folders = {
            f"CODEBUILD_SRC_DIR_{name}": str(folder)
            for name, folder in self.context.inputs.items()
            if name != self.source
        }
        return {
            **folders,
            "AWS_DEFAULT_REGION": self.context.region,
            "AWS_REGION": self.context.region,
            "AWS_ACCOUNT_ID": self.context.account,
            "CODEBUILD_BUILD_ARN": self.build.arn,
            "CODEBUILD_BUILD_ID": self.build.id,
            "CODEBUILD_BUILD_IMAGE": self.project.image,
            "CODEBUILD_BUILD_NUMBER": str(self.build.number),
            "CODEBUILD_BUILD_SUCCEEDING": "1",
            "CODEBUILD_CI": "true",
            "CODEBUILD_INITIATOR": f"codepipeline/{self.context.pipeline}",
            "CODEBUILD_KMS_KEY_ID": self.project.encryption_key,
            "CODEBUILD_LOG_PATH": self.build.id.rsplit(":", 1)[-1],
            "CODEBUILD_PROJECT_ARN": f"{self.build.arn.partition(':build/')[0]}:project/{self.project.name}",
            "CODEBUILD_RESOLVED_SOURCE_VERSION": (location and location.revision) or "",
            "CODEBUILD_SOURCE_REPO_URL": "",
            "CODEBUILD_SOURCE_VERSION": f"arn:aws:s3:::{location.bucket}/{location.key}" if location else "",
            "CODEBUILD_SRC_DIR": str(source),
            "CODEBUILD_START_TIME": str(int(self.started_at * 1000)),
        }

    def _exported(self, environment: Mapping[str, str]) -> dict[str, str]:
        return {
            name: environment[name]
            for name in self.buildspec.exported_variables
            if name in environment and name not in self.variables.secrets
        }

    def _failed(self, failure: CommandFailure) -> ActionFailed:
        first_line, *more = mask(failure.command.strip(), self._secrets).split("\n")
        command = f"{first_line} …" if more else first_line
        # What a command says last mostly tells why: a test run's counts, an exception, a denied call.
        last_line = mask(failure.last_line, self._secrets)[:_SHOWN_CHARACTERS]
        last_words = f" It said last: {last_line}" if last_line else ""
        return ActionFailed(
            f"{failure.phase}: `{command}` ended with exit code {failure.exit_code}." + last_words,
            gate=gate_of_command(failure.command),
        )

    @property
    def _timeout_minutes(self) -> int:
        return min(filter(None, (self.project.timeout_minutes, self.context.declaration.timeout_minutes)))

    @property
    def _secrets(self) -> list[str]:
        credentials = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
        return [
            *(self.variables.values[name] for name in self.variables.secrets),
            *(self.aws[name] for name in credentials if name in self.aws),
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
        self.context.cloud.event_log.emit(
            BuildPhaseStarted(stage=stage, action=action, phase=phase)
            if command is None
            else BuildCommandStarted(
                stage=stage, action=action, phase=phase, command=mask(command, self._secrets).strip()
            )
        )

    def _say(self, text: str) -> None:
        for line in f"[Container] {text}".split("\n"):
            self._line(line)

    def _line(self, line: str) -> None:
        masked = mask(line, self._secrets)
        self.log.write(f"{masked}\n")
        self.log.flush()
        self.context.output(masked)


def read_buildspec(project: Project, source: Path | None) -> Buildspec:
    """The project's own text, or the file in the source folder that it names. Raises ActionFailed for a bad one."""
    text, where = project.buildspec, f"of project {project.name}"
    if not is_inline(text):
        name = text or _BUILDSPEC_FILE
        if name.startswith("arn:"):
            raise Unsupported(f"Project {project.name}: a buildspec in S3 ({name}) is not supported here.")
        if source is None or not (source / name).is_file():
            raise ActionFailed(
                f"YAML_FILE_ERROR: project {project.name} needs the buildspec file {name} in its source."
            )
        text, where = (source / name).read_text(encoding="utf-8"), f"{name} of project {project.name}"
    try:
        return parse_buildspec(text)
    except BuildspecError as exc:
        raise ActionFailed(f"YAML_FILE_ERROR: the buildspec {where} is wrong: {exc}. Nothing of it was run.") from exc


def _primary_source(context: ActionContext) -> str:
    """The input artifact in which the build runs; "" when it has none."""
    inputs = context.declaration.input_artifacts
    named = context.configuration.get("PrimarySource", "")
    if named and named not in inputs:
        raise ActionFailed(f"PrimarySource is {named}; the action's input artifacts are {', '.join(inputs) or 'none'}.")
    if len(inputs) > 1 and not named:
        raise ActionFailed(f"The action has the input artifacts {', '.join(inputs)}; PrimarySource must name one.")
    return named or (inputs[0] if inputs else "")


def _source_version(context: ActionContext, source: str) -> str:
    location = context.locations.get(source)
    return f"arn:aws:s3:::{location.bucket}/{location.key}" if location else ""


def _notices(buildspec: Buildspec) -> list[str]:
    """What the buildspec asks for and does not get, one sentence each."""
    return [
        *(f"CodeBuild: {wanted}" for wanted in unmet_runtimes(buildspec.runtime_versions)),
        *(f"CodeBuild: {name} of a buildspec is not done in the local run." for name in buildspec.ignored),
    ]
