"""CodeDeploy in its place: a stack in the local AWS, whose alias update is a deployment with an alarm and a hook."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from rehearsal.aws.local_cloud import LocalCloud
from rehearsal.machine.guardian import MARK
from rehearsal.run_events import DeploymentEnded, Status
from tests.rehearsal.aws.manual_time import eventually

ACCOUNT, REGION = "222222222222", "eu-west-1"
HOOK = """
import boto3, json, os
def handle(event, context):
    answer = boto3.client("lambda").invoke(FunctionName=os.environ["VERSION_ARN"], Payload=json.dumps({"probe": 1}))
    error = json.loads(answer["Payload"].read()) if answer.get("FunctionError") else None
    if error:
        print(json.dumps({"level": "ERROR", "message": error["errorMessage"]}))
    boto3.client("codedeploy").put_lifecycle_event_hook_execution_status(
        deploymentId=event["DeploymentId"],
        lifecycleEventHookExecutionId=event["LifecycleEventHookExecutionId"],
        status="Failed" if error else "Succeeded",
    )
"""
PROBER = """
import boto3, os
def handle(event, context):
    client = boto3.client("lambda")
    for _ in range(60):
        client.invoke(FunctionName=os.environ["FUNCTION"], Qualifier="live", Payload=b"{}")
"""
GOOD = "def handle(event, context): return 'good'"
BETTER = "def handle(event, context): return 'better'"
FAILS_FOR_USERS = """
def handle(event, context):
    if not event:
        raise ValueError("only the hook is served")
