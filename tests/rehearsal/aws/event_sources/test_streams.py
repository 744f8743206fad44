"""Kinesis and DynamoDB streams, from a real MiniStack to functions that run."""

from __future__ import annotations

import json
import threading
import time
import zlib
from itertools import pairwise
from typing import Any

import pytest

from rehearsal.aws.event_sources import lane
from rehearsal.aws.event_sources.bell import pause_until
from rehearsal.aws.resource import ResourceFailed
from rehearsal.machine.clock import Clock
from tests.rehearsal.aws.event_sources.polled_aws import CONSUMER, PolledAws, request, unique
from tests.rehearsal.aws.lambda_host.local_aws import ACCOUNT, REGION

FROM_ANYBODY = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}]}  # fmt: skip


def table(aws: PolledAws, name: str) -> str:
    """A table's stream."""
    dynamodb = aws.client("dynamodb")
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    return str(dynamodb.describe_table(TableName=name)["Table"]["LatestStreamArn"])


def test_kinesis_records_reach_the_function_as_lambda_hands_them_over(aws: PolledAws) -> None:
    stream, consumer = aws.stream("payload"), aws.consumer("payload")
    aws.map(stream, consumer, BatchSize=10)

    aws.put(stream, "one")

    (invocation,) = aws.eventually(lambda: consumer.invocations)
    (record,) = invocation["event"]["Records"]
    arrival = record["kinesis"].pop("approximateArrivalTimestamp")
    number = record["kinesis"].pop("sequenceNumber")
    assert abs(arrival - time.time()) < 60
    assert record == {
        "kinesis": {"kinesisSchemaVersion": "1.0", "partitionKey": "key", "data": "b25l"},
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"shardId-000000000000:{number}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": f"arn:aws:iam::{ACCOUNT}:role/payload-role",
        "awsRegion": REGION,
        "eventSourceARN": stream,
    }


def test_changes_of_a_table_reach_the_function_as_lambda_hands_them_over(aws: PolledAws) -> None:
    stream, consumer = table(aws, "changed"), aws.consumer("changed")
    aws.map(stream, consumer, BatchSize=10)

    item = {"id": {"S": "a"}, "blob": {"B": b"\x00\x01"}, "nested": {"L": [{"M": {"n": {"N": "1"}}}]}}
    aws.client("dynamodb").put_item(TableName="changed", Item=item)

    (invocation,) = aws.eventually(lambda: consumer.invocations)
    (record,) = invocation["event"]["Records"]
    change = record.pop("dynamodb")
    assert record.pop("eventID")
    assert record == {
        "eventName": "INSERT",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": REGION,
        "eventSourceARN": stream,
    }
    assert abs(change.pop("ApproximateCreationDateTime") - time.time()) < 60
    assert int(change.pop("SequenceNumber")) > 0
    assert "SizeBytes" in change  # 0 in MiniStack
    del change["SizeBytes"]
    assert change == {
        "Keys": {"id": {"S": "a"}},
        "NewImage": {"id": {"S": "a"}, "blob": {"B": "AAE="}, "nested": {"L": [{"M": {"n": {"N": "1"}}}]}},
        "StreamViewType": "NEW_AND_OLD_IMAGES",
    }


