"""What the streams answer that moto does not: records that are gone, pages without any."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import ANY, Stubber

from service.failures.redrive.failure import GivenUpRecords
from service.failures.redrive.stream_records import EMPTY_PAGES, FoundRecords, dynamodb_records, kinesis_records

STREAM = "arn:aws:kinesis:eu-west-1:222222222222:stream/telemetry"
SHARD = "shardId-00000001541626099285-f35f62ef"
TABLE_STREAM = "arn:aws:dynamodb:eu-west-1:222222222222:table/cars/stream/2026-11-25T00:00:00.000"


def number(n: int) -> str:
    """A sequence number as long as DynamoDB's are."""
    return f"{n:021d}"


def given_up(stream_arn: str) -> GivenUpRecords:
    return GivenUpRecords(
        function_arn="arn:aws:lambda:eu-west-1:222222222222:function:f",
        stream_arn=stream_arn,
        shard_id=SHARD,
        first=number(10),
        last=number(30),
        count=3,
        error="RetryAttemptsExhausted",
    )


def record(n: int) -> dict[str, Any]:
    return {
        "SequenceNumber": number(n),
        "Data": b"\xff",
        "PartitionKey": "car-1",
        "ApproximateArrivalTimestamp": datetime(2026, 11, 25, tzinfo=UTC),
    }


def change(n: int, **more: Any) -> dict[str, Any]:
    return {"eventID": f"{n}", "eventName": "MODIFY", "dynamodb": {"SequenceNumber": number(n)}, **more}


def read_kinesis(*pages: dict[str, Any]) -> FoundRecords:
    client = boto3.client("kinesis")
    with Stubber(client) as stubber:
        stubber.add_response(
            "get_shard_iterator",
            {"ShardIterator": "0"},
            {
                "StreamARN": STREAM,
                "ShardId": SHARD,
                "ShardIteratorType": "AT_SEQUENCE_NUMBER",
                "StartingSequenceNumber": number(10),
            },
        )
        for n, page in enumerate(pages):
            stubber.add_response("get_records", page, {"StreamARN": STREAM, "ShardIterator": str(n)})
        found = kinesis_records(client, given_up(STREAM), invoked_by="arn:aws:iam::222222222222:user/me")
        stubber.assert_no_pending_responses()
    return found


def sequence_numbers(found: FoundRecords) -> list[int]:
    return [int(event["kinesis"]["sequenceNumber"]) for event in found.records]


def test_reading_goes_on_over_empty_pages_up_to_the_last_record() -> None:
    found = read_kinesis(
        {"Records": [record(10)], "NextShardIterator": "1", "MillisBehindLatest": 9000},
        {"Records": [], "NextShardIterator": "2", "MillisBehindLatest": 9000},
        {"Records": [record(20), record(30), record(40)], "NextShardIterator": "3", "MillisBehindLatest": 0},
    )

    assert sequence_numbers(found) == [10, 20, 30]
    assert (found.begins, found.ends) == (True, True)


def test_record_is_in_the_shape_that_lambda_gives_it() -> None:
    found = read_kinesis({"Records": [record(30)], "NextShardIterator": "1", "MillisBehindLatest": 0})

    assert found.records == [
        {
            "kinesis": {
                "kinesisSchemaVersion": "1.0",
                "partitionKey": "car-1",
                "sequenceNumber": number(30),
                "data": "/w==",
                "approximateArrivalTimestamp": datetime(2026, 11, 25, tzinfo=UTC).timestamp(),
            },
            "eventSource": "aws:kinesis",
            "eventVersion": "1.0",
            "eventID": f"{SHARD}:{number(30)}",
            "eventName": "aws:kinesis:record",
            "invokeIdentityArn": "arn:aws:iam::222222222222:user/me",
            "awsRegion": "eu-west-1",
            "eventSourceARN": STREAM,
        }
    ]


def test_beginning_that_the_stream_has_forgotten_is_seen() -> None:
    """Kinesis then begins at the oldest record that it has, and says nothing."""
    found = read_kinesis({"Records": [record(20), record(30)], "NextShardIterator": "1", "MillisBehindLatest": 0})

    assert sequence_numbers(found) == [20, 30]
    assert (found.begins, found.ends) == (False, True)


def test_reading_ends_at_the_end_of_the_stream_or_of_a_closed_shard() -> None:
    at_the_end = read_kinesis({"Records": [], "NextShardIterator": "1", "MillisBehindLatest": 0})
    closed = read_kinesis({"Records": [record(10)], "MillisBehindLatest": 5})

    assert (at_the_end.begins, at_the_end.ends) == (False, False)
    assert (closed.begins, closed.ends) == (True, False)


def test_reading_ends_when_there_is_no_end_of_empty_pages() -> None:
    pages = [{"Records": [], "NextShardIterator": str(n + 1), "MillisBehindLatest": 9} for n in range(EMPTY_PAGES)]

    assert read_kinesis(*pages).records == []


def read_dynamodb(*, refused: str | None, page: dict[str, Any] | None) -> FoundRecords:
    client = boto3.client("dynamodbstreams")
    asked = {"StreamArn": TABLE_STREAM, "ShardId": SHARD}
    with Stubber(client) as stubber:
        if refused:
            stubber.add_client_error("get_shard_iterator", refused)
        if page is not None:
            kind = {"ShardIteratorType": "TRIM_HORIZON"}
            if not refused:
                kind = {"ShardIteratorType": "AT_SEQUENCE_NUMBER", "SequenceNumber": number(10)}
            stubber.add_response("get_shard_iterator", {"ShardIterator": "0"}, {**asked, **kind})
            stubber.add_response("get_records", page, {"ShardIterator": ANY})
        found = dynamodb_records(client, given_up(TABLE_STREAM))
        stubber.assert_no_pending_responses()
    return found


def test_changes_are_read_from_the_oldest_on_when_the_first_is_trimmed() -> None:
    found = read_dynamodb(refused="TrimmedDataAccessException", page={"Records": [change(20), change(30)]})

    assert [event["eventID"] for event in found.records] == ["20", "30"]
    assert (found.begins, found.ends) == (False, True)


def test_shard_that_is_gone_has_no_changes() -> None:
    found = read_dynamodb(refused="ResourceNotFoundException", page=None)

    assert (list(found.records), found.begins, found.ends) == ([], False, False)


def test_other_refusals_are_not_taken_for_lost_records() -> None:
    with pytest.raises(ClientError, match="AccessDeniedException"):
        read_dynamodb(refused="AccessDeniedException", page=None)


def test_deletion_by_time_to_live_names_its_identity_as_lambda_does() -> None:
    identity = {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"}

    found = read_dynamodb(refused=None, page={"Records": [change(10, userIdentity=identity), change(30)]})

    assert found.records[0]["userIdentity"] == {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
    assert found.records[0]["eventSourceARN"] == TABLE_STREAM
    assert (found.begins, found.ends) == (True, True)
