from __future__ import annotations

import json
import re

from service.api.openapi.routes import ROUTES
from service.api.runtime.resolver import NOWHERE
from service.api.runtime.resources import RESOURCES
from tests.assembly import Template
from tests.example import example_configuration

SETTINGS = example_configuration().prod.service
IDS = {"$context.requestId", "$context.extendedRequestId", "$context.integration.requestId"}
SAYS_WHO_AND_HOW = {
    *("$context.identity.userArn", "$context.status", "$context.error.message"),
    *("$context.integration.status", "$context.integration.latency", "$context.integration.error"),
}


def paths(template: Template) -> dict[str, str]:
    """Path by logical id of each API resource."""
    resources = template.of_type("AWS::ApiGateway::Resource")

    def path(logical_id: str) -> str:
        properties = resources[logical_id]["Properties"]
        parent = properties["ParentId"].get("Ref")
        return (path(parent) if parent else "") + "/" + str(properties["PathPart"])

    return {logical_id: path(logical_id) for logical_id in resources}


def test_deployed_routes_are_those_that_are_declared(template: Template) -> None:
    path_of = paths(template)
    deployed = {
        (method["Properties"]["HttpMethod"], path_of[method["Properties"]["ResourceId"]["Ref"]])
        for method in template.of_type("AWS::ApiGateway::Method").values()
    }

    assert deployed == {(method, path) for path, methods in RESOURCES.items() for method in methods}


def test_routes_of_the_api_are_those_of_its_function() -> None:
    assert {(method, path) for path, methods in RESOURCES.items() for method in methods} == {
        (route.method, route.resource) for route in ROUTES
    }


def test_nowhere_is_no_resource() -> None:
    assert NOWHERE not in RESOURCES


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


def test_stage_limits_every_route(template: Template) -> None:
    (limits,) = template.only("AWS::ApiGateway::Stage")["MethodSettings"]

    assert (limits["HttpMethod"], limits["ResourcePath"]) == ("*", "/*")
    assert (limits["ThrottlingRateLimit"], limits["ThrottlingBurstLimit"]) == (
        SETTINGS.api_requests_per_second,
        SETTINGS.api_burst,
    )


def test_usage_plan_is_the_stages_and_limits_each_key(template: Template) -> None:
    (stage,) = template.of_type("AWS::ApiGateway::Stage")
    (api,) = template.of_type("AWS::ApiGateway::RestApi")
    plan = template.only("AWS::ApiGateway::UsagePlan")

    ((of_api, of_stage),) = ((found["ApiId"], found["Stage"]) for found in plan["ApiStages"])
    assert (of_api, of_stage) == ({"Ref": api}, {"Ref": stage})
    assert plan["Throttle"] == {"RateLimit": SETTINGS.api_requests_per_second, "BurstLimit": SETTINGS.api_burst}
    assert plan["Quota"] == {"Limit": SETTINGS.api_requests_per_day, "Period": "DAY"}


def test_access_log_is_json_that_says_who_called_and_how_it_ended(template: Template) -> None:
    settings = template.only("AWS::ApiGateway::Stage")["AccessLogSetting"]
    entry: dict[str, str] = json.loads(settings["Format"])

    assert set(entry.values()) >= IDS | SAYS_WHO_AND_HOW
    assert all(re.fullmatch(r"\$context\.[\w.]+", variable) for variable in entry.values())


def test_access_log_has_neither_query_strings_nor_ids_of_cars_nor_credentials(template: Template) -> None:
    entry = json.loads(template.only("AWS::ApiGateway::Stage")["AccessLogSetting"]["Format"])

    told = " ".join(entry.values()).lower()
    assert "$context.path" not in entry.values()
    assert "querystring" not in told
    assert "apikey" not in told
    assert "accesskey" not in told
    assert "authorize.principal" not in told
