"""What Lambda tells an on-failure destination of stream records that it gave up: where they are, not what they hold.

It must not send it. Source: the example records of "Retain discarded batch records for a Kinesis Data Streams event
source in Lambda" and of the page on DynamoDB.
"""

from __future__ import annotations

import uuid
from typing import Any

from rehearsal.aws.event_sources.batch import Batch, Condition
from rehearsal.aws.event_sources.mapping import EventSourceMapping, SourceKind
from rehearsal.aws.lambda_host.destination import timestamp
from rehearsal.aws.lambda_host.function import InvocationResult

_INFO = {SourceKind.KINESIS: "KinesisBatchInfo", SourceKind.DYNAMODB: "DDBStreamBatchInfo"}


def failure_record(
    mapping: EventSourceMapping,
    batch: Batch,
    condition: Condition,
    *,
    shard_id: str,
    last_result: InvocationResult | None,
    wall: float,
) -> dict[str, Any]:
    """`last_result` is the batch's last invocation, None when there was none; times are wall-clock times."""
    record: dict[str, Any] = {
        "requestContext": {
            "requestId": last_result.request_id if last_result else str(uuid.uuid4()),
            "functionArn": str(mapping.function),
            "condition": condition.value,
            "approximateInvokeCount": batch.invocations,
        }
    }
    if last_result is not None:
        record["responseContext"] = {
            "statusCode": 200,
            "executedVersion": last_result.version,
            "functionError": last_result.function_error,
        }
    first, last = batch.records[0], batch.records[-1]
    return {
        **record,
        "version": "1.0",
        "timestamp": timestamp(wall),
        _INFO[mapping.kind]: {
            "shardId": shard_id,
            "startSequenceNumber": first.sequence_number,
            "endSequenceNumber": last.sequence_number,
            "approximateArrivalOfFirstRecord": timestamp(first.arrived_at),
            "approximateArrivalOfLastRecord": timestamp(last.arrived_at),
            "batchSize": len(batch.records),
            "streamArn": mapping.source_arn,
        },
    }
