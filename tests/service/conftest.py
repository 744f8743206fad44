"""A table, a Lambda context and events for the tests of the service's code."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import botocore.session
import pytest
from moto import mock_aws

from service.api.runtime import routes
from service.cars.repository import CarRepository
from service.cars.settings import Setting

EVENTS = Path(__file__).parent.parent / "events"
TABLE_NAME = "cars-table"


@dataclass
class FakeContext:
    """What the handlers use of Lambda's context object."""

    function_name: str = "cars"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:eu-west-1:222222222222:function:cars:live"
    aws_request_id: str = "52fdfc07-2182-454f-963f-5f0f9a621d72"
    remaining_milliseconds: int = 50_000

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining_milliseconds


@pytest.fixture(autouse=True)
def no_aws_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """No credentials, region or endpoint of the person who runs the tests."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)


@pytest.fixture
def context() -> FakeContext:
    return FakeContext()


def load_event(name: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
    return event


@pytest.fixture(scope="session")
def botocore_session() -> botocore.session.Session:
    """One for all tests: it keeps the descriptions of services, which take longer to read than most tests."""
    return botocore.session.get_session()


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, botocore_session: botocore.session.Session) -> Iterator[None]:
    """An AWS of its own, with the cars table in it."""
    monkeypatch.setenv(Setting.CARS_TABLE_NAME, TABLE_NAME)
    routes.repository.cache_clear()
    with mock_aws():
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", boto3.Session(botocore_session=botocore_session))
        boto3.client("dynamodb").create_table(
            TableName=TABLE_NAME,
            KeySchema=[{"AttributeName": "car_id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "car_id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        yield
    routes.repository.cache_clear()


@pytest.fixture
def repository(aws: None) -> CarRepository:
    return CarRepository(boto3.client("dynamodb"), TABLE_NAME)
