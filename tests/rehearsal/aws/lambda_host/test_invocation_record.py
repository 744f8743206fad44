from __future__ import annotations

import json

from rehearsal.aws.lambda_host.event_invoke_config import Condition
from rehearsal.aws.lambda_host.function import FunctionArn, InvocationResult
from rehearsal.aws.lambda_host.invocation_record import EndedEvent, dead_letter_attributes, invocation_record

FUNCTION = FunctionArn("222222222222", "eu-west-1", "notifications")
ERROR = InvocationResult(
    version="7", payload=b'{"errorType": "ValueError", "errorMessage": "no such car"}', function_error="Unhandled"
)


def ended(
    condition: Condition = Condition.RETRIES_EXHAUSTED,
    result: InvocationResult = ERROR,
    qualifier: str | None = "live",
    payload: bytes = b'{"car": 1}',
) -> EndedEvent:
    function = FUNCTION.qualified(qualifier) if qualifier else FUNCTION
    return EndedEvent(function, "id-1", payload, condition, 3, result, 1_800_000_000.25)


def test_a_failed_events_record_is_the_documented_one() -> None:
    assert invocation_record(ended()) == {
        "version": "1.0",
        "timestamp": "2027-01-15T08:00:00.250Z",
        "requestContext": {
            "requestId": "id-1",
            "functionArn": "arn:aws:lambda:eu-west-1:222222222222:function:notifications:live",
            "condition": "RetriesExhausted",
            "approximateInvokeCount": 3,
        },
        "requestPayload": {"car": 1},
        "responseContext": {"statusCode": 200, "executedVersion": "7", "functionError": "Unhandled"},
        "responsePayload": {"errorType": "ValueError", "errorMessage": "no such car"},
    }


def test_a_successful_events_record_has_no_error_and_an_unqualified_function_is_its_latest_version() -> None:
    record = invocation_record(ended(Condition.SUCCESS, InvocationResult(version="$LATEST", payload=b'"done"'), None))

    assert record["requestContext"]["condition"] == "Success"
    assert record["requestContext"]["functionArn"] == f"{FUNCTION}:$LATEST"
    assert record["responseContext"] == {"statusCode": 200, "executedVersion": "$LATEST"}
    assert record["responsePayload"] == "done"


def test_a_dead_letters_attributes_say_why() -> None:
    attributes = dead_letter_attributes(ended())

    assert {name: value["StringValue"] for name, value in attributes.items()} == {
        "RequestID": "id-1",
        "ErrorCode": "200",
        "ErrorMessage": "no such car",
    }
    assert attributes["ErrorCode"]["DataType"] == "Number"


def test_a_dead_letters_message_is_cut_at_a_kilobyte_and_never_empty() -> None:
    long = InvocationResult(version="1", payload=json.dumps({"errorMessage": "x" * 5000}).encode(), function_error="U")
    empty = InvocationResult(version="1", payload=b"null", function_error="U")

    assert len(dead_letter_attributes(ended(result=long))["ErrorMessage"]["StringValue"]) == 1024
    assert dead_letter_attributes(ended(result=empty))["ErrorMessage"]["StringValue"]
