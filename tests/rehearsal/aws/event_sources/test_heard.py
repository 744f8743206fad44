from __future__ import annotations

import json
from typing import Any

import pytest

from rehearsal.aws.event_sources.event_sources import EventSources, _Entry
from rehearsal.aws.event_sources.mapping import parse_mapping

ACCOUNT, REGION = "222222222222", "eu-west-1"
SOURCES = {
    "orders": f"arn:aws:sqs:{REGION}:{ACCOUNT}:orders",
    "reports": f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/reports",
    "cars": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/cars/stream/2026-01-01T00:00:00.000",
    "other": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/other/stream/2026-01-01T00:00:00.000",
}


class FakePoller:
    def __init__(self, name: str, rung: list[str]) -> None:
        self._name = name
        self._rung = rung

    def ring(self) -> None:
        self._rung.append(self._name)


@pytest.mark.parametrize(
    ("service", "operation", "body", "rings"),
    [
        ("sqs", "SendMessage", {"QueueUrl": f"http://localhost/{ACCOUNT}/orders", "MessageBody": "x"}, ["orders"]),
        ("sqs", "SendMessage", {"QueueUrl": f"http://localhost/{ACCOUNT}/unread", "MessageBody": "x"}, []),
        ("sqs", "ReceiveMessage", {"QueueUrl": f"http://localhost/{ACCOUNT}/orders"}, []),
        ("sqs", "StartMessageMoveTask", {"SourceArn": "arn:aws:sqs:eu-west-1:1:dead-letters"}, ["orders"]),
        ("kinesis", "PutRecord", {"StreamARN": SOURCES["reports"], "Data": ""}, ["reports"]),
        ("dynamodb", "PutItem", {"TableName": "cars", "Item": {}}, ["cars"]),
        ("dynamodb", "TransactWriteItems", {"TransactItems": [{"Put": {"TableName": "other"}}]}, ["other"]),
        ("dynamodb", "ExecuteStatement", {"Statement": "DELETE FROM x"}, ["cars", "other"]),
        ("dynamodb", "GetItem", {"TableName": "cars"}, []),
        ("sns", "Publish", {"TopicArn": "arn:aws:sns:eu-west-1:1:anything"}, ["orders"]),
        ("events", "PutEvents", {"Entries": []}, ["orders", "reports"]),
        ("dynamodb", "PutItem", None, ["cars", "other"]),
    ],
)
def test_a_write_wakes_the_pollers_of_what_it_may_have_filled(
    service: str, operation: str, body: dict[str, Any] | None, rings: list[str]
) -> None:
    rung: list[str] = []
    nothing: Any = None
    sources = EventSources(nothing, nothing)
    for name, arn in SOURCES.items():
        properties = {"EventSourceArn": arn, "FunctionName": "handle", "StartingPosition": "LATEST"}
        if ":sqs:" in arn:
            del properties["StartingPosition"]
        mapping = parse_mapping(properties, account=ACCOUNT, region=REGION)
        poller: Any = FakePoller(name, rung)
        sources._entries[name] = _Entry(mapping, poller)
    encoded = None if body is None else json.dumps(body).encode()

    sources.heard(service, operation, ACCOUNT, REGION, encoded)
    sources.heard(service, operation, "333333333333", REGION, encoded)

    assert rung == rings
