from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from rehearsal.aws.aws_clients import AwsClients
from tests.rehearsal.aws.edge.bare_cloud import ACCOUNT, REGION, ROOT_SECRET, BareCloud


@pytest.fixture
def users_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AWS_PROFILE": "no-such-profile",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_SESSION_TOKEN": "of the user",
        "HTTP_PROXY": "http://127.0.0.1:9",
        "http_proxy": "http://127.0.0.1:9",
    }.items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("users_configuration")
def test_root_is_the_accounts_root_whatever_the_user_has_configured(cloud: BareCloud) -> None:
    identity = AwsClients(cloud.edge.url, ROOT_SECRET).root(ACCOUNT, REGION).client("sts").get_caller_identity()

    assert identity["Arn"] == f"arn:aws:iam::{ACCOUNT}:root"


@pytest.mark.usefixtures("users_configuration")
def test_assume_gives_the_roles_session(cloud: BareCloud) -> None:
    role = cloud.role("assumed")

    identity = cloud.clients.assume(role, session_name="build-1", region=REGION).client("sts").get_caller_identity()

    assert identity["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/assumed/build-1"


def test_assume_by_a_role_is_refused_when_nobody_trusts_it(cloud: BareCloud) -> None:
    stranger = cloud.clients.assume(cloud.role("stranger"), session_name="test", region=REGION)

    with pytest.raises(ClientError, match="AccessDenied"):
        cloud.clients.assume(cloud.role("guarded"), session_name="test", region=REGION, by=stranger)


def test_clients_without_options_are_shared_and_others_are_not() -> None:
    root = AwsClients("http://127.0.0.1:9", ROOT_SECRET).root(ACCOUNT, REGION)

    assert root.client("sts") is root.client("sts")
    assert root.client("sts", region_name="us-east-1").meta.region_name == "us-east-1"
