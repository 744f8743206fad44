"""The arrows between packages, app -> pipeline -> service, are held by ruff: what they forbid is really refused."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.synthesis import ROOT

FORBIDDEN = [
    ("service/some_stack.py", "config"),
    ("service/some_stack.py", "pipeline.gates"),
    ("service/some_stack.py", "app"),
    ("service/cars/car.py", "aws_cdk"),
    ("service/cars/car.py", "constructs"),
    ("service/cars/car.py", "config"),
    ("service/cars/car.py", "pipeline"),
    ("service/api/runtime/handler.py", "aws_cdk"),
    ("service/api/runtime/handler.py", "config"),
    ("service/changes/runtime/handler.py", "aws_cdk"),
    ("service/changes/runtime/handler.py", "pipeline"),
    ("service/notifications/runtime/handler.py", "aws_cdk"),
    ("service/telemetry/runtime/handler.py", "aws_cdk"),
    ("service/telemetry/runtime/handler.py", "pipeline"),
    ("service/maintenance/runtime/handler.py", "aws_cdk"),
    ("service/maintenance/runtime/handler.py", "config"),
    ("service/prober/runtime/handler.py", "aws_cdk"),
    ("service/cursors/runtime/handler.py", "aws_cdk"),
    ("service/release/runtime/handler.py", "aws_cdk"),
    ("service/failures/redrive/cli.py", "aws_cdk"),
    ("service/failures/redrive/cli.py", "config"),
    ("rehearsal/codepipeline/engine.py", "aws_cdk"),
    ("rehearsal/codepipeline/engine.py", "constructs"),
    ("rehearsal/codepipeline/engine.py", "service.service_stage"),
    ("rehearsal/codepipeline/engine.py", "config"),
    ("rehearsal/aws/edge/server.py", "aws_cdk"),
    ("pipeline/gates.py", "app"),
    ("pipeline/executions/figures.py", "aws_cdk"),
    ("pipeline/executions/figures.py", "service.cars"),
    ("pipeline/shifts/reader.py", "aws_cdk"),
    ("pipeline/shifts/reader.py", "service.release.canary"),
    ("pipeline/release/cli.py", "aws_cdk"),
    ("pipeline/release/cli.py", "config"),
    ("pipeline/release/evidence.py", "service.cars"),
    ("pipeline/monitor/runtime/handler.py", "aws_cdk"),
    ("pipeline/monitor/runtime/handler.py", "config"),
    ("pipeline/monitor/runtime/handler.py", "service.cars"),
    ("pipeline/evidence/runtime/gather.py", "aws_cdk"),
    ("pipeline/evidence/runtime/gather.py", "config"),
    ("pipeline/evidence/runtime/gather.py", "service.cars"),
    ("integ/test_story.py", "service.cars"),
    ("integ/test_story.py", "pipeline"),
    ("integ/test_story.py", "config"),
    ("integ/test_story.py", "aws_cdk"),
]
ALLOWED = [
    ("app.py", "pipeline.pipeline_stack"),
    ("pipeline/gates.py", "config"),
    ("pipeline/gates.py", "aws_cdk"),
    ("pipeline/evidence/infrastructure.py", "aws_cdk"),
    ("pipeline/evidence/runtime/gather.py", "scripts.cost"),
    ("pipeline/release/evidence.py", "pipeline.evidence.runtime.model"),
    ("pipeline/gates.py", "service.service_stage"),
    ("pipeline/monitor/infrastructure.py", "service.function"),
    ("pipeline/monitor/runtime/handler.py", "pipeline.executions.record"),
    ("rehearsal/codepipeline/engine.py", "rehearsal.plan"),
    ("integ/gauntlet/test_gauntlet.py", "rehearsal.rehearsal"),
    ("service/some_stack.py", "aws_cdk"),
    ("service/api/runtime/handler.py", "service.cars.car"),
]


@pytest.mark.parametrize(("path", "module"), FORBIDDEN)
def test_import_against_the_arrows_is_refused(path: str, module: str) -> None:
    assert "TID251" in _ruff(path, module)


@pytest.mark.parametrize(("path", "module"), ALLOWED)
def test_import_along_the_arrows_is_taken(path: str, module: str) -> None:
    assert "TID251" not in _ruff(path, module)


def test_rules_of_the_project_hold_in_the_folders_with_arrows_of_their_own() -> None:
    folders = ("service", "service/cars", "service/api/runtime", "pipeline/executions", "pipeline/evidence/runtime")
    for folder in (*folders, "rehearsal", "integ"):
        assert "T201" in _ruff(f"{folder}/some.py", "os", body="print(os)\n"), folder


def _ruff(path: str, module: str, *, body: str = "") -> str:
    """What ruff says of a file at `path` that imports `module`."""
    checked = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--output-format=concise", "--stdin-filename", path, "-"],
        cwd=ROOT,
        input=f"import {module}\n{body}",
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode in (0, 1), checked.stderr
    return checked.stdout
