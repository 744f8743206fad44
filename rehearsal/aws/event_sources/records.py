"""Records and messages as Lambda hands them to a function, made of what the source's API answers.

It must not call AWS. Sources: the example events of "Using Lambda to process records from Amazon Kinesis Data Streams",
"Process DynamoDB records with Lambda" and "Using Lambda with Amazon SQS".
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from rehearsal.aws.event_sources.batch import StreamRecord


def kinesis_record(
    record: Mapping[str, Any], *, shard_id: str, stream_arn: str, region: str, role_arn: str
) -> StreamRecord:
    """From a record of kinesis GetRecords."""
    sequence_number, arrived_at = record["SequenceNumber"], record["ApproximateArrivalTimestamp"].timestamp()
    event = {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": record["PartitionKey"],
            "sequenceNumber": sequence_number,
            "data": base64.b64encode(record["Data"]).decode(),
            "approximateArrivalTimestamp": arrived_at,
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"{shard_id}:{sequence_number}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": role_arn,
        "awsRegion": region,
        "eventSourceARN": stream_arn,
    }
    return StreamRecord(sequence_number, record["PartitionKey"], arrived_at, event, len(json.dumps(event)))


def dynamodb_record(record: Mapping[str, Any], *, stream_arn: str) -> StreamRecord:
    """From a record of dynamodbstreams GetRecords."""
    change = dict(record["dynamodb"])
    arrived_at = change["ApproximateCreationDateTime"].timestamp()
    change["ApproximateCreationDateTime"] = int(arrived_at)
    for image in ("Keys", "NewImage", "OldImage"):
        if image in change:
            change[image] = {name: _attribute(value) for name, value in change[image].items()}
    event: dict[str, Any] = {
        "eventID": record["eventID"],
        "eventName": record["eventName"],
        "eventVersion": record["eventVersion"],
        "eventSource": "aws:dynamodb",
        "awsRegion": record["awsRegion"],
        "dynamodb": change,
        "eventSourceARN": stream_arn,
    }
    if identity := record.get("userIdentity"):
        event["userIdentity"] = {"type": identity["Type"], "principalId": identity["PrincipalId"]}
    key = json.dumps(change["Keys"], sort_keys=True)
    return StreamRecord(change["SequenceNumber"], key, arrived_at, event, len(json.dumps(event)))


def sqs_record(message: Mapping[str, Any], *, queue_arn: str, region: str) -> dict[str, Any]:
    """From a message of sqs ReceiveMessage, asked for with all its attributes."""
    record = {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message.get("Attributes", {}),
        "messageAttributes": {
            name: _message_attribute(value) for name, value in message.get("MessageAttributes", {}).items()
        },
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": region,
    }
    if "MD5OfMessageAttributes" in message:
        record["md5OfMessageAttributes"] = message["MD5OfMessageAttributes"]
    return record


def _attribute(value: Mapping[str, Any]) -> dict[str, Any]:
    """An attribute value whose bytes, however deep, are base64 texts as in DynamoDB's JSON."""
    ((kind, content),) = value.items()
    match kind:
        case "B":
            return {kind: base64.b64encode(content).decode()}
        case "BS":
            return {kind: [base64.b64encode(item).decode() for item in content]}
        case "M":
            return {kind: {name: _attribute(item) for name, item in content.items()}}
        case "L":
            return {kind: [_attribute(item) for item in content]}
        case _:
            return {kind: content}


def _message_attribute(value: Mapping[str, Any]) -> dict[str, Any]:
    attribute: dict[str, Any] = {"stringListValues": [], "binaryListValues": [], "dataType": value["DataType"]}
    if "StringValue" in value:
        attribute["stringValue"] = value["StringValue"]
    if "BinaryValue" in value:
        attribute["binaryValue"] = base64.b64encode(value["BinaryValue"]).decode()
    return attribute
