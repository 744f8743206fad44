"""What the driver's result and a build's specification say, as figures and commands. It must not run anything."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_REAPING = Path(__file__).with_name("reaping.py")
AWS_MINUTES = 10


@dataclass(frozen=True)
class Moment:
    """A step of a deployment's traffic shift, in seconds of the wall and of the run's clock."""

    deployment: str
    account: str
    at: float
    aws_at: float


def seconds_of_ten_aws_minutes(shifts: Iterable[Moment], account: str) -> float:
    """Wall seconds that ten AWS minutes take while traffic shifts in the account.

    A wave are deployments whose shifts overlap; it lasts from its first step to its last, and all waves count. Raises
    ValueError when nothing has shifted for a while.
    """
    wall = aws = 0.0
    for first, last in _waves([moment for moment in shifts if moment.account == account]):
        wall += last.at - first.at
        aws += last.aws_at - first.aws_at
    if aws < 60:
        raise ValueError(f"No traffic has shifted in {account} for a minute or more: this was no canary.")
    return wall / aws * AWS_MINUTES * 60


def _waves(shifts: list[Moment]) -> Iterable[tuple[Moment, Moment]]:
    """The first and the last step of each."""
    by_deployment: dict[str, list[Moment]] = {}
    for moment in sorted(shifts, key=lambda moment: moment.aws_at):
        by_deployment.setdefault(moment.deployment, []).append(moment)
    wave: tuple[Moment, Moment] | None = None
    for first, *_, last in (steps for steps in by_deployment.values() if len(steps) > 1):
        if wave is None or first.aws_at > wave[1].aws_at:
            if wave is not None:
                yield wave
            wave = first, last
        elif last.aws_at > wave[1].aws_at:
            wave = wave[0], last
    if wave is not None:
        yield wave


@dataclass(frozen=True)
class BuildCommands:
    """`variables` are those of the specification; `install` come before what is measured."""

    variables: Mapping[str, str]
    install: tuple[str, ...]
    commands: tuple[str, ...]

    def script(self, times: str) -> str:
        """For bash: the file `times` takes the seconds, user and system seconds of the commands alone.

        Those in the background count, too.
        """
        commands = "\n".join(["set -e", *self.commands])
        exports = [f"export {name}={shlex.quote(value)}" for name, value in self.variables.items()]
        return "\n".join(
            [
                "set -e",
                *exports,
                *self.install,
                f"exec 3>{shlex.quote(times)} 4>&2",
                "TIMEFORMAT='%R %U %S'",
                f"{{ time {shlex.join([sys.executable, str(_REAPING), 'bash', '-c', commands])} 2>&4 ; }} 2>&3",
            ]
        )


def build_commands(template: Mapping[str, Any]) -> BuildCommands:
    """Those of the action that builds in the pipeline's stage Build. Raises ValueError when they are in no template."""
    resources = template["Resources"]
    (pipeline,) = (found for found in resources.values() if found["Type"] == "AWS::CodePipeline::Pipeline")
    projects = [
        action["Configuration"]["ProjectName"]["Ref"]
        for stage in pipeline["Properties"]["Stages"]
        if stage["Name"] == "Build"
        for action in stage["Actions"]
    ]
    if len(projects) != 1:
        raise ValueError(f"The pipeline's stage Build has {len(projects)} actions; measured is the one of one.")
    text = resources[projects[0]]["Properties"]["Source"]["BuildSpec"]
    if not isinstance(text, str) or not text.lstrip().startswith("{"):
        raise ValueError(f"The Build's specification has to be in the template, as JSON, and is {text!r:.100}")
    document = json.loads(text)
    phases = {name: tuple(phase.get("commands", ())) for name, phase in document["phases"].items()}
    return BuildCommands(
        variables=document.get("env", {}).get("variables", {}),
        install=phases.get("install", ()),
        commands=tuple(command for name in ("pre_build", "build", "post_build") for command in phases.get(name, ())),
    )


def parse_times(text: str) -> tuple[float, float]:
    """Wall and processor seconds, of a line of TIMEFORMAT."""
    seconds, user, system = (float(word) for word in text.split())
    return seconds, user + system
