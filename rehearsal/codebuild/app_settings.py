"""Sandboxes of builds with what the app's settings have for them: variables, and context for the CDK CLI.

Both fill what is open: a variable of the project or of the buildspec comes first, and so does committed context. It
must not know builds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from rehearsal.codebuild.sandbox import Sandbox, make_sandbox
from rehearsal.codebuild.shell import StartProcess
from rehearsal.source.project import write_context
from rehearsal.source.settings import Settings


class SandboxesWith:
    """Makes sandboxes as `make_sandbox` does, with the settings in them."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def __call__(self, folder: Path, *, cache: Path, start: StartProcess, egress: Mapping[str, str]) -> Sandbox:
        return with_settings(make_sandbox(folder, cache=cache, start=start, egress=egress), self._settings)


def with_settings(sandbox: Sandbox, settings: Settings) -> Sandbox:
    write_context(sandbox.home, settings)
    return replace(sandbox, environment={**settings.variables, **sandbox.environment})
