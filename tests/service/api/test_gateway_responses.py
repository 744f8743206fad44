"""What API Gateway answers itself is a problem document, whatever its sentence is, and is deployed with the API."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

import pytest

from service.api.gateway_responses import DEFAULTS, PROBLEMS
from service.api.runtime.problems import TITLES
from tests.assembly import Template

SENTENCES = ['"Forbidden"', r'"User: \"x\" is not authorized"', "null"]


def responses(template: Template) -> dict[str, dict[str, Any]]:
    return {
        found["Properties"]["ResponseType"]: found["Properties"]
        for found in template.of_type("AWS::ApiGateway::GatewayResponse").values()
    }


def test_every_answer_of_its_own_is_declared(template: Template) -> None:
    assert set(responses(template)) == {*PROBLEMS, *DEFAULTS}
    assert {"THROTTLED", "MISSING_AUTHENTICATION_TOKEN", "ACCESS_DENIED", "REQUEST_TOO_LARGE"} <= set(PROBLEMS)
    assert {"INTEGRATION_TIMEOUT", "INTEGRATION_FAILURE", "WAF_FILTERED", "QUOTA_EXCEEDED"} <= set(PROBLEMS)


@pytest.mark.parametrize("sentence", SENTENCES)
def test_answers_are_problem_documents_with_their_own_status(template: Template, sentence: str) -> None:
    for kind, response in responses(template).items():
        # given API Gateway puts its sentence, a JSON string, in the place of the variable
        text = response["ResponseTemplates"]["application/json"].replace("$context.error.messageString", sentence)
        # when a caller reads it
        document = json.loads(text)
        # then it is as RFC 9457 has it
        assert "$" not in text
        assert response["ResponseParameters"]["gatewayresponse.header.Content-Type"] == "'application/problem+json'"
        assert document["type"] == "about:blank"
        if kind in DEFAULTS:
            assert set(document) == {"type", "title", "detail"}
            assert "StatusCode" not in response
        else:
            assert set(document) == {"type", "title", "status", "detail"}
            assert (document["status"], document["title"]) == (
                int(response["StatusCode"]),
                TITLES[HTTPStatus(document["status"])],
            )


def test_who_is_throttled_is_told_when_to_come_again(template: Template) -> None:
    assert responses(template)["THROTTLED"]["ResponseParameters"]["gatewayresponse.header.Retry-After"] == "'1'"


def test_server_errors_tell_nothing_of_what_is_behind_the_api(template: Template) -> None:
    told = {
        kind: response["ResponseTemplates"]["application/json"]
        for kind, response in responses(template).items()
        if kind == "DEFAULT_5XX" or response.get("StatusCode", "").startswith("5")
    }

    assert set(told) == {"API_CONFIGURATION_ERROR", "INTEGRATION_FAILURE", "INTEGRATION_TIMEOUT", "DEFAULT_5XX"}
    assert not any("$context" in text or "ambda" in text for text in told.values())


def test_deployment_waits_for_the_answers(template: Template) -> None:
    """What is put after the deployment was made is not part of it."""
    (deployment,) = template.of_type("AWS::ApiGateway::Deployment").values()

    assert set(template.of_type("AWS::ApiGateway::GatewayResponse")) <= set(deployment["DependsOn"])
