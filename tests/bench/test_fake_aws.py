"""The fake AWS answers what the functions ask, over TLS, on a connection that stays open."""

from __future__ import annotations

import json
from pathlib import Path

import botocore.session
import pytest
from botocore.config import Config

from bench.fake_aws import FakeAws
from bench.machine import Cloud, cloud

CAR = {"car_id": {"S": "car-1"}, "model": {"S": "Acme 1"}}


def put(aws: FakeAws, number: int) -> None:
    aws.answer("PutItem", {"TableName": "cars", "Item": {**CAR, "car_id": {"S": f"car-{number}"}}})


def test_item_is_answered_as_it_was_put_in_its_own_table_only() -> None:
    aws = FakeAws()
    put(aws, 1)

    assert aws.answer("GetItem", {"TableName": "cars", "Key": {"car_id": {"S": "car-1"}}}) == {"Item": CAR}
    assert aws.answer("GetItem", {"TableName": "other", "Key": {"car_id": {"S": "car-1"}}}) == {}


@pytest.mark.parametrize("operation", ["Scan", "Query"])
def test_page_has_as_many_items_as_are_asked_for_and_says_where_it_ends(operation: str) -> None:
    aws = FakeAws()
    for number in range(25):
        put(aws, number)

    page = aws.answer(operation, {"TableName": "cars", "Limit": 20})

    assert len(page["Items"]) == 20
    assert page["LastEvaluatedKey"] == {"car_id": {"S": "car-19"}}
    assert "LastEvaluatedKey" not in aws.answer(operation, {"TableName": "cars", "Limit": 25})


def test_page_has_only_the_attributes_that_are_asked_for() -> None:
    aws = FakeAws()
    put(aws, 1)
    names = {"ProjectionExpression": "#id, #year", "ExpressionAttributeNames": {"#id": "car_id", "#year": "year"}}

    assert aws.answer("Scan", {"TableName": "cars", **names})["Items"] == [{"car_id": {"S": "car-1"}}]


def test_update_answers_the_item_when_it_is_asked_to() -> None:
    aws = FakeAws()
    put(aws, 1)
    request = {"TableName": "cars", "Key": {"car_id": {"S": "car-1"}}}

    assert aws.answer("UpdateItem", {**request, "ReturnValues": "ALL_NEW"}) == {"Attributes": CAR}
    assert aws.answer("UpdateItem", request) == {}


def test_every_event_put_is_taken() -> None:
    assert FakeAws().answer("PutEvents", {"Entries": [{}, {}]}) == {
        "FailedEntryCount": 0,
        "Entries": [{"EventId": "event-0"}, {"EventId": "event-1"}],
    }


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> object:
    with cloud() as running:
        certificate: Path = tmp_path_factory.mktemp("cloud") / "certificate.pem"
        certificate.write_text(running.certificate)
        yield running, certificate


@pytest.mark.parametrize(
    ("service", "operation", "request_", "expected"),
    [
        ("dynamodb", "get_item", {"TableName": "cars", "Key": {"car_id": {"S": "none"}}}, "ResponseMetadata"),
        ("events", "put_events", {"Entries": [{"Detail": "{}"}]}, "Entries"),
        ("secretsmanager", "get_secret_value", {"SecretId": "key"}, "SecretString"),
        (
            *("sqs", "send_message_batch"),
            {"QueueUrl": "https://q", "Entries": [{"Id": "1", "MessageBody": "m"}]},
            "Successful",
        ),
        ("sns", "publish", {"TopicArn": "arn:aws:sns:eu-west-1:222222222222:cars", "Message": "m"}, "MessageId"),
        ("kinesis", "put_record", {"StreamName": "s", "Data": b"d", "PartitionKey": "k"}, "SequenceNumber"),
    ],
)
def test_botocore_understands_its_answers(
    server: tuple[Cloud, Path], service: str, operation: str, request_: dict[str, object], expected: str
) -> None:
    running, certificate = server
    client = botocore.session.get_session().create_client(
        service,
        region_name="eu-west-1",
        endpoint_url=running.endpoint_url,
        verify=str(certificate),
        aws_access_key_id="measured",
        aws_secret_access_key="measured",
        config=Config(retries={"total_max_attempts": 1}),
    )

    for _ in range(2):
        answer = getattr(client, operation)(**request_)
        assert expected in answer, json.dumps(answer, default=str)
