from __future__ import annotations

import json
import re
from typing import Any

from service.cars.settings import Setting
from tests.assembly import Template


def test_function_may_do_what_the_routes_need_and_nothing_else(template: Template) -> None:
    role = template.resources["ApiFunction6BF808ED"]["Properties"]["Role"]["Fn::GetAtt"][0]

    granted = {
        (action, where(resource))
        for statement in template.statements_of(role)
        for action in statement["Action"]
        for resource in (statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]])
        if not action.startswith(("logs:", "xray:"))
    }

    of_a_car = ("GetItem", "Scan", "PutItem", "UpdateItem", "DeleteItem")
    assert granted == {
        *((f"dynamodb:{action}", "CarsTable") for action in of_a_car),
        ("dynamodb:Query", "CarsTable/index/ByStatus"),
        ("dynamodb:Query", "NotificationsTable"),
        ("secretsmanager:GetSecretValue", "Keys"),
    }


def where(resource: dict[str, Any]) -> str:
    """What an ARN that another stack exports is of, as "CarsTable", and what is joined to it."""
    exported, *rest = resource["Fn::Join"][1] if "Fn::Join" in resource else [resource]
    (found,) = re.findall(
        r"(CarsTable|NotificationsTable|Keys)[0-9A-F]{8}", exported["Fn::GetStackOutput"]["OutputName"]
    )
    return "".join([found, *rest])


def test_function_is_told_where_the_keys_are_and_never_what_they_are(template: Template) -> None:
    for function in template.of_type("AWS::Lambda::Function").values():
        variables = function["Properties"].get("Environment", {}).get("Variables", {})
        assert "resolve:secretsmanager" not in json.dumps(variables)
        secrets = {name for name, value in variables.items() if "Keys" in json.dumps(value)}
        assert secrets <= {Setting.CURSOR_KEYS_ARN}
    told = template.resources["ApiFunction6BF808ED"]["Properties"]["Environment"]["Variables"]
    assert set(told[Setting.CURSOR_KEYS_ARN]) == {"Fn::GetStackOutput"}


def test_function_ends_before_api_gateway_gives_up(template: Template) -> None:
    assert template.resources["ApiFunction6BF808ED"]["Properties"]["Timeout"] < 29


def test_alarms_on_the_api_name_api_and_stage_in_letters(stage: str, template: Template) -> None:
    """A Ref to the stage would close a circle through the alias; a dimension that is wrong is never missed."""
    name = stage.lower()
    (api,) = template.of_type("AWS::ApiGateway::RestApi").values()
    (deployed,) = template.of_type("AWS::ApiGateway::Stage").values()
    assert (api["Properties"]["Name"], deployed["Properties"]["StageName"]) == (f"cars-{name}", name)
    watched: list[dict[str, Any]] = [
        alarm["Properties"]
        for alarm in template.of_type("AWS::CloudWatch::Alarm").values()
        if alarm["Properties"].get("Namespace") == "AWS/ApiGateway"
    ]
    assert sorted(alarm["MetricName"] for alarm in watched) == ["5XXError", "Latency"]
    for alarm in watched:
        assert {dimension["Name"]: dimension["Value"] for dimension in alarm["Dimensions"]} == {
            "ApiName": f"cars-{name}",
            "Stage": name,
        }
