"""A message is deleted after it was handled and never before, whatever its kind, and however a run ends."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, cast

import boto3
import pytest
from botocore.exceptions import ClientError

from service.failures.redrive.errors import AccessRefused
from service.failures.redrive.failure_kind import FailureKind
from service.failures.redrive.remedy import Aws
from service.failures.redrive.run import Ending, Mode, Pace
from tests.service.failures.redrive.conftest import (
    LIVE,
    SOURCES,
    Failures,
    FakeFunctions,
    failures,
    go_through,
    invocation_record,
)

ACCOUNT = "123456789012"
EVENT = {"id": "event-1", "source": "acs.acm", "detail": {"car": {"latitude": 52.5}}}


@dataclass(frozen=True)
class Prepared:
    """A queue with one message in it, and how often its failure was handled since."""

    queue: Failures
    message_id: str
    handled: Callable[[], int]


def prepare_queue(aws: Aws, functions: FakeFunctions) -> Prepared:
    queue = failures(aws, FailureKind.QUEUE)
    source = aws.sqs.create_queue(QueueName="orders")["QueueUrl"]
    message_id = queue.add('{"order_id": "1"}', correlation_id="correlation-1")
    SOURCES[message_id] = f"arn:aws:sqs:eu-west-1:{ACCOUNT}:orders"

    def handled() -> int:
        received = aws.sqs.receive_message(QueueUrl=source, MaxNumberOfMessages=10, MessageAttributeNames=["All"])
        messages = received.get("Messages", [])
        for message in messages:
            assert message["Body"] == '{"order_id": "1"}'
            assert message["MessageAttributes"]["correlation_id"]["StringValue"] == "correlation-1"
        return len(messages)

    return Prepared(queue, message_id, handled)


def prepare_subscription(aws: Aws, functions: FakeFunctions) -> Prepared:
    queue = failures(aws, FailureKind.SUBSCRIPTION)
    topic = aws.sns.create_topic(Name="changes")["TopicArn"]
    aws.sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="operators@example.com")
    subscription = aws.sns.subscribe(
        TopicArn=topic,
        Protocol="lambda",
        Endpoint=LIVE,
        Attributes={"RedrivePolicy": json.dumps({"deadLetterTargetArn": queue.arn})},
        ReturnSubscriptionArn=True,
    )["SubscriptionArn"]
    notification = {
        "Type": "Notification",
        "MessageId": "message-1",
        "TopicArn": topic,
        "Message": json.dumps(EVENT),
        "Timestamp": "2026-11-25T00:00:00.000Z",
        "SignatureVersion": "1",
        "Signature": "c2ln",
        "SigningCertURL": "https://sns.eu-west-1.amazonaws.com/cert.pem",
        "UnsubscribeURL": "https://sns.eu-west-1.amazonaws.com/unsubscribe",
    }

    def handled() -> int:
        for called, event in functions.called_later:
            assert called == LIVE
            (record,) = event["Records"]
            assert record["EventSubscriptionArn"] == subscription
            assert (record["EventSource"], record["EventVersion"]) == ("aws:sns", "1.0")
            assert record["Sns"]["Message"] == json.dumps(EVENT)
            assert record["Sns"]["SigningCertUrl"].endswith("cert.pem")
            assert record["Sns"]["MessageAttributes"] == {}
        return len(functions.called_later)

    return Prepared(queue, queue.add(json.dumps(notification)), handled)


def prepare_rule(aws: Aws, functions: FakeFunctions) -> Prepared:
    queue = failures(aws, FailureKind.RULE)
    topic = aws.sns.create_topic(Name="changes")["TopicArn"]
    subscribed = aws.sqs.create_queue(QueueName="subscribed")["QueueUrl"]
    aws.sns.subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=f"arn:aws:sqs:eu-west-1:{ACCOUNT}:subscribed",
        Attributes={"RawMessageDelivery": "true"},
    )

    def handled() -> int:
        messages = aws.sqs.receive_message(QueueUrl=subscribed, MaxNumberOfMessages=10).get("Messages", [])
        assert all(json.loads(message["Body"]) == EVENT for message in messages)
        return len(messages)

    message_id = queue.add(
        json.dumps(EVENT),
        RULE_ARN=f"arn:aws:events:eu-west-1:{ACCOUNT}:rule/cars/notify",
        TARGET_ARN=topic,
        ERROR_CODE="NO_PERMISSIONS",
        ERROR_MESSAGE="not authorized to perform: sns:Publish",
    )
    return Prepared(queue, message_id, handled)


def prepare_function(aws: Aws, functions: FakeFunctions) -> Prepared:
    queue = failures(aws, FailureKind.FUNCTION)

    def handled() -> int:
        assert all(call == (LIVE, EVENT) for call in functions.called_later)
        return len(functions.called_later)

    body = invocation_record(requestPayload=EVENT, responsePayload={"errorType": "KeyError", "errorMessage": "52.5"})
    return Prepared(queue, queue.add(body), handled)


def put_records(aws: Aws) -> tuple[str, list[tuple[str, str]]]:
    """A stream with five records: its ARN, and the shard and sequence number of each."""
    aws.kinesis.create_stream(StreamName="telemetry", ShardCount=1)
    arn = aws.kinesis.describe_stream_summary(StreamName="telemetry")["StreamDescriptionSummary"]["StreamARN"]
    put = [aws.kinesis.put_record(StreamARN=arn, Data=f"{n}".encode(), PartitionKey=f"car-{n}") for n in range(5)]
    return arn, [(answer["ShardId"], answer["SequenceNumber"]) for answer in put]


def batch_info(arn: str, shard_id: str, first: str, last: str, count: int) -> dict[str, Any]:
    return {
        "shardId": shard_id,
        "startSequenceNumber": first,
        "endSequenceNumber": last,
        "approximateArrivalOfFirstRecord": "2026-11-25T00:00:00.000Z",
        "approximateArrivalOfLastRecord": "2026-11-25T00:00:00.000Z",
        "batchSize": count,
        "streamArn": arn,
    }


def prepare_kinesis(aws: Aws, functions: FakeFunctions) -> Prepared:
    queue = failures(aws, FailureKind.STREAM)
    arn, records = put_records(aws)
    info = batch_info(arn, records[1][0], records[1][1], records[3][1], 3)

    def handled() -> int:
        for called, event in functions.called:
            assert called == LIVE
            assert [base64.b64decode(found["kinesis"]["data"]) for found in event["Records"]] == [b"1", b"2", b"3"]
            assert event["Records"][0]["eventSourceARN"] == arn
        return len(functions.called)

    return Prepared(queue, queue.add(invocation_record(KinesisBatchInfo=info)), handled)


def prepare_dynamodb(aws: Aws, functions: FakeFunctions) -> Prepared:
    queue = failures(aws, FailureKind.STREAM)
    dynamodb = boto3.client("dynamodb")
    arn = dynamodb.create_table(
        TableName="cars",
        KeySchema=[{"AttributeName": "car_id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "car_id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )["TableDescription"]["LatestStreamArn"]
    for number in range(4):
        dynamodb.put_item(TableName="cars", Item={"car_id": {"S": f"car-{number}"}, "key": {"B": b"\xff"}})
    (shard,) = aws.dynamodb_streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
    iterator = aws.dynamodb_streams.get_shard_iterator(
        StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
    )
    read = aws.dynamodb_streams.get_records(ShardIterator=iterator["ShardIterator"])["Records"]
    numbers = [found["dynamodb"]["SequenceNumber"] for found in read]
    info = batch_info(arn, shard["ShardId"], numbers[1], numbers[2], 2)

    def handled() -> int:
        for called, event in functions.called:
            assert called == LIVE
            assert [found["dynamodb"]["Keys"]["car_id"]["S"] for found in event["Records"]] == ["car-1", "car-2"]
            assert [found["eventID"] for found in event["Records"]] == [found["eventID"] for found in read[1:3]]
            (first, _) = event["Records"]
            assert first["eventSourceARN"] == arn
            assert first["dynamodb"]["NewImage"]["key"] == {"B": "/w=="}
            assert first["dynamodb"]["ApproximateCreationDateTime"] > 1_700_000_000
        return len(functions.called)

    return Prepared(queue, queue.add(invocation_record(DDBStreamBatchInfo=info)), handled)


def prepare_record(aws: Aws, functions: FakeFunctions) -> Prepared:
    queue = failures(aws, FailureKind.RECORD)
    arn, records = put_records(aws)
    body = {
        "event_source_arn": arn,
        "partition_key": "car-x",
        "sequence_number": records[0][1],
        "data": base64.b64encode(b"\xff{").decode(),
        "reason": "It is not JSON.",
    }

    def handled() -> int:
        iterator = aws.kinesis.get_shard_iterator(
            StreamARN=arn, ShardId=records[0][0], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        found = aws.kinesis.get_records(ShardIterator=iterator, StreamARN=arn)["Records"]
        return sum((record["Data"], record["PartitionKey"]) == (b"\xff{", "car-x") for record in found)

    return Prepared(queue, queue.add(json.dumps(body)), handled)


CHANGE = {
    "eventID": "event-1",
    "eventName": "MODIFY",
    "dynamodb": {
        "Keys": {"car_id": {"S": "car-1"}},
        "NewImage": {"car_id": {"S": "car-1"}, "latitude": {"N": "952.5"}},
        "SequenceNumber": "4421584500000000017450439092",
    },
}


def set_aside_change(**more: Any) -> str:
    return json.dumps(
        {
            "function_arn": f"{LIVE.removesuffix(':live')}:7",
            "sequence_number": CHANGE["dynamodb"]["SequenceNumber"],  # type: ignore[index]
            "key": "car-1",
            "record": CHANGE,
            "is_cut_off": False,
            "reason": "NewImage: model: Field required",
            **more,
        }
    )


def prepare_change(aws: Aws, functions: FakeFunctions) -> Prepared:
    queue = failures(aws, FailureKind.CHANGE)

    def handled() -> int:
        assert all(call == (LIVE, {"Records": [CHANGE], "is_redrive": True}) for call in functions.called)
        return len(functions.called)

    return Prepared(queue, queue.add(set_aside_change()), handled)


KINDS = {
    "queue": prepare_queue,
    "subscription": prepare_subscription,
    "rule": prepare_rule,
    "function": prepare_function,
    "kinesis": prepare_kinesis,
    "dynamodb": prepare_dynamodb,
    "record": prepare_record,
    "change": prepare_change,
}


@pytest.fixture(params=list(KINDS.values()), ids=list(KINDS))
def prepared(request: pytest.FixtureRequest, aws: Aws, functions: FakeFunctions) -> Prepared:
    made: Prepared = request.param(aws, functions)
    return made


def test_failure_is_handled_once_and_its_message_deleted(prepared: Prepared, aws: Aws) -> None:
    (result,) = go_through(aws, prepared.queue)

    assert [(found.message.message_id, found.ending) for found in result.looked] == [
        (prepared.message_id, Ending.REDRIVEN)
    ]
    assert prepared.handled() == 1
    assert prepared.queue.counts() == (0, 0)


@pytest.mark.parametrize("mode", [Mode.DRY_RUN, Mode.LIST])
def test_looking_changes_nothing_and_gives_the_message_back(mode: Mode, prepared: Prepared, aws: Aws) -> None:
    (result,) = go_through(aws, prepared.queue, mode=mode)

    (looked,) = result.looked
    assert looked.ending is Ending.WAITS
    assert looked.failure is not None
    assert bool(looked.detail) is (mode is Mode.DRY_RUN)
    assert prepared.handled() == 0
    assert prepared.queue.counts() == (1, 0)


def test_failure_is_handled_twice_and_not_lost_when_a_run_ends_before_the_deletion(
    prepared: Prepared, aws: Aws, functions: FakeFunctions
) -> None:
    # given
    interrupted = replace(aws, sqs=cast(Any, EndedAtDeletion(aws.sqs)))
    # when
    with pytest.raises(KeyboardInterrupt):
        go_through(interrupted, prepared.queue)
    after_the_first = prepared.queue.counts()
    (result,) = go_through(aws, prepared.queue)
    # then
    assert after_the_first == (1, 0)
    assert result.count(Ending.REDRIVEN) == 1
    assert prepared.handled() == 2
    assert prepared.queue.counts() == (0, 0)


@pytest.mark.parametrize("kind", [kind for kind in FailureKind if kind is not FailureKind.QUEUE])
@pytest.mark.parametrize("body", ["", "not JSON", "[]", "{}", '{"requestContext": {}}'])
def test_unreadable_message_is_named_and_left_and_the_next_one_handled(
    kind: FailureKind, body: str, aws: Aws, functions: FakeFunctions
) -> None:
    # given
    prepare = {prepare_kinesis: FailureKind.STREAM, prepare_record: FailureKind.RECORD}
    prepare |= {prepare_rule: FailureKind.RULE, prepare_function: FailureKind.FUNCTION}
    prepare |= {prepare_subscription: FailureKind.SUBSCRIPTION, prepare_change: FailureKind.CHANGE}
    (made,) = (make(aws, functions) for make, of in prepare.items() if of is kind)
    unreadable = made.queue.add(body or " ")
    # when
    (result,) = go_through(aws, made.queue)
    # then
    endings = {found.message.message_id: found for found in result.looked}
    assert endings[made.message_id].ending is Ending.REDRIVEN
    assert endings[unreadable].ending is Ending.STAYS
    assert endings[unreadable].failure is None
    assert endings[unreadable].detail.startswith("unreadable: ")
    assert made.queue.counts() == (1, 0)


def test_what_fails_again_stays(aws: Aws, functions: FakeFunctions) -> None:
    made = [prepare_kinesis(aws, functions)]
    functions.fails = True

    (result,) = go_through(aws, made[0].queue)

    (looked,) = result.looked
    assert (looked.ending, looked.detail) == (Ending.STAYS, "still failing: It failed again.")
    assert made[0].queue.counts() == (1, 0)


def test_batch_of_which_a_record_fails_again_stays(aws: Aws, functions: FakeFunctions) -> None:
    made = prepare_dynamodb(aws, functions)
    functions.answer = {"batchItemFailures": [{"itemIdentifier": "42"}]}

    (result,) = go_through(aws, made.queue)

    assert result.looked[0].detail.startswith("still failing: The function still cannot handle the records from")
    assert ": 42." in result.looked[0].detail
    assert made.queue.counts() == (1, 0)


@pytest.mark.parametrize("answer", [None, {}, {"batchItemFailures": []}, {"batchItemFailures": None}, "done"])
def test_batch_is_handled_when_lambda_would_take_the_answer_for_a_success(
    answer: Any, aws: Aws, functions: FakeFunctions
) -> None:
    made = prepare_kinesis(aws, functions)
    functions.answer = answer

    (result,) = go_through(aws, made.queue)

    assert result.count(Ending.REDRIVEN) == 1


def test_records_that_have_left_the_stream_are_named_the_others_handled_and_the_message_stays(
    aws: Aws, functions: FakeFunctions
) -> None:
    # given
    queue = failures(aws, FailureKind.STREAM)
    arn, records = put_records(aws)
    beyond = str(int(records[-1][1]) + 1000)
    queue.add(invocation_record(KinesisBatchInfo=batch_info(arn, records[3][0], records[3][1], beyond, 9)))
    # when
    (result,) = go_through(aws, queue)
    # then
    ((_, event),) = functions.called
    assert [base64.b64decode(found["kinesis"]["data"]) for found in event["Records"]] == [b"3", b"4"]
    assert result.looked[0].detail == (
        f"records lost: 2 records were handled; those from after {records[4][1]} to {beyond} have left the stream: "
        "they are lost"
    )
    assert queue.counts() == (1, 0)


@pytest.mark.parametrize("arn", ["arn:aws:kinesis:eu-west-1:123456789012:stream/gone", None])
def test_message_whose_records_are_all_lost_stays(arn: str | None, aws: Aws, functions: FakeFunctions) -> None:
    queue = failures(aws, FailureKind.STREAM)
    stream, records = put_records(aws)
    info = batch_info(arn or stream, records[0][0], "901", "902", 2)
    queue.add(invocation_record(KinesisBatchInfo=info))

    (result,) = go_through(aws, queue)

    assert result.looked[0].ending is Ending.STAYS
    assert "all from 901 to 902 have left the stream" in result.looked[0].detail
    assert functions.called == []
    assert queue.counts() == (1, 0)


@pytest.mark.parametrize(
    ("kind", "body", "attributes", "reason"),
    [
        (FailureKind.QUEUE, "order", {}, "It is a dead letter of no queue: somebody sent it to unit Failed itself."),
        (
            FailureKind.RULE,
            "{}",
            {
                "RULE_ARN": "arn:aws:events:eu-west-1:1:rule/r",
                "TARGET_ARN": "arn:aws:states:eu-west-1:1:stateMachine:s",
            },
            "only functions and topics can be sent to",
        ),
        (
            FailureKind.SUBSCRIPTION,
            json.dumps(
                {
                    "Type": "Notification",
                    "TopicArn": f"arn:aws:sns:eu-west-1:{ACCOUNT}:lonely",
                    "MessageId": "1",
                    "Message": "",
                }
            ),
            {},
            "has no subscription of a function with unit Failed as its dead-letter queue",
        ),
    ],
)
def test_message_stays_when_nothing_takes_it_any_more(
    kind: FailureKind, body: str, attributes: dict[str, str], reason: str, aws: Aws
) -> None:
    aws.sns.create_topic(Name="lonely")
    queue = failures(aws, kind)
    queue.add(body, **attributes)

    (result,) = go_through(aws, queue)

    assert result.looked[0].detail.startswith("no way back: ")
    assert reason in result.looked[0].detail
    assert queue.counts() == (1, 0)


def test_queue_of_a_kind_that_this_version_does_not_know_is_left_alone(aws: Aws) -> None:
    queue = failures(aws, None)
    queue.add("what")

    (result,) = go_through(aws, queue)

    assert result.looked == []
    assert queue.counts() == (1, 0)


def test_message_that_names_what_cannot_exist_is_left(aws: Aws) -> None:
    queue = failures(aws, FailureKind.STREAM)
    arn = "arn:aws:dynamodb:eu-west-1:123456789012:table/cars/stream/2026-11-25T00:00:00.000"
    queue.add(invocation_record(DDBStreamBatchInfo=batch_info(arn, "shardId-1", "1", "2", 2)))

    (result,) = go_through(aws, queue)

    assert result.looked[0].detail.startswith("unreadable: It names what cannot exist")
    assert queue.counts() == (1, 0)


def test_maximum_bounds_all_queues_together(aws: Aws, functions: FakeFunctions) -> None:
    # given
    first, second, third = (failures(aws, FailureKind.FUNCTION, name=name) for name in ("A", "B", "C"))
    for queue in (first, second, third):
        for _ in range(2):
            queue.add(invocation_record(requestPayload=EVENT))
    # when
    results = go_through(aws, first, second, third, maximum=3)
    # then
    assert [result.count(Ending.REDRIVEN) for result in results] == [2, 1, 0]
    assert [queue.counts() for queue in (first, second, third)] == [(0, 0), (1, 0), (2, 0)]
    assert len(functions.called_later) == 3


def test_more_messages_than_a_request_gives_back_are_given_back(aws: Aws) -> None:
    queue = failures(aws, FailureKind.FUNCTION)
    for _ in range(23):
        queue.add(invocation_record(requestPayload=EVENT))

    (result,) = go_through(aws, queue, mode=Mode.LIST)

    assert (result.depth, len(result.looked)) == (23, 23)
    assert queue.counts() == (23, 0)


def test_what_fails_again_at_once_is_not_handled_in_circles(aws: Aws, functions: FakeFunctions) -> None:
    """The function sets the record aside again while the run still goes on."""
    # given
    queue = failures(aws, FailureKind.FUNCTION)
    queue.add(invocation_record(requestPayload=EVENT))

    class FailsAtOnce(FakeFunctions):
        def call_later(self, function_arn: str, event: Any) -> None:
            super().call_later(function_arn, event)
            queue.add(invocation_record(requestPayload=event))

    failing = FailsAtOnce()
    # when
    (result,) = go_through(replace(aws, functions=failing), queue)
    # then
    assert len(failing.called_later) == 1
    assert (result.count(Ending.REDRIVEN), result.later) == (1, 1)
    assert queue.counts() == (1, 0)


@pytest.mark.parametrize(
    ("code", "error"), [("ResourceNotFoundException", None), ("AccessDeniedException", AccessRefused)]
)
def test_what_aws_refuses_of_one_message_stays_and_what_it_refuses_of_the_caller_ends_the_run(
    code: str, error: type[Exception] | None, aws: Aws
) -> None:
    # given
    queue = failures(aws, FailureKind.FUNCTION)
    for _ in range(2):
        queue.add(invocation_record(requestPayload=EVENT))

    class Refuses(FakeFunctions):
        def call_later(self, function_arn: str, event: Any) -> None:
            raise ClientError({"Error": {"Code": code, "Message": f"because {code}"}}, "Invoke")

    refusing = replace(aws, functions=Refuses())
    # when
    if error is None:
        (result,) = go_through(refusing, queue)
        assert [found.detail.split(":")[0] for found in result.looked] == ["still failing"] * 2
    else:
        with pytest.raises(error, match=f"unit Failed.*because {code}.*docs/runbook/redrive.md"):
            go_through(refusing, queue)
    # then
    assert queue.counts() == (2, 0)


def test_change_that_the_function_still_cannot_read_stays(aws: Aws, functions: FakeFunctions) -> None:
    made = prepare_change(aws, functions)
    functions.answer = {"batchItemFailures": [{"itemIdentifier": "4421584500000000017450439092"}]}

    (result,) = go_through(aws, made.queue)

    (looked,) = result.looked
    assert looked.detail.startswith("still failing: The function still cannot handle the records from")
    assert looked.failure is not None
    assert looked.failure.what == "change 4421584500000000017450439092 of item car-1"
    assert looked.failure.why == "NewImage: model: Field required"
    assert made.queue.counts() == (1, 0)


def set_aside_record(arn: str, data: bytes, **more: Any) -> str:
    body = {"event_source_arn": arn, "partition_key": "car-x", "sequence_number": "42", "reason": "It is not JSON."}
    return json.dumps({**body, "data": base64.b64encode(data).decode(), **more})


@pytest.mark.parametrize("mode", [Mode.DRY_RUN, Mode.REDRIVE])
@pytest.mark.parametrize(
    ("data", "said"),
    [(b"{" * 10_000, {"is_cut_off": True}), (b"{", {"is_cut_off": True}), (b"{" * 10_000, {})],
    ids=["it says so", "it says so, whatever its length", "a former version's, as long as that left them"],
)
def test_record_that_was_cut_off_is_never_put_again(data: bytes, said: dict[str, bool], mode: Mode, aws: Aws) -> None:
    # given
    queue = failures(aws, FailureKind.RECORD)
    arn, _ = put_records(aws)
    queue.add(set_aside_record(arn, data, **said))
    putting = ForbidsToPut()
    # when
    (result,) = go_through(replace(aws, kinesis=cast(Any, putting)), queue, mode=mode)
    # then
    (looked,) = result.looked
    assert (looked.ending, looked.detail.partition(":")[0]) == (Ending.STAYS, "cut off")
    assert f"Only its first {len(data)} bytes are here" in looked.detail
    assert "docs/runbook/redrive.md, 'A record that was cut off'" in looked.detail
    assert queue.counts() == (1, 0)


@pytest.mark.parametrize("said", [{"is_cut_off": False}, {}])
def test_record_that_is_whole_is_put_again(said: dict[str, bool], aws: Aws) -> None:
    queue = failures(aws, FailureKind.RECORD)
    arn, _ = put_records(aws)
    length = 10_000 if said else 9_999
    queue.add(set_aside_record(arn, b"{" * length, **said))

    (result,) = go_through(aws, queue)

    assert result.count(Ending.REDRIVEN) == 1


def test_change_whose_images_were_cut_off_stays_and_its_function_is_not_called(
    aws: Aws, functions: FakeFunctions
) -> None:
    queue = failures(aws, FailureKind.CHANGE)
    queue.add(set_aside_change(is_cut_off=True))

    (result,) = go_through(aws, queue)

    assert result.looked[0].detail.startswith("cut off: Its images are too long to be here")
    assert functions.called == []
    assert queue.counts() == (1, 0)


def test_run_ends_though_more_comes_than_it_can_look_at(aws: Aws) -> None:
    """Each failure that is handled again brings two others: somewhere the cause goes on."""
    # given
    queue = failures(aws, FailureKind.FUNCTION)
    queue.add(invocation_record(requestPayload=EVENT))
    floods = Floods(aws.sqs)
    # when
    (result,) = go_through(replace(aws, sqs=cast(Any, floods)), queue)
    # then
    assert result.result.is_cut_short
    assert result.count(Ending.REDRIVEN) == 1
    assert result.later == 2 * result.depth + 1000 + 1


def test_many_records_are_given_in_portions_up_to_the_first_that_fails(aws: Aws) -> None:
    # given
    queue = failures(aws, FailureKind.STREAM)
    aws.kinesis.create_stream(StreamName="telemetry", ShardCount=1)
    arn = aws.kinesis.describe_stream_summary(StreamName="telemetry")["StreamDescriptionSummary"]["StreamARN"]
    put = [aws.kinesis.put_record(StreamARN=arn, Data=b"x", PartitionKey="car") for _ in range(250)]
    first, last = put[0]["SequenceNumber"], put[-1]["SequenceNumber"]
    queue.add(invocation_record(KinesisBatchInfo=batch_info(arn, put[0]["ShardId"], first, last, 250)))

    class FailsTheSecond(FakeFunctions):
        def call(self, function_arn: str, event: Any) -> Any:
            super().call(function_arn, event)
            return {"batchItemFailures": [{"itemIdentifier": "1"}] if len(self.called) == 2 else []}

    failing, mended = FailsTheSecond(), FakeFunctions()
    # when
    (result,) = go_through(replace(aws, functions=failing), queue)
    (again,) = go_through(replace(aws, functions=mended), queue)
    # then
    assert [len(event["Records"]) for _, event in failing.called] == [100, 100]
    assert result.count(Ending.STAYS) == 1
    assert [len(event["Records"]) for _, event in mended.called] == [100, 100, 50]
    assert again.count(Ending.REDRIVEN) == 1


def test_pace_lets_so_many_through_a_second() -> None:
    slept: list[float] = []
    now = 100.0

    def sleep(seconds: float) -> None:
        nonlocal now
        slept.append(round(seconds, 6))
        now += seconds

    pace = Pace(4, clock=lambda: now, sleep=sleep)
    for _ in range(3):
        pace.wait()
    now += 10  # a slow function: nothing is made up for later
    for _ in range(3):
        pace.wait()

    assert slept == [0.25, 0.25, 0.25, 0.25]


def test_only_a_redrive_is_slowed_down(aws: Aws) -> None:
    queue = failures(aws, FailureKind.FUNCTION)
    for _ in range(5):
        queue.add(invocation_record(requestPayload=EVENT))

    (result,) = go_through(aws, queue, mode=Mode.DRY_RUN, rate=0.001)

    assert len(result.looked) == 5


def test_no_text_of_a_failure_says_what_the_event_says(prepared: Prepared, aws: Aws) -> None:
    (result,) = go_through(aws, prepared.queue, mode=Mode.DRY_RUN)

    (looked,) = result.looked
    assert looked.failure is not None
    said = f"{looked.failure.what} {looked.failure.why} {looked.detail}"
    assert "52.5" not in said
    assert "order_id" not in said


class EndedAtDeletion:
    """SQS for someone who presses Ctrl-C just when a message is to be deleted."""

    def __init__(self, sqs: Any) -> None:
        self._sqs = sqs

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sqs, name)

    def delete_message(self, **_: Any) -> None:
        raise KeyboardInterrupt


class ForbidsToPut:
    """Kinesis for somebody who must not put anything into it."""

    def put_record(self, **_: Any) -> None:
        raise AssertionError("a part of a record is not put as if it were whole")


class Floods:
    """SQS that has ten new messages whenever somebody looks."""

    def __init__(self, sqs: Any) -> None:
        self._sqs = sqs
        self._sent = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sqs, name)

    def receive_message(self, **asked: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self._sqs.receive_message(**asked)
        assert self._sent < 5000, "it reads for ever"
        for _ in range(asked["MaxNumberOfMessages"] - len(answer.get("Messages", []))):
            self._sent += 1
            new = {"MessageId": f"new-{self._sent}", "ReceiptHandle": f"new-{self._sent}", "Body": "{}"}
            answer.setdefault("Messages", []).append({**new, "Attributes": {"SentTimestamp": "32503680000000"}})
        return answer

    def change_message_visibility_batch(self, **_: Any) -> None:
        pass
