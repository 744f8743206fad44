"""Which qualifier an event came through, against what the emulator really sends."""

from __future__ import annotations

import json

from tests.rehearsal.aws.lambda_host.local_aws import LocalAws, eventually

QUIET = "def handle(event, context): return {'statusCode': 200, 'body': ''}"


def aliased(aws: LocalAws, name: str) -> tuple[str, str]:
    """A function with an alias `live` on its first version: the alias's ARN and the version."""
    aws.function(name, QUIET)
    version = aws.publish(name)
    client = aws.client("lambda")
    return client.create_alias(FunctionName=name, Name="live", FunctionVersion=version)["AliasArn"], version


def test_an_sns_message_counts_for_the_alias_that_is_subscribed(aws: LocalAws) -> None:
    alias, version = aliased(aws, "subscribed")
    sns = aws.client("sns")
    topic = sns.create_topic(Name="topic")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=alias)

    sns.publish(TopicArn=topic, Message="hello")

    dimensions = {"FunctionName": "subscribed", "Resource": "subscribed:live", "ExecutedVersion": version}
    eventually(lambda: aws.sink.sum("Invocations", **dimensions))


def test_an_event_of_a_bus_counts_for_the_alias_that_a_rule_targets(aws: LocalAws) -> None:
    alias, version = aliased(aws, "targeted")
    events = aws.client("events")
    events.create_event_bus(Name="cars")
    events.put_rule(Name="all", EventBusName="cars", EventPattern=json.dumps({"source": ["acs.acm"]}))
    events.put_targets(Rule="all", EventBusName="cars", Targets=[{"Id": "1", "Arn": alias}])

    entry = {"EventBusName": "cars", "Source": "acs.acm", "DetailType": "CarCreated", "Detail": "{}"}
    events.put_events(Entries=[entry])

    dimensions = {"FunctionName": "targeted", "Resource": "targeted:live", "ExecutedVersion": version}
    eventually(lambda: aws.sink.sum("Invocations", **dimensions))


def test_a_queue_counts_for_the_alias_of_its_mapping(aws: LocalAws) -> None:
    alias, version = aliased(aws, "polled")
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName="jobs")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    aws.client("lambda").create_event_source_mapping(EventSourceArn=arn, FunctionName=alias)

    sqs.send_message(QueueUrl=url, MessageBody="job")

    dimensions = {"FunctionName": "polled", "Resource": "polled:live", "ExecutedVersion": version}
    eventually(lambda: aws.sink.sum("Invocations", **dimensions))


def test_an_event_made_up_to_look_like_a_queues_stays_a_direct_invocation(aws: LocalAws) -> None:
    _, version = aliased(aws, "fooled")
    event = {"Records": [{"eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:eu-west-1:222222222222:none"}]}

    aws.client("lambda").invoke(FunctionName="fooled", Qualifier=version, Payload=json.dumps(event))

    assert aws.sink.sum("Invocations", FunctionName="fooled", Resource=f"fooled:{version}") == 1
    assert aws.sink.sum("Invocations", FunctionName="fooled", Resource="fooled:live") is None


def test_an_api_on_the_bare_function_runs_the_newest_code_and_is_no_alias_traffic(aws: LocalAws) -> None:
    arn = aws.function("bare", QUIET)

    answer = aws.get(aws.rest_api("bare-api", arn))

    assert answer.status_code == 200
    assert aws.sink.sum("Count", ApiName="bare-api", Stage="prod") == 1
    assert aws.sink.sum("Invocations", FunctionName="bare") == 1
    assert not [entry for entry in aws.host.traffic() if entry.function == "bare"]