@pytest.mark.parametrize("reports", [False, True])
def test_only_the_poison_reaches_the_destination_when_batches_are_bisected(aws: PolledAws, reports: bool) -> None:
    name = f"poison-{reports}"
    stream, consumer = aws.stream(name), aws.consumer(name, reports=reports)
    destination, destination_arn = aws.queue(name)
    bodies = ["a", "b", "c", "poison", "d", "e", "f"]
    aws.put(stream, *bodies)
    records = {"FunctionResponseTypes": ["ReportBatchItemFailures"]} if reports else {}

    aws.map(
        stream,
        consumer,
        BatchSize=10,
        BisectBatchOnFunctionError="true",
        MaximumRetryAttempts=2,
        DestinationConfig={"OnFailure": {"Destination": destination_arn}},
        **records,
    )

    (record,) = aws.eventually(lambda: aws.messages(destination))
    aws.eventually(lambda: consumer.batches[-1][-1] == "f")
    poisons = [batch for batch in consumer.batches if "poison" in batch]
    assert [batch for batch in poisons if batch == ["poison"]] == [["poison"]] * 3
    assert processed_of(consumer.invocations, reports=reports) == ["a", "b", "c", "d", "e", "f"]
    assert record["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert record["requestContext"]["functionArn"] == consumer.alias
    assert record["requestContext"]["approximateInvokeCount"] == len(poisons)
    assert record["responseContext"] == {
        "statusCode": 200,
        "executedVersion": "1",
        "functionError": None if reports else "Unhandled",
    }
    info = record["KinesisBatchInfo"]
    assert info["batchSize"] == 1
    assert info["startSequenceNumber"] == info["endSequenceNumber"] == sequence_number(consumer.invocations, "poison")
    assert (info["shardId"], info["streamArn"]) == ("shardId-000000000000", stream)
    assert info["approximateArrivalOfFirstRecord"] == info["approximateArrivalOfLastRecord"]


def processed_of(invocations: list[dict[str, Any]], *, reports: bool) -> list[str]:
    """What the function did, in order: what came before the first poison of a report, and batches without one."""
    done: list[str] = []
    for invocation in invocations:
        bodies = invocation["bodies"]
        if "poison" not in bodies:
            done += bodies
        elif reports:
            done += bodies[: bodies.index("poison")]
    return done


def sequence_number(invocations: list[dict[str, Any]], body: str) -> str:
    for invocation in invocations:
        if body in invocation["bodies"]:
            record = invocation["event"]["Records"][invocation["bodies"].index(body)]
            return str(record["kinesis"]["sequenceNumber"])
    raise AssertionError(f"{body} never came")


def test_a_batch_goes_whole_to_the_destination_when_nothing_is_bisected(aws: PolledAws) -> None:
    stream, consumer = table(aws, "whole"), aws.consumer("whole")
    destination, destination_arn = aws.queue("whole")
    for key in ("a", "poison", "b"):
        aws.client("dynamodb").put_item(TableName="whole", Item={"id": {"S": key}})

    aws.map(stream, consumer, MaximumRetryAttempts=1, DestinationConfig={"OnFailure": {"Destination": destination_arn}})

    (record,) = aws.eventually(lambda: aws.messages(destination))
    assert consumer.batches == [["a", "poison", "b"]] * 2
    assert record["requestContext"]["approximateInvokeCount"] == 2
    assert record["DDBStreamBatchInfo"]["batchSize"] == 3
    assert record["DDBStreamBatchInfo"]["streamArn"] == stream
    aws.client("dynamodb").put_item(TableName="whole", Item={"id": {"S": "c"}})
    aws.eventually(lambda: consumer.bodies[-1] == "c")


def test_records_that_are_too_old_go_to_the_destination_and_the_shard_goes_on(aws: PolledAws) -> None:
    stream, consumer = aws.stream("old"), aws.consumer("old")
    topic = aws.client("sns").create_topic(Name="old")["TopicArn"]
    inbox, inbox_arn = aws.queue("old-inbox", Policy=json.dumps(FROM_ANYBODY))
    aws.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=inbox_arn)
    aws.map(
        stream,
        consumer,
        MaximumRecordAgeInSeconds=240,
        DestinationConfig={"OnFailure": {"Destination": topic}},
    )
    began = aws.cloud.clock.now()

    aws.put(stream, "poison")

    (notification,) = aws.eventually(lambda: aws.messages(inbox))
    record = json.loads(notification["Message"])
    assert record["requestContext"]["condition"] == "RecordAgeExceeded"
    assert record["requestContext"]["approximateInvokeCount"] == len(consumer.batches) >= 2
    assert aws.cloud.clock.now() - began >= 240
    aws.put(stream, "fresh")
    aws.eventually(lambda: consumer.bodies[-1] == "fresh")


def test_a_function_killed_in_the_middle_of_a_batch_gets_it_again(aws: PolledAws) -> None:
    stream, consumer = aws.stream("killed"), aws.consumer("killed")
    aws.put(stream, "a", "kill", "b")

    aws.map(stream, consumer)

    aws.eventually(lambda: len(consumer.batches) == 2)
    assert consumer.batches == [["a", "kill", "b"]] * 2


def test_both_versions_behind_a_weighted_alias_get_batches_and_metrics(aws: PolledAws) -> None:
    stream, consumer = aws.stream("weighted"), aws.consumer("weighted")
    aws.local.publish("weighted", CONSUMER + "\n# the next version\n")
    aws.client("lambda").update_alias(
        FunctionName="weighted",
        Name="live",
        FunctionVersion="1",
        RoutingConfig={"AdditionalVersionWeights": {"2": 0.5}},
    )
    aws.map(stream, consumer, BatchSize=1)

    aws.put(stream, *(str(number) for number in range(20)))

    aws.eventually(lambda: len(consumer.bodies) == 20)
    assert consumer.bodies == [str(number) for number in range(20)]
    assert {invocation["version"] for invocation in consumer.invocations} == {"1", "2"}
    for version in ("1", "2"):
        dimensions = {"FunctionName": "weighted", "Resource": "weighted:live", "ExecutedVersion": version}
        assert aws.metric("AWS/Lambda", "IteratorAge", **dimensions)
        assert aws.metric("AWS/Lambda", "Invocations", **dimensions)


