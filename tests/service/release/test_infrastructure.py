"""The gates around a new version: what they promise, line by line, and that each release gets them anew."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from service.api.infrastructure import ApiStack
from service.api.runtime.resources import ROUTES
from service.cursors.infrastructure import CursorsStack
from service.database import DatabaseStack
from service.observability.operators import OperatorsStack
from service.packaging import bundling
from tests.assembly import Assembly, Template, _read
from tests.example import example_configuration
from tests.service.template_graph import reachable, references
from tests.synthesis import new_app

FUNCTION = "ApiFunction6BF808ED"
GROUP = "AWS::CodeDeploy::DeploymentGroup"
ALARM = "AWS::CloudWatch::Alarm"
COUNT_THEIR_INTAKE = ("Changes", "Telemetry", "Maintenance")
"""The units that set a malformed item aside instead of failing."""


@pytest.fixture(params=["Staging", "Prod"])
def template(request: pytest.FixtureRequest, assembly: Assembly) -> Template:
    return assembly.stage_template(request.param, "Api")


def alias_of(template: Template) -> tuple[str, dict[str, Any]]:
    (found,) = template.of_type("AWS::Lambda::Alias").items()
    return found


def canary_alarms(template: Template) -> dict[str, dict[str, Any]]:
    named = template.only(GROUP)["AlarmConfiguration"]["Alarms"]
    return {alarm["Name"]["Ref"]: template.resources[alarm["Name"]["Ref"]] for alarm in named}


def metrics_of(alarm: dict[str, Any]) -> list[dict[str, Any]]:
    """Each metric that an alarm reads: {"Id", "MetricName", "Dimensions": {name: value}, "Period", "Stat"}."""
    properties = alarm["Properties"]
    if "Metrics" not in properties:
        return [{**properties, "Dimensions": _by_name(properties["Dimensions"])}]
    return [
        {**stat, **stat["Metric"], "Id": metric["Id"], "Dimensions": _by_name(stat["Metric"]["Dimensions"])}
        for metric in properties["Metrics"]
        if (stat := metric.get("MetricStat")) is not None
    ]


def _by_name(dimensions: list[dict[str, Any]]) -> dict[str, Any]:
    return {dimension["Name"]: dimension["Value"] for dimension in dimensions}


def test_shift_of_the_alias_has_both_hooks_and_the_deployment_group(template: Template) -> None:
    _, alias = alias_of(template)
    update = alias["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]

    assert alias["Properties"]["Name"] == "live"
    assert update["DeploymentGroupName"]["Ref"] in template.of_type(GROUP)
    handlers = [
        template.resources[update[hook]["Fn::If"][1]["Ref"]]["Properties"]["Handler"]
        for hook in ("BeforeAllowTrafficHook", "AfterAllowTrafficHook")
    ]
    assert handlers == [f"service.release.runtime.{module}.handle" for module in ("pre_traffic", "evidence_by_route")]


def test_alias_waits_until_codedeploy_may_call_hooks_and_hooks_may_do_their_work(template: Template) -> None:
    alias_id, alias = alias_of(template)
    update = alias["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]
    before = reachable(template.resources, alias_id)
    policies = {
        policy_id: [role["Ref"] for role in policy["Properties"]["Roles"]]
        for policy_id, policy in template.of_type("AWS::IAM::Policy").items()
    }
    hooks = [update[hook]["Fn::If"][1]["Ref"] for hook in ("BeforeAllowTrafficHook", "AfterAllowTrafficHook")]
    roles = [template.resources[hook]["Properties"]["Role"]["Fn::GetAtt"][0] for hook in hooks]
    roles.append(template.only(GROUP)["ServiceRoleArn"]["Fn::GetAtt"][0])

    for role in roles:
        assert {policy_id for policy_id, of_roles in policies.items() if role in of_roles} <= before
    assert template.only(GROUP)["ServiceRoleArn"]["Fn::GetAtt"][0] in before


def test_every_way_of_failing_rolls_back(template: Template) -> None:
    group = template.only(GROUP)

    assert group["AutoRollbackConfiguration"]["Enabled"] is True
    assert set(group["AutoRollbackConfiguration"]["Events"]) == {
        *("DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST")
    }
    assert group["AlarmConfiguration"]["Enabled"] is True
    assert group["AlarmConfiguration"].get("IgnorePollAlarmFailure", False) is False


@pytest.mark.parametrize(("stage", "minutes"), [("Staging", 2), ("Prod", 3)])
def test_shift_is_ten_percent_more_every_few_minutes(stage: str, minutes: int, assembly: Assembly) -> None:
    template = assembly.stage_template(stage, "Api")
    config = template.only("AWS::CodeDeploy::DeploymentConfig")

    assert config["TrafficRoutingConfig"] == {
        "Type": "TimeBasedLinear",
        "TimeBasedLinear": {"LinearInterval": minutes, "LinearPercentage": 10},
    }
    assert "DeploymentConfigName" not in config  # immutable: a name would clash with its own replacement
    used = template.only(GROUP)["DeploymentConfigName"]["Fn::If"][1]["Ref"]
    assert template.resources[used]["Type"] == "AWS::CodeDeploy::DeploymentConfig"


def test_group_has_the_alarms_of_a_canary(template: Template) -> None:
    alarms = canary_alarms(template)

    assert sorted(re.sub(r"[0-9a-f]{32}$", "", name) for name in alarms) == [
        *("NewVersionErrors", "NewVersionErrorsInWindow", "NewVersionSlow")
    ]
    assert {alarm["Type"] for alarm in alarms.values()} == {ALARM}  # composite ones are not CodeDeploy's
    assert not any("AlarmName" in alarm["Properties"] for alarm in alarms.values())


def test_canary_alarms_see_the_alias_and_the_new_version_in_exactly_these_dimensions(template: Template) -> None:
    (version,) = template.of_type("AWS::Lambda::Version")
    alias = {"FunctionName": {"Ref": FUNCTION}, "Resource": {"Fn::Join": ["", [{"Ref": FUNCTION}, ":live"]]}}
    new_version = {**alias, "ExecutedVersion": {"Fn::GetAtt": [version, "Version"]}}

    for alarm in canary_alarms(template).values():
        seen = {metric["Id"]: metric["Dimensions"] for metric in metrics_of(alarm)}
        assert seen == {"newCalls": new_version, "newErrors": new_version, "allCalls": alias, "allErrors": alias}


def test_canary_alarms_do_not_depend_on_the_alias(template: Template) -> None:
    alias_id, _ = alias_of(template)
    for alarm in canary_alarms(template):
        assert alias_id not in reachable(template.resources, alarm)


@pytest.mark.parametrize(
    ("name", "period", "counted"),
    [
        ("NewVersionErrors", 60, ("Errors", "Sum")),
        ("NewVersionErrorsInWindow", 300, ("Errors", "Sum")),
        ("NewVersionSlow", 300, ("Duration", "TC(1000:)")),
    ],
)
def test_canary_alarm_fires_in_the_first_window_that_is_beyond_chance(
    name: str, period: int, counted: tuple[str, str], template: Template
) -> None:
    (found,) = (one for one_id, one in canary_alarms(template).items() if re.fullmatch(name + "[0-9a-f]{32}", one_id))
    alarm = found["Properties"]
    metrics = {metric["Id"]: metric for metric in metrics_of(found)}

    assert {metric["Period"] for metric in metrics.values()} == {period}
    assert {(metrics[id_]["MetricName"], metrics[id_]["Stat"]) for id_ in ("newErrors", "allErrors")} == {counted}
    assert {(metrics[id_]["MetricName"], metrics[id_]["Stat"]) for id_ in ("newCalls", "allCalls")} == {
        ("Invocations", "Sum")
    }
    assert (alarm["EvaluationPeriods"], alarm["DatapointsToAlarm"]) == (1, 1)
    assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (0, "GreaterThanThreshold")
    assert alarm["TreatMissingData"] == "notBreaching"
    assert "EvaluationWindow" not in alarm  # which is a sliding one then: each minute anew


def test_what_is_too_much_follows_the_traffic_and_the_old_version(template: Template) -> None:
    expressions = {
        re.sub(r"[0-9a-f]{32}$", "", name): [
            metric["Expression"] for metric in alarm["Properties"]["Metrics"] if "Expression" in metric
        ]
        for name, alarm in canary_alarms(template).items()
    }
    old_calls, old_errors = "(FILL(allCalls,0)-FILL(newCalls,0))", "(FILL(allErrors,0)-FILL(newErrors,0))"
    expected = (
        f"IF({old_errors}>0.005*{old_calls}, {old_errors}*FILL(newCalls,0)/({old_calls}+1), 0.005*FILL(newCalls,0))"
    )
    beyond = f"FILL(newErrors,0) - expected - {{}}*(expected*(FILL(allCalls,0)+1)/({old_calls}+1))^0.5 - {{}}"

    assert expressions == {
        "NewVersionErrors": [beyond.format("4.2", "1"), expected],
        "NewVersionErrorsInWindow": [beyond.format("4.8", "1.5"), expected],
        "NewVersionSlow": [beyond.format("4.8", "1.5"), expected],
    }


@pytest.mark.parametrize("unit", COUNT_THEIR_INTAKE)
def test_canary_of_a_unit_that_sets_items_aside_is_stopped_when_it_refuses_what_the_old_version_takes(
    unit: str, assembly: Assembly
) -> None:
    template = assembly.stage_template("Prod", unit)
    (alarm,) = (
        found["Properties"] for name, found in canary_alarms(template).items() if name.startswith("RefusalsAgainst")
    )
    by_id = {metric["Id"]: metric for metric in alarm["Metrics"]}
    (expression,) = (metric["Expression"] for metric in alarm["Metrics"] if "Expression" in metric)
    read = {
        name: (metric["MetricStat"]["Metric"]["MetricName"], len(metric["MetricStat"]["Metric"]["Dimensions"]))
        for name, metric in by_id.items()
        if "MetricStat" in metric
    }

    assert expression == (
        "IF(FILL(newItems,0)>=2 AND (FILL(allItems,0)-FILL(newItems,0))>=2 AND FILL(newRefusals,0)>=3, "
        "100*FILL(newRefusals,0)/newItems - 300*(FILL(allRefusals,0)-FILL(newRefusals,0))/(allItems-newItems), 0)"
    )
    assert read == {
        "newItems": ("ReceivedItems", 2),
        "newRefusals": ("RefusedItems", 2),
        "allItems": ("ReceivedItems", 1),
        "allRefusals": ("RefusedItems", 1),
    }
    assert (alarm["EvaluationPeriods"], alarm["DatapointsToAlarm"], alarm["TreatMissingData"]) == (3, 3, "notBreaching")
    assert "AlarmName" not in alarm


def test_policies_of_the_hooks_name_no_version(template: Template) -> None:
    """A policy that changes with each release would race its own first use."""
    versions = set(template.of_type("AWS::Lambda::Version"))
    for policy in template.of_type("AWS::IAM::Policy").values():
        assert not references(policy, set(template.resources)) & versions


def test_hooks_know_the_exact_version_and_the_minimum(template: Template) -> None:
    (version,) = template.of_type("AWS::Lambda::Version")
    by_handler = {
        function["Properties"]["Handler"].split(".")[-2]: function["Properties"]
        for function in template.of_type("AWS::Lambda::Function").values()
    }

    assert by_handler["pre_traffic"]["Environment"]["Variables"] == {"VERSION_ARN": {"Ref": version}}
    assert by_handler["evidence_by_route"]["Environment"]["Variables"] == {
        "FUNCTION_NAME": {"Ref": FUNCTION},
        "FUNCTION_VERSION": {"Fn::GetAtt": [version, "Version"]},
        "ALIAS_NAME": "live",
        "MINIMUM_CALLS": "100",
        "CHANCE": '{"deviations":2.8,"counts":1.1,"background":0.005}',
        "ROUTES": json.dumps([*ROUTES], separators=(",", ":")),
        "CHANCE_OF_A_ROUTE": '{"deviations":2.5,"counts":0.9,"background":0.005}',
    }
    assert max(by_handler[hook]["Timeout"] for hook in ("pre_traffic", "evidence_by_route")) < 900


def test_every_route_that_api_gateway_lets_through_is_judged_by_itself(template: Template) -> None:
    (routes,) = (
        json.loads(variables["ROUTES"])
        for function in template.of_type("AWS::Lambda::Function").values()
        if "ROUTES" in (variables := function["Properties"].get("Environment", {}).get("Variables", {}))
    )
    methods = [
        method["Properties"]["HttpMethod"]
        for method in template.of_type("AWS::ApiGateway::Method").values()
        if method["Properties"]["HttpMethod"] != "OPTIONS"
    ]

    assert sorted(route.partition(" ")[0] for route in routes) == sorted(methods)
    assert len(set(routes)) == len(routes)


def api_stack(app: cdk.App) -> None:
    """An Api stack in a stage that has only what that one needs."""
    settings = example_configuration().staging.service
    stage = cdk.Stage(app, "Test", env=cdk.Environment(account="222222222222", region="eu-west-1"))
    operators_topic = OperatorsStack(stage, "Operators", settings=settings).topic
    database = DatabaseStack(stage, "Database")
    cursors = CursorsStack(stage, "Cursors", operators_topic=operators_topic, settings=settings)
    ApiStack(
        stage,
        "Api",
        cars_table=database.cars_table,
        notifications_table=database.notifications_table,
        cursor_keys=cursors.keys,
        operators_topic=operators_topic,
        settings=settings,
    )


def api_template(folder: Path) -> Template:
    """That stack, synthesized now."""
    app = new_app(folder)
    api_stack(app)
    app.synth()
    (file,) = folder.glob("assembly-Test/TestApi*.template.json")
    return _read(file)


def test_other_code_or_another_layer_is_a_new_version_with_alarms_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = api_template(tmp_path / "first")
    again = api_template(tmp_path / "again")
    function_bundle, layer_bundle = bundling.function_bundle, bundling.layer_bundle
    with monkeypatch.context() as patch:
        patch.setattr(
            bundling, "function_bundle", lambda code: bundling.Bundle(function_bundle(code).path, "other-code")
        )
        other_code = api_template(tmp_path / "other-code")
    with monkeypatch.context() as patch:
        patch.setattr(bundling, "layer_bundle", lambda arch: bundling.Bundle(layer_bundle(arch).path, "other-layer"))
        other_layer = api_template(tmp_path / "other-layer")

    assert again == first
    following = [
        {*template.of_type("AWS::Lambda::Version"), *canary_alarms(template)}
        for template in (first, other_code, other_layer)
    ]
    assert [len(ids) for ids in following] == [4, 4, 4]
    assert len(set.union(*following)) == 12
    steady = [
        {*template.resources} - ids for template, ids in zip((first, other_code, other_layer), following, strict=True)
    ]
    assert steady[0] == steady[1] == steady[2]


def test_flag_without_which_a_layer_publishes_no_version_is_asked_for(tmp_path: Path) -> None:
    app = cdk.App(outdir=str(tmp_path))

    with pytest.raises(Exception, match='Feature flag "@aws-cdk/aws-lambda:recognizeLayerVersion" is off'):
        api_stack(app)


@pytest.mark.parametrize("unit", ["Changes", "Notifications", "Telemetry", "Maintenance"])
def test_canary_of_a_unit_that_events_invoke_gets_half_of_the_few_calls_that_there_are(
    unit: str, assembly: Assembly
) -> None:
    template = assembly.stage_template("Prod", unit)
    routing = template.only("AWS::CodeDeploy::DeploymentConfig")["TrafficRoutingConfig"]["TimeBasedCanary"]
    (evidence,) = (
        function["Properties"]["Environment"]["Variables"]
        for function in template.of_type("AWS::Lambda::Function").values()
        if "MINIMUM_CALLS" in function["Properties"]["Environment"]["Variables"]
    )

    assert routing == {"CanaryInterval": 15, "CanaryPercentage": 50}
    assert len(canary_alarms(template)) == (4 if unit in COUNT_THEIR_INTAKE else 3)
    assert evidence["MINIMUM_CALLS"] == "5"
