"""A chain of events as CDK deploys it: bus → rule → topic → an alias's subscription and a queue's; and Invoke itself.

The template is what aws-cdk-lib synthesizes for `targets.SnsTopic` and `subscriptions.LambdaSubscription` on an alias,
each with a dead-letter queue, and `subscriptions.SqsSubscription`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.aws.local_cloud import LocalCloud
from tests.rehearsal.aws.journal import entries
from tests.rehearsal.aws.lambda_host.local_aws import eventually, zip_of

ACCOUNT, REGION = "222222222222", "eu-west-1"
TEMPLATE = Path(__file__).parents[1] / "cases" / "event-chain" / "Chain.template.json"
ALIAS = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:chain:live"
DEADLINE_SECONDS = 30.0


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    home: Path = tmp_path_factory.mktemp("cloud")
    with LocalCloud(home, cache=home / "cache", egress={}, speed=1000) as cloud:
        yield cloud


@pytest.fixture(scope="module")
def outputs(cloud: LocalCloud) -> Mapping[str, str]:
    """The chain's stack, deployed."""
    cloudformation = client(cloud, "cloudformation")
    cloudformation.create_stack(StackName="Chain", TemplateBody=TEMPLATE.read_text(), Capabilities=["CAPABILITY_IAM"])
    deadline = time.monotonic() + DEADLINE_SECONDS
    while (stack := cloudformation.describe_stacks(StackName="Chain")["Stacks"][0])["StackStatus"].endswith("PROGRESS"):
        assert time.monotonic() < deadline, "the stack is not made in time"
        time.sleep(0.05)
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def client(cloud: LocalCloud, service: str) -> Any:
    return cloud.clients.root(ACCOUNT, REGION).client(service)  # type: ignore[call-overload]


def put_event(cloud: LocalCloud, source: str, car: str) -> None:
    entry = {"EventBusName": "cars", "Source": source, "DetailType": "CarDeleted", "Detail": json.dumps({"car": car})}
    answer = client(cloud, "events").put_events(Entries=[entry])
    assert answer["FailedEntryCount"] == 0


def take(cloud: LocalCloud, url: str) -> list[Any]:
    """Takes what the queue has."""
    sqs = client(cloud, "sqs")
    taken = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"])
    for message in taken.get("Messages", []):
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return list(taken.get("Messages", []))


def is_over(cloud: LocalCloud) -> bool:
    return not cloud.lambda_host.pending_events()


def test_an_event_that_matches_goes_through_the_chain_and_fails_into_the_aliases_destination(
    cloud: LocalCloud, outputs: Mapping[str, str]
) -> None:
    put_event(cloud, "another.source", "ignored")
    put_event(cloud, "acs.acm", "one")

    (to_people,) = eventually(lambda: take(cloud, outputs["PeopleUrl"]))
    notification = json.loads(to_people["Body"])
    assert notification["TopicArn"] == outputs["TopicArn"]
    assert json.loads(notification["Message"])["detail"] == {"car": "one"}
    (failed,) = eventually(lambda: take(cloud, outputs["FailedUrl"]))
    record = json.loads(failed["Body"])
    assert record["requestContext"]["functionArn"] == ALIAS
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["requestContext"]["approximateInvokeCount"] == 2  # the template asks for one retry
    (notified,) = record["requestPayload"]["Records"]
    assert json.loads(notified["Sns"]["Message"])["detail"] == {"car": "one"}
    assert take(cloud, outputs["UndeliveredUrl"]) == []
    assert take(cloud, outputs["PeopleUrl"]) == []


def test_a_targets_input_is_made_and_the_event_of_a_function_is_asynchronous_whatever_it_looks_like(
    cloud: LocalCloud, outputs: Mapping[str, str]
) -> None:
    put_event(cloud, "direct", "two")
    put_event(cloud, "queued", "three")

    (failed,) = eventually(lambda: take(cloud, outputs["FailedUrl"]))
    record = json.loads(failed["Body"])
    assert record["requestPayload"] == {"car": "two", "what": "CarDeleted"}
    assert record["requestContext"]["functionArn"] == ALIAS
    assert record["requestContext"]["approximateInvokeCount"] == 2
    (queued,) = eventually(lambda: take(cloud, outputs["PeopleUrl"]))
    assert json.loads(queued["Body"]) == {"car": "three"}


