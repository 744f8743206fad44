from __future__ import annotations

import os
from pathlib import Path

import pytest

from rehearsal.aws.aws_clients import AwsClients
from rehearsal.machine.child_environment import child_environment, program_environment

ENDPOINT = "http://127.0.0.1:4567"
EGRESS = {"HTTPS_PROXY": "http://rehearsal:secret@127.0.0.1:1", "NO_PROXY": "127.0.0.1"}
NO_AWS = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_STS_REGIONAL_ENDPOINTS": "regional",
}


def of_aws(environment: dict[str, str]) -> dict[str, str]:
    return {name: text for name, text in environment.items() if name.startswith("AWS_")}


def test_a_program_finds_no_aws_and_nothing_of_the_user_but_where_packages_come_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = tmp_path / "user"
    (user / ".pyenv").mkdir(parents=True)
    (user / ".npmrc").write_text("registry=https://mirror/npm\n")
    monkeypatch.setenv("HOME", str(user))
    inherited = {
        "HOME": str(user),
        "PATH": "/bin",
        "AWS_PROFILE": "mine",
        "AWS_ACCESS_KEY_ID": "mine",
        "AWS_SESSION_TOKEN": "mine",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.2/mine",
        "AWS_ENDPOINT_URL": "https://mine",
        "GITHUB_TOKEN": "mine",
        "HTTPS_PROXY": "http://mine",
        "NODE_OPTIONS": "mine",
        "PIP_INDEX_URL": "https://mirror/simple",
        "JAVA_HOME": "/opt/java",
    }

    environment = program_environment(tmp_path / "home", EGRESS, inherited=inherited)

    assert environment == {
        **NO_AWS,
        **EGRESS,
        "HOME": str(tmp_path / "home"),
        "PATH": "/bin",
        "PIP_INDEX_URL": "https://mirror/simple",
        "JAVA_HOME": "/opt/java",
        "PYENV_ROOT": str(user / ".pyenv"),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
    }
    assert (tmp_path / "home" / ".npmrc").read_text() == "registry=https://mirror/npm\n"
    assert not (tmp_path / "home" / ".aws").exists()


def test_a_child_of_the_local_aws_has_its_credentials_and_no_others() -> None:
    session = AwsClients(ENDPOINT, "secret").root("111111111111", "eu-west-1")

    environment = child_environment(session, "eu-west-1", ENDPOINT, base={"PATH": "/bin", **EGRESS})

    assert of_aws(environment) == {
        **NO_AWS,
        "AWS_ENDPOINT_URL": ENDPOINT,
        "AWS_ACCESS_KEY_ID": "111111111111",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
    }
    assert {"PATH": "/bin", **EGRESS}.items() <= environment.items()