"""
CRASHES_AT_IMPORT = "import no_such_module"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    home: Path = tmp_path_factory.mktemp("cloud")
    with LocalCloud(home, cache=home / "cache", egress={}, speed=300) as cloud:
        yield cloud


def test_releases_through_cloudformation_shift_or_come_back(cloud: LocalCloud) -> None:
    assert deploy(cloud, GOOD, 1) == ("CREATE_COMPLETE", "")
    assert deploy(cloud, BETTER, 2) == ("UPDATE_COMPLETE", "")
    alarmed, alarm_reason = deploy(cloud, FAILS_FOR_USERS, 3)
    hooked, hook_reason = deploy(cloud, CRASHES_AT_IMPORT, 4)

    first, shifted, stopped, refused = (e for e in cloud.event_log.events if isinstance(e, DeploymentEnded))
    assert (first.from_version, first.shift) == ("", ((0.0, 100.0),))
    assert shifted.status is Status.SUCCEEDED
    assert [weight for _, weight in shifted.shift] == [10, 100]
    assert 300 <= shifted.shift[-1][0] < 360
    assert alarmed == "UPDATE_ROLLBACK_COMPLETE"
    assert stopped.alarm is not None
    assert f"Activated alarms: {stopped.alarm}" in alarm_reason
    assert stopped.gate == "canary-alarm"
    assert [weight for _, weight in stopped.shift] == [10, 0]
    assert hooked == "UPDATE_ROLLBACK_COMPLETE"
    assert "It logged: Unable to import module 'index': No module named 'no_such_module'" in hook_reason
    assert (refused.gate, refused.shift) == ("pre-traffic-hook", ())
    assert alias(cloud) == (shifted.to_version, {})
    eventually(lambda: "Prober" in running(cloud) and "Hook" not in running(cloud))


def deploy(cloud: LocalCloud, code: str, release: int) -> tuple[str, str]:
    """The stack's status afterwards, and the reason of the alias's latest failure."""
    client = cloud.clients.root(ACCOUNT, REGION).client("cloudformation")
    call = client.create_stack if release == 1 else client.update_stack
    call(StackName="cars", TemplateBody=json.dumps(template(code, release)), Capabilities=["CAPABILITY_IAM"])
    while (status := client.describe_stacks(StackName="cars")["Stacks"][0]["StackStatus"]).endswith("IN_PROGRESS"):
        time.sleep(0.1)
    events = client.describe_stack_events(StackName="cars")["StackEvents"]
    failures = (event for event in events if event["ResourceStatus"].endswith("FAILED"))
    return status, next((event.get("ResourceStatusReason", "") for event in failures), "")


def running(cloud: LocalCloud) -> set[str]:
    """Logical ids of the functions that have a worker."""
    names = set()
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):  # it has ended
            environment = child.environ()
            if environment.get(MARK) == cloud.guardian.mark and "AWS_LAMBDA_FUNCTION_NAME" in environment:
                names.add(environment["AWS_LAMBDA_FUNCTION_NAME"].split("-")[1])
    return names


def alias(cloud: LocalCloud) -> tuple[str, Mapping[str, float]]:
    client = cloud.clients.root(ACCOUNT, REGION).client("lambda")
    (name,) = (f["FunctionName"] for f in client.list_functions()["Functions"] if "-Function-" in f["FunctionName"])
    answer = client.get_alias(FunctionName=name, Name="live")
    return answer["FunctionVersion"], (answer.get("RoutingConfig") or {}).get("AdditionalVersionWeights", {})


def template(code: str, release: int) -> dict[str, Any]:
    """A function with a canary of 10 percent in 5 minutes; version and alarm are new with every release."""
    version, alarm = f"Version{release}", f"Alarm{release}"
    group = {"ApplicationName": {"Ref": "Application"}, "DeploymentGroupName": {"Ref": "Group"}}
    return {
        "Resources": {
            "Role": role("lambda.amazonaws.com", "lambda:InvokeFunction", "codedeploy:*"),
            "DeployRole": role("codedeploy.amazonaws.com", "lambda:InvokeFunction"),
            "Function": function(code),
            version: {
                "Type": "AWS::Lambda::Version",
                "DeletionPolicy": "RetainExceptOnCreate",
                "UpdateReplacePolicy": "Retain",
                "Properties": {"FunctionName": {"Ref": "Function"}},
            },
            "Hook": function(HOOK, VERSION_ARN={"Ref": version}),
            "Prober": function(PROBER, FUNCTION={"Ref": "Function"}),
            "EveryMinute": resource(
                "AWS::Events::Rule",
                ScheduleExpression="rate(1 minute)",
                State="ENABLED",
                Targets=[{"Id": "Prober", "Arn": {"Fn::GetAtt": ["Prober", "Arn"]}}],
            ),
            alarm: error_alarm(version),
            "Application": resource("AWS::CodeDeploy::Application", ComputePlatform="Lambda"),
            "Group": resource(
                "AWS::CodeDeploy::DeploymentGroup",
                ApplicationName={"Ref": "Application"},
                ServiceRoleArn={"Fn::GetAtt": ["DeployRole", "Arn"]},
                DeploymentConfigName="CodeDeployDefault.LambdaCanary10Percent5Minutes",
                AlarmConfiguration={"Enabled": True, "Alarms": [{"Name": {"Ref": alarm}}]},
                AutoRollbackConfiguration={
                    "Enabled": True,
                    "Events": ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"],
                },
            ),
            "Live": {
                "Type": "AWS::Lambda::Alias",
                "UpdatePolicy": {
                    "CodeDeployLambdaAliasUpdate": {**group, "BeforeAllowTrafficHook": {"Ref": "Hook"}},
                },
                "Properties": {
                    "FunctionName": {"Ref": "Function"},
                    "FunctionVersion": {"Fn::GetAtt": [version, "Version"]},
                    "Name": "live",
                },
            },
        }
    }


def resource(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": kind, "Properties": properties}


def role(service: str, *actions: str) -> dict[str, Any]:
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    return resource(
        "AWS::IAM::Role",
        AssumeRolePolicyDocument={"Version": "2012-10-17", "Statement": [trust]},
        Policies=[{"PolicyName": "inline", "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]}}],
    )


def function(code: str, **variables: Any) -> dict[str, Any]:
    return resource(
        "AWS::Lambda::Function",
        Runtime="python3.13",
        Handler="index.handle",
        Role={"Fn::GetAtt": ["Role", "Arn"]},
        Code={"ZipFile": code},
        Timeout=30,
        Environment={"Variables": variables},
    )


def error_alarm(version: str) -> dict[str, Any]:
    resource_name = {"Fn::Join": ["", [{"Ref": "Function"}, ":live"]]}
    dimensions = {
        "FunctionName": {"Ref": "Function"},
        "Resource": resource_name,
        "ExecutedVersion": {"Fn::GetAtt": [version, "Version"]},
    }
    return resource(
        "AWS::CloudWatch::Alarm",
        Namespace="AWS/Lambda",
        MetricName="Errors",
        Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData="notBreaching",
    )
