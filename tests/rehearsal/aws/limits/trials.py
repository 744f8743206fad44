"""For each row of the table of limits two calls: one over the limit, and one just below it or nearly the same."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

KIB = 1024
MIB = 1024 * KIB
TABLE, STREAM, GROUP, BUCKET, SECRET = "limits", "limits", "limits", "limits-of-objects", "limits"

Client = Callable[[str], Any]
Call = Callable[[Client], Any]


@dataclass(frozen=True)
class Trial:
    over: Call
    below: Call


@dataclass(frozen=True)
class Places:
    """What the calls are made on."""

    queue_url: str
    topic_arn: str
    state_machine_arn: str


def make_places(client: Client, role_arn: str) -> Places:
    key = [{"AttributeName": "p", "KeyType": "HASH"}, {"AttributeName": "s", "KeyType": "RANGE"}]
    types = [{"AttributeName": name, "AttributeType": "S"} for name in ("p", "s")]
    client("dynamodb").create_table(
        TableName=TABLE, KeySchema=key, AttributeDefinitions=types, BillingMode="PAY_PER_REQUEST"
    )
    client("kinesis").create_stream(StreamName=STREAM, ShardCount=1)
    client("kinesis").get_waiter("stream_exists").wait(StreamName=STREAM, WaiterConfig={"Delay": 1})
    client("logs").create_log_group(logGroupName=GROUP)
    client("logs").create_log_stream(logGroupName=GROUP, logStreamName=STREAM)
    location: Any = {"LocationConstraint": "eu-west-1"}
    client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration=location)
    client("secretsmanager").create_secret(Name=SECRET, SecretString="first")
    states = json.dumps({"StartAt": "a", "States": {"a": {"Type": "Pass", "End": True}}})
    machine = client("stepfunctions").create_state_machine(name="limits", roleArn=role_arn, definition=states)
    return Places(
        queue_url=client("sqs").create_queue(QueueName="limits")["QueueUrl"],
        topic_arn=client("sns").create_topic(Name="limits")["TopicArn"],
        state_machine_arn=machine["stateMachineArn"],
    )


def trials(places: Places) -> Mapping[tuple[str, str], Trial]:
    """By operation and rule."""
    queue, topic = {"QueueUrl": places.queue_url}, {"TopicArn": places.topic_arn}
    groups: dict[str, dict[str, Trial]] = {
        "PutEvents": _put_events(),
        "PutMetricData": _put_metric_data(),
        "UpdateItem": {
            "an update changes each path once": Trial(
                lambda c: _update(c, "SET a = :x, b = :x REMOVE a"), lambda c: _update(c, "SET a = :x, b = :x")
            )
        },
        "PutItem": {
            "an item has at most 400 KB": _pair("dynamodb", "put_item", _item(400 * KIB - 4), _item(400 * KIB - 5)),
            "a key is not empty": _pair("dynamodb", "put_item", _item(1, p=""), _item(1, p="x")),
            "a partition key has at most 2,048 bytes": _pair(
                "dynamodb", "put_item", _item(1, p="x" * 2049), _item(1, p="x" * 2048)
            ),
            "a sort key has at most 1,024 bytes": _pair(
                "dynamodb", "put_item", _item(1, s="x" * 1025), _item(1, s="x" * 1024)
            ),
        },
        "BatchWriteItem": {
            "a batch has at most 25 writes": _pair("dynamodb", "batch_write_item", _writes(26), _writes(25)),
            "a batch names an item once": _pair(
                "dynamodb",
                "batch_write_item",
                {"RequestItems": {TABLE: _writes(1)["RequestItems"][TABLE] * 2}},
                _writes(2),
            ),
        },
        "BatchGetItem": {
            "a batch has at most 100 reads": _pair("dynamodb", "batch_get_item", _reads(101), _reads(100))
        },
        "TransactWriteItems": _transactions(),
        "SendMessage": {
            "a delay is at most 900 seconds": _pair(
                "sqs", "send_message", *({**queue, "MessageBody": "x", "DelaySeconds": delay} for delay in (901, 900))
            ),
            "a message has at most 10 attributes": _pair(
                "sqs",
                "send_message",
                *({**queue, "MessageBody": "x", "MessageAttributes": _attributes(n)} for n in (11, 10)),
            ),
            "a message has at most 1 MiB": _pair(
                "sqs", "send_message", *({**queue, "MessageBody": "x" * size} for size in (MIB + 1, MIB))
            ),
            "a message is not empty": _pair(
                "sqs", "send_message", *({**queue, "MessageBody": body} for body in ("", "x"))
            ),
            "a message has the characters of XML": _pair(
                "sqs", "send_message", *({**queue, "MessageBody": body} for body in ("\x01", "\t"))
            ),
        },
        "SendMessageBatch": {
            "a batch has at most 10 messages": _pair(
                "sqs", "send_message_batch", *({**queue, "Entries": _messages(n)} for n in (11, 10))
            ),
            "a batch has at most 1 MiB": _pair(
                "sqs", "send_message_batch", *({**queue, "Entries": _messages(2, n)} for n in (MIB // 2 + 1, MIB // 2))
            ),
            "the ids of a batch are distinct": _pair(
                "sqs", "send_message_batch", {**queue, "Entries": _messages(1) * 2}, {**queue, "Entries": _messages(2)}
            ),
            "an id has letters, digits, hyphens and underscores": _pair(
                "sqs",
                "send_message_batch",
                *({**queue, "Entries": [{"Id": id_, "MessageBody": "x"}]} for id_ in ("a b", "a-_1")),
            ),
        },
        "Publish": {
            "a message to a topic is not empty": _pair(
                "sns", "publish", *({**topic, "Message": message} for message in ("", "x"))
            ),
            "a subject has at most 100 characters": _pair(
                "sns", "publish", *({**topic, "Message": "x", "Subject": "x" * n} for n in (101, 100))
            ),
            "a message to a topic has at most 256 KiB": _pair(
                "sns", "publish", *({**topic, "Message": "x" * n} for n in (256 * KIB + 1, 256 * KIB))
            ),
        },
        "PublishBatch": {
            "a batch to a topic has at most 256 KiB": _pair(
                "sns", "publish_batch", *({**topic, **_publications(2, n)} for n in (128 * KIB + 1, 128 * KIB))
            ),
            "an id to a topic has letters, digits, hyphens and underscores": _pair(
                "sns",
                "publish_batch",
                *({**topic, "PublishBatchRequestEntries": [{"Id": id_, "Message": "x"}]} for id_ in ("a b", "a-_1")),
            ),
            "a batch to a topic has at most 10 messages": _pair(
                "sns", "publish_batch", *({**topic, **_publications(n)} for n in (11, 10))
            ),
            "the ids of a batch to a topic are distinct": _pair(
                "sns",
                "publish_batch",
                {**topic, "PublishBatchRequestEntries": [{"Id": "a", "Message": "x"}] * 2},
                {**topic, **_publications(2)},
            ),
        },
        "PutRecord": {
            "a record has at most 1 MiB": _pair(
                "kinesis",
                "put_record",
                *({"StreamName": STREAM, "Data": b"x" * n, "PartitionKey": "p"} for n in (MIB + 1, MIB)),
            ),
            "a partition key has 1 to 256 characters": _pair(
                "kinesis",
                "put_record",
                *({"StreamName": STREAM, "Data": b"x", "PartitionKey": "p" * n} for n in (257, 256)),
            ),
        },
        "PutRecords": {
            "a call has at most 500 records": _pair(
                "kinesis",
                "put_records",
                *({"StreamName": STREAM, "Records": [{"Data": b"x", "PartitionKey": "p"}] * n} for n in (501, 500)),
            )
        },
        "PutSecretValue": _secrets(),
        "PutParameter": {
            "a standard parameter has at most 4,096 characters": _pair(
                "ssm", "put_parameter", *(_parameter("standard", n) for n in (4097, 4096))
            ),
            "an advanced parameter has at most 8,192 characters": _pair(
                "ssm", "put_parameter", *({**_parameter("advanced", n), "Tier": "Advanced"} for n in (8193, 8192))
            ),
            "a parameter is not empty": _pair("ssm", "put_parameter", *(_parameter("empty", n) for n in (0, 1))),
        },
        "GetParameters": {
            "a call has at most 10 names of parameters": _pair(
                "ssm", "get_parameters", *({"Names": [f"/limits/{i}" for i in range(n)]} for n in (11, 10))
            )
        },
        "PutLogEvents": _log_events(),
        "PutObject": {
            "an object's key has at most 1,024 bytes": _pair(
                "s3", "put_object", *({"Bucket": BUCKET, "Key": "é" * 512 + end, "Body": b""} for end in ("x", ""))
            ),
            "an object's metadata has at most 2 KB": _pair(
                "s3", "put_object", *({"Bucket": BUCKET, "Key": "m", "Metadata": {"a": "x" * n}} for n in (2048, 2047))
            ),
        },
        "StartExecution": {
            rule: _pair(
                "stepfunctions",
                "start_execution",
                *({"stateMachineArn": places.state_machine_arn, **given} for given in two),
            )
            for rule, two in {
                "an execution's input has at most 256 KiB": [
                    {"input": json.dumps("x" * n)} for n in (256 * KIB - 1, 256 * KIB - 2)
                ],
                "an execution's input is JSON": [{"input": text} for text in ("x", "{}")],
                "an execution's name has no blanks": [{"name": name} for name in ("a b", f"a-{uuid.uuid4()}")],
            }.items()
        },
    }
    return {(operation, rule): trial for operation, group in groups.items() for rule, trial in group.items()}


def _pair(service: str, method: str, over: Mapping[str, Any], below: Mapping[str, Any]) -> Trial:
    return Trial(
        lambda client: getattr(client(service), method)(**over),
        lambda client: getattr(client(service), method)(**below),
    )


def _put_events() -> dict[str, Trial]:
    right = {"Source": "limits", "DetailType": "Tried", "Detail": "{}"}

    def entries(over: Mapping[str, Any], below: Mapping[str, Any] = right) -> Trial:
        return _pair("events", "put_events", {"Entries": [over]}, {"Entries": [below]})

    def sized(size: int) -> dict[str, Any]:
        return {
            **right,
            "Time": datetime.now(UTC),
            "Detail": json.dumps("x" * (size - 14 - 6 - 5 - 2 - 6)).join(['{"a":', "}"]),
        }

    return {
        **{
            f"an entry has a {name}": entries({key: value for key, value in right.items() if key != name})
            for name in right
        },
        "a Detail is a JSON object": entries({**right, "Detail": "[]"}),
        "a DetailType has at most 128 characters": entries(
            {**right, "DetailType": "x" * 129}, {**right, "DetailType": "x" * 128}
        ),
        "no Source begins with aws.": entries({**right, "Source": "aws.cars"}, {**right, "Source": "awscars"}),
        "the entries have at most 1 MiB together": entries(sized(MIB + 1), sized(MIB)),
        "there is an entry": _pair("events", "put_events", {"Entries": []}, {"Entries": [right]}),
        "there are at most 10 entries": _pair(
            "events", "put_events", {"Entries": [right] * 11}, {"Entries": [right] * 10}
        ),
    }


def _put_metric_data() -> dict[str, Trial]:
    def metric(over: Mapping[str, Any], below: Mapping[str, Any]) -> Trial:
        return _pair(
            "cloudwatch",
            "put_metric_data",
            *({"Namespace": "Limits", "MetricData": [{"MetricName": "m", **given}]} for given in (over, below)),
        )

    def dimensions(count: int) -> dict[str, Any]:
        return {"Value": 1.0, "Dimensions": [{"Name": f"d{i}", "Value": "x"} for i in range(count)]}

    def at(**ago: float) -> dict[str, Any]:
        return {"Value": 1.0, "Timestamp": datetime.now(UTC) - timedelta(**ago)}

    one = {"MetricName": "m", "Value": 1.0}
    return {
        "a namespace does not begin with AWS/": _pair(
            "cloudwatch",
            "put_metric_data",
            *({"Namespace": name, "MetricData": [one]} for name in ("AWS/Cars", "AWSCars")),
        ),
        "a call has at most 1,000 metrics": _pair(
            "cloudwatch", "put_metric_data", *({"Namespace": "Limits", "MetricData": [one] * n} for n in (1001, 1000))
        ),
        "a metric has at most 30 dimensions": metric(dimensions(31), dimensions(30)),
        "a metric has at most 150 values": metric(
            {"Values": [float(i) for i in range(151)]}, {"Values": [float(i) for i in range(150)]}
        ),
        "a value is a number": metric({"Value": float("nan")}, {"Value": 0.0}),
        "a value lies between -2^360 and 2^360": metric({"Value": -(2.0**360) * 1.001}, {"Value": -(2.0**360)}),
        "a dimension's value is ASCII and not blank": metric(
            {"Value": 1.0, "Dimensions": [{"Name": "d", "Value": "é"}]},
            {"Value": 1.0, "Dimensions": [{"Name": "d", "Value": "e f"}]},
        ),
        "a timestamp is at most two weeks old": metric(at(days=14, minutes=5), at(days=14, minutes=-5)),
        "a timestamp is at most two hours ahead": metric(at(hours=-2, minutes=-5), at(hours=-2, minutes=5)),
    }


def _update(client: Client, expression: str) -> Any:
    return client("dynamodb").update_item(
        TableName=TABLE,
        Key={"p": {"S": "a"}, "s": {"S": "updated"}},
        UpdateExpression=expression,
        ExpressionAttributeValues={":x": {"S": "1"}},
    )


def _item(size: int, p: str = "a", s: str = "b") -> dict[str, Any]:
    """`size` counts the attribute v's value: the item has five bytes more, with keys of one letter each."""
    return {"TableName": TABLE, "Item": {"p": {"S": p}, "s": {"S": s}, "v": {"S": "x" * size}}}