def test_record_that_waits_has_its_age_in_each_minute_when_its_lane_is_slow(
    aws: PolledAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow_pause(clock: Clock, until: float, *, stop: threading.Event) -> None:
        stop.wait(0.3)  # three minutes, where nothing waits for the lane
        pause_until(clock, until, stop=stop)

    monkeypatch.setattr(lane, "pause_until", slow_pause)
    stream, consumer = aws.stream("waiting"), aws.consumer("waiting")
    aws.map(stream, consumer)

    aws.put(stream, "poison")

    dimensions = {"FunctionName": "waiting", "Resource": "waiting:live"}
    aws.eventually(lambda: len(aws.metric("AWS/Lambda", "IteratorAge", **dimensions)) >= 6)
    ages = aws.metric("AWS/Lambda", "IteratorAge", **dimensions)
    assert max(later - earlier for earlier, later in pairwise(ages)) < 120_000


def test_parallel_lanes_keep_the_order_of_each_key_and_a_stuck_one_holds_up_no_other(aws: PolledAws) -> None:
    stream, consumer = aws.stream("lanes"), aws.consumer("lanes")
    aws.map(stream, consumer, BatchSize=5, ParallelizationFactor=4)
    bodies = [f"{key}-{number}" for number in range(10) for key in "abcdefgh"]

    aws.put(stream, "poison-x", *bodies, key=lambda body: body.split("-")[0])

    free = [key for key in "abcdefgh" if lane_of(key, 4) != lane_of("poison", 4)]
    aws.eventually(lambda: all(f"{key}-9" in consumer.bodies for key in free))
    for key in free:
        assert [body for body in consumer.bodies if body.startswith(key)] == [f"{key}-{n}" for n in range(10)]
    assert len(free) < len("abcdefgh")  # some share the lane of the poison, and wait behind it
    aws.eventually(lambda: consumer.bodies.count("poison-x") >= 3)
    assert not {body[0] for body in consumer.bodies if body[0] not in free} - {"p", *stuck_with(consumer.batches)}


def lane_of(key: str, count: int) -> int:
    return zlib.crc32(key.encode()) % count


def stuck_with(batches: list[list[str]]) -> set[str]:
    """The keys in the batch of the poison."""
    return {body[0] for batch in batches if "poison-x" in batch for body in batch}


def test_a_changed_mapping_goes_on_where_the_old_one_stopped(aws: PolledAws) -> None:
    stream, consumer = aws.stream("changing"), aws.consumer("changing")
    mapping = aws.map(stream, consumer, BatchSize=2)
    sent: list[str] = []

    for size in (1, 3, 5):
        more = [f"{size}-{number}" for number in range(20)]
        aws.put(stream, *more)
        sent += more
        changed = request(
            {**mapping.properties, "BatchSize": str(size), "ParallelizationFactor": "2"},
            physical_id=mapping.physical_id,
            old_properties=mapping.properties,
        )
        assert aws.sources.update(changed).physical_id == mapping.physical_id

    aws.eventually(lambda: len(consumer.bodies) >= len(sent))
    assert consumer.bodies == sent


def test_a_disabled_mapping_reads_nothing_until_it_is_enabled(aws: PolledAws) -> None:
    stream, consumer = aws.stream("disabled"), aws.consumer("disabled")
    mapping = aws.map(stream, consumer, Enabled="false")
    aws.put(stream, "a")
    enabled = request({**mapping.properties, "Enabled": "true"}, physical_id=mapping.physical_id,
                      old_properties=mapping.properties)  # fmt: skip
    before = consumer.batches

    aws.sources.update(enabled)

    aws.eventually(lambda: consumer.batches == [["a"]])
    assert before == []


def test_a_deleted_mapping_leaves_no_poller_and_no_work(aws: PolledAws) -> None:
    stream, consumer = aws.stream("deleted"), aws.consumer("deleted")
    mapping = aws.map(stream, consumer)
    aws.put(stream, "a")
    aws.eventually(lambda: consumer.bodies == ["a"])

    aws.sources.delete(mapping)
    aws.put(stream, "b")

    aws.eventually(lambda: not aws.cloud.clock.unfinished_work())
    aws.map(stream, consumer)
    aws.eventually(lambda: consumer.bodies == ["a", "a", "b"])


def test_what_is_written_in_an_aws_minute_is_work_of_that_minute(aws: PolledAws) -> None:
    stream, consumer = aws.stream("minute"), aws.consumer("minute")
    aws.map(stream, consumer)
    aws.put(stream, "warm")
    aws.eventually(lambda: consumer.bodies)
    aws.eventually(lambda: not aws.cloud.clock.unfinished_work())

    aws.put(stream, "a")
    work = aws.cloud.clock.unfinished_work()

    assert any("minute" in name for name in work)
    aws.eventually(lambda: not aws.cloud.clock.unfinished_work())
    assert consumer.bodies == ["warm", "a"]


def test_a_role_that_may_not_read_the_stream_fails_the_resource(aws: PolledAws) -> None:
    stream = aws.stream("forbidden")
    consumer = aws.consumer("forbidden", role=aws.local.role("forbidden-role"))

    with pytest.raises(ResourceFailed, match="not authorized to perform: kinesis:ListShards"):
        aws.map(stream, consumer)

    with pytest.raises(ResourceFailed, match="not authorized"):  # and no half of it is left
        aws.map(stream, consumer)


def test_a_role_that_may_read_another_tables_stream_only_fails_the_resource(aws: PolledAws) -> None:
    stream, other = table(aws, "mine"), table(aws, "other")
    reading = allow("dynamodb", ["DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"], other)
    consumer = aws.consumer("misgranted", role=aws.local.role("misgranted-role", reading))

    with pytest.raises(ResourceFailed, match=f"Cannot access stream {stream}. Please ensure the role can perform"):
        aws.map(stream, consumer)


def test_a_role_with_the_grants_of_the_cdk_for_these_resources_only_is_enough(aws: PolledAws) -> None:
    kinesis, dynamodb = aws.stream("granted"), table(aws, "granted")
    queue, queue_arn = aws.queue("granted", VisibilityTimeout="60")
    destination, destination_arn = aws.queue("granted-destination")
    reading_kinesis = ["DescribeStream", "DescribeStreamSummary", "GetRecords", "GetShardIterator", "ListShards"]
    reading_dynamodb = ["DescribeStream", "GetRecords", "GetShardIterator"]
    receiving = ["ReceiveMessage", "ChangeMessageVisibility", "GetQueueUrl", "DeleteMessage", "GetQueueAttributes"]
    role = aws.local.role(
        "granted-role",
        allow("kinesis", reading_kinesis, kinesis),
        allow("dynamodb", reading_dynamodb, dynamodb),
        allow("dynamodb", ["ListStreams"], "*"),
        allow("sqs", receiving, queue_arn),
        allow("sqs", ["SendMessage"], destination_arn),
    )
    consumer = aws.consumer("granted", role=role)
    on_failure = {"DestinationConfig": {"OnFailure": {"Destination": destination_arn}}, "MaximumRetryAttempts": 0}
    for source in (kinesis, dynamodb):
        aws.map(source, consumer, **on_failure)
    aws.map(queue_arn, consumer)

    aws.put(kinesis, "poison-k")
    aws.client("dynamodb").put_item(TableName="granted", Item={"id": {"S": "poison-d"}})
    aws.client("sqs").send_message(QueueUrl=queue, MessageBody="q")

    aws.eventually(lambda: sorted(consumer.bodies) == ["poison-d", "poison-k", "q"])
    given_up: set[str] = set()

    def all_given_up() -> bool:
        given_up.update(key for record in aws.messages(destination) for key in record if key.endswith("BatchInfo"))
        return len(given_up) == 2

    aws.eventually(all_given_up)
    assert given_up == {"DDBStreamBatchInfo", "KinesisBatchInfo"}


def allow(service: str, actions: list[str], resource: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": [f"{service}:{action}" for action in actions], "Resource": resource}


def test_a_destination_that_the_role_may_not_write_to_shows_in_its_metric_and_blocks_nothing(aws: PolledAws) -> None:
    stream = aws.stream("unwritable")
    reading = {"Effect": "Allow", "Action": "kinesis:*", "Resource": "*"}
    consumer = aws.consumer("unwritable", role=aws.local.role("unwritable-role", reading))
    _, destination_arn = aws.queue("unwritable")
    aws.put(stream, "poison", "a")

    aws.map(
        stream,
        consumer,
        BatchSize=1,
        MaximumRetryAttempts=0,
        DestinationConfig={"OnFailure": {"Destination": destination_arn}},
    )

    aws.eventually(lambda: consumer.bodies == ["poison", "a"])
    assert aws.metric(
        "AWS/Lambda", "DestinationDeliveryFailures", FunctionName="unwritable", Resource="unwritable:live"
    ) == [1.0]


def test_a_second_mapping_of_the_same_source_and_function_is_refused(aws: PolledAws) -> None:
    stream, consumer = aws.stream("twin"), aws.consumer(unique("twin"))
    aws.map(stream, consumer)

    with pytest.raises(ResourceFailed, match="already exists"):
        aws.map(stream, consumer)
