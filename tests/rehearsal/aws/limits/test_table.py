"""Each row of the table of limits, tried on the local AWS as a service calls it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from rehearsal.aws.limits.checks import CHECKS
from rehearsal.aws.limits.limit import By, Limit
from rehearsal.aws.limits.table import LIMITS
from rehearsal.aws.local_cloud import LocalCloud
from tests.rehearsal.aws.limits.trials import Places, Trial, make_places, trials

ACCOUNT, REGION = "222222222222", "eu-west-1"
FIDELITY = Path(__file__).parents[4] / "docs" / "fidelity.md"
SIGNING_NAMES = {"stepfunctions": "states"}
# Checked elsewhere than in checks.py, which modules they are says its docstring.
ELSEWHERE = {"lambda", "cloudwatch", "events", "s3"}
TRIED = [limit for limit in LIMITS if limit.service != "lambda"]  # functions: test_payload.py


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Any]]:
    """A client of another program on the machine: it goes through the edge, and lets AWS check what it sends."""
    home: Path = tmp_path_factory.mktemp("limits")
    config = Config(
        parameter_validation=False,
        disable_request_compression=True,
        read_timeout=30,
        retries={"total_max_attempts": 1},
    )
    with LocalCloud(home, cache=home / "cache", egress={}, speed=1) as cloud:
        keys = cloud.clients.root(ACCOUNT, REGION).get_credentials()
        assert keys is not None
        session: Any = boto3.Session(keys.access_key, keys.secret_key, region_name=REGION)
        yield lambda service: session.client(service, config=config, endpoint_url=cloud.endpoint_url)


@pytest.fixture(scope="module")
def tried(client: Callable[[str], Any]) -> Mapping[tuple[str, str], Trial]:
    principal = {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = f'{{"Version": "2012-10-17", "Statement": [{principal}]}}'.replace("'", '"')
    role = client("iam").create_role(RoleName="limits", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    return trials(make_places(client, role))


@pytest.mark.parametrize("limit", TRIED, ids=lambda limit: f"{limit.service}: {limit.rule}")
def test_what_is_over_the_limit_is_refused_and_what_is_below_passes(
    limit: Limit, client: Callable[[str], Any], tried: Mapping[tuple[str, str], Trial]
) -> None:
    trial = tried[limit.operation, limit.rule]

    if limit.is_per_entry:
        answer = trial.over(client)
        (entry,) = answer["Entries"]
        assert answer["FailedEntryCount"] == 1
        code, message = entry["ErrorCode"], entry["ErrorMessage"]
    else:
        with pytest.raises(ClientError) as refused:
            trial.over(client)
        code, message = refused.value.response["Error"]["Code"], refused.value.response["Error"]["Message"]

    assert code.rpartition(".")[2] == limit.code.rpartition(".")[2]
    assert limit.message in message
    passed = trial.below(client)
    assert passed.get("FailedEntryCount", 0) == 0
    assert passed.get("Failed", []) == []


def test_each_row_has_its_trial_and_each_trial_its_row() -> None:
    names = trials(Places("", "", ""))

    assert set(names) == {(limit.operation, limit.rule) for limit in TRIED}


def test_the_table_names_what_is_checked_and_nothing_else() -> None:
    rows = {
        (SIGNING_NAMES.get(limit.service, limit.service), limit.operation)
        for limit in LIMITS
        if limit.by is By.US and limit.service not in ELSEWHERE
    }

    assert rows == set(CHECKS) - {
        ("secretsmanager", "CreateSecret"),
        ("secretsmanager", "UpdateSecret"),
    }  # as PutSecretValue


def test_the_fidelity_page_names_each_service_of_the_table() -> None:
    page = FIDELITY.read_text()

    assert [limit for limit in LIMITS if limit.operation not in page] == []