def _writes(count: int, *, times: int = 1) -> dict[str, Any]:
    puts = [{"PutRequest": {"Item": _item(1, s=f"s{i}")["Item"]}} for i in range(count)]
    return {"RequestItems": {TABLE: puts * times}}


def _reads(count: int) -> dict[str, Any]:
    return {"RequestItems": {TABLE: {"Keys": [{"p": {"S": "a"}, "s": {"S": f"s{i}"}} for i in range(count)]}}}


def _transactions() -> dict[str, Trial]:
    def puts(count: int, size: int = 1, first: int = 0) -> list[dict[str, Any]]:
        return [{"Put": _item(size, s=f"t{i}")} for i in range(first, first + count)]

    def updates(expression: str) -> list[dict[str, Any]]:
        update = {
            "TableName": TABLE,
            "Key": {"p": {"S": "a"}, "s": {"S": "t"}},
            "UpdateExpression": expression,
            "ExpressionAttributeValues": {":x": {"S": "1"}},
        }
        return [{"Update": update}]

    def pair(over: list[dict[str, Any]], below: list[dict[str, Any]]) -> Trial:
        return _pair("dynamodb", "transact_write_items", {"TransactItems": over}, {"TransactItems": below})

    def twice(client: Client, second: list[dict[str, Any]]) -> Any:
        token, dynamodb = str(uuid.uuid4()), client("dynamodb")
        dynamodb.transact_write_items(TransactItems=puts(1), ClientRequestToken=token)
        return dynamodb.transact_write_items(TransactItems=second, ClientRequestToken=token)

    return {
        "an update in a transaction changes each path once": pair(
            updates("SET a = :x, a = :x"), updates("SET a = :x, b = :x")
        ),
        "a transaction has at most 100 writes": pair(puts(101), puts(100)),
        "a transaction names an item once": pair(puts(1) * 2, puts(2)),
        "a transaction has at most 4 MB": pair(puts(11, 390 * KIB), puts(10, 390 * KIB)),
        "a token has one transaction": Trial(lambda c: twice(c, puts(1, first=1)), lambda c: twice(c, puts(1))),
    }


