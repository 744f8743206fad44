from __future__ import annotations

import pytest

from tests.assembly import Assembly, Template
from tests.service.template_graph import reachable


@pytest.fixture(params=["Staging", "Prod"])
def stage(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def template(stage: str, assembly: Assembly) -> Template:
    return assembly.stage_template(stage, "Prober")


def test_prober_runs_each_minute_and_is_never_run_again_for_a_minute_gone(template: Template) -> None:
    rule = template.only("AWS::Events::Rule")
    asynchronous = template.only("AWS::Lambda::EventInvokeConfig")

    assert (rule["ScheduleExpression"], rule["State"]) == ("rate(1 minute)", "ENABLED")
    assert (asynchronous["MaximumRetryAttempts"], asynchronous["MaximumEventAgeInSeconds"]) == (0, 60)


def test_prober_goes_through_the_public_url_and_may_do_nothing_but_that(stage: str, template: Template) -> None:
    function = template.resources["ProberFunction7ECA24CA"]["Properties"]
    role = function["Role"]["Fn::GetAtt"][0]
    actions = {action for statement in template.statements_of(role) for action in statement["Action"]}

    assert function["Timeout"] < 60
    url = function["Environment"]["Variables"]["API_URL"]["Fn::Join"][1]
    assert "CarsApi" in url[1]["Fn::GetStackOutput"]["OutputName"]
    assert [part for part in url if isinstance(part, str)] == ["https://", ".execute-api.eu-west-1.", "/", "/"]
    assert {action for action in actions if action.split(":")[0] not in ("logs", "xray")} == {
        *("execute-api:Invoke", "lambda:GetAlias", "kinesis:PutRecord", "sqs:SendMessage"),
    }
    assert function["Environment"]["Variables"]["REQUESTS_PER_MINUTE"] == "120"


def test_prober_changes_its_own_cars_alone_and_deletes_what_tests_have_left(stage: str, template: Template) -> None:
    role = template.resources["ProberFunction7ECA24CA"]["Properties"]["Role"]["Fn::GetAtt"][0]
    (statement,) = (found for found in template.statements_of(role) if found["Action"] == ["execute-api:Invoke"])
    ends = {resource["Fn::Join"][1][-1] for resource in statement["Resource"]}

    assert ends == {
        f"/{stage.lower()}/{route}"
        for route in (
            *("GET/*", "POST/cars", "PUT/cars/probe-*", "PATCH/cars/probe-*"),
            *("DELETE/cars/probe-*", "DELETE/cars/release-*", "DELETE/cars/e2e-*"),
        )
    }


def test_prober_may_look_at_all_that_is_released_to_see_whether_a_release_is_on(template: Template) -> None:
    function = template.resources["ProberFunction7ECA24CA"]["Properties"]
    statements = template.statements_of(function["Role"]["Fn::GetAtt"][0])
    (resources,) = (found["Resource"] for found in statements if found["Action"] == ["lambda:GetAlias"])
    variables = function["Environment"]["Variables"]
    names = [variables["FUNCTION_NAME"], *variables["EVENT_FUNCTION_NAMES"]["Fn::Join"][1]]

    for unit in ("Api", "Changes", "Notifications", "Telemetry", "Maintenance"):
        assert [True for resource in resources if f"{unit}Function" in resource["Fn::GetStackOutput"]["OutputName"]], (
            unit
        )
        assert [True for name in names if f"{unit}Function" in str(name)], unit
    assert variables["ALIAS_NAME"] == "live"


def test_silence_of_the_prober_is_an_alarm(stage: str, template: Template) -> None:
    alarm = template.only("AWS::CloudWatch::Alarm")

    assert alarm["AlarmName"] == f"cars-{stage.lower()}-prober-heartbeat"
    assert (alarm["Namespace"], alarm["MetricName"]) == ("AutonomousCarManager", "SucceededJourneys")
    assert {dimension["Name"]: dimension["Value"] for dimension in alarm["Dimensions"]} == {
        "service": "cars-prober",
        "stage": stage.lower(),
    }
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("LessThanThreshold", 1)
    assert (alarm["EvaluationPeriods"], alarm["DatapointsToAlarm"]) == (3, 3)
    assert alarm["TreatMissingData"] == "breaching"


def test_prober_is_scheduled_and_its_alarm_is_there_after_the_first_journeys_of_its_version(template: Template) -> None:
    (alarm,) = template.of_type("AWS::CloudWatch::Alarm")
    (first_journeys,) = template.of_type("Custom::FirstJourneys")
    (alias,) = template.of_type("AWS::Lambda::Alias")
    (version,) = (found for found in template.of_type("AWS::Lambda::Version") if found.startswith("Prober"))

    assert first_journeys in reachable(template.resources, alarm)
    assert first_journeys in reachable(template.resources, alias)
    assert version in reachable(template.resources, first_journeys)


def test_first_journeys_are_made_again_for_each_version_and_each_change_of_the_permissions(template: Template) -> None:
    first_journeys = template.only("Custom::FirstJourneys")
    (version,) = (found for found in template.of_type("AWS::Lambda::Version") if found.startswith("Prober"))
    role = template.resources["ProberFunction7ECA24CA"]["Properties"]["Role"]["Fn::GetAtt"][0]
    (policy,) = (
        name
        for name, found in template.of_type("AWS::IAM::Policy").items()
        if found["Properties"]["Roles"] == [{"Ref": role}]
    )

    assert first_journeys["ProberVersion"] == {"Ref": version}
    assert first_journeys["Permissions"] == template.resources[policy]["Properties"]["PolicyDocument"]
    assert policy in reachable(template.resources, "FirstJourneysDone")  # they are made with what it says


def test_first_journeys_may_invoke_the_prober_look_at_their_own_stack_and_nothing_else(
    stage: str, template: Template
) -> None:
    (function,) = (
        found["Properties"]
        for found in template.of_type("AWS::Lambda::Function").values()
        if "first_journeys" in found["Properties"]["Handler"]
    )
    role = function["Role"]["Fn::GetAtt"][0]
    allowed = {
        action: statement["Resource"]
        for statement in template.statements_of(role)
        for action in statement["Action"]
        if action.split(":")[0] not in ("logs", "xray")
    }

    assert set(allowed) == {"lambda:InvokeFunction", "cloudformation:DescribeStacks"}
    assert allowed["lambda:InvokeFunction"]["Fn::Join"][1] == [
        {"Fn::GetAtt": ["ProberFunction7ECA24CA", "Arn"]},
        ":*",
    ]
    assert str(allowed["cloudformation:DescribeStacks"]).endswith(f":stack/{stage}-Prober/*")
    assert function["Environment"]["Variables"] == {"REQUESTS_PER_MINUTE": "120", "EVENTS_PER_MINUTE": "12"}
