"""The secret: generated and not written down, rotated by the one function that may."""

from __future__ import annotations

import pytest

from service.cars.cursor_keys import SHORTEST_KEY
from service.cursors.runtime import handler
from tests.assembly import Assembly, Template


@pytest.fixture(params=["Staging", "Prod"])
def template(request: pytest.FixtureRequest, assembly: Assembly) -> Template:
    return assembly.stage_template(str(request.param), "Cursors")


def test_keys_are_generated_in_the_shape_that_the_function_reads(template: Template) -> None:
    secret = template.only("AWS::SecretsManager::Secret")

    assert "SecretString" not in secret
    generated = secret["GenerateSecretString"]
    assert (generated["SecretStringTemplate"], generated["GenerateStringKey"]) == ("{}", "current")
    assert generated["PasswordLength"] >= SHORTEST_KEY
    assert handler.KEY_BYTES >= SHORTEST_KEY


def test_keys_are_rotated_every_month_by_the_function_itself_without_version_or_alias(template: Template) -> None:
    (secret,) = template.of_type("AWS::SecretsManager::Secret")
    (function,) = template.of_type("AWS::Lambda::Function")
    (permission,) = template.of_type("AWS::Lambda::Permission")
    (schedule,) = template.of_type("AWS::SecretsManager::RotationSchedule").values()

    assert schedule["Properties"] == {
        "SecretId": {"Ref": secret},
        "RotationLambdaARN": {"Fn::GetAtt": [function, "Arn"]},
        "RotationRules": {"ScheduleExpression": "rate(30 days)"},
    }
    assert permission in schedule["DependsOn"]
    assert template.of_type("AWS::Lambda::Alias") == template.of_type("AWS::Lambda::Version") == {}


def test_only_secrets_manager_of_this_account_may_invoke_the_function(template: Template) -> None:
    permission = template.only("AWS::Lambda::Permission")

    assert permission["FunctionName"] == {"Fn::GetAtt": [next(iter(template.of_type("AWS::Lambda::Function"))), "Arn"]}
    assert permission["Principal"] == "secretsmanager.amazonaws.com"
    assert permission["SourceAccount"] in ("222222222222", "333333333333")


def test_function_may_rotate_this_secret_and_nothing_else(template: Template) -> None:
    (secret,) = template.of_type("AWS::SecretsManager::Secret")
    role = template.only("AWS::Lambda::Function")["Role"]["Fn::GetAtt"][0]

    granted = [found for found in template.statements_of(role) if found["Action"][0].startswith("secretsmanager:")]
    ((actions, resource),) = ((found["Action"], found["Resource"]) for found in granted)
    assert set(actions) == {
        f"secretsmanager:{action}"
        for action in ("DescribeSecret", "GetSecretValue", "PutSecretValue", "UpdateSecretVersionStage")
    }
    assert resource == {"Ref": secret}


def test_function_is_told_nothing_of_the_secret(template: Template) -> None:
    assert "Environment" not in template.only("AWS::Lambda::Function")


def test_rotation_that_fails_calls_the_operators(template: Template) -> None:
    alarm = template.only("AWS::CloudWatch::Alarm")

    assert (alarm["MetricName"], alarm["Threshold"], alarm["DatapointsToAlarm"]) == ("Errors", 0, 1)
    assert alarm["AlarmActions"]
    assert alarm["AlarmDescription"].endswith("/cursors.md#cursors-rotation")
