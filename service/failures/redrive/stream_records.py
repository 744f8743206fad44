"""Reads again exactly the records that a stream's on-failure destination names, in the shape that Lambda gives them.

It must not decide what happens to them. A stream forgets: Kinesis after its retention period, DynamoDB after a day.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from service.failures.redrive.failure import GivenUpRecords

if TYPE_CHECKING:
    from mypy_boto3_dynamodbstreams import DynamoDBStreamsClient
    from mypy_boto3_kinesis import KinesisClient

EMPTY_PAGES = 20
"""After so many answers without a record we stop: GetRecords may answer none although there are some further on."""

_BEGINNING_FORGOTTEN = ("TrimmedDataAccessException", "InvalidArgumentException")
_ALL_FORGOTTEN = "ResourceNotFoundException"


@dataclass(frozen=True, kw_only=True)
class FoundRecords:
    """`records` as in a Lambda event's `Records`, in the stream's order; the ends say whether all are still there."""

    records: Sequence[Mapping[str, Any]]
    begins: bool
    ends: bool


@dataclass(frozen=True, kw_only=True)
class _Page:
    records: Sequence[tuple[int, Mapping[str, Any]]]
    next_iterator: str | None
    is_latest: bool


def kinesis_records(kinesis: KinesisClient, given_up: GivenUpRecords, *, invoked_by: str) -> FoundRecords:
    """`invoked_by` is the ARN that stands as invokeIdentityArn, where Lambda names the function's role."""
    region = given_up.stream_arn.split(":")[3]

    def iterator(*, at_first: bool) -> str:
        if at_first:
            return kinesis.get_shard_iterator(
                StreamARN=given_up.stream_arn,
                ShardId=given_up.shard_id,
                ShardIteratorType="AT_SEQUENCE_NUMBER",
                StartingSequenceNumber=given_up.first,
            )["ShardIterator"]
        return kinesis.get_shard_iterator(
            StreamARN=given_up.stream_arn, ShardId=given_up.shard_id, ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]

    def page(at: str) -> _Page:
        answer = kinesis.get_records(StreamARN=given_up.stream_arn, ShardIterator=at)
        return _Page(
            records=[(int(found["SequenceNumber"]), event_of(found)) for found in answer["Records"]],
            next_iterator=answer.get("NextShardIterator"),
            is_latest=answer.get("MillisBehindLatest") == 0,
        )

    def event_of(record: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "kinesis": {
                "kinesisSchemaVersion": "1.0",
                "partitionKey": record["PartitionKey"],
                "sequenceNumber": record["SequenceNumber"],
                "data": base64.b64encode(record["Data"]).decode(),
                "approximateArrivalTimestamp": record["ApproximateArrivalTimestamp"].timestamp(),
            },
            "eventSource": "aws:kinesis",
            "eventVersion": "1.0",
            "eventID": f"{given_up.shard_id}:{record['SequenceNumber']}",
            "eventName": "aws:kinesis:record",
            "invokeIdentityArn": invoked_by,
            "awsRegion": region,
            "eventSourceARN": given_up.stream_arn,
        }

    return _read(given_up, iterator, page)


def dynamodb_records(streams: DynamoDBStreamsClient, given_up: GivenUpRecords) -> FoundRecords:
    def iterator(*, at_first: bool) -> str:
        if at_first:
            return streams.get_shard_iterator(
                StreamArn=given_up.stream_arn,
                ShardId=given_up.shard_id,
                ShardIteratorType="AT_SEQUENCE_NUMBER",
                SequenceNumber=given_up.first,
            )["ShardIterator"]
        return streams.get_shard_iterator(
            StreamArn=given_up.stream_arn, ShardId=given_up.shard_id, ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]

    def page(at: str) -> _Page:
        answer = streams.get_records(ShardIterator=at)
        return _Page(
            records=[(int(found["dynamodb"]["SequenceNumber"]), event_of(found)) for found in answer["Records"]],
            next_iterator=answer.get("NextShardIterator"),
            is_latest=False,  # DynamoDB does not say
        )

    def event_of(record: Mapping[str, Any]) -> dict[str, Any]:
        event = {**_plain(record), "eventSourceARN": given_up.stream_arn}
        if "userIdentity" in event:  # a deletion by the time to live
            event["userIdentity"] = {name[0].lower() + name[1:]: value for name, value in event["userIdentity"].items()}
        return event

    return _read(given_up, iterator, page)


def _read(given_up: GivenUpRecords, iterator: Callable[..., str], page: Callable[[str], _Page]) -> FoundRecords:
    first, last = int(given_up.first), int(given_up.last)  # they count, with or without zeros before them
    found: list[tuple[int, Mapping[str, Any]]] = []
    at = _start(iterator)
    empty_pages = 0
    while at is not None and empty_pages < EMPTY_PAGES:
        answer = page(at)
        found += [record for record in answer.records if first <= record[0] <= last]
        if answer.records and answer.records[-1][0] >= last:
            break
        if not answer.records and answer.is_latest:
            break
        empty_pages = 0 if answer.records else empty_pages + 1
        at = answer.next_iterator
    return FoundRecords(
        records=[record for _, record in found],
        begins=bool(found) and found[0][0] == first,
        ends=bool(found) and found[-1][0] == last,
    )


def _start(iterator: Callable[..., str]) -> str | None:
    """Where to begin: at the first record, else at the oldest that there is; None when stream or shard are gone."""
    try:
        try:
            return iterator(at_first=True)
        except ClientError as exc:
            if exc.response["Error"]["Code"] not in _BEGINNING_FORGOTTEN:
                raise
            return iterator(at_first=False)
    except ClientError as exc:
        if exc.response["Error"]["Code"] != _ALL_FORGOTTEN:
            raise
        return None


def _plain(value: Any) -> Any:
    """What boto3 answers as the JSON of a Lambda event: times in seconds, bytes in base64."""
    match value:
        case Mapping():
            return {name: _plain(inner) for name, inner in value.items()}
        case list():
            return [_plain(inner) for inner in value]
        case bytes():
            return base64.b64encode(value).decode()
        case datetime():
            return value.timestamp()
        case _:
            return value
