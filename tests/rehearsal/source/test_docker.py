"""What an app says for want of Docker, as CDK 2.2xx and the clients of several years say it."""

from __future__ import annotations

from pathlib import Path

import pytest

from rehearsal.source.docker import wants_docker, way_around

BUNDLING = "Error: Failed to bundle asset Pipe/Prod/Api/Function/Code/Stage, bundle output is located at /tmp/x: "
EXITED = f"{BUNDLING}Error: docker exited with status 1\n--> Command: docker run --rm -u 0:0 public.ecr.aws/sam/build"


def machine(folder: Path, docker: str | None) -> dict[str, str]:
    if docker is not None:
        (folder / "docker").write_text(f"#!/bin/sh\n{docker}\n")
        (folder / "docker").chmod(0o755)
    return {"PATH": str(folder)}


@pytest.mark.parametrize(
    "said",
    [
        "docker: Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?.",
        "failed to connect to the docker API at unix:///var/run/docker.sock; check if the path is correct",
        "error during connect: this error may indicate that the docker daemon is not running",
        "permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock",
    ],
)
def test_client_without_a_daemon_is_no_docker(tmp_path: Path, said: str) -> None:
    assert wants_docker(f"{said}\n{EXITED}", machine(tmp_path, "exit 1"))


@pytest.mark.parametrize("said", [f"{BUNDLING}Error: spawnSync docker ENOENT", "/bin/sh: 1: docker: not found"])
def test_machine_without_a_client_has_no_docker(tmp_path: Path, said: str) -> None:
    assert wants_docker(said, machine(tmp_path, None))


@pytest.mark.parametrize("stub", ["exit 1", "exit 0", "echo There is no Docker here", "echo docker: stub >&2; exit 3"])
def test_stub_by_the_name_of_docker_is_none(tmp_path: Path, stub: str) -> None:
    assert wants_docker(EXITED, machine(tmp_path, stub))


def test_command_that_fails_in_a_container_of_a_real_docker_is_the_apps_fault(tmp_path: Path) -> None:
    assert not wants_docker(EXITED, machine(tmp_path, "echo 27.3.1"))


def test_app_that_fails_for_another_reason_wants_no_docker(tmp_path: Path) -> None:
    assert not wants_docker("Error: no stage docker-registry is known", machine(tmp_path, None))


def test_app_whose_nodejs_functions_are_bundled_is_told_how_to_do_without() -> None:
    trace = "    at new NodejsFunction (/app/node_modules/aws-cdk-lib/aws-lambda-nodejs/lib/function.js:1:1729)"

    assert "npm install --save-dev esbuild" in way_around(f"{EXITED}\n{trace}")
    assert way_around(EXITED) == ""
