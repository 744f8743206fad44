"""What every story is given: the deployed API, the right to call it, and cars of its own that are gone afterwards.

The same files test staging, prod and the local run: all that differs comes from the environment.
A story claims which promises it sees kept (`@pytest.mark.keeps`), and fails when it has not seen them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
from integ.promises import promise_kept_by, promise_kept_by_event
from integ.subscriber import Subscriber

SEEN = pytest.StashKey[set[str]]()
"""The promises that the service has kept since the story began."""


def pytest_configure(config: pytest.Config) -> None:
    config.stash[SEEN] = set()
    config.addinivalue_line("markers", "keeps(*promises): which promises the story sees kept (integ/promises.py)")


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Iterator[None]:
    """A claim that nobody keeps is none: what a story claims, it has to see by itself, and not while it is set up."""
    seen = pyfuncitem.config.stash[SEEN]
    seen.clear()
    result = yield
    unseen = {promise for mark in pyfuncitem.iter_markers("keeps") for promise in mark.args} - seen
    assert not unseen, f"The story claims to see {', '.join(sorted(unseen))}, and has not."
    return result


@dataclass(frozen=True)
class Target:
    """The deployed stage: where its API is, where cars and planners send to, where events come, and which role may."""

    api_url: str
    role_arn: str
    region: str
    telemetry_stream_name: str
    maintenance_queue_name: str
    events_queue_name: str


VARIABLES = {
    "api_url": "API_URL",
    "role_arn": "E2E_ROLE_ARN",
    "region": "STAGE_REGION",
    "telemetry_stream_name": "TELEMETRY_STREAM_NAME",
    "maintenance_queue_name": "MAINTENANCE_QUEUE_NAME",
    "events_queue_name": "E2E_EVENTS_QUEUE_NAME",
}


@pytest.fixture(scope="session")
def target() -> Target:
    names = VARIABLES.values()
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
    return Target(**{field: os.environ[name] for field, name in VARIABLES.items()})


@pytest.fixture(scope="session")
def credentials(target: Target) -> Credentials:
    """The end-to-end role's: all that the stories do, they do with these."""
    return _credentials_of(target)


@pytest.fixture(scope="session")
def session(target: Target, credentials: Credentials) -> boto3.Session:
    """The end-to-end role in the SDK."""
    return boto3.Session(
        aws_access_key_id=credentials.access_key,
        aws_secret_access_key=credentials.secret_key,
        aws_session_token=credentials.token,
        region_name=target.region,
    )


@pytest.fixture(scope="session")
def fleet(target: Target, session: boto3.Session) -> Fleet:
    """Cars that report and planners that order, as the service sees them."""
    return Fleet(session, stream_name=target.telemetry_stream_name, queue_name=target.maintenance_queue_name)


@pytest.fixture(scope="session")
def subscriber(target: Target, session: boto3.Session, pytestconfig: pytest.Config) -> Subscriber:
    """Hears of cars whose ids begin with SUBSCRIBED_PREFIX."""
    seen = pytestconfig.stash[SEEN]
    return Subscriber(
        session, queue_name=target.events_queue_name, hear=lambda event: seen.add(promise_kept_by_event(event))
    )


@pytest.fixture(scope="session")
def caller_with(target: Target, pytestconfig: pytest.Config) -> Iterator[Callable[[Credentials | None], CarsApi]]:
    """Makes callers of the API; every answer that they get has to be as its document says."""
    seen = pytestconfig.stash[SEEN]
    made: list[CarsApi] = []

    def make(credentials: Credentials | None) -> CarsApi:
        made.append(
            CarsApi(
                target.api_url,
                region=target.region,
                credentials=credentials,
                hear=lambda method, answer: seen.add(promise_kept_by(method, answer)),
            )
        )
        return made[-1]

    yield make
    for caller in made:
        caller.close()


@pytest.fixture(scope="session")
def api(caller_with: Callable[[Credentials | None], CarsApi], credentials: Credentials) -> CarsApi:
    """The API, called with the end-to-end role's credentials and nobody else's."""
    client = caller_with(credentials)
    wait_until(lambda: client.request("GET", "cars", query={"limit": "1"}).status_code != HTTPStatus.FORBIDDEN)
    return client


@contextmanager
def cars_of_ones_own(api: CarsApi) -> Iterator[Callable[..., str]]:
    """Makes up ids, of cars that are deleted in the end, if they are there."""
    made: list[str] = []

    def make(*, prefix: str = "e2e-") -> str:
        made.append(f"{prefix}{uuid4()}")
        return made[-1]

    yield make
    left = {car_id: api.request("DELETE", f"cars/{car_id}").status_code for car_id in made}
    assert set(left.values()) <= {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_FOUND}, f"could not clean up: {left}"


@pytest.fixture
def new_car_id(api: CarsApi) -> Iterator[Callable[..., str]]:
    """Makes up ids of the test's own; cars that have one of them at its end are deleted."""
    with cars_of_ones_own(api) as make:
        yield make


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
