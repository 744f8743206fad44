"""An app that spies while it is synthesized: what it can see, and whom it can call."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rehearsal.errors import BadInput, Unsupported
from rehearsal.machine.egress import Egress
from rehearsal.source.project import open_project, synthesize

ROOT = Path(__file__).parents[3]
USERS = {
    "AWS_PROFILE": "prod",
    "AWS_ACCESS_KEY_ID": "AKIAREALREALREALREAL",
    "AWS_SECRET_ACCESS_KEY": "the-users-real-secret",
    "AWS_SESSION_TOKEN": "the-users-real-token",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:1/credentials",
    "GITHUB_TOKEN": "the-users-github",
    "CDK_DEFAULT_ACCOUNT": "999999999999",
}
SETTINGS = """
account = "222222222222"
region = "eu-west-3"

[context]
of-the-app = "of the settings"
of-the-settings = { zones = ["eu-west-3a"] }

[variables]
REPOSITORY_OWNER = "somebody"
"""
SPY = """
import json, os, pathlib, subprocess, sys

def said(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
    return done.stdout

seen = {
    "environment": dict(os.environ),
    "home": sorted(str(path) for path in pathlib.Path.home().rglob("*")),
    "context": json.loads(os.environ.get("CDK_CONTEXT_JSON", "{}")),
    "boto3": said(sys.executable, "-c", "import boto3; print(boto3.Session().get_credentials())"),
    "sts": said(sys.executable, "-c", "import urllib.request as u; u.urlopen('https://sts.amazonaws.com', timeout=5)"),
    "metadata": said("curl", "-sS", "http://169.254.169.254/latest/meta-data/"),
}
pathlib.Path("seen.json").write_text(json.dumps(seen))
out = pathlib.Path(os.environ["CDK_OUTDIR"])
out.mkdir(exist_ok=True)
stack = {"type": "aws:cloudformation:stack", "environment": "aws://unknown-account/unknown-region"}
stack["properties"] = {"templateFile": "Stack.template.json"}
(out / "Stack.template.json").write_text('{"Resources": {}}')
(out / "manifest.json").write_text(json.dumps({"version": "36.0.0", "artifacts": {"Stack": stack}}))
"""


@dataclass(frozen=True)
class Spied:
    """What the spy saw, which hosts were refused, and the folder of the run."""

    seen: Any
    refused: list[str]
    run: Path


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return spying_app(tmp_path, monkeypatch)


@pytest.fixture(scope="module")
def spied(tmp_path_factory: pytest.TempPathFactory) -> Spied:
    """What the spy saw, synthesized once."""
    folder = tmp_path_factory.mktemp("spied")
    with pytest.MonkeyPatch.context() as monkeypatch:
        return synthesized(spying_app(folder, monkeypatch), folder / "run")


def spying_app(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose app is the spy, on the machine of a user with credentials in every place."""
    user = place / "user"
    (user / ".aws").mkdir(parents=True)
    (user / ".aws" / "credentials").write_text("[default]\naws_access_key_id = A\naws_secret_access_key = real\n")
    (user / ".cdk.json").write_text(json.dumps({"context": {"of-the-user": "private"}}))
    monkeypatch.setenv("HOME", str(user))
    for name, value in USERS.items():
        monkeypatch.setenv(name, value)
    folder = place / "app"
    folder.mkdir()
    (folder / "spy.py").write_text(SPY)
    (folder / "rehearsal.toml").write_text(SETTINGS)
    (folder / "cdk.json").write_text(json.dumps({"app": "python3 spy.py", "context": {"of-the-app": "committed"}}))
    (folder / ".venv").symlink_to(ROOT / ".venv")
    (folder / "node_modules").symlink_to(ROOT / "node_modules")
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
    return folder


def synthesized(folder: Path, run: Path) -> Spied:
    refused: list[str] = []
    run.mkdir()
    with Egress(run, refused.append) as egress:
        synthesize(open_project(folder), folder, run / "cdk.out", egress.variables(), packages=run / "packages")
    return Spied(json.loads((folder / "seen.json").read_text()), refused, run)


def test_the_app_sees_nothing_of_the_users_aws_and_calls_nobody_there(spied: Spied) -> None:
    seen = spied.seen

    environment = seen["environment"]
    assert {name: value for name, value in environment.items() if name.startswith("AWS_")} == {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_STS_REGIONAL_ENDPOINTS": "regional",
        "AWS_REGION": "eu-west-3",
        "AWS_DEFAULT_REGION": "eu-west-3",
    }
    assert not set(USERS.values()) & set(environment.values())
    assert environment["CDK_NEW_BOOTSTRAP"] == "1"
    assert environment["NPM_CONFIG_YES"] == "true"
    assert environment["JSII_RUNTIME_PACKAGE_CACHE_ROOT"] == str(spied.run / "packages")
    assert not [path for path in seen["home"] if ".aws" in path]
    assert seen["context"]["of-the-app"] == "committed"
    assert "of-the-user" not in seen["context"]
    assert seen["boto3"].strip() == "None"
    assert "403" in seen["sts"]
    assert "169.254.169.254 is AWS's" in seen["metadata"]
    assert sorted(spied.refused) == ["169.254.169.254", "sts.amazonaws.com"]


def test_the_app_is_told_the_account_and_region_of_its_settings(spied: Spied) -> None:
    """With credentials that it could see the CLI would ask STS for the account, and hand that to the app."""
    environment = spied.seen["environment"]

    assert (environment["CDK_DEFAULT_ACCOUNT"], environment["CDK_DEFAULT_REGION"]) == ("222222222222", "eu-west-3")


def test_the_app_finds_context_and_variables_of_its_settings_where_it_has_none_itself(spied: Spied) -> None:
    assert spied.seen["context"]["of-the-settings"] == {"zones": ["eu-west-3a"]}
    assert spied.seen["context"]["of-the-app"] == "committed"
    assert spied.seen["environment"]["REPOSITORY_OWNER"] == "somebody"


def test_options_come_before_the_settings(app: Path) -> None:
    project = open_project(app).with_options(account="333333333333", region=None, pipeline=None)

    assert project.settings.place == ("333333333333", "eu-west-3")


def test_a_cli_that_does_not_read_the_assembly_is_refused_in_its_own_words(app: Path, tmp_path: Path) -> None:
    spy = SPY.replace('"version": "36.0.0"', '"version": "999.0.0", "minimumCliVersion": "2.999.0"')
    (app / "spy.py").write_text(spy)

    with pytest.raises(Unsupported, match=r"too old for its aws-cdk-lib:\n[\s\S]*999\.0\.0"):
        synthesized(app, tmp_path / "run")


def test_a_cli_that_reads_the_assembly_does_whatever_version_the_assembly_names(app: Path, tmp_path: Path) -> None:
    """`minimumCliVersion` is a help for messages: the schema's version decides."""
    (app / "spy.py").write_text(
        SPY.replace('"version": "36.0.0"', '"version": "36.0.0", "minimumCliVersion": "2.999.0"')
    )

    assert synthesized(app, tmp_path / "run").seen


def test_assembly_that_lacks_context_is_there_and_says_so(app: Path, tmp_path: Path) -> None:
    lookup = {"key": "ssm:account=1:parameterName=/a:region=r", "provider": "ssm", "props": {}}
    (app / "spy.py").write_text(SPY.replace('"version": "36.0.0"', f'"missing": [{lookup}], "version": "36.0.0"'))

    run = synthesized(app, tmp_path / "run").run

    assert json.loads((run / "cdk.out" / "manifest.json").read_text())["missing"] == [lookup]


def test_what_the_app_says_is_told_when_it_fails(app: Path, tmp_path: Path) -> None:
    (app / "spy.py").write_text("raise SystemExit('no such stage')")

    with pytest.raises(BadInput, match="no such stage"):
        synthesized(app, tmp_path / "run")


def test_the_repository_is_the_folders_own_though_a_hook_of_git_names_one(
    app: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (app / "inner").mkdir()
    (app / "inner" / "cdk.json").write_text((app / "cdk.json").read_text())
    monkeypatch.setenv("GIT_DIR", str(app / ".git"))

    assert open_project(app / "inner").top == app.resolve()


def test_app_without_an_environment_of_its_own_does_not_run_on_the_rehearsals(
    app: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (app / ".venv").unlink()
    monkeypatch.setenv("PATH", os.pathsep.join((str(Path(sys.prefix, "bin")), "/usr/bin", "/bin")))
    monkeypatch.setenv("VIRTUAL_ENV", sys.prefix)

    with pytest.raises(BadInput, match=r"has no \.venv"):
        open_project(app)


def test_app_whose_node_packages_are_not_installed_is_told_how(app: Path, tmp_path: Path) -> None:
    (app / "node_modules").rename(tmp_path / "node_modules")  # where the CLI is found, above the app
    (app / "spy.py").write_text("raise SystemExit(\"Error: Cannot find module 'aws-cdk-lib'\")")

    with pytest.raises(BadInput, match=r"There is no node_modules in .*run `npm ci` there"):
        synthesized(app, tmp_path / "run")