def test_a_synchronous_invoke_is_attempted_once_whatever_its_event_looks_like(
    cloud: LocalCloud, outputs: Mapping[str, str]
) -> None:
    lambda_ = client(cloud, "lambda")
    (subscription, *_) = [
        entry["SubscriptionArn"]
        for entry in client(cloud, "sns").list_subscriptions_by_topic(TopicArn=outputs["TopicArn"])["Subscriptions"]
        if entry["Protocol"] == "lambda"
    ]
    record = {"EventSource": "aws:sns", "EventSubscriptionArn": subscription, "Sns": {"Message": "made up"}}

    version = lambda_.get_alias(FunctionName="chain", Name="live")["FunctionVersion"]
    answer = lambda_.invoke(FunctionName="chain", Qualifier=version, Payload=json.dumps({"Records": [record]}))

    assert answer["FunctionError"] == "Unhandled"
    assert json.loads(answer["Payload"].read())["errorMessage"] == "made up"
    assert is_over(cloud)


def test_an_event_whose_topic_refuses_it_or_is_gone_goes_to_the_rules_dead_letter_queue(
    cloud: LocalCloud, outputs: Mapping[str, str]
) -> None:
    sns, topic = client(cloud, "sns"), outputs["TopicArn"]
    closed = json.dumps({"Version": "2012-10-17", "Statement": []})
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=closed)
    put_event(cloud, "acs.acm", "refused")
    (refused,) = eventually(lambda: take(cloud, outputs["UndeliveredUrl"]))
    sns.delete_topic(TopicArn=topic)
    put_event(cloud, "acs.acm", "lost")
    (lost,) = eventually(lambda: take(cloud, outputs["UndeliveredUrl"]))

    assert [json.loads(message["Body"])["detail"]["car"] for message in (refused, lost)] == ["refused", "lost"]
    for message, code in ((refused, "NO_PERMISSIONS"), (lost, "NO_RESOURCE")):
        attributes = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
        assert attributes["RULE_ARN"].startswith(f"arn:aws:events:{REGION}:{ACCOUNT}:rule/cars/Chain-Rule")
        assert (attributes["TARGET_ARN"], attributes["ERROR_CODE"]) == (topic, code)
        assert topic in attributes["ERROR_MESSAGE"]
    assert take(cloud, outputs["PeopleUrl"]) == []


def test_an_alarm_calls_people_through_its_topic(cloud: LocalCloud) -> None:
    sns, sqs, cloudwatch = (client(cloud, service) for service in ("sns", "sqs", "cloudwatch"))
    topic = sns.create_topic(Name="operators")["TopicArn"]
    queue = f"arn:aws:sqs:{REGION}:{ACCOUNT}:pager"
    allow = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{**allow, "Resource": queue}]})
    url = sqs.create_queue(QueueName="pager", Attributes={"Policy": policy})["QueueUrl"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
    cloudwatch.put_metric_alarm(
        AlarmName="errors",
        Namespace="AWS/Lambda",
        MetricName="Errors",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="ignore",
        AlarmActions=[topic],
    )

    cloudwatch.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="tried")

    (message,) = eventually(lambda: take(cloud, url))
    notification = json.loads(message["Body"])
    assert notification["Subject"].startswith('ALARM: "errors" in ')
    assert json.loads(notification["Message"])["NewStateReason"] == "tried"


COUNTS = """
import json, os, pathlib
def handle(event, context):
    with pathlib.Path(os.environ["ATTEMPTS"]).open("a") as file:
        print(json.dumps(event), file=file)
    raise ValueError("no such car")
"""


@pytest.fixture(scope="module")
def attempts(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], list[Any]]:
    """A stack with the function `counts`, which writes down its events and fails; what it has written."""
    file: Path = tmp_path_factory.mktemp("attempts") / "attempts"
    file.touch()
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]}}
    function = {
        "FunctionName": "counts",
        "Runtime": "python3.13",
        "Handler": "index.handle",
        "Role": {"Fn::GetAtt": ["Role", "Arn"]},
        "Code": {"ZipFile": COUNTS},
        "Environment": {"Variables": {"ATTEMPTS": str(file)}},
    }
    resources = {
        "Role": {"Type": "AWS::IAM::Role", "Properties": role},
        "Function": {"Type": "AWS::Lambda::Function", "Properties": function},
    }
    cloudformation = client(cloud, "cloudformation")
    cloudformation.create_stack(
        StackName="Counts", TemplateBody=json.dumps({"Resources": resources}), Capabilities=["CAPABILITY_IAM"]
    )
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName="Counts", WaiterConfig={"Delay": 0.05, "MaxAttempts": 200}
    )
    return lambda: entries(file)


