from __future__ import annotations

from pathlib import Path

import boto3
import pytest

from rehearsal.aws.aws_clients import AwsClients
from rehearsal.aws.profiles import read_profile, write_profiles
from rehearsal.errors import EngineError
from tests.rehearsal.aws.edge.bare_cloud import ACCOUNT, OTHER_ACCOUNT, REGION, BareCloud


@pytest.mark.parametrize(
    ("profile", "account", "region"),
    [("default", ACCOUNT, REGION), (ACCOUNT, ACCOUNT, REGION), (OTHER_ACCOUNT, OTHER_ACCOUNT, "us-east-1")],
)
def test_any_sdk_finds_the_local_aws_by_the_file_alone(
    cloud: BareCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, profile: str, account: str, region: str
) -> None:
    file = tmp_path / "aws" / "config"
    places = [(ACCOUNT, REGION), (OTHER_ACCOUNT, "us-east-1"), (OTHER_ACCOUNT, "eu-west-3")]
    write_profiles(file, cloud.clients, places)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(file))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")

    session = boto3.Session(profile_name=profile)

    assert session.client("sts").get_caller_identity()["Account"] == account
    assert session.region_name == region


def test_nobody_else_may_read_the_file(tmp_path: Path) -> None:
    file = tmp_path / "aws" / "config"

    write_profiles(file, AwsClients("http://127.0.0.1:9", "secret"), [(ACCOUNT, REGION)])

    assert file.stat().st_mode & 0o077 == 0
    assert file.parent.stat().st_mode & 0o077 == 0


def test_file_is_read_by_whoever_talks_to_a_run_that_goes_on(tmp_path: Path) -> None:
    file = tmp_path / "aws" / "config"
    write_profiles(file, AwsClients("http://127.0.0.1:9", "secret"), [(ACCOUNT, REGION)])

    profile = read_profile(file, ACCOUNT)

    assert (profile.endpoint_url, profile.secret) == ("http://127.0.0.1:9", "secret")
    assert "secret" not in repr(profile)


def test_file_of_a_run_that_has_ended_is_told(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="has ended"):
        read_profile(tmp_path / "config", ACCOUNT)
