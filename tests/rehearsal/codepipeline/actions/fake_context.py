"""An ActionContext over a fake cloud: real processes under a real guardian, no AWS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import boto3

from rehearsal.aws.local_cloud import LocalCloud
from rehearsal.aws.stack_changes import StackChanges
from rehearsal.codepipeline.actions.action import ActionContext, ActionDeclaration, ActionType, ArtifactLocation
from rehearsal.machine.clock import Clock
from rehearsal.machine.guardian import Guardian
from rehearsal.run_events import EventLog

ACCOUNT = "111111111111"
REGION = "eu-west-1"


@dataclass
class FakeSession:
    """Hands out one client for each service."""

    clients: dict[str, Any]
    region_name: str = REGION

    def client(self, service: str) -> Any:
        return self.clients[service]


@dataclass
class FakeClients:
    """Every account's root and every role share the clients; `assumed` tells which roles were."""

    clients: dict[str, Any]
    assumed: list[str] = field(default_factory=list)

    def root(self, account: str, region: str) -> FakeSession:
        return FakeSession(self.clients)

    def assume(self, role_arn: str, *, session_name: str, region: str) -> FakeSession:
        self.assumed.append(role_arn)
        return FakeSession(self.clients)


@dataclass
class FakeCloud:
    home: Path
    guardian: Guardian
    clients: FakeClients
    egress: Mapping[str, str] = field(default_factory=dict)
    clock: Clock = field(default_factory=Clock)
    stack_changes: StackChanges = field(default_factory=StackChanges)
    event_log: EventLog = field(default_factory=lambda: EventLog(clock_now=lambda: 0.0, wall_now=lambda: 0.0))

    def child_environment(self, session: boto3.Session, region: str) -> dict[str, str]:
        return {
            "HOME": "/home/of/the/user",
            "PATH": "/path/of/the/user",
            "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
            "AWS_ACCESS_KEY_ID": "ASIAROLE",
            "AWS_SECRET_ACCESS_KEY": "s3cr3t-key",
            "AWS_SESSION_TOKEN": "s3cr3t-token",
            "AWS_CONFIG_FILE": "/dev/null",
        }

    def localize(self, text: str) -> str:
        return text.replace("https://api.amazonaws.com", "http://127.0.0.1:1/api")


class ContextMaker:
    """Makes contexts below `folder`; `lines` are the output of all of them."""

    def __init__(self, folder: Path, guardian: Guardian) -> None:
        self._folder = folder
        self.clients: dict[str, Any] = {}
        self.cloud = FakeCloud(folder, guardian, FakeClients(self.clients))
        self.lines: list[str] = []
        self.is_stopped = False

    def __call__(
        self,
        configuration: Mapping[str, str],
        *,
        provider: str = "CodeBuild",
        inputs: Mapping[str, Mapping[str, str]] | None = None,
        outputs: tuple[str, ...] = (),
        timeout_minutes: int | None = None,
        locations: Mapping[str, ArtifactLocation] | None = None,
    ) -> ActionContext:
        """`inputs` are artifacts by name, each with its files' texts by path."""
        folders = {name: self._fill(name, files) for name, files in (inputs or {}).items()}
        work = self._folder / "work"
        work.mkdir(exist_ok=True)
        return ActionContext(
            cloud=cast("LocalCloud", self.cloud),
            pipeline="Release",
            execution_id="1",
            stage="Build",
            declaration=ActionDeclaration(
                name="Action",
                action_type=ActionType(category="Build", owner="AWS", provider=provider),
                input_artifacts=tuple(folders),
                output_artifacts=outputs,
                timeout_minutes=timeout_minutes,
            ),
            configuration=configuration,
            account=ACCOUNT,
            region=REGION,
            session=cast("boto3.Session", FakeSession(self.clients)),
            inputs=folders,
            outputs={name: self._fill(f"output-{name}", {}) for name in outputs},
            work=work,
            output=self.lines.append,
            is_stopped=lambda: self.is_stopped,
            locations=locations or {},
        )

    def _fill(self, name: str, files: Mapping[str, str]) -> Path:
        folder = self._folder / name
        folder.mkdir()
        for path, text in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
        return folder
