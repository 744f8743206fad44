"""Every tool has one version, wherever it runs, and the tools can read what the library writes."""

from __future__ import annotations

import json
import os
import re
import subprocess

import pytest

from pipeline import tool_versions
from tests.assembly import Assembly
from tests.synthesis import ROOT

NODE_TOOLS = ROOT / "node_modules" / ".bin"
PIN = re.compile(
    r"(?P<name>[A-Za-z0-9._-]+)(?:\[[\w,-]+\])?==(?P<version>[\w.]+)(?: ;.*?)?"
    r"(?P<hashes>(?: --hash=sha256:[0-9a-f]{64})*)"
)
INSTALLED = ("constraints.txt", "integ/requirements.txt")
"""What `make prepare` and the end-to-end step install."""


def _lines(name: str) -> list[str]:
    lines = re.sub(r" \\\n +", " ", (ROOT / name).read_text()).splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith(("#", "-r "))]


def _pins(name: str) -> dict[str, str]:
    found = {}
    for line in _lines(name):
        pin = PIN.fullmatch(line)
        assert pin, f"{name}: '{line}' is not pinned with =="
        found[pin["name"].lower()] = pin["version"]
    return found


def test_pipeline_runs_the_cdk_cli_and_the_asset_publisher_of_package_json() -> None:
    dependencies = json.loads((ROOT / "package.json").read_text())["dependencies"]
    assert dependencies["aws-cdk"] == tool_versions.CDK_CLI
    assert dependencies["cdk-assets"] == tool_versions.CDK_ASSETS


def test_lock_file_holds_what_package_json_asks_for() -> None:
    dependencies = json.loads((ROOT / "package.json").read_text())["dependencies"]
    locked = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    assert {name: locked[f"node_modules/{name}"]["version"] for name in dependencies} == dependencies


@pytest.mark.parametrize(
    "name",
    [
        *("requirements.txt", "requirements-dev.txt", "integ/requirements.in", "integ/requirements.txt"),
        *("rehearsal/requirements.in", "rehearsal/requirements.txt"),
    ],
)
def test_requirements_are_pinned_to_what_the_constraints_say(name: str) -> None:
    constraints = _pins("constraints.txt")
    pins = _pins(name)
    assert pins == {package: constraints[package] for package in pins}


@pytest.mark.parametrize("name", INSTALLED)
def test_nothing_is_installed_whose_hash_is_not_known(name: str) -> None:
    without = [line for line in _lines(name) if not ((pin := PIN.fullmatch(line)) and pin["hashes"])]
    assert without == []


def test_end_to_end_tests_install_what_they_ask_for() -> None:
    asked, installed = _pins("integ/requirements.in"), _pins("integ/requirements.txt")
    assert asked == {package: installed[package] for package in asked}


def test_pinned_cdk_assets_reads_the_manifests_that_the_library_writes(assembly: Assembly) -> None:
    """The two are released apart: a fresh aws-cdk-lib can be ahead of every published cdk-assets."""
    (manifest,) = (path for path in assembly.asset_manifests if "StagingApi" in path.name)
    listed = _run("cdk-assets", "--path", str(manifest), "ls")
    assert listed.returncode == 0, listed.stdout + listed.stderr
    files = json.loads(manifest.read_text())["files"]
    assert files
    for asset in files:
        assert asset in listed.stdout


def test_pinned_cdk_cli_reads_the_assembly_that_the_library_writes(assembly: Assembly) -> None:
    listed = _run("cdk", "--app", str(assembly.folder), "list")
    assert listed.returncode == 0, listed.stdout + listed.stderr
    assert "AutonomousCarManagerPipeline" in listed.stdout.split()


def _run(tool: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "CDK_DISABLE_VERSION_CHECK": "1", "CI": "1"}
    return subprocess.run([NODE_TOOLS / tool, *arguments], capture_output=True, text=True, check=False, env=environment)
