from __future__ import annotations

import io
import json
from typing import Any

import boto3
import pytest
from botocore.response import StreamingBody
from botocore.stub import Stubber

from service.failures.redrive.errors import StillFailing
from service.failures.redrive.functions import LIVE, LambdaFunctions, live_alias
from service.function import ALIAS_NAME

ARN = "arn:aws:lambda:eu-west-1:222222222222:function:Prod-Changes-Function-AbC_1"


def test_live_is_the_alias_of_the_service() -> None:
    assert LIVE == ALIAS_NAME


@pytest.mark.parametrize("qualifier", ["", ":7", ":$LATEST", ":live"])
def test_what_failed_is_handled_by_the_version_that_has_the_traffic_now(qualifier: str) -> None:
    assert live_alias(ARN + qualifier) == f"{ARN}:live"


def test_another_alias_stays() -> None:
    assert live_alias(f"{ARN}:canary") == f"{ARN}:canary"


@pytest.mark.parametrize("arn", ["", "function", "arn:aws:sns:eu-west-1:222222222222:topic"])
def test_what_is_no_function_is_refused(arn: str) -> None:
    with pytest.raises(ValueError, match="is not the ARN of a function"):
        live_alias(arn)


def invoke(answer: dict[str, Any] | None, payload: bytes = b"null", *, later: bool = False) -> Any:
    client = boto3.client("lambda")
    expected = {"FunctionName": ARN, "Payload": b'{"a": 1}'}
    with Stubber(client) as stubber:
        if later:
            stubber.add_response("invoke", {"StatusCode": 202}, {**expected, "InvocationType": "Event"})
            LambdaFunctions(client).call_later(ARN, {"a": 1})
            stubber.assert_no_pending_responses()
            return None
        body = StreamingBody(io.BytesIO(payload), len(payload))
        stubber.add_response("invoke", {"StatusCode": 200, "Payload": body, **(answer or {})}, expected)
        return LambdaFunctions(client).call(ARN, {"a": 1})


def test_call_answers_what_the_function_answers() -> None:
    assert invoke({}, b'{"batchItemFailures": []}') == {"batchItemFailures": []}


def test_call_later_waits_for_no_answer() -> None:
    assert invoke(None, later=True) is None


@pytest.mark.parametrize(
    ("payload", "says"),
    [
        ({"errorType": "KeyError", "errorMessage": "somebody's"}, "KeyError, version 8"),
        ("timed out", "no type, version 8"),
    ],
)
def test_function_that_fails_again_is_said_without_its_message(payload: Any, says: str) -> None:
    with pytest.raises(StillFailing, match=says) as raised:
        invoke({"FunctionError": "Unhandled", "ExecutedVersion": "8"}, json.dumps(payload).encode())

    assert "somebody" not in str(raised.value)
