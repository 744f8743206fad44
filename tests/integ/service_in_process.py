"""The whole service in this process: its functions, and between them what AWS does, each thing as soon as it is due.

The API is served over HTTP on loopback, so that the end-to-end tests call it as they call any other; streams, queues
and tables are moto's. It must not be kinder to the service than AWS is.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import boto3

from integ.subscriber import SUBSCRIBED_PREFIX
from service.api.runtime import routes
from service.api.runtime.key_ring import key_ring
from service.cars.cursor_keys import CursorKey, CursorKeys
from service.cars.events import VERSION, CarEventType
from service.cars.repository import BY_STATUS_INDEX
from service.cars.settings import Setting
from service.changes.runtime import handler as changes
from service.maintenance.runtime import handler as maintenance
from service.notifications.runtime import handler as notifications
from service.telemetry.runtime import handler as telemetry
from tests.service.api.openapi.gateway import StartResponse, application
from tests.service.conftest import FakeContext, load_event

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import KeySchemaElementTypeDef

STREAM, ORDERS, EVENTS, SET_ASIDE = "telemetry", "maintenance", "e2e-events", "set-aside"
TABLES = {
    Setting.CARS_TABLE_NAME: ("car_id",),
    Setting.NOTIFICATIONS_TABLE_NAME: ("car_id", "notification_id"),
    Setting.ORDERS_TABLE_NAME: ("order_id",),
}
ROLES_KEY = "ASIA"
"""How the access keys of roles begin: whoever signs with one may call the API."""

CACHED = (
    *(routes.dynamodb, routes.repository, routes.notification_repository, key_ring),
    *(changes.event_bridge, changes.sqs, telemetry.positions, telemetry.sqs),
    *(maintenance.orders, notifications.repository),
)


class Service:
    """`variables` are the functions'; the API calls whoever signs, unless it `is_open`, and then everybody.

    `has_fleet` and `has_subscriber` say whether somebody sends reports and orders, or wants to hear of events: what
    nobody looks at does not happen, for it takes time.
    """

    def __init__(self) -> None:
        self.is_open = False
        self.has_fleet = self.has_subscriber = True
        self._sqs = boto3.client("sqs")
        self._kinesis = boto3.client("kinesis")
        self._streams = boto3.client("dynamodbstreams")
        queues = {name: self._sqs.create_queue(QueueName=name)["QueueUrl"] for name in (ORDERS, EVENTS, SET_ASIDE)}
        self._orders_url, self._events_url = queues[ORDERS], queues[EVENTS]
        self.variables = {
            Setting.EVENT_BUS_NAME: "cars",
            Setting.SET_ASIDE_QUEUE_URL: queues[SET_ASIDE],
            Setting.CURSOR_KEYS_ARN: _cursor_keys(),
            **{setting: setting.value for setting in TABLES},
        }
        self._changes_from = self._shard_of_changes()
        self._reports_from = self._shard_of_reports()

    @contextmanager
    def served(self) -> Iterator[str]:
        """The URL of the API's stage."""
        server = make_server("127.0.0.1", 0, self.answer, handler_class=_Silent)
        thread = threading.Thread(target=server.serve_forever, args=(0.005,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

    def answer(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """API Gateway: who may not call is refused, and who calls what fails is told so (WSGI)."""
        if not self.is_open and f"Credential={ROLES_KEY}" not in environ.get("HTTP_AUTHORIZATION", ""):
            return _problem(start_response, HTTPStatus.FORBIDDEN)
        if self.has_fleet:
            self._hand_over_reports()
            self._hand_over_orders()
        if environ["PATH_INFO"].endswith("/notifications"):
            self._hand_over_changes()
        try:
            return application(environ, start_response)
        except Exception:  # noqa: BLE001 - whatever it is, the caller is told no more
            return _problem(start_response, HTTPStatus.BAD_GATEWAY)
        finally:
            if self.has_subscriber:
                self._hand_over_changes()

    def _hand_over_reports(self) -> None:
        """Lambda's poller of the stream: all that is there, as one batch."""
        answer = self._kinesis.get_records(ShardIterator=self._reports_from)
        self._reports_from = answer["NextShardIterator"]
        records = [
            {
                "eventSourceARN": f"arn:aws:kinesis:eu-west-1:123456789012:stream/{STREAM}",
                "kinesis": {
                    "data": base64.b64encode(record["Data"]).decode(),
                    "partitionKey": record["PartitionKey"],
                    "sequenceNumber": record["SequenceNumber"],
                    "approximateArrivalTimestamp": record["ApproximateArrivalTimestamp"].timestamp(),
                },
            }
            for record in answer["Records"]
        ]
        if records:
            telemetry.handle({"Records": records}, FakeContext())

    def _hand_over_orders(self) -> None:
        """Lambda's poller of the queue; what fails comes again, and is not waited for."""
        answer = self._sqs.receive_message(QueueUrl=self._orders_url, MaxNumberOfMessages=10, WaitTimeSeconds=0)
        messages = answer.get("Messages", [])
        if messages:
            template = load_event("sqs")["Records"][0]
            records = [
                {**template, "messageId": each["MessageId"], "body": each["Body"], "messageAttributes": {}}
                for each in messages
            ]
            for message in messages:
                self._sqs.delete_message(QueueUrl=self._orders_url, ReceiptHandle=message["ReceiptHandle"])
            maintenance.handle({"Records": records}, FakeContext())

    def _hand_over_changes(self) -> None:
        """Lambda's poller of the cars table's stream, and behind it bus, rules and topic."""
        answer = self._streams.get_records(ShardIterator=self._changes_from)
        self._changes_from = answer["NextShardIterator"]
        records: list[dict[str, Any]] = [dict(record) for record in answer["Records"]]
        for record in records:
            change = record["dynamodb"]
            change["ApproximateCreationDateTime"] = change["ApproximateCreationDateTime"].timestamp()
        if records:
            changes.handle({"Records": records}, FakeContext())

    def put_events(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:
        """The bus: who is subscribed to an event gets it at once."""
        for entry in Entries:
            sns = load_event("sns")
            event = json.loads(sns["Records"][0]["Sns"]["Message"])
            event |= {"source": entry["Source"], "detail-type": entry["DetailType"]}
            event["detail"] = detail = json.loads(entry["Detail"])
            sns["Records"][0]["Sns"]["Message"] = json.dumps(event)
            if detail["car"]["car_id"].startswith(SUBSCRIBED_PREFIX):
                self._sqs.send_message(QueueUrl=self._events_url, MessageBody=json.dumps(event))
            told = (CarEventType.UPDATED, CarEventType.DELETED)
            if entry["DetailType"] in told and detail["version"] == VERSION:
                notifications.handle(sns, FakeContext())
        return {"FailedEntryCount": 0, "Entries": [{"EventId": "1"} for _ in Entries]}

    def _shard_of_changes(self) -> str:
        stream_arn = ""
        for setting, keys in TABLES.items():
            described = _create_table(setting.value, keys, has_stream=setting is Setting.CARS_TABLE_NAME)
            stream_arn = described.get("LatestStreamArn", stream_arn)
        (shard,) = self._streams.describe_stream(StreamArn=stream_arn)["StreamDescription"]["Shards"]
        return self._streams.get_shard_iterator(
            StreamArn=stream_arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]

    def _shard_of_reports(self) -> str:
        self._kinesis.create_stream(StreamName=STREAM, ShardCount=1)
        (shard,) = self._kinesis.describe_stream(StreamName=STREAM)["StreamDescription"]["Shards"]
        return self._kinesis.get_shard_iterator(
            StreamName=STREAM, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]


class _Silent(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None: ...


def _problem(start_response: StartResponse, status: HTTPStatus) -> list[bytes]:
    body = json.dumps({"type": "about:blank", "title": status.phrase, "status": status, "detail": status.description})
    start_response(f"{status.value} {status.phrase}", [("Content-Type", "application/problem+json")])
    return [body.encode()]


def _cursor_keys() -> str:
    keys = CursorKeys(CursorKey("k" * 32), None)
    return boto3.client("secretsmanager").create_secret(Name="cursor-keys", SecretString=keys.to_json())["ARN"]


def _create_table(name: str, keys: tuple[str, ...], *, has_stream: bool) -> Any:
    """As service/database.py has it; the table with a stream is that of the cars, and has its index, too."""
    schema: list[KeySchemaElementTypeDef] = [
        {"AttributeName": key, "KeyType": kind}  # type: ignore[typeddict-item]
        for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)
    ]
    more: dict[str, Any] = {}
    if has_stream:
        by_status = [{"AttributeName": "status", "KeyType": "HASH"}, {"AttributeName": keys[0], "KeyType": "RANGE"}]
        index = {"IndexName": BY_STATUS_INDEX, "KeySchema": by_status, "Projection": {"ProjectionType": "ALL"}}
        more = {
            "GlobalSecondaryIndexes": [index],
            "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        }
    names = (*keys, "status") if has_stream else keys
    return boto3.client("dynamodb").create_table(
        TableName=name,
        KeySchema=schema,
        AttributeDefinitions=[{"AttributeName": each, "AttributeType": "S"} for each in names],
        BillingMode="PAY_PER_REQUEST",
        **more,
    )["TableDescription"]