def role(cloud: LocalCloud, name: str, service: str, *statements: Mapping[str, Any]) -> str:
    """A new role that the service may assume, with these policy statements; its ARN."""
    iam = client(cloud, "iam")
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    arn = str(iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"])
    if statements:
        policy = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
        iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=policy)
    return arn


def caller(cloud: LocalCloud, name: str, *statements: Mapping[str, Any]) -> Any:
    """A Lambda client of a new role with these policy statements."""
    arn = role(cloud, name, "codebuild.amazonaws.com", *statements)
    return cloud.clients.assume(arn, session_name="test", region=REGION).client("lambda")


def test_an_invoke_of_type_event_is_accepted_at_once_and_attempted_three_times_in_all(
    cloud: LocalCloud, attempts: Callable[[], list[Any]]
) -> None:
    allowed = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "*"}
    of_role = caller(cloud, "may-invoke", allowed)

    answer = of_role.invoke(FunctionName="counts", InvocationType="Event", Payload=b'{"n": 1}')

    assert (answer["StatusCode"], answer["Payload"].read()) == (202, b"")
    eventually(lambda: len(attempts()) == 3)
    eventually(lambda: is_over(cloud))
    assert attempts() == [{"n": 1}] * 3


def test_who_may_not_invoke_is_refused_and_nothing_is_attempted(
    cloud: LocalCloud, attempts: Callable[[], list[Any]]
) -> None:
    before = attempts()

    with pytest.raises(ClientError, match=r"is not authorized to perform: lambda:InvokeFunction"):
        caller(cloud, "may-nothing").invoke(FunctionName="counts", InvocationType="Event")

    assert is_over(cloud)
    assert attempts() == before


def test_a_function_that_is_not_there_is_refused(cloud: LocalCloud) -> None:
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        client(cloud, "lambda").invoke(FunctionName="none", InvocationType="Event")


def test_a_function_that_the_emulator_runs_itself_stays_the_emulators(cloud: LocalCloud) -> None:
    lambda_ = client(cloud, "lambda")
    lambda_.create_function(
        FunctionName="not-ours",
        Runtime="python3.12",
        Handler="index.handle",
        Role=role(cloud, "not-ours", "lambda.amazonaws.com"),
        Code={"ZipFile": zip_of({"index.py": "def handle(event, context): return 1"})},
    )

    answer = lambda_.invoke(FunctionName="not-ours", InvocationType="Event", Payload=b"{}")

    assert answer["StatusCode"] == 202
    assert is_over(cloud)


@pytest.mark.usefixtures("outputs")
def test_a_function_as_a_destination_gets_each_record_once(
    cloud: LocalCloud, attempts: Callable[[], list[Any]]
) -> None:
    lambda_ = client(cloud, "lambda")
    arn = lambda_.get_function_configuration(FunctionName="counts")["FunctionArn"]
    grant = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [grant]})
    role_name = lambda_.get_function_configuration(FunctionName="chain")["Role"].rpartition("/")[2]
    client(cloud, "iam").put_role_policy(RoleName=role_name, PolicyName="invoke", PolicyDocument=policy)
    lambda_.put_function_event_invoke_config(
        FunctionName="chain", MaximumRetryAttempts=0, DestinationConfig={"OnFailure": {"Destination": arn}}
    )
    lambda_.put_function_event_invoke_config(FunctionName="counts", MaximumRetryAttempts=0)
    before = len(attempts())

    for number in range(12):
        lambda_.invoke(FunctionName="chain", InvocationType="Event", Payload=json.dumps({"n": number}))

    eventually(lambda: len(attempts()) == before + 12)
    eventually(lambda: is_over(cloud))
    assert {record["requestPayload"]["n"] for record in attempts()[before:]} == set(range(12))
