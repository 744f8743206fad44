from __future__ import annotations

from typing import Any

import pytest

from service.api.runtime import handler
from tests.assembly import Assembly, Template


@pytest.fixture(params=["Staging", "Prod"])
def stage(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def template(stage: str, assembly: Assembly) -> Template:
    return assembly.stage_template(stage, "Api")


def paths(template: Template) -> dict[str, str]:
    """Path by logical id of each API resource."""
    resources = template.of_type("AWS::ApiGateway::Resource")

    def path(logical_id: str) -> str:
        properties = resources[logical_id]["Properties"]
        parent = properties["ParentId"].get("Ref")
        return (path(parent) if parent else "") + "/" + str(properties["PathPart"])

    return {logical_id: path(logical_id) for logical_id in resources}


def test_routes_of_the_api_are_those_of_its_function(template: Template) -> None:
    path_of = paths(template)
    deployed = {
        (method["Properties"]["HttpMethod"], path_of[method["Properties"]["ResourceId"]["Ref"]])
        for method in template.of_type("AWS::ApiGateway::Method").values()
    }

    routes = (*handler.app._static_routes, *handler.app._dynamic_routes)
    assert deployed == {(route.method, route.path.replace("<car_id>", "{car_id}")) for route in routes}


def test_every_method_asks_for_iam_and_calls_the_alias_only(template: Template) -> None:
    (alias,) = template.of_type("AWS::Lambda::Alias")
    functions = set(template.of_type("AWS::Lambda::Function"))
    for method in template.of_type("AWS::ApiGateway::Method").values():
        properties = method["Properties"]
        assert properties["AuthorizationType"] == "AWS_IAM"
        called = {
            part["Ref"]
            for part in properties["Integration"]["Uri"]["Fn::Join"][1]
            if isinstance(part, dict) and "Ref" in part and not part["Ref"].startswith("AWS::")
        }
        assert called == {alias}
        assert not called & functions


def test_function_may_do_to_the_table_what_the_routes_need(template: Template) -> None:
    role = template.resources["ApiFunction6BF808ED"]["Properties"]["Role"]["Fn::GetAtt"][0]

    actions = {action for statement in template.statements_of(role) for action in statement["Action"]}

    assert {action for action in actions if action.startswith("dynamodb:")} == {
        *("dynamodb:GetItem", "dynamodb:Scan", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem")
    }


def test_function_ends_before_api_gateway_gives_up(template: Template) -> None:
    assert template.resources["ApiFunction6BF808ED"]["Properties"]["Timeout"] < 29


def test_e2e_role_may_call_this_api_and_nothing_else(stage: str, template: Template) -> None:
    ((role_id, role),) = (
        (name, found["Properties"])
        for name, found in template.of_type("AWS::IAM::Role").items()
        if found["Properties"].get("RoleName") == f"acs-e2e-{stage.lower()}"
    )
    (statement,) = template.statements_of(role_id)
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]

    assert statement["Action"] == ["execute-api:Invoke"]
    assert {"Ref": "CarsApiE481C248"} in statement["Resource"]["Fn::Join"][1]
    assert statement["Resource"]["Fn::Join"][1][-1] == f"/{stage.lower()}/*/*"
    assert trust["Principal"] == {"AWS": "arn:aws:iam::111111111111:root"}
    assert trust["Condition"] == {
        "ArnLike": {"aws:PrincipalArn": "arn:aws:iam::111111111111:role/AutonomousCarManager*"}
    }


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
