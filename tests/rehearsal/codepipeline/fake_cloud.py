"""Fakes that implement the engine's seams: a cloud without AWS, actions and rules that do as they are told."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from shutil import copytree
from typing import Any

import boto3

from rehearsal.aws.denials import Denials
from rehearsal.codepipeline.actions.action import ActionContext, ActionDeclaration, ActionResult, ActionType
from rehearsal.codepipeline.artifacts import StoredArtifact
from rehearsal.codepipeline.definition import (
    ArtifactStore,
    Condition,
    ExecutionMode,
    OnFailure,
    PipelineDefinition,
    Rule,
    StageDeclaration,
)
from rehearsal.codepipeline.deployed_pipeline import DeployedPipeline
from rehearsal.codepipeline.engine import Engine
from rehearsal.codepipeline.execution import Source
from rehearsal.codepipeline.rule import RuleContext, RuleFailed
from rehearsal.errors import ActionFailed
from rehearsal.machine.failure import Failure
from rehearsal.run_events import EventLog, RunEvent

ACCOUNT, REGION = "111111111111", "eu-west-1"


class FakeClock:
    """AWS time that passes at once; `at` holds what happens at which AWS second from the start."""

    def __init__(self) -> None:
        self.time = 0.0
        self.at: dict[float, Callable[[], None]] = {}

    def now(self) -> float:
        return self.time

    def wait_until(self, condition: Callable[[], bool], timeout: float | None = None) -> bool:
        deadline = self.time + (timeout if timeout is not None else float("inf"))
        for moment in sorted(moment for moment in self.at if self.time < moment <= deadline):
            self.time = moment
            self.at.pop(moment)()
            if condition():
                return True
        self.time = deadline
        return condition()


@cache
def session_of(account: str, region: str) -> boto3.Session:
    return boto3.Session(aws_access_key_id=account, aws_secret_access_key="x", region_name=region)


@dataclass
class FakeClients:
    """Sessions that only know their region; `assumed` keeps the role ARNs in order."""

    assumed: list[str] = field(default_factory=list)

    def root(self, account: str, region: str) -> boto3.Session:
        return session_of(account, region)

    def assume(
        self, role_arn: str, *, session_name: str, by: boto3.Session | None = None, region: str
    ) -> boto3.Session:
        self.assumed.append(role_arn)
        return self.root(role_arn.split(":")[4], region)


@dataclass
class FakeCloud:
    home: Path
    clock: FakeClock = field(default_factory=FakeClock)
    clients: FakeClients = field(default_factory=FakeClients)
    event_log: EventLog = field(init=False)
    failure: Failure = field(default_factory=Failure)
    denials: Denials = field(default_factory=Denials)

    def __post_init__(self) -> None:
        self.event_log = EventLog(self.clock.now, time.time)

    def events(self, kind: type[RunEvent]) -> list[Any]:
        return [event for event in self.event_log.events if isinstance(event, kind)]


@dataclass
class FolderArtifacts:
    """Keeps artifacts as folders."""

    folder: Path
    uploads: int = 0
    log: list[str] = field(default_factory=list)

    def upload(
        self, folder: Path, *, name: str, pipeline: str, store: ArtifactStore, session: boto3.Session
    ) -> StoredArtifact:
        self.uploads += 1
        self.log.append(f"{name} into {store.bucket} from {session.region_name}")
        key = f"{name}-{self.uploads}"
        copytree(folder, self.folder / key)
        return StoredArtifact(name, store.bucket, key)

    def download(
        self, artifact: StoredArtifact, folder: Path, *, session: boto3.Session, only: Collection[str] | None = None
    ) -> None:
        copytree(self.folder / artifact.key, folder, dirs_exist_ok=True)
        for path in folder.iterdir():
            if only is not None and path.name not in only:
                path.unlink()


class NoArtifactRoles:
    def find(self, action: ActionDeclaration, *, account: str, region: str) -> str | None:
        return None


class SourceOf:
    """A Source action whose artifact holds one file, `commit`, with the commit's id."""

    def __init__(self, commit: str) -> None:
        self.commit = commit

    def run(self, context: ActionContext) -> ActionResult:
        for folder in context.outputs.values():
            (folder / "commit").write_text(self.commit)
        return ActionResult({"CommitId": self.commit, "CommitMessage": 'say "hi"'}, self.commit)


