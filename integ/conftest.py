"""What every story is given: the deployed API, the right to call it, and cars of its own that are gone afterwards.

The same files test staging, prod and the local run: all that differs comes from the environment.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from integ.api import CarsApi

READY_SECONDS = 30
"""How long a role that was just created may be unknown to IAM, and a deployment to API Gateway."""


@dataclass(frozen=True)
class Target:
    """The deployed stage: where its API is, and which role may call it."""

    api_url: str
    role_arn: str
    region: str


@pytest.fixture(scope="session")
def target() -> Target:
    names = ("API_URL", "E2E_ROLE_ARN", "AWS_REGION")
    missing = [name for name in names if not os.environ.get(name)]
    if missing:
        pytest.exit(
            f"The end-to-end tests need {', '.join(names)} in the environment, and {', '.join(missing)} is missing. "
            "The pipeline sets them; by hand take the outputs ApiUrl and E2eRoleArn of a stage's Api stack.",
            returncode=4,
        )
    api_url = os.environ["API_URL"]
    if not (api_url.startswith(("https://", "http://127.0.0.1:", "http://localhost:")) and api_url.endswith("/")):
        pytest.exit(f"API_URL is '{api_url}': it has to be the https URL of the API's stage, ending in /", returncode=4)
    return Target(api_url=api_url, role_arn=os.environ["E2E_ROLE_ARN"], region=os.environ["AWS_REGION"])


@pytest.fixture(scope="session")
def api(target: Target) -> Iterator[CarsApi]:
    """The API, called with the end-to-end role's credentials and nobody else's."""
    client = CarsApi(target.api_url, region=target.region, credentials=_credentials_of(target))
    _wait_until(lambda: client.request("GET", "cars", query={"limit": "1"}).status_code != HTTPStatus.FORBIDDEN)
    yield client
    client.close()


@pytest.fixture
def new_car_id(api: CarsApi) -> Iterator[Callable[[], str]]:
    """Makes up ids of the test's own; cars that have one of them at its end are deleted."""
    made: list[str] = []

    def make() -> str:
        made.append(f"e2e-{uuid4()}")
        return made[-1]

    yield make
    left = {car_id: api.request("DELETE", f"cars/{car_id}").status_code for car_id in made}
    assert set(left.values()) <= {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_FOUND}, f"could not clean up: {left}"


@pytest.fixture
def car(api: CarsApi, new_car_id: Callable[[], str]) -> dict[str, Any]:
    """A car that exists, as the API answered its creation."""
    answer = api.request("POST", "cars", {"car_id": new_car_id(), "model": "Test", "year": 2026})
    assert answer.status_code == HTTPStatus.CREATED, answer.text
    created: dict[str, Any] = answer.json()
    return created


def _credentials_of(target: Target) -> Credentials:
    sts = boto3.client("sts", region_name=target.region)
    assumed: list[Credentials] = []

    def assume() -> bool:
        try:
            answer = sts.assume_role(RoleArn=target.role_arn, RoleSessionName="e2e")["Credentials"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "AccessDenied":
                raise
            return False
        assumed.append(Credentials(answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"]))
        return True

    if not _wait_until(assume):
        pytest.exit(f"{target.role_arn} may not be assumed by {sts.get_caller_identity()['Arn']}.", returncode=1)
    return assumed[-1]


def _wait_until(is_so: Callable[[], bool]) -> bool:
    """Asks again until it is so, or the deadline has passed: what is asked then fails in the test that needs it."""
    deadline = time.monotonic() + READY_SECONDS
    while not is_so():
        if time.monotonic() > deadline:
            return False
        time.sleep(1)
    return True
