"""What every story is given: the deployed API, the right to call it, and cars of its own that are gone afterwards.

The same files test staging, prod and the local run: all that differs comes from the environment.
"""

from __future__ import annotations

import os
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
from integ.deadline import wait_until
from integ.fleet import Fleet


@dataclass(frozen=True)
class Target:
    """The deployed stage: where its API is, where cars and planners send to, and which role may do so."""

    api_url: str
    role_arn: str
    region: str
    telemetry_stream_name: str
    maintenance_queue_name: str


@pytest.fixture(scope="session")
def target() -> Target:
    names = ("API_URL", "E2E_ROLE_ARN", "STAGE_REGION", "TELEMETRY_STREAM_NAME", "MAINTENANCE_QUEUE_NAME")
    missing = [name for name in names if not os.environ.get(name)]
    if missing:
        pytest.exit(
            f"The end-to-end tests need {', '.join(names)} in the environment, and {', '.join(missing)} is missing. "
            "The pipeline sets them; by hand take the outputs of a stage's stacks (docs/runbook/README.md).",
            returncode=4,
        )
    api_url = os.environ["API_URL"]
    if not (api_url.startswith(("https://", "http://127.0.0.1:", "http://localhost:")) and api_url.endswith("/")):
        pytest.exit(f"API_URL is '{api_url}': it has to be the https URL of the API's stage, ending in /", returncode=4)
    return Target(
        api_url=api_url,
        role_arn=os.environ["E2E_ROLE_ARN"],
        region=os.environ["STAGE_REGION"],
        telemetry_stream_name=os.environ["TELEMETRY_STREAM_NAME"],
        maintenance_queue_name=os.environ["MAINTENANCE_QUEUE_NAME"],
    )


@pytest.fixture(scope="session")
def credentials(target: Target) -> Credentials:
    """The end-to-end role's: all that the stories do, they do with these."""
    return _credentials_of(target)


@pytest.fixture(scope="session")
def fleet(target: Target, credentials: Credentials) -> Fleet:
    """Cars that report and planners that order, as the service sees them."""
    return Fleet(
        region=target.region,
        credentials=credentials,
        stream_name=target.telemetry_stream_name,
        queue_name=target.maintenance_queue_name,
    )


@pytest.fixture(scope="session")
def api(target: Target, credentials: Credentials) -> Iterator[CarsApi]:
    """The API, called with the end-to-end role's credentials and nobody else's."""
    client = CarsApi(target.api_url, region=target.region, credentials=credentials)
    wait_until(lambda: client.request("GET", "cars", query={"limit": "1"}).status_code != HTTPStatus.FORBIDDEN)
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

    if not wait_until(assume):
        pytest.exit(f"{target.role_arn} may not be assumed by {sts.get_caller_identity()['Arn']}.", returncode=1)
    return assumed[-1]
