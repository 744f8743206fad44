"""What a deployment would refuse is refused by the plan, in the same words; what an intrinsic hides is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rehearsal.plan.deployment_checks import refused_resources
from rehearsal.source.assembly import Environment, StackArtifact
from tests.rehearsal.plan.test_unsupported import unsupported

ACCOUNT, REGION = "111111111111", "eu-west-1"
IF = {"Fn::If": ["IsBig", 9, 1]}
OTHERS = {
    "Queue": {"Type": "AWS::SQS::Queue"},
    "Topic": {"Type": "AWS::SNS::Topic"},
    "Function": {"Type": "AWS::Lambda::Function"},
    "Live": {"Type": "AWS::Lambda::Alias", "Properties": {"Name": "live"}},
    "Table": {"Type": "AWS::DynamoDB::Table"},
    "Errors": {"Type": "AWS::CloudWatch::Alarm.Hidden"},
}
ALARM = {
    "Namespace": "AWS/Lambda",
    "MetricName": "Errors",
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 1,
    "ComparisonOperator": "GreaterThanOrEqualToThreshold",
}


def refused(kind: str, properties: dict[str, Any], **attributes: Any) -> tuple[str, ...]:
    template = {
        "Parameters": {"Hidden": {"Type": "String", "Default": "tm99"}},
        "Resources": {**OTHERS, "It": {"Type": kind, "Properties": properties, **attributes}},
    }
    stack = StackArtifact(
        artifact_id="Api",
        name="Api",
        display_name="Api",
        environment=Environment(None, None),
        template_file="Api.template.json",
        template=template,
    )
    return tuple(refused_resources(stack, account=ACCOUNT, region=REGION))


def without(properties: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in properties.items() if name not in names}


def metrics(*expressions: dict[str, Any], **stat: Any) -> dict[str, Any]:
    metric = {"Metric": {"Namespace": "N", "MetricName": "M"}, "Period": 60, "Stat": "Sum"} | stat
    queries = [{"Id": "m1", "MetricStat": metric, "ReturnData": False}, *expressions]
    return without(ALARM, "Namespace", "MetricName", "Statistic", "Period") | {"Metrics": queries}


ALIAS_ARN = {"Ref": "Live"}
QUEUE_ARN = {"Fn::GetAtt": ["Queue", "Arn"]}
MAPPING = {"EventSourceArn": QUEUE_ARN, "FunctionName": ALIAS_ARN}
GROUP = {"ApplicationName": {"Ref": "App"}, "ServiceRoleArn": {"Fn::GetAtt": ["Role", "Arn"]}}
CANARY = {"Type": "TimeBasedCanary", "TimeBasedCanary": {"CanaryPercentage": 10, "CanaryInterval": 5}}


def schedule(arn: Any, expression: Any = "rate(1 minute)", **target: Any) -> dict[str, Any]:
    return {"ScheduleExpression": expression, "Targets": [{"Id": "T", "Arn": arn} | target]}


REFUSED = [
    (
        "AWS::CloudWatch::Alarm",
        without(ALARM, "Statistic") | {"ExtendedStatistic": "tm99"},
        "alarm It in stack Api: The statistic tm99 is not supported by the local CloudWatch.",
    ),
    ("AWS::CloudWatch::Alarm", ALARM | {"Period": 10}, "A period of 10 seconds (high resolution"),
    ("AWS::CloudWatch::Alarm", ALARM | {"ComparisonOperator": "GreaterThanUpperThreshold"}, "(anomaly detection)"),
    ("AWS::CloudWatch::Alarm", without(ALARM, "Threshold") | {"ThresholdMetricId": "ad"}, "ThresholdMetricId"),
    ("AWS::CloudWatch::Alarm", ALARM | {"DatapointsToAlarm": 2}, "DatapointsToAlarm is 2; allowed is 1 to"),
    (
        "AWS::CloudWatch::Alarm",
        metrics({"Id": "e1", "Expression": "ANOMALY_DETECTION_BAND(m1, 2)"}),
        "ANOMALY_DETECTION_BAND",
    ),
    ("AWS::CloudWatch::Alarm", metrics({"Id": "e1", "Expression": "SELECT SUM(x) FROM y"}), "Metrics Insights"),
    ("AWS::CloudWatch::Alarm", metrics({"Id": "e1", "Expression": "m1 +"}), "alarm It in stack Api: "),
    ("AWS::CloudWatch::CompositeAlarm", {"AlarmRule": "ALARM(a) AND"}, "composite alarm It in stack Api: Error in Al"),
    (
        "AWS::CloudWatch::CompositeAlarm",
        {"AlarmRule": {"Fn::Join": ["", ['AT_LEAST(1, ALARM("', {"Fn::GetAtt": ["Errors", "Arn"]}, '"))']]}},
        "AT_LEAST",
    ),
    (
        "AWS::Events::Rule",
        {
            "EventPattern": {"source": ["cars"]},
            "Targets": [{"Id": "T", "Arn": ALIAS_ARN, "InputTransformer": {"InputTemplate": "<car>"}}],
        },
        "InputTemplate contains invalid placeholder car.",
    ),
    ("AWS::Events::Rule", schedule(ALIAS_ARN, "every minute"), "Parameter ScheduleExpression is not valid."),
    ("AWS::Events::Rule", schedule(ALIAS_ARN, "cron(0 0 L * ? *)"), "Parameter ScheduleExpression is not valid."),
    (
        "AWS::Events::Rule",
        schedule({"Fn::GetAtt": ["Table", "Arn"]}),
        "Table.Arn> is no Lambda function, topic or queue.",
    ),
    ("AWS::Events::Rule", schedule(ALIAS_ARN, InputPath="$.a"), "a target's InputPath is not supported locally."),
    ("AWS::Events::Rule", schedule(ALIAS_ARN, Input="{"), "JSON syntax error in input for target T"),
    (
        "AWS::Events::Rule",
        {"EventPattern": {"source": "acs.cars"}},
        'rule It in stack Api: Event pattern is not valid. Reason: "source" must be an object or an array',
    ),
    ("AWS::Events::Rule", {"EventPattern": {"detail": {"year": [{"atleast": 3}]}}}, "Unrecognized match type atleast"),
    (
        "AWS::CodeDeploy::Application",
        {},
        "CodeDeploy application It in stack Api: the local CodeDeploy deploys",
    ),
    (
        "AWS::CodeDeploy::DeploymentConfig",
        {"ComputePlatform": "Lambda", "TrafficRoutingConfig": {"Type": "ZonalConfig"}},
        "TrafficRoutingConfig.Type is 'ZonalConfig'",
    ),
    (
        "AWS::CodeDeploy::DeploymentGroup",
        GROUP | {"DeploymentConfigName": "CodeDeployDefault.LambdaCanary10Percent7Minutes"},
        "No Deployment Configuration found for name: CodeDeployDefault.LambdaCanary10Percent7Minutes",
    ),
    (
        "AWS::CodeDeploy::DeploymentGroup",
        GROUP | {"AutoRollbackConfiguration": {"Enabled": True, "Events": ["DEPLOYMENT_SLOW"]}},
        "deployment group It in stack Api: 'DEPLOYMENT_SLOW'",
    ),
    (
        "AWS::Lambda::EventSourceMapping",
        MAPPING | {"FilterCriteria": {}},
        "event source mapping It in stack Api: Fi",
    ),
    ("AWS::Lambda::EventSourceMapping", MAPPING | {"BatchSize": 20000}, "BatchSize is 20000; allowed is 1 to 10000."),
    (
        "AWS::Lambda::EventSourceMapping",
        MAPPING | {"EventSourceArn": {"Fn::GetAtt": ["Table", "StreamArn"]}},
        "StartingPosition is required for a stream",
    ),
    (
        "AWS::Lambda::Function",
        {"Runtime": "python3.13", "Environment": {"Variables": {"Fn::If": ["A", {}, {}]}}},
        "function It in stack Api: Function It: the local run adds a variable to Environment.Variables",
    ),
    (
        "AWS::SecretsManager::Secret",
        {"ReplicaRegions": [{"Region": "us-east-1"}]},
        "secret It in stack Api: Replica",
    ),
    (
        "AWS::SecretsManager::RotationSchedule",
        {"SecretId": {"Ref": "Secret"}, "HostedRotationLambda": {"RotationType": "MySQLSingleUser"}},
        "the local run rotates secrets with a RotationLambdaARN only.",
    ),
]
TAKEN = [
    (
        "AWS::Events::Rule",
        {
            "EventPattern": {"source": ["cars"]},
            "Targets": [
                {
                    "Id": "T",
                    "Arn": ALIAS_ARN,
                    "InputTransformer": {
                        "InputPathsMap": {"car": "$.detail.cars[0]"},
                        "InputTemplate": {"Fn::Sub": '{"car": <car>, "of": "${Hidden}"}'},
                    },
                }
            ],
        },
    ),
    ("AWS::Events::Rule", schedule(QUEUE_ARN)),
    ("AWS::CloudWatch::Alarm", ALARM),
    (
        "AWS::CloudWatch::Alarm",
        ALARM | {key: {"Ref": "Hidden"} for key in ("Period", "Threshold", "EvaluationPeriods", "TreatMissingData")},
    ),
    ("AWS::CloudWatch::Alarm", ALARM | {"EvaluationPeriods": IF, "DatapointsToAlarm": 3}),
    ("AWS::CloudWatch::Alarm", without(ALARM, "Statistic") | {"ExtendedStatistic": {"Ref": "Hidden"}}),
    ("AWS::CloudWatch::Alarm", ALARM | {"Dimensions": [{"Name": "Stage", "Value": {"Ref": "Hidden"}}]}),
    ("AWS::CloudWatch::Alarm", ALARM | {"Metrics": {"Fn::If": ["A", [], {"Ref": "AWS::NoValue"}]}}),
    ("AWS::CloudWatch::Alarm", metrics({"Id": "e1", "Expression": {"Fn::Sub": "m1 > ${Hidden}"}})),
    ("AWS::CloudWatch::Alarm", metrics({"Id": "e1", "Expression": "m1 * 2"}, Period={"Ref": "Hidden"})),
    ("AWS::CloudWatch::Alarm", metrics({"Id": "e1", "Expression": "IF(m1 > 5, 1, 0)", "Label": {"Ref": "Hidden"}})),
    ("AWS::CloudWatch::CompositeAlarm", {"AlarmRule": {"Ref": "Hidden"}}),
    (
        "AWS::CloudWatch::CompositeAlarm",
        {
            "AlarmRule": {
                "Fn::Join": [
                    "",
                    ["(ALARM(", {"Ref": "Errors"}, ') OR NOT OK("', {"Fn::GetAtt": ["Errors", "Arn"]}, '"))'],
                ]
            }
        },
    ),
    ("AWS::Events::Rule", schedule(ALIAS_ARN, {"Ref": "Hidden"}, Input={"Fn::Sub": "{${Hidden}}"})),
    ("AWS::Events::Rule", schedule({"Fn::ImportValue": "function"})),
    ("AWS::Events::Rule", {"EventPattern": {"source": ["a"], "detail": {"year": [{"numeric": [">", 3]}, 1, None]}}}),
    ("AWS::Events::Rule", {"EventPattern": {"source": {"Ref": "Hidden"}}}),
    ("AWS::Events::Rule", {"EventPattern": {"detail": {"$or": [{"a": [1]}, {"b": [{"exists": True}]}]}}}),
    ("AWS::CodeDeploy::Application", {"ComputePlatform": "Lambda"}),
    ("AWS::CodeDeploy::Application", {"ComputePlatform": {"Ref": "Hidden"}}),
    ("AWS::CodeDeploy::DeploymentConfig", {"ComputePlatform": "Lambda", "TrafficRoutingConfig": CANARY}),
    (
        "AWS::CodeDeploy::DeploymentConfig",
        {"ComputePlatform": "Lambda", "TrafficRoutingConfig": CANARY | {"Type": {"Ref": "Hidden"}}},
    ),
    ("AWS::CodeDeploy::DeploymentGroup", GROUP | {"DeploymentConfigName": {"Ref": "Config"}}),
    ("AWS::Lambda::EventSourceMapping", MAPPING | {"BatchSize": {"Ref": "Hidden"}}),
    (
        "AWS::Lambda::EventSourceMapping",
        MAPPING | {"EventSourceArn": {"Fn::ImportValue": "s"}, "BatchSize": 99999},
    ),
    ("AWS::Lambda::Function", {"Runtime": "python3.13", "Environment": {"Variables": {"A": {"Ref": "Hidden"}}}}),
    ("AWS::SecretsManager::Secret", {"ReplicaRegions": {"Fn::If": ["A", [], {"Ref": "AWS::NoValue"}]}}),
    ("AWS::SecretsManager::RotationSchedule", {"SecretId": {"Ref": "S"}, "RotationLambdaARN": ALIAS_ARN}),
]


@pytest.mark.parametrize(("kind", "properties", "sentence"), REFUSED)
def test_what_the_deployment_would_refuse_is_refused_by_the_plan(
    kind: str, properties: dict[str, Any], sentence: str
) -> None:
    assert sentence in "\n".join(refused(kind, properties))


@pytest.mark.parametrize(("kind", "properties"), TAKEN)
def test_what_is_right_or_hidden_is_not_refused(kind: str, properties: dict[str, Any]) -> None:
    assert refused(kind, properties) == ()


def test_a_resource_under_a_condition_is_left_to_the_deployment() -> None:
    assert refused("AWS::CodeDeploy::Application", {}, Condition="IsServer") == ()


def test_the_plan_says_it_of_every_stack(tmp_path: Path) -> None:
    def change(resources: dict[str, Any]) -> None:
        resources["Slow"] = {"Type": "AWS::CloudWatch::Alarm", "Properties": ALARM | {"Statistic": "tm99"}}

    assert unsupported(tmp_path, change) == (
        "alarm Slow in stack Pipe: The statistic tm99 is not supported by the local CloudWatch.",
    )
