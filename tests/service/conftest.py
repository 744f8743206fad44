"""A table, a Lambda context and events for the tests of the service's code."""

from __future__ import annotations

import functools
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import botocore.loaders
import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext
from moto import mock_aws

from service.api.runtime import routes
from service.api.runtime.key_ring import key_ring
from service.cars.cursor_keys import CursorKey, CursorKeys
from service.cars.repository import BY_STATUS_INDEX, CarRepository
from service.cars.settings import Setting
from service.packaging import bundling, trimming
from tests.once import made_once

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

EVENTS = Path(__file__).parent.parent / "events"
TABLE_NAME = "cars-table"
NOTIFICATIONS_TABLE_NAME = "notifications-table"
ORDERS_TABLE_NAME = "orders-table"


class FakeContext(LambdaContext):
    """What the handlers use of Lambda's context object."""

    def __init__(self, *, remaining_milliseconds: int = 50_000) -> None:
        self._function_name = "cars"
        self._function_version = "7"
        self._memory_limit_in_mb = 512
        self._invoked_function_arn = "arn:aws:lambda:eu-west-1:222222222222:function:cars:live"
        self._aws_request_id = "52fdfc07-2182-454f-963f-5f0f9a621d72"
        self.remaining_milliseconds = remaining_milliseconds

    def get_remaining_time_in_millis(self) -> int:  # type: ignore[override]  # there it is static
        return self.remaining_milliseconds


@pytest.fixture(autouse=True, scope="module")
def no_aws_of_the_user() -> Iterator[None]:
    """No credentials, region or endpoint of the person who runs the tests."""
    with pytest.MonkeyPatch.context() as environment:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            environment.delenv(name)
        environment.setenv("AWS_ACCESS_KEY_ID", "testing")
        environment.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        environment.setenv("AWS_DEFAULT_REGION", "eu-west-1")
        environment.setenv("AWS_CONFIG_FILE", os.devnull)
        environment.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
        yield


_one_loader = functools.cache(botocore.loaders.create_loader)


@pytest.fixture(autouse=True, scope="module")
def botocores_data_read_once() -> Iterator[None]:
    """Each session would read and parse a megabyte of endpoints and the models of its services anew."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("botocore.session.create_loader", _one_loader)
        yield


@pytest.fixture(scope="session")
def installed_layer(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The folder `python` of the layer, of the packages as they are installed for the tests."""
    return made_once(tmp_path_factory, worker_id, "layer", _copy_and_trim)


def _copy_and_trim(python: Path) -> None:
    site_packages = Path(boto3.__file__).parent.parent
    pinned = re.findall(r"^([\w.-]+)==", bundling.LAYER.joinpath("requirements.txt").read_text(), re.M)
    for name in pinned:
        for file in importlib.metadata.distribution(name).files or ():
            if file.suffix != ".pyc" and file.parts[0] not in ("..", "bin"):
                (python / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(site_packages / file, python / file)
    trimming.trim(python, bundling.AWS_SERVICES)
    compiler = str(bundling.LAYER / "compile.py")
    subprocess.run([sys.executable, compiler, str(python), str(python), "--without-docstrings"], check=True)


@pytest.fixture
def context() -> FakeContext:
    return FakeContext()


def load_event(name: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
    return event


@pytest.fixture(scope="module")
def dynamodb(no_aws_of_the_user: None) -> Iterator[DynamoDBClient]:
    """A DynamoDB that is a module's own: to start one, and to make clients, takes longer than most tests."""
    _forget_clients()
    with mock_aws():
        yield boto3.client("dynamodb")
    _forget_clients()


@pytest.fixture(scope="module")
def cursor_keys_arn(dynamodb: DynamoDBClient) -> str:
    """The secret that signs the cursors, in the same AWS."""
    keys = CursorKeys(CursorKey("k" * 32), None)
    return boto3.client("secretsmanager").create_secret(Name="cursor-keys", SecretString=keys.to_json())["ARN"]


def _forget_clients() -> None:
    for cached in (routes.dynamodb, routes.repository, routes.notification_repository, key_ring):
        cached.cache_clear()


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, dynamodb: DynamoDBClient, cursor_keys_arn: str) -> Iterator[None]:
    """An AWS with empty tables of cars and notifications in it."""
    monkeypatch.setenv(Setting.CURSOR_KEYS_ARN, cursor_keys_arn)
    monkeypatch.setenv(Setting.CARS_TABLE_NAME, TABLE_NAME)
    monkeypatch.setenv(Setting.NOTIFICATIONS_TABLE_NAME, NOTIFICATIONS_TABLE_NAME)
    dynamodb.create_table(
        TableName=TABLE_NAME,
        KeySchema=[{"AttributeName": "car_id", "KeyType": "HASH"}],
        AttributeDefinitions=[
            {"AttributeName": "car_id", "AttributeType": "S"},
            {"AttributeName": "status", "AttributeType": "S"},
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": BY_STATUS_INDEX,
                "KeySchema": [
                    {"AttributeName": "status", "KeyType": "HASH"},
                    {"AttributeName": "car_id", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    dynamodb.create_table(
        TableName=NOTIFICATIONS_TABLE_NAME,
        KeySchema=[
            {"AttributeName": "car_id", "KeyType": "HASH"},
            {"AttributeName": "notification_id", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": "car_id", "AttributeType": "S"},
            {"AttributeName": "notification_id", "AttributeType": "S"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    yield
    dynamodb.delete_table(TableName=TABLE_NAME)
    dynamodb.delete_table(TableName=NOTIFICATIONS_TABLE_NAME)


@pytest.fixture
def repository(aws: None, dynamodb: DynamoDBClient) -> CarRepository:
    return CarRepository(dynamodb, TABLE_NAME)


@pytest.fixture
def notifications_table(monkeypatch: pytest.MonkeyPatch, dynamodb: DynamoDBClient) -> Iterator[str]:
    """The name of an empty table of notifications, which the functions' settings name too."""
    names = ("car_id", "notification_id")
    monkeypatch.setenv(Setting.NOTIFICATIONS_TABLE_NAME, "notifications-table")
    dynamodb.create_table(
        TableName="notifications-table",
        KeySchema=[{"AttributeName": names[0], "KeyType": "HASH"}, {"AttributeName": names[1], "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in names],
        BillingMode="PAY_PER_REQUEST",
    )
    yield "notifications-table"
    dynamodb.delete_table(TableName="notifications-table")


@pytest.fixture
def orders_table(monkeypatch: pytest.MonkeyPatch, dynamodb: DynamoDBClient) -> Iterator[None]:
    """An empty table of maintenance orders in that AWS."""
    monkeypatch.setenv(Setting.ORDERS_TABLE_NAME, ORDERS_TABLE_NAME)
    dynamodb.create_table(
        TableName=ORDERS_TABLE_NAME,
        KeySchema=[{"AttributeName": "order_id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "order_id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    yield
    dynamodb.delete_table(TableName=ORDERS_TABLE_NAME)