class Scripted:
    """An action that notes `STAGE/NAME COMMIT`, and does what `script` says for `STAGE/NAME`: nothing by default."""

    def __init__(self, script: Mapping[str, Callable[[ActionContext], None]] | None = None) -> None:
        self.script = dict(script or {})
        self.ran: list[str] = []
        self.contexts: list[ActionContext] = []

    def run(self, context: ActionContext) -> ActionResult:
        path = f"{context.stage}/{context.declaration.name}"
        commits = sorted((folder / "commit").read_text() for folder in context.inputs.values())
        self.ran.append(" ".join([path, *commits]))
        self.contexts.append(context)
        for folder in context.outputs.values():
            (folder / "commit").write_text(commits[0])
        if path in self.script:
            self.script[path](context)
        return ActionResult({"Url": f"https://{context.stage.lower()}"})


class ScriptedRule:
    """A rule that fails with the reason given for its name, else succeeds."""

    def __init__(self, reasons: Mapping[str, str] | None = None) -> None:
        self.reasons = dict(reasons or {})
        self.evaluated: list[str] = []

    def evaluate(self, rule: Rule, context: RuleContext) -> None:
        self.evaluated.append(f"{context.kind} {rule.name}")
        if rule.name in self.reasons:
            raise RuleFailed(self.reasons[rule.name])


def fails(reason: str, *, gate: str | None = None) -> Callable[[ActionContext], None]:
    def fail(_: ActionContext) -> None:
        raise ActionFailed(reason, gate=gate)

    return fail


def fails_when(commit: str, reason: str) -> Callable[[ActionContext], None]:
    def fail(context: ActionContext) -> None:
        if any((folder / "commit").read_text() == commit for folder in context.inputs.values()):
            raise ActionFailed(reason)

    return fail


def action(
    name: str,
    *,
    provider: str = "CodeBuild",
    category: str = "Build",
    run_order: int = 1,
    inputs: Sequence[str] = (),
    outputs: Sequence[str] = (),
    namespace: str | None = None,
    configuration: Mapping[str, str] | None = None,
    role_arn: str | None = None,
    region: str | None = None,
) -> ActionDeclaration:
    return ActionDeclaration(
        name=name,
        action_type=ActionType(category=category, owner="AWS", provider=provider),
        run_order=run_order,
        input_artifacts=tuple(inputs),
        output_artifacts=tuple(outputs),
        namespace=namespace,
        configuration=configuration or {},
        role_arn=role_arn,
        region=region,
    )


def source_stage() -> StageDeclaration:
    return StageDeclaration(
        name="Source",
        actions=(
            action("Commit", category="Source", provider="CodeCommit", outputs=["Code"], namespace="SourceVariables"),
        ),
    )


def deploy_stage(
    name: str,
    *,
    on_success: Condition | None = None,
    on_failure: OnFailure | None = None,
    before_entry: Condition | None = None,
) -> StageDeclaration:
    return StageDeclaration(
        name=name,
        actions=(
            action("Deploy", category="Deploy", provider="CloudFormation", inputs=["Code"], namespace=name),
            action("EndToEnd", run_order=2, inputs=["Code"]),
        ),
        on_success=on_success,
        on_failure=on_failure,
        before_entry=before_entry,
    )


def deployed(
    *stages: StageDeclaration, is_restarted_on_update: bool = True, mode: ExecutionMode = ExecutionMode.SUPERSEDED
) -> DeployedPipeline:
    definition = PipelineDefinition(
        name="release",
        role_arn=f"arn:aws:iam::{ACCOUNT}:role/pipeline",
        stages=stages,
        pipeline_type="V2",
        execution_mode=mode,
        is_restarted_on_update=is_restarted_on_update,
        artifact_stores={None: ArtifactStore("artifacts")},
    )
    return DeployedPipeline(ACCOUNT, REGION, "release", definition, {})


@dataclass
class Bench:
    """An engine with fakes around it."""

    cloud: FakeCloud
    actions: Scripted
    rule: ScriptedRule
    engine: Engine
    artifacts: FolderArtifacts

    @classmethod
    def make(cls, home: Path, script: Mapping[str, Callable[[ActionContext], None]] | None = None) -> Bench:
        (home / "artifacts").mkdir()
        cloud, actions, rule = FakeCloud(home), Scripted(script), ScriptedRule()
        artifacts = FolderArtifacts(home / "artifacts")
        providers = [("Build", "Steps"), ("Deploy", "CloudFormation"), ("Approval", "Manual"), ("Build", "CodeBuild")]
        engine = Engine(
            cloud,
            artifacts=artifacts,
            artifact_roles=NoArtifactRoles(),
            actions=dict.fromkeys(providers, actions),
            rules={"CloudWatchAlarm": rule},
        )
        return cls(cloud, actions, rule, engine, artifacts)

    def release(self, pipeline: DeployedPipeline, commit: str = "c1") -> Any:
        return self.engine.release(pipeline, Source(action=SourceOf(commit), commit=commit))
