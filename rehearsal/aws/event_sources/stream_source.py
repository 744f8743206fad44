"""Streams as a poller reads them: shards, and pages of records from a place on. Kinesis and DynamoDB differ only here.

It must not know batches or functions. Source: the APIs of Kinesis Data Streams and DynamoDB Streams.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import boto3

from rehearsal.aws.event_sources.batch import StreamRecord
from rehearsal.aws.event_sources.execution_role import AccessDenied, ExecutionRole, ExecutionRoles
from rehearsal.aws.event_sources.mapping import EventSourceMapping, SourceKind
from rehearsal.aws.event_sources.records import dynamodb_record, kinesis_record

TRIM_HORIZON = "TRIM_HORIZON"
_DYNAMODB_ACTIONS = tuple(
    f"dynamodb:{name}" for name in ("GetRecords", "GetShardIterator", "DescribeStream", "ListStreams")
)
_AFTER = "AFTER_SEQUENCE_NUMBER"


@dataclass(frozen=True)
class Shard:
    shard_id: str
    parents: tuple[str, ...] = ()


@dataclass(frozen=True)
class Position:
    """A starting position, or the place after a record."""

    starting_position: str = TRIM_HORIZON
    timestamp: float | None = None
    after: str | None = None


@dataclass(frozen=True)
class Page:
    """`next_iterator` is None at the end of a closed shard."""

    records: Sequence[StreamRecord]
    next_iterator: str | None


class StreamSource(Protocol):
    """Every method raises botocore's ClientError or AccessDenied, where the function's role may not do it."""

    largest_page: int

    def shards(self) -> Sequence[Shard]: ...

    def iterator(self, shard_id: str, position: Position) -> str: ...

    def read(self, shard_id: str, iterator: str, limit: int) -> Page: ...


class KinesisSource:
    largest_page = 10_000

    def __init__(self, mapping: EventSourceMapping, roles: ExecutionRoles) -> None:
        self._mapping = mapping
        self._roles = roles

    def shards(self) -> Sequence[Shard]:
        client, _ = self._client()
        found: list[Shard] = []
        token: dict[str, str] = {"StreamARN": self._mapping.source_arn}
        while token:
            answer = client.list_shards(**token)
            for shard in answer["Shards"]:
                parents = (shard.get("ParentShardId"), shard.get("AdjacentParentShardId"))
                found.append(Shard(shard["ShardId"], tuple(parent for parent in parents if parent)))
            token = {"NextToken": answer["NextToken"]} if answer.get("NextToken") else {}
        return found

    def iterator(self, shard_id: str, position: Position) -> str:
        client, _ = self._client()
        where: dict[str, Any] = {"ShardIteratorType": position.starting_position}
        if position.after is not None:
            where = {"ShardIteratorType": _AFTER, "StartingSequenceNumber": position.after}
        elif position.timestamp is not None:
            where["Timestamp"] = position.timestamp
        answer = client.get_shard_iterator(StreamARN=self._mapping.source_arn, ShardId=shard_id, **where)
        return str(answer["ShardIterator"])

    def read(self, shard_id: str, iterator: str, limit: int) -> Page:
        client, role = self._client()
        answer = client.get_records(ShardIterator=iterator, Limit=limit, StreamARN=self._mapping.source_arn)
        records = [
            kinesis_record(
                record,
                shard_id=shard_id,
                stream_arn=self._mapping.source_arn,
                region=self._mapping.source_place[1],
                role_arn=role.arn,
            )
            for record in answer["Records"]
        ]
        return Page(records, answer.get("NextShardIterator"))

    def _client(self) -> tuple[Any, ExecutionRole]:
        role = self._roles.of(self._mapping.function)
        return role.session.client("kinesis"), role


class DynamoDbSource:
    """Reads as the account's root, if the role may: to the emulator, these calls are about no resource at all."""

    largest_page = 1000

    def __init__(self, mapping: EventSourceMapping, roles: ExecutionRoles, stream_owner: boto3.Session) -> None:
        self._mapping = mapping
        self._roles = roles
        self._stream_owner = stream_owner

    def shards(self) -> Sequence[Shard]:
        client = self._client()
        found: list[Shard] = []
        start: dict[str, str] = {}
        while True:
            stream = client.describe_stream(StreamArn=self._mapping.source_arn, **start)["StreamDescription"]
            for shard in stream["Shards"]:
                parent = shard.get("ParentShardId")
                found.append(Shard(shard["ShardId"], (parent,) if parent else ()))
            if not stream.get("LastEvaluatedShardId"):
                return found
            start = {"ExclusiveStartShardId": stream["LastEvaluatedShardId"]}

    def iterator(self, shard_id: str, position: Position) -> str:
        where: dict[str, Any] = {"ShardIteratorType": position.starting_position}
        if position.after is not None:
            where = {"ShardIteratorType": _AFTER, "SequenceNumber": position.after}
        answer = self._client().get_shard_iterator(StreamArn=self._mapping.source_arn, ShardId=shard_id, **where)
        return str(answer["ShardIterator"])

    def read(self, shard_id: str, iterator: str, limit: int) -> Page:
        answer = self._client().get_records(ShardIterator=iterator, Limit=limit)
        records = [dynamodb_record(record, stream_arn=self._mapping.source_arn) for record in answer["Records"]]
        return Page(records, answer.get("NextShardIterator"))

    def _client(self) -> Any:
        role = self._roles.of(self._mapping.function)
        if denied := self._roles.denied(role, _DYNAMODB_ACTIONS, self._mapping.source_arn):
            raise AccessDenied(
                f"Cannot access stream {self._mapping.source_arn}. Please ensure the role can perform the GetRecords, "
                "GetShardIterator, DescribeStream, and ListStreams Actions on your stream in IAM. "
                f"{role.arn} may not perform {', '.join(denied)}."
            )
        return self._stream_owner.client("dynamodbstreams")


def stream_source(mapping: EventSourceMapping, roles: ExecutionRoles, stream_owner: boto3.Session) -> StreamSource:
    """`stream_owner` is the root of the stream's account."""
    if mapping.kind is SourceKind.KINESIS:
        return KinesisSource(mapping, roles)
    return DynamoDbSource(mapping, roles, stream_owner)