def _attributes(count: int) -> dict[str, Any]:
    return {f"a{i}": {"DataType": "String", "StringValue": "x"} for i in range(count)}


def _messages(count: int, size: int = 1) -> list[dict[str, Any]]:
    return [{"Id": str(i), "MessageBody": "x" * size} for i in range(count)]


def _publications(count: int, size: int = 1) -> dict[str, Any]:
    return {"PublishBatchRequestEntries": [{"Id": str(i), "Message": "x" * size} for i in range(count)]}


def _secrets() -> dict[str, Trial]:
    def put(**given: Any) -> Call:
        return lambda client: client("secretsmanager").put_secret_value(SecretId=SECRET, **given)

    def twice(client: Client, second: str) -> Any:
        token = str(uuid.uuid4())
        put(SecretString="one", ClientRequestToken=token)(client)
        return put(SecretString=second, ClientRequestToken=token)(client)

    return {
        "a version of a secret is written once": Trial(lambda c: twice(c, "two"), lambda c: twice(c, "one")),
        "a secret has at most 65,536 bytes": Trial(put(SecretString="x" * 65537), put(SecretString="x" * 65536)),
        "a token has 32 to 64 characters": Trial(
            put(SecretString="x", ClientRequestToken="t" * 31), put(SecretString="x", ClientRequestToken="t" * 32)
        ),
        "a secret is a text or bytes": Trial(put(SecretString="x", SecretBinary=b"x"), put(SecretBinary=b"x")),
        "a version has a value": Trial(put(), put(SecretString="x")),
    }


def _parameter(name: str, size: int) -> dict[str, Any]:
    return {"Name": f"/limits/{name}", "Type": "String", "Value": "x" * size, "Overwrite": True}


def _log_events() -> dict[str, Trial]:
    now = int(time.time() * 1000)

    def pair(over: list[dict[str, Any]], below: list[dict[str, Any]]) -> Trial:
        return _pair(
            "logs",
            "put_log_events",
            *({"logGroupName": GROUP, "logStreamName": STREAM, "logEvents": events} for events in (over, below)),
        )

    def events(*before_ms: int, size: int = 1) -> list[dict[str, Any]]:
        return [{"timestamp": now - before, "message": "x" * size} for before in before_ms]

    day = 24 * 3600 * 1000
    return {
        "there is a log event": pair([], events(0)),
        "a call has at most 10,000 log events": pair(events(*[0] * 10_001), events(*[0] * 10_000)),
        "log events have at most 1 MiB together": pair(events(0, size=MIB - 25), events(0, size=MIB - 26)),
        "log events are in chronological order": pair(events(0, 1), events(1, 0)),
        "log events span at most 24 hours": pair(events(day + 1, 0), events(day, 0)),
    }
